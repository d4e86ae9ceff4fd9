"""`upshot journal`: what was decided and registered, in order, and whether anything of it was changed."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from upshot.cli.context import Context, add_json
from upshot.cli.text import columns
from upshot.contracts.tables import thaw
from upshot.errors import IntegrityError, Problem, UsageError

if TYPE_CHECKING:
    from upshot.engine.state import State
    from upshot.ledger.journal import JournalEntry

HASH = 12
"""Digits of a hash that people are shown."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("action", nargs="?", choices=["list", "verify"], default="list", help="list the entries (default), or verify them")
    parser.add_argument("-n", "--limit", type=int, default=20, help="list: the last so many entries (default: 20; 0: all)")
    parser.add_argument("--checkpoints", type=Path, metavar="FILE", help="verify: a copy of the checkpoints that must agree too")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List or verify."""
    state = Context.of(arguments).state
    copy = arguments.checkpoints
    if copy is not None and not copy.is_file():
        raise UsageError("the command line is wrong", [Problem("--checkpoints", "must be a file", str(copy))])
    return _verify(state, copy, arguments.json) if arguments.action == "verify" else _list(state, arguments.limit, arguments.json)


def _list(state: State, limit: int, as_json: bool) -> int:
    entries = state.ledger.journal() if state.has_ledger() else ()
    shown = entries[-limit:] if limit > 0 else entries
    if as_json:
        print(json.dumps({"shape": "upshot.journal/1", "entries": [asdict(entry) for entry in shown]}, indent=1, default=thaw))
    elif not entries:
        print(f"no journal yet in {state.root}")
    else:
        print(columns([("entry", "at", "kind", "subject", "what", "hash"), *(_line(entry) for entry in shown)]))
    return 0


def _line(entry: JournalEntry) -> tuple[str, ...]:
    what = ", ".join(f"{key} {value}" for key, value in entry.body.items() if isinstance(value, (str, int)))
    return (str(entry.seq), entry.at, entry.kind, entry.subject, what, entry.hash[:HASH])


def _verify(state: State, copy: Path | None, as_json: bool) -> int:
    """Compare the chain of hashes with itself and with what was seen outside the database.

    Raises:
        IntegrityError: Names the first bad entry.
    """
    if not state.has_ledger():
        print(json.dumps({"shape": "upshot.journal.verify/1", "entries": 0, "bad": None}) if as_json else f"no journal yet in {state.root}")
        return 0
    entries = len(state.ledger.journal())
    kept = state.ledger.checkpoints
    seen, unreadable = kept.read() if kept is not None else ((), 0)
    fault = state.ledger.verify_journal(copy)
    if as_json:
        body = {"entries": entries, "checkpoints": len(seen), "unreadable_checkpoints": unreadable}
        bad = None if fault is None else {"entry": fault.seq, "rule": fault.rule}
        print(json.dumps({"shape": "upshot.journal.verify/1", **body, "bad": bad}, indent=1))
    if fault is not None:
        hint = "keep the state as it is, and compare it with a copy"
        raise IntegrityError("the journal is not what it was", [Problem(f"entry {fault.seq}", fault.rule, None, hint)])
    if not as_json:
        print(f"{entries} entries, a whole chain; {len(seen)} checkpoints outside the database agree")
        if unreadable:
            print(f"{unreadable} lines of {kept.path if kept else ''} are no checkpoints; a crash cuts the line that it is writing")
    return 0
