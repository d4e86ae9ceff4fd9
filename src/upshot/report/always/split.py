"""Which rows trained, which tuned and which tested, and what keeps them apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from upshot.contracts.records import PARTS, Folds, Part
from upshot.contracts.sections import ChartBlock, Column, Style, TableBlock, TextBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, rows_of, section, table
from upshot.report.front import evidence_of

if TYPE_CHECKING:
    import pandas as pd

FOLDS_DRAWN = 12


def split(past: Past) -> Iterator[Entry]:
    """Parts of each fold, over time where cases have a time, and the promises of the split."""
    folds: Folds | None = past.value("split")
    if folds is None:
        return
    blocks = (_spans(folds), _counts(folds), TextBlock(tuple(_promises(folds))))
    yield Entry("split", section("What trains, what tests", "data_science", *blocks), evidence_of(past, "split"))


def _counts(folds: Folds) -> TableBlock:
    parts = [part for part in PARTS if any(fold.parts.get(part, 0) for fold in folds.folds)]
    rows = [(fold.name, *(fold.parts.get(part, 0) for part in parts), fold.cutoff) for fold in folds.folds]
    counts = [Column(part, part, "count") for part in parts]
    columns = [Column("fold", "fold", "text"), *counts, Column("cutoff", "last training moment", "date")]
    with_cutoff = any(fold.cutoff for fold in folds.folds)
    return table("Cases by part", columns if with_cutoff else columns[:-1], [row if with_cutoff else row[:-1] for row in rows])


def _spans(folds: Folds) -> ChartBlock | None:
    """From the first to the last moment of each part; None where cases have no moment."""
    import pandas as pd

    labels = folds.cases.labels
    if "as_of" not in labels.columns:
        return None
    as_of = labels.frame["as_of"]
    is_moment = pd.api.types.is_datetime64_any_dtype(as_of)
    if not is_moment and not pd.api.types.is_numeric_dtype(as_of):
        return None
    several = len(folds.folds) > 1
    rows = [
        (fold.name if several else part, part, *_ends(as_of, folds, fold.name, part))
        for fold in folds.folds[-FOLDS_DRAWN:]
        for part in PARTS
        if part != "unused" and fold.parts.get(part, 0)
    ]
    style: Style = "date" if is_moment else "number"
    low, high = Column("first", "first", style), Column("last", "last", style)
    owner = Column("owner", "fold" if several else "part", "text")
    title = "When each part was decided on" if not several else "When each part of each fold was decided on"
    x, y = Column("first", "from, to", style), Column("part", "part", "text")
    return ChartBlock(title, "timeline", rows_of(("owner", "part", "first", "last"), rows), x, (y,), low, high, owner)


def _ends(as_of: pd.Series, folds: Folds, fold: str, part: Part) -> tuple[object, object]:
    moments = as_of.iloc[folds.positions(fold, part)]
    return moments.min(), moments.max()


def _promises(folds: Folds) -> Iterator[str]:
    if folds.in_time:
        yield "Every test case lies after every training case."
    if folds.in_order:
        yield f"Within each {' and '.join(folds.in_order)}, cases that are scored lie after those of the parts before."
    if folds.apart:
        yield f"No {' and no '.join(folds.apart)} has cases in two parts."
    if folds.gap:
        yield f"Between what is fitted and what is scored, {folds.gap} are left out: the time until outcomes are known."
    if folds.refit:
        yield "What is tested and registered was fitted again, on training and validation cases together, once policy and calibration stood."
    if folds.reason:
        yield f"Why this split is allowed, in its author's words: {folds.reason}"
    yield from folds.notes


__all__ = ["split"]
