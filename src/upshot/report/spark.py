"""A curve in a few letters, for terminals and pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40


def spark(values: Sequence[float], *, width: int = WIDTH) -> str:
    """Values as bars from the least to the most; means of stretches where there are more than fit, a space where nothing is known.

    Example:
        >>> spark([0.0, 1.0, 2.0, float("nan"), 7.0]), spark([3.0, 3.0]), spark(range(100), width=5)
        ('▁▂▃ █', '▄▄', '▁▃▅▆█')
    """
    count = len(values)
    edges = [count * step // min(width, count) for step in range(min(width, count) + 1)] if count else [0]
    stretches = [[value for value in values[start:end] if isfinite(value)] for start, end in pairwise(edges)]
    means = [sum(known) / len(known) if known else None for known in stretches]
    low, high = min((m for m in means if m is not None), default=0.0), max((m for m in means if m is not None), default=0.0)
    if low == high:
        return "".join(" " if mean is None else BARS[3] for mean in means)
    return "".join(" " if mean is None else BARS[round((mean - low) / (high - low) * (len(BARS) - 1))] for mean in means)


__all__ = ["spark"]
