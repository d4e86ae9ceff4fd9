"""Where the parts of a split by time begin and end: from windows, dates or shares, to half-open intervals of ticks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from upshot.components.durations import Duration, Moment
from upshot.components.split._allow import SplitParams
from upshot.components.times import DAY, moment_of
from upshot.contracts.records import Part
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


FIRST, LAST = -(2**62), 2**62
_WHOLE_DAYS_FROM = 14 * DAY


Window = Annotated[tuple[Moment | None, Moment | None], Field(strict=False)]
"""Start and end of a part; the end is not part of it, null is open."""

Share = Annotated[float, Field(gt=0, lt=1)]


class TimeWindowsParams(SplitParams):
    """One of three forms: shares (`test: 0.2`), dates (`test_from: "2018-08-08"`) or windows (`test: ["2018-08-08", "2018-08-15"]`)."""

    train: Window | None = Field(None, description="Window of the training rows, [start, end); rows before it are history.")
    validation: Share | Window | None = Field(
        None, description="Share of the time span, or window, of the rows that tune; none for no tuning."
    )
    test: Share | Window | None = Field(None, description="Share of the time span (the last part of it), or window, of the test rows.")
    history: float = Field(0.0, ge=0, lt=1, description="Share of the time span that only feeds features; goes with shares.")
    train_from: Moment | None = Field(None, description="First moment of training; earlier rows are history. Goes with test_from.")
    validation_from: Moment | None = Field(None, description="First moment of validation; none for no tuning. Goes with test_from.")
    test_from: Moment | None = Field(None, description="First moment of test.")
    test_until: Moment | None = Field(None, description="End of test, itself not part of it; none for the end of the data.")
    gap: Duration | None = Field(
        None, description="Time left out before validation and before test, beside rows whose outcome was not known yet ('7 days')."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        windows = any(isinstance(window, tuple) for window in (self.train, self.validation, self.test))
        dates = any(moment is not None for moment in (self.train_from, self.validation_from, self.test_from, self.test_until))
        shares = isinstance(self.test, float) or isinstance(self.validation, float) or self.history > 0
        if windows + dates + shares != 1:
            stated = [name for name, form in (("windows", windows), ("dates", dates), ("shares", shares)) if form]
            raise ValueError(f"state the parts in one form: shares, dates or windows; got {' and '.join(stated) or 'none'}")
        missing = _missing(self, windows, dates)
        if missing is not None:
            raise ValueError(missing)
        _check_order(self)
        return self

    def parts(self) -> tuple[Part, ...]:
        """The parts that the windows fill."""
        tunes = self.validation is not None or self.validation_from is not None
        return ("train", "validation", "test") if tunes else ("train", "test")


class Interval(NamedTuple):
    """Ticks from `start` until just before `end`."""

    start: int
    end: int


def intervals(params: TimeWindowsParams, ticks: np.ndarray, clock: bool) -> dict[Part, Interval]:
    """Interval of train, validation (where there is one) and test, in order.

    Raises:
        DataError: The moments of the recipe are dates where the data counts, or integers where it has timestamps.
    """
    if isinstance(params.test, float):
        return _by_shares(params, int(ticks.min()), int(ticks.max()), clock)
    _check_moments(params, clock)
    if params.test_from is not None:
        return _by_dates(params)
    windows: dict[Part, Window | float | None] = {"train": params.train, "validation": params.validation, "test": params.test}
    return {part: _interval(window) for part, window in windows.items() if isinstance(window, tuple)}


def stated_moments(params: TimeWindowsParams) -> list[tuple[str, Moment]]:
    """All moments that the recipe states, with the key of each."""
    stated: list[tuple[str, Moment | None]] = [
        (name, getattr(params, name)) for name in ("train_from", "validation_from", "test_from", "test_until")
    ]
    for name in ("train", "validation", "test"):
        window = getattr(params, name)
        stated += [(name, end) for end in window] if isinstance(window, tuple) else []
    return [(name, moment) for name, moment in stated if moment is not None]


def _interval(window: Window) -> Interval:
    start, end = window
    return Interval(FIRST if start is None else moment_of(start), LAST if end is None else moment_of(end))


def _by_dates(params: TimeWindowsParams) -> dict[Part, Interval]:
    assert params.test_from is not None
    found: dict[Part, Interval] = {"train": _interval((params.train_from, params.validation_from or params.test_from))}
    if params.validation_from is not None:
        found["validation"] = _interval((params.validation_from, params.test_from))
    return found | {"test": _interval((params.test_from, params.test_until))}


def _by_shares(params: TimeWindowsParams, first: int, last: int, clock: bool) -> dict[Part, Interval]:
    assert isinstance(params.test, float)
    validation = params.validation if isinstance(params.validation, float) else 0.0
    span = last - first + 1
    whole = clock and span >= _WHOLE_DAYS_FROM

    def cut(share: float) -> int:
        tick = first + round(share * span)
        return tick - tick % DAY if whole else tick

    train, end, test = cut(params.history), cut(1 - params.test - validation), cut(1 - params.test)
    found: dict[Part, Interval] = {"train": Interval(train if params.history else FIRST, end)}
    if validation:
        found["validation"] = Interval(end, test)
    return found | {"test": Interval(test, LAST)}


def _check_moments(params: TimeWindowsParams, clock: bool) -> None:
    rule = (
        "must be a date, because the time column holds timestamps" if clock else "must be an integer, because the time column is a counter"
    )
    problems = [Problem(f"split.{name}", rule, repr(moment)) for name, moment in stated_moments(params) if isinstance(moment, str) != clock]
    if problems:
        raise DataError("the split does not fit the time column", problems)


def _missing(params: TimeWindowsParams, windows: bool, dates: bool) -> str | None:
    if windows and not (isinstance(params.train, tuple) and isinstance(params.test, tuple)):
        return "windows need both train and test, such as test: ['2018-08-08', '2018-08-15']"
    if dates and params.test_from is None:
        return "dates need test_from"
    if not windows and not dates and params.test is None:
        return "shares need test, such as test: 0.2"
    return None


def _check_order(params: TimeWindowsParams) -> None:
    if isinstance(params.test, float):
        validation = params.validation if isinstance(params.validation, float) else 0.0
        used = params.test + validation + params.history
        if used >= 1:
            raise ValueError(f"history, validation and test must leave a share to train on; they take {used:g}")
        return
    stated = stated_moments(params)
    if len({type(moment) for _, moment in stated}) > 1:
        raise ValueError(f"moments must be all dates or all integers; got {', '.join(repr(moment) for _, moment in stated)}")
    for (before, earlier), (after, later) in pairwise(stated):
        backwards = moment_of(earlier) > moment_of(later) or (before == after and moment_of(earlier) == moment_of(later))
        if backwards:
            raise ValueError(f"parts must follow each other in time; {before} {earlier!r} is not before {after} {later!r}")
