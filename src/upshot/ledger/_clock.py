"""The two clocks: one that labels, and one that measures.

The wall clock may jump by an hour or by ten years; nothing is ordered by it. Waiting is measured by a clock that only goes forward,
and that also goes on while the machine sleeps, where the system has one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the time of day with its zone."""


def wall() -> datetime:
    """The machine's time of day, UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """A time as it is written down: UTC, ISO 8601 to the millisecond.

    Example:
        >>> stamp(datetime(2026, 11, 24, 2, 15, 30, tzinfo=UTC))
        '2026-11-24T02:15:30.000+00:00'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def elapsed() -> float:
    """Seconds since some moment; never goes back."""
    boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)
