"""Rows of many series, found without a loop over series: one sorted key and one binary search for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Panel:
    """Rows sorted by (series, step). `known_at` says when a value was known; `key` is what the search runs on."""

    series: np.ndarray
    steps: np.ndarray
    values: np.ndarray
    known_at: np.ndarray
    key: np.ndarray
    first: int
    span: int

    @classmethod
    def of(cls, series: np.ndarray, steps: np.ndarray, values: np.ndarray, known_at: np.ndarray) -> Panel:
        """Sort the rows.

        Raises:
            DataError: There is no row, or a series has a step twice.
        """
        import numpy as np

        if not len(steps):
            raise DataError("there is no history to forecast from", [Problem("split", "must leave rows before the forecast", "none")])
        order = np.lexsort((steps, series))
        series, steps = series[order], steps[order]
        twice = np.count_nonzero((np.diff(series) == 0) & (np.diff(steps) == 0))
        if twice:
            problem = Problem("data.roles.time", "must differ within a series", f"{twice} rows that repeat a time")
            raise DataError("a series has two values at one time", [problem])
        first, span = int(steps.min()), int(steps.max()) - int(steps.min()) + 2
        return cls(series, steps, values[order], known_at[order], _key(series, steps, first, span), first, span)

    def find(self, series: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Row of (series, step), -1 where there is none."""
        import numpy as np

        row = np.minimum(np.searchsorted(self.key, _key(series, steps, self.first, self.span)), len(self.key) - 1)
        return np.where((self.series[row] == series) & (self.steps[row] == steps), row, -1)

    def last(self, series: np.ndarray, steps: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Row of the latest earlier step that was known by `as_of`, -1 where there is none."""
        import numpy as np

        row = np.searchsorted(self.key, _key(series, steps, self.first, self.span)) - 1
        while True:  # one turn for each row that was not known yet
            row = np.where((row >= 0) & (self.series[row] == series), row, -1)
            late = (row >= 0) & (self.known_at[row] > as_of)
            if not late.any():
                return row
            row = row - late


def _key(series: np.ndarray, steps: np.ndarray, first: int, span: int) -> np.ndarray:
    import numpy as np

    key: np.ndarray = series.astype(np.int64) * span + np.clip(steps - first, -1, span - 1)
    return key
