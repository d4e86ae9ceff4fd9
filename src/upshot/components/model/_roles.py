"""Columns by their role, as the models of history read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ALWAYS, NEVER = -(2**63), 2**63 - 1
"""Before and after every time, in int64."""


def time_column(cases: Cases) -> str:
    """The column of the time role.

    Raises:
        DataError: No column plays it.
    """
    if cases.roles.time is None:
        raise DataError("this model needs a clock", [Problem("data.roles.time", "must name the time column", "none")])
    return cases.roles.time


def entity_column(cases: Cases) -> str:
    """The first column of the entities role.

    Raises:
        DataError: No column plays it.
    """
    if not cases.roles.entities:
        raise DataError("this model needs to know whom rows belong to", [Problem("data.roles.entities", "must name a column", "none")])
    return cases.roles.entities[0]


def clock(column: pd.Series) -> np.ndarray:
    """Times as datetime64[ns] (UTC where they had a zone), or as they are where they are numbers."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.to_numpy(dtype="datetime64[ns]") if column.dtype.kind == "M" else column.to_numpy()


def known_times(cases: Cases, name: str, missing: int) -> np.ndarray:
    """A time column of the labels as int64 (nanoseconds for dates), nulls as `NEVER`; `missing` everywhere where the data has none."""
    import numpy as np
    import pandas as pd

    if name not in cases.labels.columns:
        return np.full(cases.size, missing, dtype=np.int64)
    column = cases.labels.column(name)
    unknown = pd.isna(column).to_numpy()
    times: np.ndarray = clock(column.where(~unknown, column.dropna().iloc[0]) if unknown.any() and not unknown.all() else column)
    return np.where(unknown, NEVER, 0 if unknown.all() else times.astype(np.int64))
