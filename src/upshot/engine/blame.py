"""Whose fault an error is: one that arose in a plugin's component is the plugin's, and is told with its name; all others are left as they are."""

from __future__ import annotations

import traceback

from upshot.catalogue import BUILT_IN, Catalogue
from upshot.errors import PluginError, Problem, UpshotError
from upshot.recipe.recipe import Recipe


def blamed(error: BaseException, recipe: Recipe, catalogue: Catalogue) -> BaseException:
    """The error, or in its place the `PluginError` that says which plugin's component raised it.

    Args:
        error: What rose out of a stage. Our own errors, interruptions and exits are never somebody else's.
        recipe: Which components were at work.
        catalogue: Who offers them.
    """
    if isinstance(error, UpshotError) or not isinstance(error, Exception):
        return error
    passed = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    for node in recipe.every_node():
        provider = catalogue.provider(node.kind, node.use)
        if provider.name == BUILT_IN:
            continue
        module = catalogue.find(node.kind, node.use).make.partition(":")[0]
        if any(name == module or name.startswith(f"{module}.") for name in passed):
            return PluginError(
                f"plugin {provider.name!r} of {provider.distribution} {provider.version} failed",
                [Problem(f"{node.kind}.{node.use}", "must not raise", f"{type(error).__name__}: {error}", "--debug shows the trace")],
            )
    return error
