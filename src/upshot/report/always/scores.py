"""Statistical scores, each with its interval."""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.records import Evaluation
from upshot.contracts.sections import Column, TextBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, section, table
from upshot.report.front import evidence_of

BETTER = {"maximize": "higher", "minimize": "lower"}


def scores(past: Past) -> Iterator[Entry]:
    """The metrics of the test rows."""
    evaluation: Evaluation | None = past.value("evaluate")
    if evaluation is None:
        return
    rows = [(name, m.value, BETTER[m.direction], m.low, m.high) for name, m in evaluation.metrics.items()]
    columns = [
        Column("metric", "metric", "text"),
        Column("value", "score", "number", "", "low", "high"),
        Column("better", "better", "text"),
    ]
    methods = list(dict.fromkeys(m.method for m in evaluation.metrics.values()))
    block = table(f"Scores on {evaluation.rows:,} test cases", columns, rows, also=("low", "high"), note="; ".join(methods))
    nothing = TextBlock(("No metric is declared.",)) if not rows else None
    yield Entry("scores", section("Scores", "data_science", nothing or block), evidence_of(past, "evaluate"))


__all__ = ["scores"]
