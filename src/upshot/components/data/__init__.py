"""Built-in components of kind `data`."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = ()
