"""What all checks share: what may become of broken rows, and how a few of them are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Action = Literal["refuse", "quarantine", "warn"]
ACTION = (
    "What becomes of rows that break the rule: refuse the data, set them aside and count them (quarantine), or keep and tell them (warn)."
)

MOST_EXAMPLES = 5
_WIDEST = 40


def require_columns(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse columns that the data does not have.

    Raises:
        DataError: One problem a column, with the nearest one that is there.
    """
    there = [str(name) for name in frame.columns]
    problems = [Problem(f"column {name!r}", "does not exist", None, did_you_mean(name, there)) for name in names if name not in there]
    if problems:
        raise DataError("a check names columns that the data does not have", problems)


def examples(values: pd.Series, broken: np.ndarray, *, hidden: bool, name: str | None = None) -> tuple[str, ...]:
    """The first broken rows, as "row 17: -3.0".

    Args:
        values: The column.
        broken: True where a row breaks the rule, shape (rows,).
        hidden: Whether values must not be shown: those of protected attributes.
        name: Column to write before the value, where a finding has several.

    Example:
        >>> import numpy as np, pandas as pd
        >>> examples(pd.Series([1.5, -3.0]), np.array([False, True]), hidden=False)
        ('row 1: -3.0',)
    """
    rows = broken.nonzero()[0][:MOST_EXAMPLES]
    before = f"{name} = " if name else ""
    return tuple(f"row {row}: {before}{'(hidden)' if hidden else told(values.iloc[row])}" for row in rows)


def told(value: object) -> str:
    """A value in at most 40 characters; text in quotes.

    Example:
        >>> told("NO"), told(2.5)
        ("'NO'", '2.5')
    """
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def rows_of(count: int, total: int) -> str:
    """How many rows of how many.

    Example:
        >>> rows_of(1, 200)
        '1 of 200 rows'
    """
    return f"{count:,} of {total:,} rows"


def highest_before(values: pd.Series, keys: list[pd.Series]) -> pd.Series:
    """For each row the highest value of the rows before it, of its own group where there are keys; null where there is none.

    Nulls are passed over.

    Args:
        values: Numbers or moments, in the order in which they are looked at.
        keys: What parts the rows into groups, aligned; [] for none.

    Example:
        >>> import pandas as pd
        >>> highest_before(pd.Series([3.0, 1.0, 5.0]), []).tolist()
        [nan, 3.0, 3.0]
    """

    def grouped(series: pd.Series) -> Any:
        return series.groupby(keys, sort=False, dropna=False) if keys else series

    found: pd.Series = grouped(grouped(grouped(values).cummax()).shift()).ffill()
    return found
