"""`upshot show`: a recipe with everything resolved, how it differs from another, or what is known of a run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from upshot.cli.context import Context, add_env, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.engine.naming import is_run
from upshot.errors import Problem, UsageError, printable
from upshot.recipe.difference import Change, difference
from upshot.recipe.recipe import Recipe


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", help="name of a recipe, path of its file, id of a run or the beginning of one, or last")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, such as model=xgboost model.max_depth=8")
    add_env(parser)
    parser.add_argument("--config", action="store_true", help="of a run, print the recipe as it was resolved then")
    parser.add_argument("--diff", metavar="OTHER", help="show what differs from another recipe, as its file has it, or from a run")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the recipe as YAML or JSON, or its differences."""
    context = Context.of(arguments)
    if arguments.config and not is_run(arguments.recipe):
        raise UsageError("the command line is wrong", [Problem("--config", "is asked of a run; of a recipe it is what is printed anyway")])
    if is_run(arguments.recipe) and not arguments.config and arguments.diff is None:
        return show_run(context, arguments)
    recipe = recipe_of(context, arguments.recipe, arguments.overrides, arguments.env)
    if arguments.diff is not None:
        changes = difference(recipe_of(context, arguments.diff, []), recipe)
        title = " ".join([arguments.recipe, *arguments.overrides, *(["--env", arguments.env] if arguments.env else [])])
        shown = document(arguments.diff, title, changes) if arguments.json else render(arguments.diff, title, changes)
        print(shown)
    elif arguments.json:
        print(printed("upshot.recipe/1", recipe.to_json()))
    else:
        from upshot.recipe.compose import show

        print(show(recipe), end="")
    return 0


def show_run(context: Context, arguments: argparse.Namespace) -> int:
    """Print what is known of a run."""
    from upshot.cli.record import document, render
    from upshot.engine.past import Past, find_run

    _refuse_overrides(arguments.overrides, arguments.env)
    past = Past(find_run(context.state, arguments.recipe), context.state, context.catalogue)
    print(document(past) if arguments.json else render(past))
    return 0


def recipe_of(context: Context, name: str, overrides: list[str], env: str | None = None) -> Recipe:
    """The recipe of this name, or the one that a run was of.

    Raises:
        UsageError: There is no such run, or overrides are given for one.
    """
    if not is_run(name):
        return context.recipe(name, overrides, env)
    from upshot.engine.past import Past, find_run

    _refuse_overrides(overrides, env)
    return Past(find_run(context.state, name), context.state, context.catalogue).recipe


def _refuse_overrides(overrides: Sequence[str], env: str | None) -> None:
    if env is not None:
        raise UsageError("a run is what it was", [Problem("--env", "a run takes no environment", repr(env), "name a recipe instead")])
    if overrides:
        raise UsageError("a run is what it was", [Problem(overrides[0], "a run takes no overrides", None, "name a recipe instead")])


def render(old: str, new: str, changes: Sequence[Change]) -> str:
    """The differences as text, one line a key, then totals."""
    if not changes:
        return printable(f"{new} means the same as {old}")
    counts = {sign: sum(change.sign == sign for change in changes) for sign in "+-~"}
    total = f"{counts['~']} changed, {counts['+']} added, {counts['-']} removed"
    return printable(f"from {old} to {new}") + f"\n\n{columns(change_texts(changes))}\n\n{total}"


def change_texts(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Sign, key and values of each change, as people read them."""
    return [(change.sign, change.key, _values(change)) for change in changes]


def _values(change: Change) -> str:
    if change.sign == "~":
        return f"{_text(change.old)} -> {_text(change.new)}"
    return _text(change.new if change.sign == "+" else change.old)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def document(old: str, new: str, changes: Sequence[Change]) -> str:
    """The differences as one JSON document of shape `upshot.diff/1`."""
    return json.dumps({"shape": "upshot.diff/1", "from": old, "to": new, "changes": change_rows(changes)}, indent=1, ensure_ascii=False)


def change_rows(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The changes as JSON data: key, sign, and the value of each side that has it."""
    rows: list[dict[str, Any]] = []
    for change in changes:
        row: dict[str, Any] = {"key": change.key, "sign": change.sign}
        row |= {} if change.sign == "+" else {"old": change.old}
        row |= {} if change.sign == "-" else {"new": change.new}
        rows.append(row)
    return rows
