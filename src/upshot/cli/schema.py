"""`upshot schema`: the recipe language as JSON Schema, for editors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from upshot.cli.context import Context

HEADER = "# yaml-language-server: $schema={path}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("-o", "--output", metavar="FILE", help="write it to a file instead, and say how a recipe names it")


def execute(arguments: argparse.Namespace) -> int:
    """Print the schema, or write it."""
    from upshot.recipe.json_schema import recipe_schema

    context = Context.of(arguments)
    text = json.dumps(recipe_schema(context.catalogue, context.project), indent=1, ensure_ascii=False) + "\n"
    if arguments.output is None:
        print(text, end="")
        return 0
    path = Path(arguments.output)
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path}: what is installed, as an editor reads it; write it again when plugins or conf/ change")
    print(f"first line of a recipe beside it: {HEADER.format(path=path.name)}")
    return 0
