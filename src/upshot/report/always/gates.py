"""What each gate found, on which evidence, and what would decide the open ones."""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.records import Verdict, Verdicts
from upshot.contracts.sections import Column
from upshot.engine.past import Past
from upshot.report.document import Entry, section, table
from upshot.report.front import evidence_of
from upshot.report.words import amount, ends


def gates(past: Past) -> Iterator[Entry]:
    """All verdicts, failed and open ones first."""
    verdicts: Verdicts | None = past.value("gate")
    if verdicts is None:
        return
    order = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    rows = [_row(verdict) for verdict in sorted(verdicts.verdicts, key=lambda one: order[one.outcome])]
    columns = [
        Column("gate", "gate", "text"),
        Column("outcome", "outcome", "outcome"),
        Column("what", "what is judged", "text"),
        Column("found", "measured", "text"),
        Column("why", "why", "text"),
        Column("cases", "cases", "count"),
    ]
    block = table("", columns, rows, also=("measured", "low", "high", "unit", "threshold"))
    yield Entry("gates", section("Gates", "risk", block), evidence_of(past, "gate", "evaluate", "value"))


def _row(verdict: Verdict) -> tuple[object, ...]:
    """What is shown of a verdict, and behind it the numbers themselves."""
    found = verdict.measured
    why = verdict.reason if verdict.would_decide is None else f"{verdict.reason}; {verdict.would_decide}"
    if found is None:
        return (verdict.gate, verdict.outcome, verdict.what, None, why, None, None, None, None, None, verdict.threshold)
    unit = "1" if found.unit == "share" else found.unit
    certain = found.low is not None and found.high is not None and found.low != found.high
    text = amount(found.value, unit) + (f" ({ends(found.low, found.high, unit)})" if certain else "")
    numbers = (found.value, found.low, found.high, found.unit, verdict.threshold)
    return (verdict.gate, verdict.outcome, verdict.what, text, why, found.n, *numbers)


__all__ = ["gates"]
