"""Text for people: aligned columns, money, shares, durations. No library, so that a repeat prints at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from upshot.contracts.records import Measured
from upshot.errors import printable


def columns(rows: Sequence[Sequence[str]], *, gap: str = "  ") -> str:
    """Rows aligned in columns, the last one ragged; control characters are shown, not sent.

    Example:
        >>> print(columns([("recipe", "from"), ("card_fraud", "upshot")]))
        recipe      from
        card_fraud  upshot
    """
    clean = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in clean) for i in range(max(map(len, clean), default=0))]
    lines = [gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in clean]
    return "\n".join(lines)


def duration(seconds: float | None) -> str:
    """A duration, coarse as people read it.

    Example:
        >>> duration(0.0123), duration(7.31), duration(130.0), duration(None)
        ('12 ms', '7.3 s', '2 min 10 s', '')
    """
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def size(count: int) -> str:
    """Bytes as people read them.

    Example:
        >>> size(512), size(48_123_456), size(7_200_000_000)
        ('512 B', '48 MB', '7.2 GB')
    """
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 10 else f"{value:.0f} {unit}"


def number(value: float) -> str:
    """A number with as many digits as it deserves: whole from 100 on, else three significant ones.

    Example:
        >>> number(412345.6), number(0.71234), number(12.3456), number(float("nan"))
        ('412,346', '0.712', '12.3', 'undefined')
    """
    if not isfinite(value):
        return "undefined"
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


def interval(measured: Measured) -> str:
    """The interval of a measurement, or why there is none; empty for an exact count, which no block resamples."""
    if measured.blocks == 0:
        return ""
    if measured.low is None or measured.high is None:
        return f"[no interval: {measured.blocks} blocks]"
    return f"[{number(measured.low)}, {number(measured.high)}]"
