"""What people decided on the version since it was registered: approvals, waivers, promotions, in the order of the journal.

The one part of a report that may grow after its run: it holds what the journal has of the version, each with its entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upshot.contracts.sections import Column
from upshot.engine.history import event_of
from upshot.engine.past import Past
from upshot.report.document import Entry, section, table
from upshot.report.words import stamp


def decisions(past: Past) -> Iterator[Entry]:
    """Everything that was decided on the version; nothing where none is registered or nobody decided."""
    name, _, number = str(past.row.summary.get("version") or "").rpartition(" ")
    if not name:
        return
    events = [event for entry in past.state.ledger.journal() if (event := event_of(entry, name)) is not None]
    rows = [_row(event) for event in events if str(event["number"]) == number and event["environment"] is not None]
    if not rows:
        return
    columns = [
        Column("entry", "entry", "count"),
        Column("at", "at", "text"),
        Column("what", "what", "text"),
        Column("environment", "environment", "text"),
        Column("by", "by", "text"),
        Column("role", "as", "text"),
        Column("gate", "gate", "text"),
        Column("until", "until", "date"),
        Column("reason", "reason", "text"),
    ]
    shown = [column for i, column in enumerate(columns) if any(row[i] is not None for row in rows)]
    cells = [[value for column, value in zip(columns, row, strict=True) if column in shown] for row in rows]
    note = "As the journal has them: a waiver lets a version pass a gate that it did not pass, until the day that is named."
    yield Entry("decisions", section("Decisions since", "risk", table("", shown, cells, note=note)))


def _row(event: dict[str, Any]) -> tuple[Any, ...]:
    taken = f"entry {event['takes_back']}" if event["takes_back"] is not None else None
    reason = "; ".join(part for part in (taken, event["reason"]) if part) or None
    by = (event["person"] or {}).get("name")
    return (
        event["entry"],
        stamp(event["at"]),
        event["what"],
        event["environment"],
        by,
        event["role"],
        event["gate"],
        event["until"],
        reason,
    )


__all__ = ["decisions"]
