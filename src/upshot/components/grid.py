"""A panel as a matrix, one row a series and one column a step, and what can be read off it for many (series, origin) pairs at once.

Means over windows are differences of running sums, so a feature of a million pairs is a few passes over a million numbers and nobody
loops over series. Memory is series times steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from upshot.components.calendars import Calendar, moments_of
from upshot.components.model._roles import ALWAYS, NEVER, entity_column, known_times
from upshot.components.times import is_clock
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MOST_CELLS = 400_000_000


@dataclass(frozen=True)
class Grid:
    """Values by series and step.

    Attributes:
        names: Series, sorted.
        first: Step of the first column.
        values: Shape (series, steps), NaN where nothing is known.
        rows: Position of each cell's case, -1 where there is none; same shape.
        moments: Nanoseconds since 1970 of each column, or its counter; NaN-free, by straight line where no series has a row.
    """

    names: pd.Index
    first: int
    values: np.ndarray
    rows: np.ndarray
    moments: np.ndarray

    @classmethod
    def of(cls, cases: Cases, calendar: Calendar, *, future: Cases | None = None) -> Grid:
        """The outcomes of cases; a censored one is not known, and neither is one that is not yet known when the future begins.

        Args:
            cases: With outcomes.
            calendar: Gives the steps.
            future: Cases that are to be forecast: series of which nothing is known have a row too.

        Raises:
            DataError: There is no row, a series has a step twice, or the matrix would not fit into memory.
        """
        import numpy as np
        import pandas as pd

        if not cases.size:
            raise DataError("there is no history to forecast from", [Problem("split", "must leave rows before the forecast", "none")])
        steps = calendar.steps(cases)
        found, own = pd.factorize(cases.rows.column(entity_column(cases)), use_na_sentinel=False)  # a null is a name, too
        named = pd.Index(own) if future is None else pd.Index(own).union(pd.Index(future.rows.column(entity_column(future)).unique()))
        names = named.sort_values()
        code, first = names.get_indexer(pd.Index(own))[found], int(steps.min())
        shape = (len(names), int(steps.max()) - first + 1)
        if shape[0] * shape[1] > MOST_CELLS:
            got = f"{shape[0]:,} series x {shape[1]:,} steps"
            raise DataError(
                "the panel is too large", [Problem("data", f"may have {MOST_CELLS:,} series x steps", got, "shorten the history")]
            )
        cell = code * shape[1] + (steps - first)
        rows = np.full(shape, -1, dtype=np.int64)
        rows.reshape(-1)[cell] = np.arange(cases.size)
        if int((rows >= 0).sum()) < cases.size:
            raise DataError("a series has two values at one time", [_twice(cases, code, steps, names)])
        y = cases.labels.column("label").to_numpy(dtype=np.float64).copy()
        if "censored" in cases.labels.columns:
            y[cases.labels.column("censored").to_numpy(dtype=bool)] = np.nan
        if future is not None:
            y[known_times(cases, "label_known_at", ALWAYS) > known_times(future, "as_of", NEVER).min(initial=NEVER)] = np.nan
        values = np.full(shape, np.nan)
        values.reshape(-1)[cell] = y
        return cls(names, first, values, rows, _moments(cases, rows))

    @property
    def last(self) -> int:
        """The last column."""
        return int(self.values.shape[1]) - 1

    def code(self, cases: Cases) -> np.ndarray:
        """Row of each case's series, -1 for a series that is not here."""
        import pandas as pd

        found: np.ndarray = self.names.get_indexer(pd.Index(cases.rows.column(entity_column(cases))))
        return found

    def at(self, series: np.ndarray, column: np.ndarray, until: np.ndarray | int | None = None) -> np.ndarray:
        """Value at each (series, column); NaN outside of the matrix, for series -1, and behind `until`."""
        import numpy as np

        end = self.last if until is None else until
        inside = (column >= 0) & (column <= np.minimum(end, self.last)) & (series >= 0)
        found = np.full(np.broadcast(series, column).shape, np.nan)
        where = np.broadcast_to(inside, found.shape)
        found[where] = self.values[np.broadcast_to(series, found.shape)[where], np.broadcast_to(column, found.shape)[where]]
        return found

    def mean(self, series: np.ndarray, column: np.ndarray, window: int) -> np.ndarray:
        """Mean of the known values in the `window` columns up to each column; NaN without any."""
        import numpy as np

        total, count = self.sums(series, column, window)
        mean: np.ndarray = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return mean

    def means(self) -> np.ndarray:
        """Mean of all known values of each series, shape (series,); NaN without any."""
        import numpy as np

        known = np.isfinite(self.values)
        count = known.sum(axis=1)
        total = np.where(known, self.values, 0.0).sum(axis=1)
        means: np.ndarray = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return means

    def sums(self, series: np.ndarray, column: np.ndarray, window: int, season: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Sum and number of the known values at `window` columns, `season` apart, of which the last is `column`."""
        import numpy as np

        running, known = self._running[season] if season in self._running else self._run(season)
        width = self.last + 1
        column = np.asarray(column)
        end = np.minimum(
            column, self.last - (self.last - column) % season
        )  # a column behind the matrix: the last of its place in the season
        start = column - window * season
        low = np.where(start < 0, start % season - season, start) + season  # running sums have a season of zeros before the matrix
        high = np.where(end < 0, end % season - season, end) + season
        low, high = np.minimum(low, width - 1 + season), np.maximum(high, np.minimum(low, width - 1 + season))
        total, count = running[series, high] - running[series, low], known[series, high] - known[series, low]
        return total, count

    @cached_property
    def _running(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        return {}

    def _run(self, season: int) -> tuple[np.ndarray, np.ndarray]:
        """Running sums and counts along each place of a season, after one season of zeros."""
        import numpy as np

        series, width = self.values.shape
        is_known = np.isfinite(self.values)
        padded = -(-width // season) * season
        filled = np.zeros((2, series, padded))
        filled[0, :, :width], filled[1, :, :width] = np.where(is_known, self.values, 0.0), is_known
        running = np.zeros((2, series, padded + season))
        np.cumsum(filled.reshape(2, series, -1, season), axis=2, out=running[:, :, season:].reshape(2, series, -1, season))
        self._running[season] = (running[0], running[1])
        return self._running[season]


def _moments(cases: Cases, rows: np.ndarray) -> np.ndarray:
    import numpy as np

    row = rows.max(axis=0)  # any row of a column, for all of them have its moment
    there = np.flatnonzero(row >= 0)
    moments = moments_of(cases.take(row[there]))
    times = moments.to_numpy().astype("datetime64[ns]").astype(np.int64) if is_clock(moments) else moments.to_numpy(dtype=np.int64)
    filled: np.ndarray = np.interp(np.arange(len(row)), there, times.astype(np.float64)).astype(np.int64)
    filled[there] = times
    return filled


def _twice(cases: Cases, code: np.ndarray, steps: np.ndarray, names: pd.Index) -> Problem:
    import numpy as np

    order = np.lexsort((steps, code))
    again = order[1:][(np.diff(code[order]) == 0) & (np.diff(steps[order]) == 0)]
    shown = "; ".join(f"series {names[code[row]]!r}, row {row}" for row in again[:5])
    return Problem(str(cases.roles.time), "must differ within a series", f"{len(again)} rows that repeat a time: {shown}")
