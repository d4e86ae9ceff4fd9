"""A panel of series with whole-numbered steps, searched without a loop over series.

Times become steps by the panel's own spacing: numbers and fixed intervals by their smallest distance, dates that share one day of the
month by months. A time between two steps is refused, because "one season before" would not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np

MONTH = 0
"""Unit that stands for months, which have no fixed length."""


@dataclass(frozen=True)
class Calendar:
    """How times become steps: `origin` is step 0, `unit` the distance of two steps in nanoseconds or numbers, or `MONTH`."""

    origin: int
    unit: int
    column: str

    @classmethod
    def of(cls, cases: Cases) -> Calendar:
        """Learn the spacing from all times of a panel."""
        import numpy as np

        column = time_column(cases)
        times = np.unique(_numbers(cases, column))
        if len(times) < 2:
            return cls(int(times[0]) if len(times) else 0, 1, column)
        if _is_monthly(cases, column):
            return cls(int(_months(cases, column).min()), MONTH, column)
        return cls(int(times[0]), int(np.diff(times).min()), column)

    def steps(self, cases: Cases) -> np.ndarray:
        """Step of each case, int64 of shape (n,).

        Raises:
            DataError: A time lies between two steps.
        """
        import numpy as np

        if self.unit == MONTH:
            if cases.size and not _is_monthly(cases, self.column, least=1):
                raise DataError("times do not follow the calendar of the training", [Problem(self.column, "must be monthly")])
            return _months(cases, self.column) - self.origin
        steps, rest = np.divmod(_numbers(cases, self.column) - self.origin, self.unit)
        wrong = np.flatnonzero(rest)
        if len(wrong):
            shown = ", ".join(str(value) for value in cases.rows.frame[self.column].iloc[wrong[:5]])
            rule = f"must be a whole number of steps apart ({self._unit_text(cases)})"
            raise DataError("times are not evenly spaced", [Problem(self.column, rule, f"{len(wrong)} that are not: {shown}")])
        return steps

    def _unit_text(self, cases: Cases) -> str:
        import numpy as np
        import pandas as pd

        is_date = np.issubdtype(cases.rows.frame[self.column].to_numpy().dtype, np.datetime64)
        return str(pd.Timedelta(self.unit, "ns")) if is_date else str(self.unit)


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


def known_times(cases: Cases, name: str, missing: int) -> np.ndarray:
    """A time column of the labels as int64 (nanoseconds for dates); `missing` everywhere where the data has none."""
    import numpy as np

    if name not in cases.labels.columns:
        return np.full(cases.size, missing, dtype=np.int64)
    values = cases.labels.frame[name].to_numpy()
    never = np.iinfo(np.int64).max
    if np.issubdtype(values.dtype, np.datetime64):
        return np.where(np.isnat(values), never, values.astype("datetime64[ns]").astype(np.int64))
    unknown = np.isnan(values.astype(np.float64))
    return np.where(unknown, never, np.where(unknown, 0, values)).astype(np.int64)


def _numbers(cases: Cases, column: str) -> np.ndarray:
    import numpy as np

    values = cases.rows.frame[column].to_numpy()
    if np.issubdtype(values.dtype, np.datetime64):
        return values.astype("datetime64[ns]").astype(np.int64)
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64)
    raise DataError("times cannot be counted in steps", [Problem(column, "must be dates or whole numbers", str(values.dtype))])


def _is_monthly(cases: Cases, column: str, least: int = 2) -> bool:
    import numpy as np

    values = cases.rows.frame[column].to_numpy()
    if not np.issubdtype(values.dtype, np.datetime64):
        return False
    within = values - values.astype("datetime64[M]").astype(values.dtype)
    months = np.unique(values.astype("datetime64[M]"))
    return len(np.unique(within)) == 1 and len(months) >= least


def _months(cases: Cases, column: str) -> np.ndarray:
    import numpy as np

    return cases.rows.frame[column].to_numpy().astype("datetime64[M]").astype(np.int64)
