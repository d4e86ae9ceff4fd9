"""Several test windows one after the other, each tested by what could have been known before it.

One test window says how good a model was in one week. Rolled through time, with the model, its calibration and its policy made anew for each
window from what came before, it says how good they are as a habit, on several times as many rows. The model of the last window is the one
that is registered.

Source:
    Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16(4): rolling origins and windows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.durations import Duration, Moment
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import as_of, several_folds
from upshot.components.split._windows import FIRST, Interval
from upshot.components.split.by_time import cut_at
from upshot.components.times import DAY, is_clock, moment_of, moment_text, span_ticks, ticks
from upshot.contracts.records import Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


class RollingWindowsParams(SplitParams):
    """Lengths of the windows, counted back from the end of the data."""

    test: Duration = Field(description="Length of each test window ('7 days', '50 steps'); they follow each other without a break.")
    folds: int = Field(4, ge=2, le=200, description="Number of test windows.")
    validation: Duration | None = Field(None, description="Length of the window that tunes, before each test window; none for no tuning.")
    train: Duration | None = Field(
        None, description="Length of the training window before that, older rows are history; none trains on all that came before."
    )
    gap: Duration | None = Field(
        None,
        description="Time left out before validation and before test: the label delay, so that every outcome of a window was known in time.",
    )
    until: Moment | None = Field(None, description="End of the last test window, itself not part of it; none for the end of the data.")


class RollingWindows:
    """Folds `window_1` to `window_N` in the order of time, each history | train | gap | validation | gap | test."""

    spec: Spec
    parts: tuple[Part, ...]

    def __init__(self, params: RollingWindowsParams) -> None:
        self.params = params
        self.parts = ("train", "test") if params.validation is None else ("train", "validation", "test")

    def split(self, cases: Cases) -> Folds:
        """Give each case its part in each fold.

        Raises:
            RecipeError: The recipe names no time.
            DataError: The data is too short for the windows, or a window has no rows or one class.
        """
        moments = as_of(cases)
        now, clock = ticks(moments), is_clock(moments)
        first, end = int(now.min()), self._end(now, clock)
        gap = self._ticks("gap", clock)
        codes, words = {}, None
        for number in range(1, self.params.folds + 1):
            parts = self._windows(end - (self.params.folds - number) * self._ticks("test", clock), gap, clock)
            if number == 1 and parts["train"].end <= first:
                rule = f"the first window would train before {moment_text(parts['train'].end, clock)}"
                got = f"the data begins at {moment_text(first, clock)}"
                raise DataError(
                    "the data is too short for the split", [Problem("split.folds", rule, got, "fewer folds, or shorter windows")]
                )
            codes[f"window_{number}"], words = cut_at(cases, parts, gap)
        return several_folds(cases, codes, self.parts, self.params, gap=words, in_time=True)

    def _windows(self, end: int, gap: int, clock: bool) -> dict[Part, Interval]:
        """The parts of the fold whose test window ends at a tick."""
        test = Interval(end - self._ticks("test", clock), end)
        before = test.start - gap
        tuning: dict[Part, Interval] = {}
        if self.params.validation is not None:
            tuning["validation"] = Interval(before - self._ticks("validation", clock), before)
            before = tuning["validation"].start - gap
        start = FIRST if self.params.train is None else before - self._ticks("train", clock)
        return {"train": Interval(start, before), **tuning, "test": test}

    def _ticks(self, name: str, clock: bool) -> int:
        text = getattr(self.params, name)
        return 0 if text is None else span_ticks(text, clock, f"split.{name}")

    def _end(self, now: np.ndarray, clock: bool) -> int:
        """The tick after the last test row: the midnight after it on a clock whose windows are whole days."""
        if self.params.until is not None:
            if isinstance(self.params.until, str) != clock:
                rule = (
                    "must be a date, because the time column holds timestamps" if clock else "must be an integer, because it is a counter"
                )
                raise DataError("the split does not fit the time column", [Problem("split.until", rule, repr(self.params.until))])
            return moment_of(self.params.until)
        last = int(now.max())
        return last - last % DAY + DAY if clock and self._ticks("test", clock) % DAY == 0 else last + 1
