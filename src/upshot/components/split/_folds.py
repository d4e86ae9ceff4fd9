"""The end of every split: count the parts, refuse what cannot be learned from or judged by, and write down the cutoff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.faults import column_of, counted, shorten
from upshot.components.times import is_clock, moment_text, ticks
from upshot.contracts.records import PARTS, Cases, Fold, Folds, Part
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FOLD = "main"
USED: tuple[Part, ...] = ("train", "validation", "test")


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


def one_fold(cases: Cases, codes: np.ndarray, parts: tuple[Part, ...], *, gap: str | None = None, reason: str | None = None) -> Folds:
    """The split as one fold.

    Args:
        cases: All cases.
        codes: Position of each case's part in `PARTS`, int8, shape (n,).
        parts: Parts that must have rows.
        gap: What is left out between training and scored rows, in words.
        reason: Why a split that ignores time is allowed.

    Raises:
        DataError: A part has no rows, or a 0/1 label has one class in training or test.
    """
    import pandas as pd

    counts: dict[str, int] = {part: int((codes == code).sum()) for code, part in enumerate(PARTS)}
    problems = [
        Problem(f"split part {part!r}", "must have rows", f"none of {counted(cases.size, 'row')} ({_listed(counts)})")
        for part in parts
        if counts[part] == 0
    ]
    problems = problems or _one_class(cases, codes)
    if problems:
        raise DataError("the split cannot be used", problems)
    fold = Fold(FOLD, Map(counts), _cutoff(cases, codes))
    return Folds(cases, Table.of(pd.DataFrame({FOLD: codes})), (fold,), gap, reason)


def refuse_overlap(cases: Cases, codes: np.ndarray) -> None:
    """Refuse a split in which an entity has rows in two parts.

    Raises:
        DataError: There is one; with the share of such entities and a few of them.
    """
    import numpy as np
    import pandas as pd

    used = np.isin(codes, [PARTS.index(part) for part in USED])
    problems = []
    for name in cases.roles.entities:
        pairs = pd.DataFrame({"entity": column_of(cases.rows.frame, name, "data.roles.entities"), "part": codes})[used].drop_duplicates()
        often = pairs["entity"].value_counts()
        shared = sorted(often.index[often > 1])
        if shared:
            share = f"{counted(len(shared), 'value')} of {len(often):,} ({len(shared) / len(often):.0%})"
            examples = ", ".join(shorten(value) for value in shared[:5])
            hint = "split by_entity or by_time, or leave the column out of data.roles.entities"
            problems.append(Problem(name, "must not have rows in two parts", f"{share}, such as {examples}", hint))
    if problems:
        raise DataError("the split would leak from training to test", problems)


def _one_class(cases: Cases, codes: np.ndarray) -> list[Problem]:
    labels = cases.labels.frame["label"]
    if labels.dtype.kind != "i" or not labels.isin((0, 1)).all():
        return []
    problems = []
    for part in ("train", "test"):
        seen = labels.to_numpy()[codes == PARTS.index(part)]
        if seen.min() == seen.max():
            problems.append(Problem(f"split part {part!r}", "must have both classes", f"{counted(len(seen), 'row')} of label {seen[0]}"))
    return problems


def _cutoff(cases: Cases, codes: np.ndarray) -> str | None:
    if "as_of" not in cases.labels.columns:
        return None
    moments = cases.labels.frame["as_of"]
    return moment_text(int(ticks(moments)[codes == PARTS.index("train")].max()), is_clock(moments))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{part} {count:,}" for part, count in counts.items() if count)
