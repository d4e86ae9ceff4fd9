"""Text for terminals: aligned columns of what `upshot.report.words` writes. No library, so that a repeat prints at once."""

from __future__ import annotations

from collections.abc import Sequence

from upshot.errors import printable
from upshot.report.words import duration, interval, number, size


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


__all__ = ["columns", "duration", "interval", "number", "size"]
