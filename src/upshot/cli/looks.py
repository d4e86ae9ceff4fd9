"""What slices and probes found, in one line each: for whoever reads a terminal and wants to know where to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upshot.cli.shapes import measurement
from upshot.cli.text import interval, number
from upshot.contracts.records import Breakdown, Checked, Entry, Inspection, Measured
from upshot.value.parts import LOST, PER_CASE, VALUE, spoken, worth_telling

MOST_LINES = 8
MOST_DRIVERS = 4


def look_lines(inspection: Inspection) -> list[tuple[str, str]]:
    """Topic and sentence of each breakdown, the first few.

    Drivers are told by what they cost, parts of the cases by the worst of them, and whatever has numbers of the whole by those.
    """
    found = [*inspection.slices.items(), *inspection.probes.items()]
    lines: list[tuple[str, str]] = [(breakdown.topic, f"{name}: {_sentence(breakdown)}") for name, breakdown in found]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = [("and", f"{len(lines) - MOST_LINES + 1} more slices and probes: --json, or the report")]
    return lines


def set_aside(checked: Checked) -> str | None:
    """How many rows were set aside, or warned of, by which check; None where there were none."""
    told = []
    for action, what in (("quarantine", "set aside"), ("warn", "kept with a warning")):
        by = {found.check: found.rows for found in checked.findings if found.rows and found.action == action}
        if by:
            count = checked.quarantined if action == "quarantine" else max(by.values())
            at_least = "at least " if action == "warn" and len(by) > 1 else ""
            told.append(
                f"{at_least}{count:,} of {checked.snapshot.rows:,} rows {what} ({', '.join(f'{name} {rows:,}' for name, rows in by.items())})"
            )
    return f"{'; '.join(told)}; see upshot data quarantine last" if told else None


def look_documents(breakdowns: Mapping[str, Breakdown]) -> dict[str, Any]:
    """Breakdowns as JSON data."""
    return {
        name: {
            "topic": breakdown.topic,
            "title": breakdown.title,
            "entries": [_entry(entry) for entry in breakdown.entries],
            "whole": {measure: measurement(measured) for measure, measured in breakdown.whole.items()},
            "reference": None if breakdown.reference is None else _entry(breakdown.reference),
            "nothing": breakdown.nothing,
        }
        for name, breakdown in breakdowns.items()
    }


def _entry(entry: Entry) -> dict[str, Any]:
    measures = {measure: measurement(measured) for measure, measured in entry.measures.items()}
    return {"name": entry.name, "cases": entry.cases, "note": entry.note, "measures": measures}


def _sentence(breakdown: Breakdown) -> str:
    measured = [entry for entry in breakdown.entries if entry.measures]
    if breakdown.whole:
        return ", ".join(f"{spoken(name)} {_shown(m)}" for name, m in list(breakdown.whole.items())[:2])
    if not measured:
        notes = dict.fromkeys(entry.note for entry in breakdown.entries if entry.note)
        return breakdown.nothing or "; ".join(notes) or "nothing was measured"
    measure = _leading(measured)
    if breakdown.topic == "drivers":
        shown = ", ".join(
            f"{entry.name} {_value(entry.measures[measure])}" for entry in measured[:MOST_DRIVERS] if measure in entry.measures
        )
        more = f" and {len(measured) - MOST_DRIVERS} more" if len(measured) > MOST_DRIVERS else ""
        return f"{shown}{more} ({spoken(measure)})"
    worst = max((entry for entry in measured if measure in entry.measures), key=lambda entry: _badness(entry.measures[measure]))
    text = f"{spoken(measure)} {_shown(worst.measures[measure])} for {worst.name}" if worst.note is None else f"{worst.name}: {worst.note}"
    reference = None if breakdown.reference is None else breakdown.reference.measures.get(measure)
    worst_of = f", the worst of {len(measured)}" if len(measured) > 1 else ""
    return text + worst_of + (f"; {_value(reference)} for all" if reference is not None else "")


def _leading(entries: list[Entry]) -> str:
    """The number that a line is about: money where it was measured, else the first."""
    names = worth_telling(entries)
    return next((name for name in (PER_CASE, VALUE, f"{LOST}{VALUE}", "share", "p95") if name in names), names[0])


def _badness(measured: Measured) -> float:
    if measured.value != measured.value:
        return float("inf")
    return measured.value if measured.direction == "minimize" else -measured.value


def _value(measured: Measured) -> str:
    if measured.unit == "share" and measured.value == measured.value:
        return f"{100 * measured.value:.3g} %"
    return number(measured.value) + ("" if measured.unit in ("1", "share") else f" {measured.unit}")


def _shown(measured: Measured) -> str:
    if measured.unit == "share" and measured.low is not None and measured.high is not None:
        return f"{_value(measured)} [{100 * measured.low:.3g}, {100 * measured.high:.3g}]"
    return f"{_value(measured)} {interval(measured)}".rstrip()


__all__ = ["look_documents", "look_lines", "set_aside"]
