"""From values to places on an axis, with ticks at round values.

Source:
    Steps of 1, 2, 2.5 and 5 times a power of ten: Heckbert (1990), Nice numbers for graph labels, Graphics Gems, 61-63.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from upshot.contracts.sections import Column
from upshot.report.words import compact, duration, is_money, minus, size

if TYPE_CHECKING:
    import numpy as np

DAY = 86_400.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""By name here, because what `strftime` writes depends on the machine."""


@dataclass(frozen=True)
class Tick:
    """A labelled place. `at` is 0 at the low end and 1 at the high end; one that is `spare` is left out where there is little room."""

    at: float
    text: str
    spare: bool = False


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def at(self, values: np.ndarray) -> np.ndarray:
        """Places of values, 0 at the low end and 1 at the high end; NaN stays NaN."""
        return (values - self.low) / (self.high - self.low)

    def place(self, value: float) -> float:
        """The place of one value."""
        return (value - self.low) / (self.high - self.low)


def numeric(values: np.ndarray, column: Column, *, wanted: int = 5, zero: bool = False, tight: bool = False) -> Scale:
    """A scale for numbers.

    Args:
        values: All that is drawn on it; what is not finite does not count.
        column: How they are written.
        wanted: About how many steps.
        zero: Whether 0 must be on it, as for bars.
        tight: Whether it ends at the outermost values, as across; else at a tick.

    Example:
        >>> import numpy as np
        >>> scale = numeric(np.array([0.0, 0.93]), Column("recall", "recall", "share"))
        >>> scale.low, scale.high, [tick.text for tick in scale.ticks]
        (0.0, 1.0, ['0 %', '20 %', '40 %', '60 %', '80 %', '100 %'])
    """
    import numpy as np

    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        room = abs(low) / 2 or 0.5
        low, high = low - room, high + room
    step = nice_step((high - low) / wanted)
    if column.style == "count":
        step = max(step, 1.0)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    if not tight:
        first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
        low, high = first * step, last * step
    marks = [index * step for index in range(first, last + 1)]
    return Scale(low, high, tuple(Tick((m - low) / (high - low), tick_text(m, step, column), i % 2 == 1) for i, m in enumerate(marks)))


def nice_step(rough: float) -> float:
    """The round step nearest above a rough one.

    Example:
        >>> [nice_step(rough) for rough in (0.18, 1.4, 23.0, 700.0)]
        [0.2, 2.0, 25.0, 1000.0]
    """
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))


def tick_text(value: float, step: float, column: Column) -> str:
    """A round value as an axis shows it."""
    if column.style == "share":
        return f"{minus(_plain(value * 100, step * 100))} %"
    if column.style == "duration":
        return duration(value) if value else "0"
    if column.style == "size":
        return size(int(value))
    if abs(value) >= 10_000 or step >= 10_000:
        return compact(round(value / step) * step)
    text = _plain(value, step)
    return minus(text)


def _plain(value: float, step: float) -> str:
    digits = max(-floor(log10(step) + 1e-9), 0)
    digits += 1 if abs(step * 10**digits - round(step * 10**digits)) > 1e-6 else 0
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


_STEPS: tuple[tuple[float, str, int], ...] = (
    (1, "second", 1),
    (5, "second", 5),
    (15, "second", 15),
    (60, "minute", 1),
    (300, "minute", 5),
    (900, "minute", 15),
    (3_600, "hour", 1),
    (10_800, "hour", 3),
    (21_600, "hour", 6),
    (43_200, "hour", 12),
    (DAY, "day", 1),
    (2 * DAY, "day", 2),
    (7 * DAY, "week", 1),
    (14 * DAY, "week", 2),
    (30.44 * DAY, "month", 1),
    (91.3 * DAY, "month", 3),
    (182.6 * DAY, "month", 6),
    (365.25 * DAY, "year", 1),
    (2 * 365.25 * DAY, "year", 2),
    (5 * 365.25 * DAY, "year", 5),
    (10 * 365.25 * DAY, "year", 10),
    (50 * 365.25 * DAY, "year", 50),
    (100 * 365.25 * DAY, "year", 100),
)


def calendar(seconds: np.ndarray, *, wanted: int = 6) -> Scale:
    """A scale for moments, in seconds since 1970-01-01 UTC, with ticks where days, weeks, months or years begin.

    Example:
        >>> import numpy as np
        >>> [tick.text for tick in calendar(np.array([0.0, 20 * DAY])).ticks]
        ['5 Jan 1970', '12 Jan', '19 Jan']
    """
    import numpy as np

    finite = seconds[np.isfinite(seconds)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, DAY)
    if low == high:
        low, high = low - DAY / 2, high + DAY / 2
    _, unit, count = next((step for step in _STEPS if step[0] * wanted >= high - low), _STEPS[-1])
    moments = _moments(low, high, unit, count)
    texts = _moment_texts(moments, unit)
    places = [(m.timestamp() - low) / (high - low) for m in moments]
    return Scale(low, high, tuple(Tick(at, text, i % 2 == 1) for i, (at, text) in enumerate(zip(places, texts, strict=True))))


def _moments(low: float, high: float, unit: str, count: int) -> list[datetime]:
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=floor(low))
    found: list[datetime] = []
    current = _floor(start, unit, count)
    while current.timestamp() <= high:
        if current.timestamp() >= low:
            found.append(current)
        current = _after(current, unit, count)
    return found


def _floor(moment: datetime, unit: str, count: int) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "year":
        return midnight.replace(year=max(moment.year // count * count, 1), month=1, day=1)
    if unit == "month":
        return midnight.replace(month=(moment.month - 1) // count * count + 1, day=1)
    if unit == "week":
        return midnight - timedelta(days=moment.weekday())
    if unit == "day":
        return midnight
    length = {"hour": 3_600, "minute": 60, "second": 1}[unit] * count
    return midnight + timedelta(seconds=(moment - midnight).seconds // length * length)


def _after(moment: datetime, unit: str, count: int) -> datetime:
    if unit == "year":
        return moment.replace(year=moment.year + count)
    if unit == "month":
        months = moment.month - 1 + count
        return moment.replace(year=moment.year + months // 12, month=months % 12 + 1)
    return moment + timedelta(**{f"{unit}s": count})


def _moment_texts(moments: Sequence[datetime], unit: str) -> list[str]:
    """The year, and within a day the day, stand where they change."""
    texts, before = [], None
    for moment in moments:
        month = MONTHS[moment.month - 1]
        day, year = f"{moment.day} {month}", f"{moment.year:04d}"
        if unit == "year":
            text = year
        elif unit == "month":
            text = month if before and before.year == moment.year else f"{month} {year}"
        elif unit in ("week", "day"):
            text = day if before and before.year == moment.year else f"{day} {year}"
        else:
            clock = f"{moment:%H:%M:%S}" if unit == "second" else f"{moment:%H:%M}"
            text = clock if before and before.date() == moment.date() else f"{day} {clock}"
        texts.append(text)
        before = moment
    return texts


def ordinal(names: Sequence[str]) -> Scale:
    """A scale for names in their order: evenly spaced, half a step from the ends.

    Example:
        >>> [(round(tick.at, 2), tick.text) for tick in ordinal(["a", "b"]).ticks]
        [(0.25, 'a'), (0.75, 'b')]
    """
    count = max(len(names), 1)
    every = ceil(count / 12)
    ticks = [Tick((i + 0.5) / count, name, (i // every) % 2 == 1) for i, name in enumerate(names) if i % every == 0]
    return Scale(-0.5, count - 0.5, tuple(ticks))


def unit_above(column: Column) -> str:
    """What stands above a vertical axis: the unit that its ticks leave out."""
    from upshot.report.words import spoken_unit

    if column.style == "share":
        return ""
    return column.unit if is_money(column.unit) and "/" not in column.unit else spoken_unit(column.unit)


__all__ = ["DAY", "Scale", "Tick", "calendar", "nice_step", "numeric", "ordinal", "tick_text", "unit_above"]
