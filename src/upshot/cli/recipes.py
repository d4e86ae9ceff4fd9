"""`upshot recipes`: what can be run here."""

from __future__ import annotations

import argparse

from upshot.cli.context import Context, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List the recipes, the project's own first."""
    from upshot.recipe.compose import list_recipes

    context = Context.of(arguments)
    found = sorted(list_recipes(context.catalogue, context.project), key=lambda recipe: recipe.layer != "project")
    if arguments.json:
        rows = [{"name": r.name, "layer": r.layer, "sentence": r.sentence, "shadowed": r.shadowed} for r in found]
        print(printed("upshot.recipes/1", {"recipes": rows}))
    else:
        lines = [(r.name, r.layer + (" (shadowed)" if r.shadowed else ""), r.sentence) for r in found]
        print(columns([("recipe", "from", "what it is"), *lines]))
    return 0
