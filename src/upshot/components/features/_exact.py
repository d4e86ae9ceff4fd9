"""Sums and counts over ranges of rows that do not depend on which other rows are there.

A case must get the same features alone, from a short history, as in a batch of millions. Differences of float sums do not give
that: their rounding depends on everything summed before. Money has few decimals, so it is summed as integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_DECIMALS = (1.0, 100.0, 10_000.0, 1_000_000.0)
_LARGEST = 2.0**62


class RangeSums:
    """Sums of values over ranges of positions.

    Exact, and so equal in any company, where all values have at most six decimals and their absolute sum stays below 4e18 in
    units of the last one. Other values are split into an integer part and a small rest: then the error is that of the rest alone.

    Args:
        values: Finite numbers, shape (n,).
        others: Numbers that will be added to the sums, shape (m,).

    Example:
        >>> import numpy as np
        >>> sums = RangeSums(np.array([0.1, 0.2, 0.3]), np.array([]))
        >>> float(sums.of(np.array([0]), np.array([3]))[0])
        0.6
    """

    def __init__(self, values: np.ndarray, others: np.ndarray) -> None:
        import numpy as np

        self._scale = _scale(np.concatenate([values, others]))
        whole, rest = _split(values, self._scale)
        self._whole = np.concatenate([[0], np.cumsum(whole)])
        self._rest = np.concatenate([[0.0], np.cumsum(rest)]) if rest.any() else None

    def of(self, start: np.ndarray, end: np.ndarray, plus: np.ndarray | None = None) -> np.ndarray:
        """Sum over positions [start, end) of each range, and one more number for each; shape (m,)."""
        whole = self._whole[end] - self._whole[start]
        rest = 0.0 if self._rest is None else self._rest[end] - self._rest[start]
        if plus is not None:
            more, rest_of_more = _split(plus, self._scale)
            whole, rest = whole + more, rest + rest_of_more
        sums: np.ndarray = whole / self._scale + rest
        return sums


def _scale(values: np.ndarray) -> float:
    """Units per 1 in which all values are whole, else the finest power of two in which their sum fits an int64."""
    import numpy as np

    total = float(np.abs(values).sum())
    for scale in _DECIMALS:
        if total * scale < _LARGEST and (np.rint(values * scale) / scale == values).all():
            return scale
    return float(2.0 ** np.floor(np.log2(_LARGEST / 2 / total)))


def _split(values: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    whole = np.rint(values * scale)
    return whole.astype(np.int64), values - whole / scale


class RangeCounts:
    """How many values in a range of positions are at or below a bound: a wavelet matrix.

    Needed where outcomes become known out of order. Time and memory are n log n to build and log n per question.

    Source:
        Claude, Navarro & Ordonez (2015), The wavelet matrix, Information Systems 47, 15-32.

    Args:
        values: Integers, shape (n,).

    Example:
        >>> import numpy as np
        >>> counts = RangeCounts(np.array([5, 1, 4, 2]))
        >>> counts.at_most(np.array([0, 1]), np.array([4, 3]), np.array([4, 4])).tolist()
        [3, 2]
    """

    def __init__(self, values: np.ndarray) -> None:
        import numpy as np

        self._sorted = np.sort(values)
        ranks = np.empty(len(values), dtype=np.int64)
        ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
        self._zeros: list[np.ndarray] = []
        for bit in reversed(range(len(values).bit_length())):
            is_zero = (ranks >> bit) & 1 == 0
            self._zeros.append(np.concatenate([[0], np.cumsum(is_zero)]))
            ranks = np.concatenate([ranks[is_zero], ranks[~is_zero]])

    def at_most(self, start: np.ndarray, end: np.ndarray, bound: np.ndarray) -> np.ndarray:
        """Values <= bound among positions [start, end) of each range; shape (m,)."""
        import numpy as np

        smaller = np.searchsorted(self._sorted, bound, side="right")
        count = np.zeros(len(start), dtype=np.int64)
        for bit, zeros in zip(reversed(range(len(self._zeros))), self._zeros, strict=True):
            low, high = zeros[start], zeros[end]
            is_one = (smaller >> bit) & 1 == 1
            count += np.where(is_one, high - low, 0)
            start = np.where(is_one, zeros[-1] + start - low, low)
            end = np.where(is_one, zeros[-1] + end - high, high)
        return count
