"""Where data is wrong, said shortly: column, row numbers counted from 0, and at most five values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

EXAMPLES = 5
_WIDTH = 40


def column_of(rows: pd.DataFrame | Table, name: str, where: str) -> pd.Series:
    """A column of the data; of a table that nobody has looked at yet nothing else is read.

    Raises:
        DataError: There is none of this name; the hint is the nearest.
    """
    if name not in rows.columns:
        raise DataError("a column is missing", [Problem(where, "no such column in the data", repr(name), did_you_mean(name, rows.columns))])
    column: pd.Series = rows.column(name) if isinstance(rows, Table) else rows[name]
    return column


def rows_problem(where: str, rule: str, broken: np.ndarray, values: pd.Series, hint: str | None = None) -> Problem:
    """The problem of all rows that break a rule.

    Args:
        where: Column, as people call it.
        rule: What must hold.
        broken: True where a row breaks it, shape (n,).
        values: The column, of which up to five broken values are shown.
        hint: How to mend it.

    Example:
        >>> import numpy as np, pandas as pd
        >>> rows_problem("amount", "must be > 0", np.array([False, True]), pd.Series([3.0, -1.0])).sentence()
        'must be > 0; got 1 row: row 1: -1.0'
    """
    rows = broken.nonzero()[0]
    shown = ", ".join(f"row {row}: {shorten(values.iloc[int(row)])}" for row in rows[:EXAMPLES])
    return Problem(where, rule, f"{counted(len(rows), 'row')}: {shown}{', ...' if len(rows) > EXAMPLES else ''}", hint)


def shorten(value: object) -> str:
    """A value for people, cut to forty characters.

    Example:
        >>> shorten("x" * 50)
        "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
    """
    text = repr(value.item() if hasattr(value, "item") else value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "row"), counted(1200, "row")
        ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
