"""How far a number from a test set can be trusted: intervals by resampling blocks.

Rows of one day, customer or unit go together, so what is resampled is whole blocks, never rows. Totals and ratios of totals (money) get
a studentised bootstrap (see `upshot.value.studentised`). Two things that met the same blocks are compared by their difference in each
block (paired), which removes what both share.

Scores that are no sums (ROC AUC) get a percentile bootstrap, widened for few blocks: a standard error within each resample would take a
second bootstrap.

Source:
    Hesterberg (2015), What Teachers Should Know About the Bootstrap, The American Statistician 69(4), 371-386.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from upshot.value.studentised import MIN_BLOCKS, RESAMPLES, Interval, Quantity, studentised_intervals

if TYPE_CHECKING:
    import numpy as np

MAX_UNDEFINED = 0.05
"""Share of resamples in which a score may be undefined (one class only) before it has no interval."""
MOST_KEPT = 4_000_000
"""Numbers of draws that are kept for the next scores of the same blocks."""


def interval_of_sum(sums: np.ndarray, *, seed: int, level: float = 0.95, resamples: int = RESAMPLES) -> Interval | None:
    """Interval of a total over blocks.

    Args:
        sums: The total's part of each block, shape (blocks,); for a paired comparison the difference in each block.
        seed: The same seed gives the same interval.
        level: Share of truths that such intervals should contain.
        resamples: Number of resamples.

    Returns:
        (low, high) in the unit of the sums; (v, v) where all blocks are equal; None where there are fewer than 7 blocks, or too few
        of them differ to bound the total.

    Example:
        >>> import numpy as np
        >>> low, high = interval_of_sum(np.array([9.0, 11.0, 10.0, 8.0, 12.0, 10.0, 9.0, 11.0]), seed=1)
        >>> low < 80 < high
        True
        >>> interval_of_sum(np.array([10.0, 12.0]), seed=1) is None
        True
    """
    if len(sums) < MIN_BLOCKS:
        return None
    return studentised_intervals([(Quantity.of_sum(sums),)], seed=seed, level=level, resamples=resamples)[0]


def interval_of_ratio(
    numerator: np.ndarray, denominator: np.ndarray, *, seed: int, level: float = 0.95, resamples: int = RESAMPLES
) -> Interval | None:
    """Interval of a ratio of two totals over the same blocks.

    Args:
        numerator: Shape (blocks,).
        denominator: Shape (blocks,), of a total that is not 0.
        seed: The same seed gives the same interval.
        level: Share of truths that such intervals should contain.
        resamples: Number of resamples.

    Returns:
        As `interval_of_sum`; None also where a resample may have no denominator.
    """
    if len(numerator) < MIN_BLOCKS:
        return None
    return studentised_intervals([(Quantity.of_ratio(numerator, denominator),)], seed=seed, level=level, resamples=resamples)[0]


def interval_of_score(
    scorer: Callable[[np.ndarray], float], blocks: np.ndarray, *, seed: int, level: float = 0.95, resamples: int = 200
) -> Interval | None:
    """Interval of a score that is no sum, by drawing blocks of cases again and again.

    Args:
        scorer: Gives the score for one weight per case: how often its block was drawn.
        blocks: Block of each case, integers of shape (cases,).
        seed: The same seed gives the same interval.
        level: Share of truths that such intervals should contain.
        resamples: How often the scorer is called.

    Returns:
        (low, high), within the range of the scores that were seen; None with fewer than 7 blocks, or where more than 5 % of the
        resamples have no score.
    """
    return intervals_of_scores([scorer], blocks, seed=seed, level=level, resamples=resamples)[0]


def intervals_of_scores(
    scorers: Sequence[Callable[[np.ndarray], float]], blocks: np.ndarray, *, seed: int, level: float = 0.95, resamples: int = 200
) -> list[Interval | None]:
    """The interval of each of several scores as `interval_of_score` gives it, drawing the blocks once for all of them."""
    import numpy as np

    _, codes = np.unique(blocks, return_inverse=True)
    number = int(codes.max()) + 1 if len(codes) else 0
    if number < MIN_BLOCKS:
        return [None] * len(scorers)
    draws: Iterable[np.ndarray] = (
        _kept_draws(number, resamples, seed) if number * resamples <= MOST_KEPT else _draws(number, resamples, seed)
    )
    scores = np.empty((len(scorers), resamples))
    each_is_a_block = np.array_equal(codes, np.arange(number))
    for resample, counts in enumerate(draws):
        weights = (counts if each_is_a_block else counts[codes]).astype(np.float64)
        scores[:, resample] = [scorer(weights) for scorer in scorers]
    tail = _expanded_tail(number, level)
    return [_central(row[np.isfinite(row)], tail, resamples) for row in scores]


def _draws(blocks: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each block is drawn, shape (blocks,), resample by resample."""
    import numpy as np

    rng = np.random.default_rng([seed, 0])
    for _ in range(resamples):
        yield np.bincount(rng.integers(0, blocks, size=blocks), minlength=blocks)


@lru_cache(maxsize=1)  # all points of a sweep are resampled alike
def _kept_draws(blocks: int, resamples: int, seed: int) -> np.ndarray:
    """The same for all resamples, shape (resamples, blocks). Not to be written to."""
    import numpy as np

    kept = np.stack([counts.astype(np.uint16) for counts in _draws(blocks, resamples, seed)])
    kept.flags.writeable = False
    return kept


def _central(defined: np.ndarray, tail: float, resamples: int) -> Interval | None:
    import numpy as np

    if len(defined) < (1 - MAX_UNDEFINED) * resamples:
        return None
    return float(np.quantile(defined, tail)), float(np.quantile(defined, 1 - tail))


def _expanded_tail(blocks: int, level: float) -> float:
    """Tail of the percentile interval that makes up for few blocks, as Student's t does for a mean.

    Example:
        >>> round(_expanded_tail(30, 0.95), 4), round(_expanded_tail(10_000, 0.95), 4)
        (0.0188, 0.025)
    """
    from statistics import NormalDist

    normal, freedom = NormalDist(), blocks - 1
    z = normal.inv_cdf((1 + level) / 2)
    student = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    student += (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    return normal.cdf(-math.sqrt(blocks / freedom) * student)


def blocks_needed(value: float, low: float, high: float, threshold: float, blocks: int) -> int | None:
    """About how many more blocks would put a threshold outside the interval, were the value to stay.

    An interval shrinks with the square root of the number of blocks.

    Args:
        value: What was measured.
        low: Lower end of its interval.
        high: Upper end of its interval.
        threshold: What it is held against, in the same unit.
        blocks: Number of blocks it was measured on.

    Returns:
        0 where the threshold is outside already; None where the value is on the threshold, so that no number of blocks is enough.

    Example:
        >>> blocks_needed(10.0, 0.0, 20.0, threshold=5.0, blocks=10)
        31
    """
    if not low <= threshold <= high:
        return 0
    distance = abs(value - threshold)
    half = value - low if threshold < value else high - value
    if distance == 0 or not math.isfinite(half / distance):
        return None
    return max(math.floor(blocks * (half / distance) ** 2) + 1 - blocks, 0)
