"""The run itself: which stages ran, how long they took, and how much they left."""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.sections import ChartBlock, Column, TextBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, rows_of, section, table
from upshot.report.front import first_line
from upshot.report.words import duration, stamp


def stages(past: Past) -> Iterator[Entry]:
    """Stages with their times and sizes."""
    summary = past.row.summary
    facts = [f"Run {past.row.id} of recipe {past.row.recipe} began at {stamp(past.row.started_at)} and is {past.row.status}."]
    facts += [f"It took {duration(summary['seconds'])}."] if summary.get("seconds") is not None else []
    facts += [f"What stopped it: {first_line(past.row.error)}"] if past.row.error else []
    sweep = summary.get("sweep")
    facts += [f"It was a point of sweep {sweep}."] if sweep else []
    rows = [(s.stage, "cached" if s.cached else "ran", s.seconds, _size(past, s.stage)) for s in past.stages]
    columns = [
        Column("stage", "stage", "text"),
        Column("how", "how", "text"),
        Column("seconds", "took", "duration"),
        Column("size", "size of its value", "size"),
    ]
    block = table("", columns, rows, note="A cached stage was not run: nothing that its value depends on had changed.") if rows else None
    nothing = None if rows else TextBlock(("Its stages are not known: they are written down when a run ends.",))
    parts = (TextBlock(tuple(facts)), _times(past), block, nothing, _pace(past))
    yield Entry("stages", section("Stages", "engineering", *parts))


def _times(past: Past) -> ChartBlock | None:
    ran = [(s.stage, s.seconds) for s in past.stages if not s.cached and s.seconds is not None]
    if len(ran) < 2:
        return None
    y = Column("seconds", "took", "duration")
    return ChartBlock("Where the time went", "bar", rows_of(("stage", "seconds"), ran), Column("stage", "stage", "text"), (y,))


def _size(past: Past, stage: str) -> int | None:
    """Bytes of a stage's value with all its files; None where it is not kept."""
    if stage not in past.digests or past.is_cleared(stage):
        return None
    return sum(past.state.codec(past.catalogue.revive).files(past.digests[stage]).values())


def _pace(past: Past) -> TextBlock | None:
    """Time of one prediction in a batch, where predictions were made in this run."""
    took = next((s.seconds for s in past.stages if s.stage == "predict" and not s.cached), None)
    predictions = past.value("predict")
    if took is None or predictions is None:
        return None
    rows = sum(frame.rows for frame in predictions.frames.values())
    return TextBlock((f"In a batch, a row was predicted in {took / max(rows, 1) * 1e6:.3g} µs: {rows:,} rows in {duration(took)}.",))


__all__ = ["stages"]
