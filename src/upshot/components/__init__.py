"""Upshot's own components, offered through the same hook as any plugin's.

One idea a file, in a folder per kind. This module is the plugin: it is imported at every start, so it holds strings only.
"""

from __future__ import annotations

from upshot.components.entries import ENTRIES
from upshot.contracts.components import Component
from upshot.hookspecs import hookimpl


@hookimpl
def register_components() -> list[Component]:
    """All built-in components."""
    return list(ENTRIES)
