"""Where the parts of a split by time begin and end: from windows, dates or shares, to half-open intervals of ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from upshot.components.times import DAY, moment_of
from upshot.contracts.records import Part
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np

    from upshot.components.durations import Moment
    from upshot.components.split.by_time import TimeWindowsParams, Window

FIRST, LAST = -(2**62), 2**62
_WHOLE_DAYS_FROM = 14 * DAY


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
