"""Split: give each case its part, and prove that the parts can be told apart.

Whatever the splitter says, no part holds a case whose outcome was not known yet when the rows were drawn: the last weeks of a table look
clean because nobody has complained yet, and whoever scores a model on them is told that it is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.components.times import is_clock, moment_text, ticks
from upshot.contracts.components import Splitter
from upshot.contracts.records import PARTS, Cases, Folds, Part
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError, Problem
from upshot.stages.leaks import refuse_leaks

if TYPE_CHECKING:
    import numpy as np

ASKED: tuple[Part, ...] = ("train", "validation", "test")
LEFT_OUT = "left out"


def split(cases: Cases, splitter: Splitter) -> Folds:
    """Divide the cases as declared.

    Raises:
        DataError: A part that the recipe needs is empty, or the split would leak.
    """
    folds = _matured(splitter.split(cases))
    got = "; ".join(["none", *(note for note in folds.notes if note.startswith(LEFT_OUT))])
    problems = [
        Problem(f"split fold {fold.name!r}", "part 'train' must have rows", got) for fold in folds.folds if fold.parts.get("train", 0) == 0
    ]
    problems += [
        Problem("split", f"part {part!r} must have rows in some fold", got)
        for part in splitter.parts
        if not any(fold.parts.get(part, 0) for fold in folds.folds)
    ]
    if problems:
        raise DataError("the declared split leaves a part empty", problems)
    refuse_leaks(folds)
    return folds


def _matured(folds: Folds) -> Folds:
    """The same folds, without the cases whose outcome was not known yet."""
    labels = folds.cases.labels
    if "matured" not in labels.columns:
        return folds
    unknown = ~labels.frame["matured"].to_numpy(dtype=bool)
    before = folds.assignment.frame
    asked = before.isin([PARTS.index(part) for part in ASKED]).to_numpy()
    lost = asked & unknown[:, None]
    if not lost.any():
        return folds
    codes = before.mask(lost, PARTS.index("unused")).astype(before.dtypes)
    counted = tuple(
        replace(fold, parts=Map({part: int((codes[fold.name] == code).sum()) for code, part in enumerate(PARTS)})) for fold in folds.folds
    )
    return replace(folds, assignment=Table.of(codes), folds=counted, notes=(*folds.notes, _note(folds, lost.any(axis=1))))


def _note(folds: Folds, lost: np.ndarray) -> str:
    moments = folds.cases.labels.frame["as_of"]
    first = moment_text(int(ticks(moments)[lost].min()), is_clock(moments))
    return f"{LEFT_OUT}: {int(lost.sum()):,} cases from {first} on whose outcome was not known yet when the rows were drawn"
