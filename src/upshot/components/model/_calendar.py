"""Times as whole-numbered steps.

The spacing is learnt from the data: months where all dates share one place in the month, else the smallest distance between two times.
A time between two steps is refused, because "one season before" would not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.model._roles import clock, time_column
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Calendar:
    """How times become steps.

    Attributes:
        origin: The time of step 0.
        unit: Distance of two steps: nanoseconds for dates, months for monthly dates, else the column's own unit.
        monthly: Whether dates are counted in months.
        column: The time column.
    """

    origin: int
    unit: int
    monthly: bool
    column: str

    @classmethod
    def of(cls, cases: Cases) -> Calendar:
        """Learn the spacing from all times of a panel."""
        import numpy as np

        column = time_column(cases)
        times = clock(cases.rows.frame[column])
        monthly = times.dtype.kind == "M" and len(np.unique(_within_month(times))) == 1 and len(np.unique(times)) > 1
        distinct = np.unique(_numbers(times, monthly, column))
        unit = int(np.diff(distinct).min()) if len(distinct) > 1 else 1
        return cls(int(distinct[0]) if len(distinct) else 0, unit, monthly, column)

    def steps(self, cases: Cases) -> np.ndarray:
        """Step of each case, int64 of shape (n,).

        Raises:
            DataError: A time lies between two steps.
        """
        import numpy as np

        times = clock(cases.rows.frame[self.column])
        steps, rest = np.divmod(_numbers(times, self.monthly, self.column) - self.origin, self.unit)
        wrong = np.flatnonzero(rest)
        if len(wrong):
            shown = ", ".join(str(value) for value in cases.rows.frame[self.column].iloc[wrong[:5]])
            rule = f"must lie whole steps of {self._unit(times)} apart"
            raise DataError("times are not evenly spaced", [Problem(self.column, rule, f"{len(wrong)} that do not: {shown}")])
        return steps

    def _unit(self, times: np.ndarray) -> str:
        import pandas as pd

        if self.monthly:
            return f"{self.unit} months"
        return str(pd.Timedelta(self.unit, "ns")) if times.dtype.kind == "M" else str(self.unit)


def _numbers(times: np.ndarray, monthly: bool, column: str) -> np.ndarray:
    import numpy as np

    if times.dtype.kind not in "Miu":
        raise DataError("times cannot be counted in steps", [Problem(column, "must be dates or whole numbers", str(times.dtype))])
    return (times.astype("datetime64[M]") if monthly else times).astype(np.int64)


def _within_month(times: np.ndarray) -> np.ndarray:
    within: np.ndarray = times - times.astype("datetime64[M]")
    return within
