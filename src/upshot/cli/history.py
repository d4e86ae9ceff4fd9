"""`upshot history`: what environments served, who approved, waived, promoted and rolled back, in order, from the journal."""

from __future__ import annotations

import argparse
from typing import Any

from upshot.cli.context import Context, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.engine.history import event_of
from upshot.errors import Problem, UsageError
from upshot.report.words import stamp


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", help="name of a recipe, or path of its file")
    parser.add_argument("--env", metavar="NAME", help="only this environment")
    parser.add_argument("--at", metavar="TIME", help="what was served then: 2026-11-24, 2026-11-24T08:00 (UTC)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List what happened, or say what was served at a time."""
    from upshot.operate.target import named_environment

    context = Context.of(arguments)
    recipe = context.recipe(arguments.recipe, [])
    if arguments.env is not None:
        named_environment(recipe, arguments.env, f"upshot history {arguments.recipe}")
    name = recipe.use_case.name
    entries = context.state.ledger.journal() if context.state.has_ledger() else ()
    events = [event for entry in entries if (event := event_of(entry, name)) is not None]
    events = [event for event in events if arguments.env is None or event["environment"] in (None, arguments.env)]
    if arguments.at is not None:
        events = _served_at(events, _moment(arguments.at))
    if arguments.json:
        print(printed("upshot.history/1", {"name": name, "events": events}))
    elif not events:
        print(f"nothing happened yet to {name}" if arguments.at is None else f"nothing of {name} was served at {arguments.at}")
    else:
        rows = [_cells(event) for event in events]
        print(columns([("entry", "at", "what", "version", "environment", "by", "more"), *rows]))
    return 0


def _cells(event: dict[str, Any]) -> tuple[str, ...]:
    more = [f"{event['gate']} until {event['until']}"] if event["gate"] else []
    more += [f"as {event['role']}"] if event["role"] else []
    more += [f"in place of {event['previous']}"] if event["previous"] is not None else []
    more += [f"entry {event['takes_back']}"] if event["takes_back"] is not None else []
    more += [event["reason"]] if event["reason"] else []
    person = event["person"] or {}
    return (
        str(event["entry"]),
        stamp(event["at"]),
        event["what"],
        str(event["number"]),
        event["environment"] or "",
        person.get("name", ""),
        ", ".join(more),
    )


def _moment(text: str) -> str:
    """A time as the journal writes times."""
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        problem = Problem("--at", "must be a time", repr(text), "write 2026-11-24, or 2026-11-24T08:00")
        raise UsageError("the command line is wrong", [problem]) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def _served_at(events: list[dict[str, Any]], moment: str) -> list[dict[str, Any]]:
    """The last change of each environment before a moment."""
    last = {event["environment"]: event for event in events if event["what"] in ("promoted", "rolled back") and event["at"] <= moment}
    return sorted(last.values(), key=lambda event: event["entry"])
