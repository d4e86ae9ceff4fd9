"""Intervals: their promise held by simulation, their arithmetic by a plain loop, and the cases without one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from upshot.value.intervals import blocks_needed, interval_of_ratio, interval_of_score, interval_of_sum
from upshot.value.studentised import Quantity, is_heavy, studentised_intervals

DRAWS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, blocks: rng.normal(3.0, 2.0, blocks),
    "moderately skewed": lambda rng, blocks: rng.gamma(3.0, 1.0, blocks),
    "as skewed as waiting times": lambda rng, blocks: rng.exponential(3.0, blocks),
    "a gain, paired": lambda rng, blocks: (lambda shared: shared + rng.normal(3.0, 1.0, blocks) - shared)(rng.gamma(2.0, 20.0, blocks)),
}
"""By name: block sums with a mean of 3."""


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("blocks", [30, 60])
def test_an_interval_of_95_percent_covers_93_to_97_percent_of_truths_from_30_blocks_on(kind: str, blocks: int) -> None:
    rng = np.random.default_rng(7)
    truth = 3.0 * blocks

    found = [interval_of_sum(DRAWS[kind](rng, blocks), seed=trial) for trial in range(1_000)]

    covered = sum(interval is not None and interval[0] <= truth <= interval[1] for interval in found)
    assert 930 <= covered <= 970


def test_heavy_tails_are_named_where_they_are_and_not_where_they_are_moderate() -> None:
    rng = np.random.default_rng(3)

    def share_named(draw: Callable[[int], np.ndarray], blocks: int) -> float:
        return float(np.mean([is_heavy(draw(blocks)) for _ in range(300)]))

    assert share_named(lambda n: rng.normal(0.0, 1.0, n), 30) < 0.02
    assert share_named(lambda n: rng.gamma(3.0, 1.0, n), 30) < 0.10
    assert share_named(lambda n: rng.lognormal(0.0, 1.5, n), 30) > 0.75
    assert share_named(lambda n: rng.exponential(1.0, n), 2_000) == 0.0  # many blocks make up for a moderate tail
    assert not is_heavy(np.zeros(30))


def test_an_interval_of_a_ratio_covers_its_truth() -> None:
    rng = np.random.default_rng(11)
    covered = 0

    for trial in range(600):
        hours = rng.gamma(9.0, 1.0, 30)
        interval = interval_of_ratio(10.0 * rng.poisson(0.5 * hours), hours, seed=trial)
        covered += interval is not None and interval[0] <= 5.0 <= interval[1]

    assert 0.93 * 600 <= covered <= 0.97 * 600


def by_plain_loop(numerator: np.ndarray, denominator: np.ndarray, *, seed: int, resamples: int) -> tuple[float, float]:
    """The same bootstrap, one resample after the other, by its definition."""
    blocks = len(numerator)
    drawn = np.random.default_rng([seed, 0]).integers(0, blocks, size=(resamples, blocks))

    def ratio_and_error(n: np.ndarray, d: np.ndarray) -> tuple[float, float]:
        ratio = n.sum() / d.sum()
        return ratio, math.sqrt(blocks / (blocks - 1) * ((n - ratio * d) ** 2).sum()) / d.sum()

    value, error = ratio_and_error(numerator, denominator)
    quotients = sorted((r - value) / e for r, e in (ratio_and_error(numerator[rows], denominator[rows]) for rows in drawn))
    rank = math.floor(0.025 * (resamples + 1)) - 1
    return value - quotients[-1 - rank] * error, value - quotients[rank] * error


def test_the_studentised_bootstrap_equals_its_definition() -> None:
    rng = np.random.default_rng(3)
    above, below = rng.gamma(2.0, 3.0, 12), rng.gamma(5.0, 1.0, 12)

    ratio = interval_of_ratio(above, below, seed=5, resamples=400)
    total = interval_of_sum(above, seed=5, resamples=400)

    assert ratio == pytest.approx(by_plain_loop(above, below, seed=5, resamples=400))
    assert total == pytest.approx(by_plain_loop(above, np.full(12, 1 / 12), seed=5, resamples=400))


def test_a_pair_is_compared_by_its_difference_in_each_block() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(10.0, 5.0, 20), rng.normal(0.0, 0.1, 20)
    pair = (Quantity.of_sum(one + other), Quantity.of_sum(one))

    (paired,) = studentised_intervals([pair], seed=1)

    assert paired == pytest.approx(interval_of_sum(other, seed=1))


def test_a_pair_of_ratios_over_one_denominator_is_the_ratio_of_the_difference() -> None:
    rng = np.random.default_rng(4)
    one, other, hours = rng.gamma(3.0, 1.0, 15), rng.gamma(3.0, 1.0, 15), rng.gamma(9.0, 1.0, 15)

    (paired,) = studentised_intervals([(Quantity.of_ratio(one, hours), Quantity.of_ratio(other, hours))], seed=1)

    assert paired == pytest.approx(interval_of_ratio(one - other, hours, seed=1))


def test_the_same_seed_gives_the_same_interval_and_another_seed_nearly() -> None:
    sums = np.random.default_rng(0).normal(5.0, 2.0, 40)

    first, again, other = (interval_of_sum(sums, seed=seed) for seed in (1, 1, 2))

    assert first == again != other
    assert first == pytest.approx(other, rel=0.02)


def test_there_is_no_interval_below_7_blocks() -> None:
    sums = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0])

    assert interval_of_sum(sums[:6], seed=1) is None
    assert interval_of_ratio(sums[:6], sums[:6], seed=1) is None
    assert interval_of_sum(sums, seed=1) is not None
    assert interval_of_sum(np.array([]), seed=1) is None


@pytest.mark.parametrize("value", [0.0, 0.1, -3e8])
def test_equal_blocks_give_an_interval_of_one_point(value: float) -> None:
    sums = np.full(10, value)

    assert interval_of_sum(sums, seed=1) == (sums.sum(), sums.sum())


def test_a_total_of_one_block_alone_cannot_be_bounded() -> None:
    sums = np.zeros(30)
    sums[4] = 1_000.0

    assert interval_of_sum(sums, seed=1) is None


def test_a_ratio_whose_denominator_may_vanish_cannot_be_bounded() -> None:
    hours = np.zeros(30)
    hours[:2] = 1.0, 2.0

    assert interval_of_ratio(np.arange(30.0), hours, seed=1) is None


def test_many_blocks_in_bags_give_the_interval_of_normal_theory() -> None:
    rng = np.random.default_rng(5)
    sums = 100.0 + rng.exponential(1.0, 3_500)

    low, high = interval_of_sum(sums, seed=1) or (math.nan, math.nan)

    half = 1.96 * sums.std(ddof=1) * math.sqrt(3_500)
    assert (sums.sum() - low, high - sums.sum()) == (pytest.approx(half, rel=0.08), pytest.approx(half, rel=0.08))


def test_a_score_is_resampled_by_blocks_of_cases() -> None:
    rng = np.random.default_rng(6)
    blocks = np.repeat(np.arange(50) + 19_000, 20)
    values = rng.normal(1.0, 1.0, 1_000) + np.repeat(rng.normal(0.0, 1.0, 50), 20)

    low, high = interval_of_score(lambda weights: float(np.average(values, weights=weights)), blocks, seed=2, resamples=500) or (0.0, 0.0)

    by_blocks = 2.01 * values.reshape(50, 20).mean(axis=1).std(ddof=1) / math.sqrt(50)
    assert (high - low) / 2 == pytest.approx(by_blocks, rel=0.15)
    assert low < values.mean() < high


def test_a_score_that_is_often_undefined_or_has_few_blocks_has_no_interval() -> None:
    blocks = np.arange(10)

    def only_with_the_first(weights: np.ndarray) -> float:
        return 1.0 if weights[0] else math.nan

    assert interval_of_score(only_with_the_first, blocks, seed=1) is None
    assert interval_of_score(lambda weights: 1.0, np.arange(6), seed=1) is None
    assert interval_of_score(lambda weights: 1.0, np.array([], dtype=int), seed=1) is None
    assert interval_of_score(lambda weights: 1.0, blocks, seed=1) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("threshold", "needed"),
    [(25.0, 0), (-5.0, 0), (5.0, 31), (15.0, 31), (9.0, 991), (0.0, 1), (10.0, None)],
)
def test_what_would_decide_grows_with_the_square_of_the_closeness(threshold: float, needed: int | None) -> None:
    found = blocks_needed(10.0, 0.0, 20.0, threshold, blocks=10)

    assert found == needed
    if needed:  # with so many more blocks the interval ends before the threshold, with one less it does not
        assert 10.0 * math.sqrt(10 / (10 + needed)) < abs(10.0 - threshold) <= 10.0 * math.sqrt(10 / (9 + needed))
