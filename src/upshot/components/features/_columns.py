"""Raw columns as features read them: outcomes refused, numbers finite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.faults import column_of, rows_problem
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def raw(cases: Cases, name: str) -> pd.Series:
    """A column that is known when the decision falls.

    Raises:
        DataError: There is none of this name, or it is only known afterwards.
    """
    if name in cases.roles.known_after:
        raise DataError("a feature would leak the outcome", [Problem(name, "is only known after the decision", hint="leave it out")])
    return column_of(cases.rows, name, f"feature column {name!r}")


def numbers(values: pd.Series, name: str) -> np.ndarray:
    """A column as float64, shape (n,), null as NaN.

    Raises:
        DataError: It holds no numbers, or an infinite one.
    """
    import numpy as np
    import pandas as pd

    if not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)):
        hint = "for text use categorical, for timestamps use datetime"
        raise DataError("a feature cannot be read", [Problem(name, "must hold numbers", str(values.dtype), hint)])
    floats: np.ndarray = values.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(floats).any():
        raise DataError("a feature cannot be read", [rows_problem(name, "must be finite", np.isinf(floats), values)])
    return floats
