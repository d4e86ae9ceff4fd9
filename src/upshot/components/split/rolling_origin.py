"""Rolling origin: what would have been forecast at past moments, and one last window that nothing is chosen on.

Every series is cut at the same moments, because a forecast made on a day may use all series up to that day, and none beyond. Each backtest
window is validation: calibration and policy are chosen on all of them together, and the window at the end is the test.

Source:
    Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16(4): rolling origins, and why
    one origin is not enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.durations import Moment
from upshot.components.faults import counted
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import FOLD, allowed_leaks, as_of, codes_for, fold_of
from upshot.components.times import Span, is_clock, moment_of, moment_text, ticks
from upshot.contracts.records import PARTS, Cases, Fold, Folds, Part, Spec
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


class RollingOriginParams(SplitParams):
    """Forecast origins counted from the end of the data, or from a stated test window."""

    horizon: int = Field(
        ge=1, description="Steps predicted after each origin; a step is one place of the calendar that the data stands on."
    )
    cutoffs: int = Field(
        1,
        ge=0,
        le=100,
        description="Backtest windows before the test window; calibration and policy are chosen on them. 0 where nothing is to choose.",
    )
    every: int | None = Field(None, ge=1, description="Steps between two cutoffs; null for the horizon, so that windows do not overlap.")
    gap: int = Field(0, ge=0, description="Steps left out before each window: the delay until an outcome is known.")
    refit: bool = Field(
        True,
        description="Whether the model is fitted again at each cutoff and for the test; false fits once, before the first backtest window.",
    )
    max_train: int | None = Field(None, ge=1, description="Steps before a cutoff that are fitted on; older ones are history. Null for all.")
    test_from: Moment | None = Field(None, description="First moment of the test window; null tests the last steps of the data.")


class RollingOrigin:
    """Folds `backtest_1` to `backtest_N` (train | gap | validation), and `main` (train | gap | test), tuned on all of them.

    Without `refit`, all folds use the model of `backtest_1`, with the history up to their own cutoff.
    """

    spec: Spec
    parts: tuple[Part, ...]

    def __init__(self, params: RollingOriginParams) -> None:
        self.params = params
        self.parts = ("train", "validation", "test") if params.cutoffs else ("train", "test")

    def split(self, cases: Cases) -> Folds:
        """Give each case its part in each fold.

        Raises:
            RecipeError: The recipe names no time.
            DataError: The data has too few steps for horizon, cutoffs and gap.
        """
        import pandas as pd

        calendar = _Calendar.of(cases)
        starts = self._starts(cases, calendar)
        windows = tuple(f"backtest_{number}" for number in range(1, len(starts)))
        codes: dict[str, np.ndarray] = {}
        folds: list[Fold] = []
        for name, start in zip((*windows, FOLD), starts, strict=True):
            scored: Part = "test" if name == FOLD else "validation"
            codes[name] = self._codes(cases, calendar.step, start, scored)
            fitted_by = None if self.params.refit or name == (*windows, FOLD)[0] else windows[0]
            folds.append(fold_of(cases, name, codes[name], ("train", scored), fitted_by=fitted_by, tuned_on=windows))
        gap = Span(self.params.gap, False).words() if self.params.gap else None
        assignment, allowed = Table.of(pd.DataFrame(codes)), allowed_leaks(self.params)
        return Folds(cases, assignment, tuple(folds), gap, in_time=True, at_cutoff=True, allowed=allowed)

    def _codes(self, cases: Cases, step: np.ndarray, start: int, scored: Part) -> np.ndarray:
        codes = codes_for(cases, "unused")
        end = start - self.params.gap
        first = 0 if self.params.max_train is None else max(end - self.params.max_train, 0)
        codes[step < end] = PARTS.index("train")
        codes[step < first] = PARTS.index("history")
        codes[(step >= start) & (step < start + self.params.horizon)] = PARTS.index(scored)
        return codes

    def _starts(self, cases: Cases, calendar: _Calendar) -> list[int]:
        """First step of each backtest window and of the test window, ascending."""
        p = self.params
        test = calendar.size - p.horizon if p.test_from is None else calendar.at(p.test_from)
        every = p.every or p.horizon
        last = test - p.gap - p.horizon
        starts = [last - every * back for back in reversed(range(p.cutoffs))]
        if [*starts, test][0] - p.gap < 1 or test + p.horizon > calendar.size:
            raise DataError("the history is too short for the split", [self._too_short(cases, calendar, test, every)])
        return [*starts, test]

    def _too_short(self, cases: Cases, calendar: _Calendar, test: int, every: int) -> Problem:
        p = self.params
        before = p.gap + 1 + (p.gap + p.horizon + every * (p.cutoffs - 1) if p.cutoffs else 0)
        if p.test_from is not None and test + p.horizon > calendar.size:
            got = f"{counted(calendar.size - test, 'step')} from {p.test_from} on"
            return Problem("split.test_from", f"needs {p.horizon} steps from there on", got, "test earlier, or shorten split.horizon")
        fits = (test + p.horizon - 1 - 2 * p.gap - (p.cutoffs - 1) * (p.every or 0)) // (2 if p.every and p.cutoffs else p.cutoffs + 1)
        ways = [f"split.horizon={fits}"] * (fits >= 1 and p.test_from is None) + ["split.cutoffs=1"] * (p.cutoffs > 1)
        rule = f"horizon {p.horizon}, {counted(p.cutoffs, 'cutoff')} and gap {p.gap} need at least {before + p.horizon} steps"
        return Problem("split.horizon", rule, calendar.words(cases), f"{' or '.join([*ways, 'a longer history'])} would do")


@dataclass(frozen=True)
class _Calendar:
    """Where the cases stand: on `step` of the labels where there is one, else on the distinct times.

    Attributes:
        step: Step of each case, 0 for the first of all.
        moment: Its time in ticks.
        size: Number of steps.
        is_clock: Whether ticks are times.
    """

    step: np.ndarray
    moment: np.ndarray
    size: int
    is_clock: bool

    @classmethod
    def of(cls, cases: Cases) -> _Calendar:
        import numpy as np

        moments = as_of(cases)
        moment = ticks(moments)
        if "step" in cases.labels.columns and cases.size:
            step = cases.labels.frame["step"].to_numpy(dtype=np.int64)
            return cls(step - step.min(), moment, int(step.max() - step.min()) + 1, is_clock(moments))
        steps, place = np.unique(moment, return_inverse=True)
        return cls(place, moment, len(steps), is_clock(moments))

    def at(self, moment: str | int) -> int:
        """First step at a moment or after it.

        Raises:
            DataError: It is a date where the data counts, or an integer where it has timestamps, or lies after all data.
        """
        if isinstance(moment, str) != self.is_clock:
            rule = "must be a date, because the time column holds timestamps" if self.is_clock else "must be an integer, as the time column"
            raise DataError("the split does not fit the time column", [Problem("split.test_from", rule, repr(moment))])
        after = self.step[self.moment >= moment_of(moment)]
        if not len(after):
            last = moment_text(int(self.moment.max()), self.is_clock)
            raise DataError(
                "there is nothing to test on", [Problem("split.test_from", f"must not lie after the last row ({last})", str(moment))]
            )
        return int(after.min())

    def words(self, cases: Cases) -> str:
        """How long the history is, and its longest series by name and first row."""
        import numpy as np

        if not len(self.step):
            return "no rows"
        first, last = (moment_text(int(end), self.is_clock) for end in (self.moment.min(), self.moment.max()))
        there = f"{counted(self.size, 'step')}, {first} to {last}"
        if not cases.roles.entities:
            return there
        series = cases.rows.frame[cases.roles.entities[0]]
        codes, names = series.factorize()
        longest = int(np.bincount(codes[codes >= 0]).argmax())
        row = int(np.flatnonzero(codes == longest)[0])
        return (
            f"{there}; the longest series, {str(names[longest])!r} from row {row} on, has {counted(int((codes == longest).sum()), 'row')}"
        )
