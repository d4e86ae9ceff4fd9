"""`upshot show`: a recipe, or that of a run, with everything resolved; or how it differs from another."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from typing import Any

from upshot.cli.context import Context, add_json
from upshot.cli.text import columns
from upshot.errors import Problem, UsageError, printable
from upshot.recipe.difference import Change, difference
from upshot.recipe.recipe import Recipe

RUN_ID = re.compile(r"r\d{8}T\d{6}-[0-9a-f]{6}")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", help="name of a recipe, path of its file, or id of a run")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, such as model=xgboost model.max_depth=8")
    parser.add_argument("--diff", metavar="OTHER", help="show what differs from another recipe, as its file has it, or from a run")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the recipe as YAML or JSON, or its differences."""
    context = Context.of(arguments)
    recipe = recipe_of(context, arguments.recipe, arguments.overrides)
    if arguments.diff is not None:
        changes = difference(recipe_of(context, arguments.diff, []), recipe)
        title = " ".join([arguments.recipe, *arguments.overrides])
        shown = document(arguments.diff, title, changes) if arguments.json else render(arguments.diff, title, changes)
        print(shown)
    elif arguments.json:
        print(json.dumps(recipe.to_json(), indent=1))
    else:
        from upshot.recipe.compose import show

        print(show(recipe), end="")
    return 0


def recipe_of(context: Context, name: str, overrides: list[str]) -> Recipe:
    """The recipe of this name, or the one that a run was of.

    Raises:
        UsageError: There is no such run, or overrides are given for one.
    """
    if not RUN_ID.fullmatch(name):
        return context.recipe(name, overrides)
    if overrides:
        raise UsageError("a run is what it was", [Problem(overrides[0], "a run takes no overrides", None, "name a recipe instead")])
    if not context.state.has_ledger():
        raise UsageError("there is no such run", [Problem(name, f"no run is recorded in {context.state.root}", None, "upshot runs")])
    return Recipe.from_json({**context.state.ledger.run(name).config, "origins": {}})


def render(old: str, new: str, changes: Sequence[Change]) -> str:
    """The differences as text, one line a key, then totals."""
    if not changes:
        return printable(f"{new} means the same as {old}")
    rows = [(change.sign, change.key, _values(change)) for change in changes]
    counts = {sign: sum(change.sign == sign for change in changes) for sign in "+-~"}
    total = f"{counts['~']} changed, {counts['+']} added, {counts['-']} removed"
    return printable(f"from {old} to {new}") + f"\n\n{columns(rows)}\n\n{total}"


def _values(change: Change) -> str:
    if change.sign == "~":
        return f"{_text(change.old)} -> {_text(change.new)}"
    return _text(change.new if change.sign == "+" else change.old)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def document(old: str, new: str, changes: Sequence[Change]) -> str:
    """The differences as one JSON document of shape `upshot.diff/1`."""
    rows: list[dict[str, Any]] = []
    for change in changes:
        row: dict[str, Any] = {"key": change.key, "sign": change.sign}
        row |= {} if change.sign == "+" else {"old": change.old}
        row |= {} if change.sign == "-" else {"new": change.new}
        rows.append(row)
    return json.dumps({"shape": "upshot.diff/1", "from": old, "to": new, "changes": rows}, indent=1, ensure_ascii=False)
