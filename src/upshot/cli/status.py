"""`upshot status`: what each environment serves, and what the newest version still lacks for it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from upshot.cli.context import Context, add_as, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.errors import GateError, Problem
from upshot.report.words import stamp

if TYPE_CHECKING:
    from upshot.ledger.environments import ServedRow
    from upshot.recipe.recipe import Recipe


_PROBLEMS = "problems"
"""Of a row, for people alone: what is lacking in sentences."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", nargs="?", help="name of a recipe, or path of its file; all that is served when left out")
    add_as(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Show what is served."""
    context = Context.of(arguments)
    if arguments.recipe is None:
        names = context.state.ledger.environments.names() if context.state.has_ledger() else ()
        rows = [_row(name, row.environment, row) for name in names for row in context.state.ledger.environments.served(name)]
    else:
        recipe = context.recipe(arguments.recipe, [])
        rows = _rows_of(context, arguments.recipe, recipe)
    if arguments.json:
        plain = [{key: value for key, value in row.items() if key != _PROBLEMS} for row in rows]
        print(printed("upshot.status/1", {"environments": plain}))
    elif not rows:
        print("nothing is served" if arguments.recipe is None else f"{arguments.recipe} declares no environments, so nothing is served")
    else:
        shown = 5 if arguments.recipe is None else 7  # what is newest and lacks is asked recipe by recipe
        table = [("name", "environment", "serves", "since", "by", "newest", "lacks"), *(_cells(row) for row in rows)]
        print(columns([row[:shown] for row in table]))
        lacks = [(row["environment"], problem.where, problem.rule) for row in rows for problem in row[_PROBLEMS]]
        if lacks:
            print(f"\nwhat {rows[0]['name']}@{rows[0]['newest']} lacks")
            print(columns(lacks))
    return 0


def _rows_of(context: Context, typed: str, recipe: Recipe) -> list[dict[str, Any]]:
    """Every environment of a recipe, in order."""
    name = recipe.use_case.name
    has_ledger = context.state.has_ledger()
    served = {row.environment: row for row in context.state.ledger.environments.served(name)} if has_ledger else {}
    numbers = [row.number for row in context.state.ledger.versions(name)] if has_ledger else []
    rows = []
    for environment in recipe.env:
        row = _row(name, environment, served.get(environment))
        if numbers:
            lacks = _lacks(context, f"{typed}@{numbers[-1]}", environment, row["number"] == numbers[-1])
            row |= {"newest": numbers[-1], "lacks": [problem.where for problem in lacks], _PROBLEMS: lacks}
        rows.append(row)
    return rows


def _lacks(context: Context, word: str, environment: str, is_served: bool) -> list[Problem]:
    """What stands between the newest version and an environment; nothing when it is served there, or could be."""
    from upshot.cli.governed import standing_of
    from upshot.errors import UsageError

    if is_served:
        return []
    try:
        standing = standing_of(context, word, environment, "status")
        return list(standing.problems(context.person, force=True))
    except (GateError, UsageError) as error:
        return list(error.problems)


def _row(name: str, environment: str, served: ServedRow | None) -> dict[str, Any]:
    promotion = None if served is None else served.promotion
    return {
        "name": name,
        "environment": environment,
        "number": None if promotion is None else promotion.number,
        "since": None if promotion is None else promotion.at,
        "person": None if promotion is None else promotion.person,
        "newest": None,
        "lacks": None,
        _PROBLEMS: [],
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    serves = "nothing" if row["number"] is None else f"{row['name']}@{row['number']}"
    by = "" if row["person"] is None else row["person"]["name"]
    newest = "" if row["newest"] is None else f"{row['name']}@{row['newest']}"
    is_served = row["newest"] is not None and row["newest"] == row["number"]
    few = "1 thing" if len(row[_PROBLEMS]) == 1 else f"{len(row[_PROBLEMS])} things"
    lacks = "" if row["lacks"] is None else few if row["lacks"] else "served" if is_served else "nothing: it may be promoted"
    return (row["name"], row["environment"], serves, "" if row["since"] is None else stamp(row["since"]), by, newest, lacks)
