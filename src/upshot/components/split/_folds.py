"""The end of every split: count the parts, refuse what cannot be learned from or judged by, and write down the cutoff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.faults import counted
from upshot.components.times import is_clock, moment_text, ticks
from upshot.contracts.records import PARTS, Cases, Fold, Folds, Part
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.split._allow import SplitParams

FOLD = "main"


def as_of(cases: Cases) -> pd.Series:
    """The moments of the cases.

    Raises:
        RecipeError: The recipe names no time column.
    """
    if "as_of" not in cases.labels.columns:
        raise RecipeError("the split needs a time", [Problem("data.roles.time", "must name the column that this split goes by")])
    moments: pd.Series = cases.labels.frame["as_of"]
    return moments


def codes_for(cases: Cases, part: Part) -> np.ndarray:
    """One part for all cases, int8, shape (n,)."""
    import numpy as np

    return np.full(cases.size, PARTS.index(part), dtype=np.int8)


def one_fold(
    cases: Cases,
    codes: np.ndarray,
    parts: tuple[Part, ...],
    params: SplitParams,
    *,
    gap: str | None = None,
    reason: str | None = None,
    apart: tuple[str, ...] = (),
    in_time: bool = False,
    in_order: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Folds:
    """The split as one fold."""
    return several_folds(
        cases, {FOLD: codes}, parts, params, gap=gap, reason=reason, apart=apart, in_time=in_time, in_order=in_order, notes=notes
    )


def several_folds(
    cases: Cases,
    codes: dict[str, np.ndarray],
    parts: tuple[Part, ...],
    params: SplitParams,
    *,
    gap: str | None = None,
    reason: str | None = None,
    apart: tuple[str, ...] = (),
    in_time: bool = False,
    in_order: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Folds:
    """The split, each fold counted and fit to learn from.

    Args:
        cases: All cases.
        codes: Fold -> position of each case's part in `PARTS`, int8, shape (n,).
        parts: Parts that must have rows.
        params: The split's parameters, for the leaks that it allows.
        gap: What is left out between training and scored rows, in words.
        reason: Why a split that ignores time is allowed.
        apart: Columns of which no value has rows in two parts.
        in_time: Whether test lies after training.
        in_order: Columns within whose values scored rows lie after the rows before them.
        notes: What a reader must know of the split.

    Raises:
        DataError: A part has no rows, or a 0/1 label has one class in training or test.
    """
    import pandas as pd

    folds = tuple(fold_of(cases, name, assigned, parts) for name, assigned in codes.items())
    return Folds(
        cases,
        Table.of(pd.DataFrame(codes)),
        folds,
        gap,
        reason,
        apart,
        in_time,
        allowed=allowed_leaks(params),
        in_order=in_order,
        refit=params.refit,
        notes=notes,
    )


def allowed_leaks(params: SplitParams) -> Map[str]:
    """Leak -> why it is not looked for."""
    return Map({name: why for name, why in params.allow if why is not None})


def fold_of(
    cases: Cases,
    name: str,
    codes: np.ndarray,
    parts: tuple[Part, ...],
    *,
    fitted_by: str | None = None,
    tuned_on: tuple[str, ...] = (),
) -> Fold:
    """One fold, counted and fit to learn from.

    Raises:
        DataError: A part has no rows, or a 0/1 label has one class in training or test.
    """
    counts: dict[str, int] = {part: int((codes == code).sum()) for code, part in enumerate(PARTS)}
    problems = [
        Problem(f"split part {part!r}", "must have rows", f"none of {counted(cases.size, 'row')} ({_listed(counts)})")
        for part in parts
        if counts[part] == 0
    ]
    problems = problems or _one_class(cases, codes)
    if problems:
        raise DataError("the split cannot be used", problems)
    return Fold(name, Map(counts), _cutoff(cases, codes), fitted_by, tuned_on)


def _one_class(cases: Cases, codes: np.ndarray) -> list[Problem]:
    labels = cases.labels.frame["label"]
    if labels.dtype.kind != "i" or not labels.isin((0, 1)).all():
        return []
    problems = []
    for part in ("train", "test"):
        seen = labels.to_numpy()[codes == PARTS.index(part)]
        if len(seen) and seen.min() == seen.max():
            problems.append(Problem(f"split part {part!r}", "must have both classes", f"{counted(len(seen), 'row')} of label {seen[0]}"))
    return problems


def _cutoff(cases: Cases, codes: np.ndarray) -> str | None:
    if "as_of" not in cases.labels.columns:
        return None
    moments = cases.labels.frame["as_of"]
    return moment_text(int(ticks(moments)[codes == PARTS.index("train")].max()), is_clock(moments))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{part} {count:,}" for part, count in counts.items() if count)
