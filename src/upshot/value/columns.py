"""Columns as the arrays that expressions work on: numbers, yes/no, or texts, with nulls kept apart.

Frames bring many types (nullable integers, categories, decimals, Arrow strings). Here they become one of two things: a numeric or
bool array as it is, or an object array of texts. A time is refused rather than turned into nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Column: TypeAlias = np.ndarray | pd.Series | float

_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean")
_TEXTS = ("string", "empty")


def columns_of(frame: pd.DataFrame, names: Iterable[str]) -> dict[str, np.ndarray]:
    """The named columns of a frame, as expressions take them; names that the frame lacks are left out.

    Example:
        >>> import pandas as pd
        >>> columns_of(pd.DataFrame({"amount": [3.0], "city": ["Oslo"]}), ["amount", "cost"])
        {'amount': array([3.])}
    """
    return {name: as_values(name, frame[name]) for name in names if name in frame.columns}


def as_values(name: str, column: Column) -> np.ndarray:
    """A column as an array of numbers, of bools, or (dtype object) of texts with nulls.

    Args:
        name: For the message.
        column: Shape (n,), or one number for all rows.

    Raises:
        DataError: It holds something else, such as a time.
    """
    import numpy as np
    import pandas as pd

    values = column.to_numpy() if isinstance(column, pd.Series) else np.asarray(column)
    if values.dtype.kind in "fiub":
        return values
    if values.dtype.kind in "UT":
        return values.astype(object)
    found = pd.api.types.infer_dtype(values, skipna=True) if values.dtype.kind == "O" else values.dtype.name
    if found in _TEXTS:
        return values
    if found in _NUMBERS:
        return np.where(pd.isna(values), np.nan, values).astype(np.float64)
    raise DataError("a column does not fit an expression", [Problem(name, "must hold numbers, yes/no or texts", found)])


def look_up(name: str, columns: Mapping[str, Column]) -> np.ndarray:
    """One column by name.

    Raises:
        DataError: There is none; the hint is the nearest.
    """
    if name not in columns:
        raise DataError(
            "an expression names a column that is not there", [Problem(name, "no such column", None, did_you_mean(name, columns))]
        )
    return as_values(name, columns[name])
