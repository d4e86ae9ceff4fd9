"""Lengths and moments of time as integers, for clocks and for counters alike.

Labels, splits and features compare times, and a use case has either a clock (timestamps) or a counter (cycle, step, position). Both
become int64 ticks here: microseconds since 1970-01-01 UTC, or the counter itself. Integers compare exactly, which a window that
must not see the next second needs.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DAY = 86_400_000_000
_SIZES = {"w": 7 * DAY, "d": DAY, "h": DAY // 24, "min": 60_000_000, "s": 1_000_000}
_WORDS = {
    "week": "w", "weeks": "w", "w": "w",
    "day": "d", "days": "d", "d": "d",
    "hour": "h", "hours": "h", "h": "h",
    "minute": "min", "minutes": "min", "min": "min",
    "second": "s", "seconds": "s", "s": "s",
    "step": "steps", "steps": "steps", "cycle": "steps", "cycles": "steps",
}  # fmt: skip
_LENGTH = re.compile(r"\s*(\d{1,6})\s*([a-z]+)\s*", re.IGNORECASE)


class Span(NamedTuple):
    """A length of time: microseconds on a clock, or steps of a counter."""

    ticks: int
    is_clock: bool

    def short(self) -> str:
        """The length in its largest whole unit, as column names carry it.

        Example:
            >>> span_of("14 days").short(), span_of("90 min").short(), span_of("5 cycles").short()
            ('14d', '90min', '5steps')
        """
        count, unit = self._in_largest_unit()
        return f"{count}{'steps' if unit == 'step' else unit}"

    def words(self) -> str:
        """The length in words.

        Example:
            >>> span_of("7d").words(), span_of("1h").words(), span_of("5 cycles").words()
            ('7 days', '1 hour', '5 steps')
        """
        count, unit = self._in_largest_unit()
        name = {"d": "day", "h": "hour", "min": "minute", "s": "second", "step": "step"}[unit]
        return f"{count} {name}" if count == 1 else f"{count} {name}s"

    def _in_largest_unit(self) -> tuple[int, str]:
        if not self.is_clock:
            return self.ticks, "step"
        unit = next((u for u in ("d", "h", "min") if self.ticks % _SIZES[u] == 0), "s")
        return self.ticks // _SIZES[unit], unit


def span_of(text: str) -> Span:
    """The length that a text such as "7 days", "12h" or "3 steps" says.

    Raises:
        ValueError: It says none; the message gives examples.

    Example:
        >>> span_of("7 days").ticks == 7 * DAY, span_of("3 steps")
        (True, Span(ticks=3, is_clock=False))
    """
    found = _LENGTH.fullmatch(text)
    unit = _WORDS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(f"must be a whole number and a unit, such as '7 days', '12h', '30 min' or '3 steps'; got {text!r}")
    count = int(found[1])
    return Span(count, False) if unit == "steps" else Span(count * _SIZES[unit], True)


def moment_of(value: str | int) -> int:
    """A moment as ticks: an ISO date or time on a clock (UTC where it names no zone), an integer on a counter.

    Raises:
        ValueError: The text is no ISO date or time.

    Example:
        >>> moment_of("1970-01-02") == DAY, moment_of(31)
        (True, 31)
    """
    if isinstance(value, int):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"must be an ISO date or time in quotes, such as '2018-07-25' or '2018-07-25T06:00'; got {value!r}") from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def times(values: pd.Series, where: str) -> pd.Series:
    """A time column as datetime64[us] without zone (UTC), or as int64 for a counter.

    Raises:
        DataError: The column holds neither, or a null.
    """
    import pandas as pd

    if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) in ("date", "datetime", "datetime64"):
        values = pd.to_datetime(values)
    kind = getattr(values.dtype, "kind", "O")
    if kind not in "Miu":
        hint = "declare its type where the data is read, as timestamp or int64"
        raise DataError("the time cannot be read", [Problem(where, "must hold timestamps or integers", str(values.dtype), hint)])
    if values.isna().any():
        rows = [int(row) for row in values.isna().to_numpy().nonzero()[0]]
        raise DataError("the time cannot be read", [Problem(where, "must not be null", f"{len(rows)} null, first in row {rows[0]}")])
    if kind != "M":
        return values.astype("int64")
    return values.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]") if values.dt.tz else values.astype("datetime64[us]")


def is_clock(values: pd.Series) -> bool:
    """Whether a time column holds timestamps, not a counter."""
    return bool(values.dtype.kind == "M")


def ticks(values: pd.Series) -> np.ndarray:
    """A time column of `times` as int64 ticks, shape (n,); where it can be, a view that nobody may write to."""
    import numpy as np

    raw = values.to_numpy()
    return raw.astype("datetime64[us]", copy=False).view(np.int64) if is_clock(values) else raw.astype(np.int64, copy=False)


def span_ticks(text: str, clock: bool, where: str) -> int:
    """A length in the ticks of a time column.

    Raises:
        DataError: It is in days where the time column counts steps, or the other way round.
    """
    span = span_of(text)
    if span.is_clock != clock:
        hint = "write it as '7 days' or '12h'" if clock else "write it as '3 steps'"
        counts = "the time column holds timestamps" if clock else "the time column is a counter"
        raise DataError("a length of time does not fit the time column", [Problem(where, counts, repr(text), hint)])
    return span.ticks


def moment_text(tick: int, clock: bool) -> str:
    """A tick for people: ISO date and time, or the counter.

    Example:
        >>> moment_text(DAY, True), moment_text(31, False)
        ('1970-01-02 00:00:00', '31')
    """
    if not clock:
        return str(tick)
    moment = datetime.fromtimestamp(tick // 1_000_000, tz=UTC).replace(tzinfo=None, microsecond=tick % 1_000_000)
    return moment.isoformat(sep=" ")
