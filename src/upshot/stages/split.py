"""Split: give each case its part, and prove that the parts can be told apart."""

from __future__ import annotations

from upshot.contracts.components import Splitter
from upshot.contracts.records import Cases, Folds
from upshot.errors import DataError, Problem
from upshot.stages.leaks import refuse_leaks


def split(cases: Cases, splitter: Splitter) -> Folds:
    """Divide the cases as declared.

    Raises:
        DataError: A part that the recipe needs is empty, or the split would leak.
    """
    folds = splitter.split(cases)
    problems = [
        Problem(f"split fold {fold.name!r}", "part 'train' must have rows", "none")
        for fold in folds.folds
        if fold.parts.get("train", 0) == 0
    ]
    problems += [
        Problem("split", f"part {part!r} must have rows in some fold", "none")
        for part in splitter.parts
        if not any(fold.parts.get(part, 0) for fold in folds.folds)
    ]
    if problems:
        raise DataError("the declared split leaves a part empty", problems)
    refuse_leaks(folds)
    return folds
