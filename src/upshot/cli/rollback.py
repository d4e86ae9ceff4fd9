"""`upshot rollback`: let an environment serve again what it served before."""

from __future__ import annotations

import argparse

from upshot.cli.context import Context, add_as, add_json
from upshot.cli.governed import person_text, promotion_document
from upshot.cli.shapes import printed
from upshot.cli.text import columns


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", help="name of a recipe, or path of its file")
    parser.add_argument("--env", metavar="NAME", help="the environment to roll back")
    parser.add_argument("--to", type=int, metavar="NUMBER", help="an earlier version of it (default: the one before)")
    parser.add_argument("--reason", metavar="TEXT", help="why; journalled")
    add_as(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Roll back; exit 4 when nothing earlier was served."""
    from upshot.operate.acts import rollback
    from upshot.operate.target import named_environment

    context = Context.of(arguments)
    recipe = context.recipe(arguments.recipe, [])
    environment = named_environment(recipe, arguments.env, f"upshot rollback {arguments.recipe}")
    done = rollback(context.state, recipe.use_case.name, environment, context.person, reason=arguments.reason, to=arguments.to)
    row = done.row
    assert row is not None
    if arguments.json:
        print(printed("upshot.promotion/1", promotion_document(row, None)))
    else:
        lines = [("served", f"{row.name}@{row.number} in {row.environment}, in place of {row.name}@{row.previous}")]
        lines += [("by", person_text(row.person)), ("decided", row.terms["decision"]), ("journal", f"entry {row.entry}")]
        print(columns(lines))
    return 0
