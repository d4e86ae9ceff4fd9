"""`upshot show`: a recipe with everything resolved, defaults included."""

from __future__ import annotations

import argparse
import json

from upshot.cli.context import Context, add_json, add_recipe


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_recipe(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the recipe as YAML or JSON."""
    recipe = Context.of(arguments).recipe(arguments.recipe, arguments.overrides)
    if arguments.json:
        print(json.dumps(recipe.to_json(), indent=1))
    else:
        from upshot.recipe.compose import show

        print(show(recipe), end="")
    return 0
