"""The studentised block bootstrap of totals and ratios of totals.

Each resample draws as many blocks as there are, with replacement. Its error is divided by its own standard error, and the quantiles of
these quotients replace those of Student's t. That keeps the promised coverage for skewed sums and few blocks, where the percentile
method is too narrow. It needs a few numbers a block, so a million rows cost no more than their sums.

A ratio is taken anew in each resample, with the standard error of its residuals; linearised once and for all it covered 92 % instead of
94 % of truths at 15 blocks. Measured coverage of 95 % intervals, in percent of 2,000 truths each (error about 0.5):

    blocks          7      10     15     30     60
    normal          94.7   95.2   94.8   95.2   94.8
    gamma(3)        94.3   94.7   94.8   95.5   94.5
    exponential     93.0   93.5   94.0   95.3   95.2
    lognormal(1)    89.1   90.1   91.2   92.4   92.4     heavy tail: too narrow, mostly because the truth lies above
    cost per hour   94.8   95.5   95.2   95.2   95.2     Poisson breakdowns over gamma(9) hours

Source:
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 12.5; Davison & Hinkley (1997), Bootstrap Methods and their
    Application, section 5.2; ratio residuals: Cochran (1977), Sampling Techniques, section 6.4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

MIN_BLOCKS = 7
"""With fewer blocks there is no interval: the resamples say nothing about blocks that were not seen."""

FEW_BLOCKS = 30
"""From so many blocks on an interval keeps its promise with moderate tails."""

HEAVY = 0.12
"""Squared skewness over the number of blocks from which on an interval is too narrow to keep its promise."""

RESAMPLES = 2_000
MAX_BLOCKS = 2_000
"""More blocks than these are resampled in bags of nearly equal size, drawn at random: the same interval in bounded time."""

_SLICE = 50
"""Resamples that are drawn and multiplied at a time."""

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Quantity:
    """A number that blocks add up to: a total, or a ratio of totals.

    Attributes:
        value: The number.
        error: What each block adds beyond its share, in the number's unit, shape (blocks,); sums to 0.
        share: Its share of the denominator, shape (blocks,); sums to 1, and is 1 / blocks for a total.
        size: Size of the largest part, by which rounding is told from spread.
    """

    value: float
    error: np.ndarray
    share: np.ndarray
    size: float

    @classmethod
    def of_sum(cls, sums: np.ndarray) -> Quantity:
        """The total of block sums, shape (blocks,)."""
        import numpy as np

        values = np.asarray(sums, dtype=np.float64)
        size = float(np.abs(values).max(initial=0.0))
        return cls(float(values.sum()), values - values.mean(), np.full(values.shape, 1 / len(values)), size)

    @classmethod
    def of_ratio(cls, numerator: np.ndarray, denominator: np.ndarray) -> Quantity:
        """The ratio of two totals over the same blocks; the denominator's total is not 0."""
        import numpy as np

        above, share = (np.asarray(sums, dtype=np.float64) / np.sum(denominator) for sums in (numerator, denominator))
        value = float(above.sum())
        return cls(value, above - value * share, share, float(np.abs(above).max(initial=0.0)))


def is_heavy(error: np.ndarray) -> bool:
    """Whether the blocks of a number have a tail so heavy, for so few of them, that its interval is too narrow.

    Judged by the squared skewness of the blocks over their number, the leading term of what a bootstrap misses (Hall 1992, The Bootstrap
    and Edgeworth Expansion, section 3.5). Of 600 samples each at 30 and 180 blocks it names 0 and 0 % where they are normal, 5 and 0 % of
    gamma(3), 21 and 0 % of exponential, 59 and 25 % of lognormal(1), 84 and 62 % of lognormal(1.5), 68 and 37 % of Pareto(2.5).

    Args:
        error: What each block adds beyond its share, shape (blocks,); of a pair, the difference.

    Example:
        >>> import numpy as np
        >>> is_heavy(np.arange(30.0) - 14.5), is_heavy(np.append(np.full(29, -1.0), 29.0))
        (False, True)
    """
    import numpy as np

    centred = np.asarray(error, dtype=np.float64) - np.mean(error)
    variance = float(np.mean(np.square(centred)))
    if not variance > 0.0:
        return False
    skewness = float(np.mean(centred**3)) / variance**1.5
    return bool(skewness**2 / len(centred) > HEAVY)


def studentised_intervals(
    numbers: Sequence[tuple[Quantity, ...]], *, seed: int, level: float = 0.95, resamples: int = RESAMPLES
) -> list[Interval | None]:
    """Intervals of several numbers over the same blocks, from the same resamples.

    Args:
        numbers: Each a quantity, or a pair: the first minus the second, paired by block.
        seed: The same seed gives the same intervals.
        level: Share of truths that such intervals should contain.
        resamples: Number of resamples.

    Returns:
        For each (low, high); (v, v) where its blocks do not differ; None where there are fewer than 7 blocks, or too few of them
        differ to bound it.
    """
    blocks = len(numbers[0][0].error)
    if blocks < MIN_BLOCKS:
        return [None] * len(numbers)
    bags = _bags(blocks, seed)
    counts = _counts(min(blocks, MAX_BLOCKS), resamples, seed)
    return [_interval([(_bagged(q.error, bags), _bagged(q.share, bags)) for q in number], number, counts, level) for number in numbers]


Parts: TypeAlias = "list[tuple[np.ndarray, np.ndarray]]"


def _interval(parts: Parts, number: tuple[Quantity, ...], counts: np.ndarray, level: float) -> Interval | None:
    import numpy as np

    signs = (1.0, -1.0)[: len(number)]
    value = sum(sign * quantity.value for sign, quantity in zip(signs, number, strict=True))
    blocks = counts.shape[1]
    error = sum(sign * part for sign, (part, _) in zip(signs, parts, strict=True))
    spread = math.sqrt(blocks / (blocks - 1) * float(np.sum(np.square(error))))
    if spread <= 1e-12 * max(quantity.size for quantity in number) * math.sqrt(len(number[0].error)):
        return value, value
    weights, totals, products = _resampled(parts, counts)
    if any((weight <= 0).any() for weight in weights):
        return None
    shifts = [total / weight for total, weight in zip(totals, weights, strict=True)]
    shift = np.asarray(sum(sign * each for sign, each in zip(signs, shifts, strict=True)))
    squares = _residual_squares(products, signs, shifts, weights)
    low, high = _tails(_quotients(shift, squares, blocks), level)
    ends = value - high * spread, value - low * spread
    return ends if all(map(math.isfinite, ends)) else None


def _resampled(parts: Parts, counts: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], dict[tuple[int, int], np.ndarray]]:
    """Each resample's totals of all that its intervals need: shares, errors, and the four products of each pair of parts.

    The counts are small integers and kept as such; a slice of resamples at a time is multiplied, so memory stays bounded.
    """
    import numpy as np

    pairs = [(i, j) for i in range(len(parts)) for j in range(len(parts))]
    columns = [share for _, share in parts] + [error for error, _ in parts]
    for i, j in pairs:
        (error, share), (other, portion) = parts[i], parts[j]
        columns += [error * other, share * other, error * portion, share * portion]
    table = np.column_stack(columns)
    totals = np.concatenate([counts[start : start + _SLICE].astype(np.float64) @ table for start in range(0, len(counts), _SLICE)]).T
    many = len(parts)
    products = {pair: totals[2 * many + 4 * place : 2 * many + 4 * place + 4] for place, pair in enumerate(pairs)}
    return list(totals[:many]), list(totals[many : 2 * many]), products


def _residual_squares(
    products: dict[tuple[int, int], np.ndarray], signs: tuple[float, ...], shifts: list[np.ndarray], weights: list[np.ndarray]
) -> np.ndarray:
    """Sum over a resample's blocks of the squared residual, by its expanded products; shape (resamples,)."""
    import numpy as np

    total = np.zeros(len(weights[0]))
    for (i, j), (a, b, c, d) in products.items():
        total += signs[i] * signs[j] * (a - shifts[i] * b - shifts[j] * c + shifts[i] * shifts[j] * d) / (weights[i] * weights[j])
    return total


def _quotients(shift: np.ndarray, squares: np.ndarray, blocks: int) -> np.ndarray:
    """Each resample's error over its own standard error; infinite where its blocks are all equal, and off."""
    import numpy as np

    varied = squares > 1e-10 * np.maximum(squares, shift**2 / blocks)
    error = np.sqrt(blocks / (blocks - 1) * np.where(varied, squares, 1.0))
    return np.where(varied, shift / error, np.where(shift > 0, np.inf, np.where(shift < 0, -np.inf, 0.0)))


def _tails(quotients: np.ndarray, level: float) -> Interval:
    """Lower and upper quantile as ranks, because an infinite quotient must not be averaged."""
    import numpy as np

    rank = max(math.floor((1 - level) / 2 * (len(quotients) + 1)), 1) - 1
    ordered = np.partition(quotients, [rank, len(quotients) - 1 - rank])
    return float(ordered[rank]), float(ordered[len(quotients) - 1 - rank])


def _bags(blocks: int, seed: int) -> np.ndarray | None:
    """Bag of each block, shape (blocks,); None where there are few enough to be drawn one by one."""
    import numpy as np

    if blocks <= MAX_BLOCKS:
        return None
    return np.random.default_rng([seed, 1]).permutation(blocks) % MAX_BLOCKS


def _bagged(values: np.ndarray, bags: np.ndarray | None) -> np.ndarray:
    import numpy as np

    return values if bags is None else np.bincount(bags, weights=values, minlength=MAX_BLOCKS)


@lru_cache(maxsize=1)  # all KPIs of a run, and all points of a sweep, are resampled alike
def _counts(blocks: int, resamples: int, seed: int) -> np.ndarray:
    """How often each resample draws each block, uint8 of shape (resamples, blocks); each row sums to `blocks`. Not to be written to.

    Below 256 blocks no count can be larger than 255, and from there on one block would have to be drawn 255 times where one is expected.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 0])
    counts = np.empty((resamples, blocks), dtype=np.uint8)
    for start in range(0, resamples, _SLICE):
        part = counts[start : start + _SLICE]
        drawn = rng.integers(0, blocks, size=part.shape)
        drawn += np.arange(len(part))[:, None] * blocks
        part[:] = np.bincount(drawn.ravel(), minlength=part.size).reshape(part.shape)
    counts.flags.writeable = False
    return counts
