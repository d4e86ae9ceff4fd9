"""`upshot validate`: check a recipe, without reading data."""

from __future__ import annotations

import argparse

from upshot.cli.context import Context, add_recipe


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_recipe(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Compose, validate and prove; say so in one line."""
    recipe = Context.of(arguments).recipe(arguments.recipe, arguments.overrides)
    components = len(recipe.nodes) + sum(len(group) for group in recipe.groups.values())
    print(f"recipe {recipe.name} is sound: {components} components, {len(recipe.groups['gates'])} gates; digest {recipe.digest[:12]}")
    return 0
