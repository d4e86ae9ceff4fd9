"""`upshot runs`: what was run, newest first."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from upshot.cli.context import Context, add_json
from upshot.cli.text import columns, duration
from upshot.contracts.tables import thaw

if TYPE_CHECKING:
    from upshot.ledger.ledger import RunRow


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", nargs="?", help="only runs of this recipe")
    parser.add_argument("-n", "--limit", type=int, default=20, help="at most so many (default: 20)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List the runs."""
    state = Context.of(arguments).state
    rows = state.ledger.runs(arguments.limit, arguments.recipe) if state.has_ledger() else ()
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1, default=thaw))
    elif not rows:
        print(f"no runs yet in {state.root}")
    else:
        head = ("run", "recipe", "status", "took", "version")
        print(columns([head, *(_line(row) for row in rows)]))
    return 0


def _line(row: RunRow) -> tuple[str, ...]:
    return (row.id, row.recipe, row.status, duration(row.summary.get("seconds")), row.summary.get("version") or "")
