"""Times as whole-numbered steps.

Season lengths, lags, horizons and lead times are counted in steps, so every time of a panel must stand on one. The steps are those of a
frequency of pandas where one is stated. Else they are learnt from the data: months where all dates share one place in the month, else the
smallest distance between two times. A time between two steps is refused, because "one season before" would not exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.times import Span, is_clock
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FREQUENCY = re.compile(r"\d{0,4}[A-Za-z]{1,5}(-[A-Z]{3})?")
_ENDS_WITH_ITS_LABEL = ("W", "ME", "QE", "YE", "BME", "BQE", "BYE", "SME")
"""Frequencies whose periods are named by their last day."""


@dataclass(frozen=True)
class Calendar:
    """How times become steps.

    Attributes:
        origin: The time of step 0: nanoseconds since 1970, months since 1970 where `monthly`, or the counter.
        unit: Distance of two steps in the unit of `origin`; 0 where a frequency says the steps.
        monthly: Whether dates are counted in months.
        freq: Frequency of pandas that says the steps.
    """

    origin: int
    unit: int
    monthly: bool
    freq: str | None = None

    @classmethod
    def of(cls, moments: pd.Series, freq: str | None = None) -> Calendar:
        """Learn the spacing from all times of a panel.

        Args:
            moments: Times without zone, or whole numbers.
            freq: The spacing where it is known.

        Raises:
            DataError: The times count while a frequency of dates is stated.
            RecipeError: There is no such frequency.
        """
        import numpy as np

        if freq is not None:
            if not is_clock(moments):
                raise DataError(
                    "the calendar does not fit the times", [Problem("labels.freq", "needs dates", str(moments.dtype), "leave it out")]
                )
            offset_of(freq)
            return cls(int(_numbers(moments, False).min(initial=2**62)), 0, False, freq)
        moments = moments.drop_duplicates()
        times = moments.to_numpy()
        monthly = times.dtype.kind == "M" and len(np.unique(_within_month(times))) == 1 and len(times) > 1
        distinct = np.unique(_numbers(moments, monthly))
        unit = int(np.diff(distinct).min()) if len(distinct) > 1 else 1
        return cls(int(distinct[0]) if len(distinct) else 0, unit, monthly)

    def place(self, moments: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Step of each time, int64, and whether the time lies between two steps; shape (n,) each."""
        import numpy as np

        if self.freq is None:
            steps, rest = np.divmod(_numbers(moments, self.monthly) - self.origin, self.unit)
            return steps, rest != 0
        numbers = _numbers(moments, False)
        grid = self._grid(int(numbers.max(initial=self.origin)))
        steps = np.minimum(np.searchsorted(grid, numbers), len(grid) - 1)
        return steps, grid[steps] != numbers

    def steps(self, cases: Cases) -> np.ndarray:
        """Step of each case, int64 of shape (n,): that of its labels where they stand on a calendar, else by this one.

        Raises:
            DataError: A time lies between two steps.
        """
        import numpy as np

        if "step" in cases.labels.columns:
            return cases.labels.column("step").to_numpy(dtype=np.int64)
        moments = moments_of(cases)
        steps, off = self.place(moments)
        wrong = np.flatnonzero(off)
        if len(wrong):
            shown = ", ".join(str(value) for value in moments.iloc[wrong[:5]])
            rule = f"must lie whole steps of {self.words()} apart"
            problem = Problem(str(cases.roles.time), rule, f"{len(wrong)} that do not: {shown}")
            raise DataError("times are not evenly spaced", [problem])
        return steps

    def times(self, steps: np.ndarray, like: pd.Series) -> pd.Series:
        """The times of steps, in the type of other times; the opposite of `place`."""
        import pandas as pd

        if self.freq is not None:
            numbers = self._grid(0, int(steps.max(initial=0)) + 1)[steps]
        else:
            numbers = self.origin + steps * self.unit
        if self.monthly:
            within = _within_month(like.iloc[:1].to_numpy())
            return pd.Series(numbers.astype("datetime64[M]").astype("datetime64[ns]") + within).astype(like.dtype)
        return pd.Series(numbers.astype("datetime64[ns]") if is_clock(like) else numbers).astype(like.dtype)

    def words(self, like: pd.Series | None = None) -> str:
        """What a step is, for people."""
        if self.freq is not None:
            return self.freq
        if self.monthly:
            return "1 month" if self.unit == 1 else f"{self.unit} months"
        is_time = like is None or is_clock(like)
        return Span(self.unit // 1_000, True).words() if is_time and self.unit > 10**6 else str(self.unit)

    def _grid(self, last: int, periods: int | None = None) -> np.ndarray:
        """Nanoseconds of all steps, up to the first at `last` or after it, or so many."""
        import numpy as np
        import pandas as pd

        start, offset = pd.Timestamp(self.origin, unit="ns"), offset_of(str(self.freq))
        if periods is not None:
            grid = pd.date_range(start, periods=periods, freq=offset)
        else:
            grid = pd.date_range(start, end=pd.date_range(pd.Timestamp(last, unit="ns"), periods=2, freq=offset)[-1], freq=offset)
        numbers: np.ndarray = grid.to_numpy().astype("datetime64[ns]").astype(np.int64)
        return numbers


def period_of(moments: pd.Series, freq: str) -> pd.Series:
    """The step of the calendar to which each moment belongs, as its date: the Friday at its end for W-FRI, its first day for MS.

    Example:
        >>> import pandas as pd
        >>> moments = pd.Series(pd.to_datetime(["2026-01-05 09:30", "2026-01-09 18:00", "2026-01-10 08:00"]))
        >>> [str(day.date()) for day in period_of(moments, "W-FRI")]
        ['2026-01-09', '2026-01-09', '2026-01-16']
        >>> [str(day.date()) for day in period_of(moments, "D")]
        ['2026-01-05', '2026-01-09', '2026-01-10']
    """
    import numpy as np
    import pandas as pd

    offset = offset_of(freq)
    if isinstance(offset, pd.tseries.offsets.Tick) or freq == "D":
        floored: pd.Series = moments.dt.floor(freq)
        return floored
    day = moments.dt.normalize()
    grid = pd.date_range(day.min() - 2 * offset, day.max() + 2 * offset, freq=offset)
    if freq.split("-")[0].lstrip("0123456789") in _ENDS_WITH_ITS_LABEL:
        place = np.searchsorted(grid.to_numpy(), day.to_numpy(), side="left")
    else:
        place = np.searchsorted(grid.to_numpy(), day.to_numpy(), side="right") - 1
    periods: pd.Series = pd.Series(grid.to_numpy()[place], index=moments.index, name=moments.name)
    return periods.astype(moments.dtype)


def offset_of(freq: str) -> pd.tseries.offsets.BaseOffset:
    """A frequency of pandas.

    Raises:
        RecipeError: There is none of this name.
    """
    import pandas as pd

    try:
        found = pd.tseries.frequencies.to_offset(freq)
    except ValueError as error:
        hint = "D, B, W-FRI, MS, ME, QS, h and 15min are some"
        raise RecipeError(
            "the calendar cannot be made", [Problem("labels.freq", "must be a frequency of pandas", repr(freq), hint)]
        ) from error
    assert found is not None
    return found


def moments_of(cases: Cases) -> pd.Series:
    """Times of the cases, without zone (UTC where they had one).

    Raises:
        DataError: No column plays the role of the time, or it holds neither dates nor whole numbers.
    """
    import pandas as pd

    name = cases.roles.time
    if name is None:
        raise DataError("this needs a clock", [Problem("data.roles.time", "must name the time column", "none")])
    moments: pd.Series = cases.rows.column(name)
    if moments.dtype.kind not in "Miu" and not isinstance(moments.dtype, pd.DatetimeTZDtype):
        raise DataError("times cannot be counted in steps", [Problem(name, "must be dates or whole numbers", str(moments.dtype))])
    return moments.dt.tz_convert("UTC").dt.tz_localize(None) if isinstance(moments.dtype, pd.DatetimeTZDtype) else moments


def _numbers(moments: pd.Series, monthly: bool) -> np.ndarray:
    import numpy as np

    times = moments.to_numpy()
    if not is_clock(moments):
        return times.astype(np.int64)
    numbers: np.ndarray = times.astype("datetime64[M]" if monthly else "datetime64[ns]").astype(np.int64)
    return numbers


def _within_month(times: np.ndarray) -> np.ndarray:
    within: np.ndarray = times - times.astype("datetime64[M]")
    return within
