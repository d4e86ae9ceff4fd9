"""What a unit's signal did up to each case: means, spreads and trends over windows of time, averages that fade, changes.

One sort serves all signals and windows, and a window is two positions in it. Sums are running sums that begin anew with each unit, so a
case gets the same digits alone, with its own unit's rows, as in a table of thousands of units. Nothing loops over units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.features._timeline import Timeline

if TYPE_CHECKING:
    import numpy as np

LEAST_SPREAD = 1e-7
"""Deviations below are rounding, in a signal whose training deviation is 1."""


@dataclass(frozen=True)
class UnitRows:
    """Rows of units in the order of unit and time, and the cases among them.

    Attributes:
        codes: Unit of each sorted row, ascending, shape (n,).
        age: Time since the unit's first row, in steps or days, shape (n,).
        first: Position of the first row of each row's unit, shape (n,).
        ticks: Time of each sorted row.
        line: Where windows of the cases begin.
        at: Position of each case's own row, in the timeline's order of cases, shape (m,).
    """

    codes: np.ndarray
    age: np.ndarray
    first: np.ndarray
    ticks: np.ndarray
    line: Timeline
    at: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, ticks: np.ndarray, case_codes: np.ndarray, case_ticks: np.ndarray, scale: int) -> UnitRows:
        """Sort once.

        Args:
            codes: Unit of each row, integers >= 0; the cases are among the rows.
            ticks: Time of each row.
            case_codes: Unit of each case.
            case_ticks: Time of each case.
            scale: Ticks in one step, or in a day.
        """
        import numpy as np

        line = Timeline.of(codes, ticks, case_codes, case_ticks)
        sorted_codes, sorted_ticks = codes[line.order], ticks[line.order]
        begins = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
        first = np.repeat(begins, np.diff(begins, append=len(sorted_codes)))
        age = (sorted_ticks - sorted_ticks[first]) / scale
        return cls(sorted_codes, age, first, sorted_ticks, line, line.until(0) - 1)

    def window(self, ticks: int) -> Window:
        """The window of so many ticks that ends at each case, the case itself included."""
        return Window.of(self, self.line.until(ticks))

    def start(self, ticks: int) -> Window:
        """The first so many ticks of each case's unit, as far as they lie before the case."""
        import numpy as np

        moments, at = self.line.moments, self.at
        rank = np.searchsorted(moments, self.ticks[self.first[at]] + ticks)
        end = np.searchsorted(self.line.keys, self.codes[at] * (len(moments) + 1) + rank)
        return Window.until(self, np.minimum(end - 1, at))

    def before(self, ticks: int) -> np.ndarray:
        """Position of the last row of each case's unit so many ticks or more before the case; -1 where there is none."""
        import numpy as np

        last = self.line.until(ticks) - 1
        found: np.ndarray = np.where(last >= self.first[self.at], last, -1)
        return found

    def running(self, values: np.ndarray) -> np.ndarray:
        """Running sums that begin anew with each unit."""
        import pandas as pd

        sums: np.ndarray = pd.Series(values).groupby(self.codes).cumsum().to_numpy()
        return sums

    def fading(self, values: np.ndarray, half_life: int) -> np.ndarray:
        """The average of the unit's values so far, in which a value counts half after `half_life` ticks; NaN before the first value."""
        import numpy as np
        import pandas as pd

        times = pd.Series(self.ticks.astype("datetime64[us]"))
        by_unit = pd.Series(values).groupby(self.codes)
        average: np.ndarray = by_unit.ewm(halflife=np.timedelta64(half_life, "us"), times=times).mean().to_numpy()
        return average


@dataclass(frozen=True)
class Window:
    """A stretch of sorted rows of one unit for each case: from behind `before` up to `last`; shape (m,).

    Attributes:
        rows: All rows.
        last: Position of its last row.
        before: Position of the row before its first, where that is a row of the same unit.
        is_inner: Whether it is.
    """

    rows: UnitRows
    last: np.ndarray
    before: np.ndarray
    is_inner: np.ndarray

    @classmethod
    def of(cls, rows: UnitRows, start: np.ndarray) -> Window:
        """The stretch from `start` to each case."""
        import numpy as np

        inner = start > rows.first[rows.at]
        return cls(rows, rows.at, np.where(inner, start - 1, 0), inner)

    @classmethod
    def until(cls, rows: UnitRows, last: np.ndarray) -> Window:
        """The stretch from the unit's first row to `last`."""
        import numpy as np

        return cls(rows, last, np.zeros_like(last), np.zeros(len(last), dtype=bool))

    def sum(self, running: np.ndarray) -> np.ndarray:
        """The sum over the stretch, of running sums."""
        import numpy as np

        total: np.ndarray = running[self.last] - np.where(self.is_inner, running[self.before], 0.0)
        return total


class Sums:
    """Running sums of one signal, each made when it is first asked for.

    Args:
        rows: All rows.
        values: The signal, shape (n,), NaN for no reading.
        shared: What signals without gaps have in common; the same map for all signals of the rows.
    """

    def __init__(self, rows: UnitRows, values: np.ndarray, shared: dict[str, np.ndarray]) -> None:
        import numpy as np

        self._rows = rows
        gaps = np.isnan(values)
        self._there = None if not gaps.any() else (~gaps).astype(np.float64)
        self._values = values if self._there is None else np.where(gaps, 0.0, values)
        self._own: dict[str, np.ndarray] = {}
        self._shared = shared

    def mean(self, window: Window) -> np.ndarray:
        """Mean of the readings; NaN without one."""
        return self._share(self._sum("x", window), self._sum("1", window))

    def std(self, window: Window) -> np.ndarray:
        """Deviation of the readings (of the population); 0 for one reading, NaN without one."""
        import numpy as np

        variance = self._share(self._sum("xx", window), self._sum("1", window)) - self.mean(window) ** 2
        deviation = np.sqrt(np.maximum(variance, 0.0))
        return np.where(deviation < LEAST_SPREAD, 0.0, deviation)

    def slope(self, window: Window) -> np.ndarray:
        """Least-squares trend a step, or a day; 0 with fewer than two moments, NaN without a reading."""
        import numpy as np

        count = self._sum("1", window)
        safe = np.maximum(count, 1.0)
        x, t, tt = (self._sum(name, window) for name in ("x", "t", "tt"))
        spread = tt - t * t / safe
        together = self._sum("tx", window) - t * x / safe
        enough = (count > 1) & (spread > 1e-9 * np.maximum(tt, 1e-9))
        slope = np.divide(together, spread, out=np.zeros(len(count)), where=enough)
        return np.where(count > 0, slope, np.nan)

    def missing(self, window: Window) -> np.ndarray:
        """Share of the rows without a reading."""
        import numpy as np

        if self._there is None:
            return np.zeros(len(window.last))
        return 1.0 - self._share(self._sum("1", window), window.sum(self._common("1")))

    def _share(self, of: np.ndarray, count: np.ndarray) -> np.ndarray:
        import numpy as np

        share: np.ndarray = np.divide(of, count, out=np.full(len(count), np.nan), where=count > 0)
        return share

    def _sum(self, name: str, window: Window) -> np.ndarray:
        """Over a window: readings (1), their values (x), squares, times (t), squared times, and times by values."""
        if "x" not in name and self._there is None:
            return window.sum(self._common(name))
        if name not in self._own:
            self._own[name] = self._rows.running(self._term(name) if self._there is None else self._term(name) * self._there)
        return window.sum(self._own[name])

    def _common(self, name: str) -> np.ndarray:
        if name not in self._shared:
            self._shared[name] = self._rows.running(self._term(name))
        return self._shared[name]

    def _term(self, name: str) -> np.ndarray:
        import numpy as np

        term = np.ones(len(self._values))
        for factor in name.replace("1", ""):
            term = term * (self._values if factor == "x" else self._rows.age)
        return term
