"""Built-in components of kind `rollout`."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = ()
