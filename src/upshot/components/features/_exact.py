"""Sums, counts and extremes over ranges of rows that do not depend on which other rows are there.

A case must get the same features alone, from a short history, as in a batch of millions. Differences of float sums do not give
that: their rounding depends on everything summed before. Money has few decimals, so it is summed as integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_DECIMALS = (1.0, 100.0, 10_000.0, 1_000_000.0)
_LARGEST = 2.0**62
_PIECE = 1 << 16
"""Values that are looked at together, so that no step between takes the room of a column."""


class RangeSums:
    """Sums of values over ranges of positions.

    Exact, and so equal in any company, where all values have at most six decimals and their absolute sum stays below 4e18 in
    units of the last one. Other values are split into an integer part and a small rest: then the error is that of the rest alone.

    Args:
        values: Finite numbers, shape (n,).
        plus: One more number for each range, added to its sum; shape (m,), None for none.

    Example:
        >>> import numpy as np
        >>> sums = RangeSums(np.array([0.1, 0.2, 0.3]))
        >>> float(sums.of(np.array([0]), np.array([3]))[0])
        0.6
    """

    def __init__(self, values: np.ndarray, plus: np.ndarray | None = None) -> None:
        import numpy as np

        parts = [values] if plus is None else [values, plus]
        self._scale = _scale(parts)
        self._whole, self._rest = _split(values, self._scale, after=1)
        for sums in (self._whole, self._rest):
            if sums is not None:
                np.cumsum(sums[1:], out=sums[1:])  # in its place: sum of all values before each position
        self._plus = None if plus is None else _split(plus, self._scale)

    def of(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Sum over positions [start, end) of each range, and its one more number; shape (m,)."""
        whole = self._whole[end]
        whole -= self._whole[start]
        rest = None if self._rest is None else self._rest[end] - self._rest[start]
        if self._plus is not None:
            more, rest_of_more = self._plus
            whole += more
            if rest_of_more is not None:
                rest = rest_of_more if rest is None else rest + rest_of_more
        sums: np.ndarray = whole / self._scale
        return sums if rest is None else sums + rest


def _scale(parts: list[np.ndarray]) -> float:
    """Units per 1 in which all values are whole, else the finest power of two in which their sum fits an int64."""
    import numpy as np

    pieces = [values[start : start + _PIECE] for values in parts for start in range(0, len(values), _PIECE)]
    total = sum(float(np.abs(piece).sum()) for piece in pieces)
    for scale in _DECIMALS:
        if total * scale < _LARGEST and all((np.rint(piece * scale) / scale == piece).all() for piece in pieces):
            return scale
    return float(2.0 ** np.floor(np.log2(_LARGEST / 2 / total)))


def _split(values: np.ndarray, scale: float, *, after: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
    """Whole units of each value, and what is left, None where nothing is; behind so many zeros."""
    import numpy as np

    whole = np.zeros(after + len(values), dtype=np.int64)
    rest = None
    for start in range(0, len(values), _PIECE):
        piece = values[start : start + _PIECE]
        place = slice(after + start, after + start + len(piece))
        units = np.rint(piece * scale)
        whole[place] = units
        left = piece - units / scale
        if rest is None and left.any():
            rest = np.zeros(after + len(values))
        if rest is not None:
            rest[place] = left
    return whole, rest


def covering(first: np.ndarray, last: np.ndarray, cases: int) -> np.ndarray:
    """How many ranges [first, last) hold each of the positions 0..cases-1; an empty or backward range holds none. Shape (cases,).

    What a row adds to the windows that see it is a range of cases, because the ends of sorted cases' windows only ever rise. Counted at
    the ranges' ends, it costs one pass and no memory beyond the answer.

    Example:
        >>> import numpy as np
        >>> covering(np.array([0, 1, 2]), np.array([3, 2, 1]), 4).tolist()
        [1, 2, 1, 0]
    """
    import numpy as np

    some = first < last
    steps = np.bincount(first[some], minlength=cases + 1)
    steps -= np.bincount(last[some], minlength=cases + 1)
    return np.cumsum(steps[:cases])


def extremes(values: np.ndarray, start: np.ndarray, end: np.ndarray, *, largest: bool) -> np.ndarray:
    """The largest, or the smallest, of the values at positions [start, end) of each range; NaN for an empty one. Shape (m,).

    A sparse table of which one level is kept at a time: a range is two overlapping runs of one power of two.

    Source:
        Bender & Farach-Colton (2000), The LCA problem revisited, LATIN, section 3.

    Example:
        >>> import numpy as np
        >>> extremes(np.array([3.0, 9.0, 4.0]), np.array([0, 2, 1]), np.array([3, 3, 1]), largest=True).tolist()
        [9.0, 4.0, nan]
    """
    import numpy as np

    better = np.maximum if largest else np.minimum
    length = end - start
    longest = int(length.max(initial=0))
    found = np.full(len(start), np.nan)
    level, width = values, 1
    while width <= longest:
        rows = np.flatnonzero((length >= width) & (length < 2 * width))
        found[rows] = better(level[start[rows]], level[end[rows] - width])
        if 2 * width <= longest:
            level = better(level[:-width], level[width:])
        width *= 2
    return found
