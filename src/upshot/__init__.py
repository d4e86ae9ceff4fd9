"""Upshot: one YAML recipe from data to a model version whose value in money is known.

The public names, loaded when they are first used, because this module runs before every other import of the package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upshot.catalogue import Catalogue, load_catalogue
    from upshot.contracts.components import Component
    from upshot.hookspecs import hookimpl
    from upshot.project import Project, find_project
    from upshot.recipe.compose import load_recipe
    from upshot.recipe.recipe import Recipe

_HOMES = {
    "Catalogue": "upshot.catalogue",
    "Component": "upshot.contracts.components",
    "Project": "upshot.project",
    "Recipe": "upshot.recipe.recipe",
    "find_project": "upshot.project",
    "hookimpl": "upshot.hookspecs",
    "load_catalogue": "upshot.catalogue",
    "load_recipe": "upshot.recipe.compose",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'upshot' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


__all__ = ["Catalogue", "Component", "Project", "Recipe", "find_project", "hookimpl", "load_catalogue", "load_recipe"]
