from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from sklearn import metrics as reference

from upshot.errors import DataError

REFERENCE = {
    "average_precision": lambda y, p, w: reference.average_precision_score(y, p, sample_weight=w),
    "roc_auc": lambda y, p, w: reference.roc_auc_score(y, p, sample_weight=w),
    "brier": lambda y, p, w: reference.brier_score_loss(y, p, sample_weight=w),
    "log_loss": lambda y, p, w: reference.log_loss(y, p, sample_weight=w),
    "accuracy": lambda y, p, w: reference.accuracy_score(y, p > 0.5, sample_weight=w),
    "f1": lambda y, p, w: reference.f1_score(y, p > 0.5, sample_weight=w),
    "precision": lambda y, p, w: reference.precision_score(y, p > 0.5, sample_weight=w),
    "recall": lambda y, p, w: reference.recall_score(y, p > 0.5, sample_weight=w),
    "balanced_accuracy": lambda y, p, w: reference.balanced_accuracy_score(y, p > 0.5, sample_weight=w),
    "mcc": lambda y, p, w: reference.matthews_corrcoef(y, p > 0.5, sample_weight=w),
    "ks": lambda y, p, w: ks_2samp(p[y == 1], p[y == 0]).statistic,
}
ERRORS = {
    "mae": reference.mean_absolute_error,
    "rmse": reference.root_mean_squared_error,
    "wape": lambda y, p: np.abs(p - y).sum() / np.abs(y).sum(),
    "r2": reference.r2_score,
    "median_absolute_error": reference.median_absolute_error,
}


@pytest.fixture
def scorer(component, cases_of):
    """The callable of a metric over labels and prediction columns."""

    def make(name, label, predictions, rows=None, labels=None, **params):
        frame = pd.DataFrame(predictions)
        if "case" not in frame:
            frame.insert(0, "case", range(len(frame)))
        cases = cases_of(rows if rows is not None else {"row": range(len(label))}, label, **(labels or {}))
        return component("metrics", name, **params).scorer(frame, cases)

    return make


def ties(rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    y = (random.random(rows) < 0.2).astype(np.int64)
    p = np.round(np.clip(0.3 * y + random.random(rows) * 0.7, 0, 1), 2)
    return y, p, random.integers(0, 4, rows)


@pytest.mark.parametrize("name", REFERENCE)
def test_a_score_equals_scikit_learn_with_ties_and_its_resample_equals_the_repeated_rows(name, scorer):
    y, p, counts = ties()

    score = scorer(name, y, {"probability": p})

    assert score(np.ones(len(y))) == pytest.approx(REFERENCE[name](y, p, None), abs=1e-12)
    repeated = REFERENCE[name](np.repeat(y, counts), np.repeat(p, counts), None)
    assert score(counts.astype(float)) == pytest.approx(repeated, abs=1e-12)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_equals_its_definition_and_its_resample_equals_the_repeated_rows(name, scorer):
    random = np.random.default_rng(6)
    y, p, counts = random.normal(10, 3, 50), random.normal(10, 3, 50), random.integers(0, 3, 50)

    of_point = scorer(name, y, {"point": p})
    of_median = scorer(name, y, {"q0.1": p - 9, "q0.5": p})

    assert of_point(np.ones(50)) == pytest.approx(ERRORS[name](y, p), rel=1e-12)
    assert of_median(counts.astype(float)) == pytest.approx(ERRORS[name](np.repeat(y, counts), np.repeat(p, counts)), rel=1e-12)


def test_one_class_or_no_weight_has_no_score(scorer):
    y, p = [1, 1, 0], [0.2, 0.9, 0.4]

    assert np.isnan(scorer("roc_auc", y, {"probability": p})(np.array([1.0, 1.0, 0.0])))
    assert np.isnan(scorer("average_precision", y, {"probability": p})(np.array([0.0, 0.0, 1.0])))
    for name in REFERENCE:
        assert np.isnan(scorer(name, y, {"probability": p})(np.zeros(3)))
    for name in ERRORS:
        assert np.isnan(scorer(name, y, {"point": p})(np.zeros(3)))


@pytest.mark.parametrize("name", [*REFERENCE, "precision_at_k"])
def test_a_probability_that_is_not_a_number_has_no_score(name, scorer):
    days = {"as_of": pd.to_datetime(["2024-01-01"] * 3)}

    score = scorer(name, [1, 1, 0], {"probability": [0.2, np.nan, 0.4]}, labels=days)

    assert np.isnan(score(np.ones(3)))


def test_labels_other_than_zero_and_one_are_refused(scorer):
    with pytest.raises(DataError, match="must be 0 or 1"):
        scorer("roc_auc", [0, 1, 2], {"probability": [0.1, 0.2, 0.3]})


def test_censored_cases_are_left_out(scorer):
    score = scorer("mae", [5.0, 9.0], {"point": [4.0, 0.0]}, labels={"censored": [False, True]})

    assert score(np.ones(2)) == 1.0


def test_pinball_is_the_mean_over_levels(scorer):
    y, low, high = np.array([4.0, 10.0]), np.array([2.0, 8.0]), np.array([6.0, 9.0])

    score = scorer("pinball", y, {"q0.9": high, "q0.1": low})

    levels = [reference.mean_pinball_loss(y, low, alpha=0.1), reference.mean_pinball_loss(y, high, alpha=0.9)]
    assert score(np.ones(2)) == pytest.approx(np.mean(levels), rel=1e-12)


def test_coverage_counts_outcomes_between_the_outermost_or_the_named_levels(scorer):
    quantiles = {"q0.1": [0.0, 0.0, 0.0], "q0.5": [4.0, 4.0, 4.0], "q0.9": [6.0, 6.0, 6.0]}

    outer = scorer("coverage", [3, 6, 9], quantiles)
    upper = scorer("coverage", [3, 6, 9], quantiles, lower=0.5)

    assert outer(np.ones(3)) == pytest.approx(2 / 3)
    assert upper(np.ones(3)) == pytest.approx(1 / 3)
    with pytest.raises(DataError, match=r"0\.2 must be a level"):
        scorer("coverage", [3, 6, 9], quantiles, lower=0.2)


def test_calibration_error_is_the_mean_distance_of_bins_of_equal_mass(scorer):
    # two bins of two: 0.1 is said and 0 happens, 0.6 on average is said and 1 happens
    score = scorer("calibration_error", [0, 0, 1, 1], {"probability": [0.1, 0.1, 0.5, 0.7]}, bins=2)

    assert score(np.ones(4)) == pytest.approx((0.1 + 0.4) / 2)
    assert score(np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.1)
    assert np.isnan(score(np.zeros(4)))
    assert np.isnan(scorer("calibration_error", [0, 1], {"probability": [np.nan, 0.5]})(np.ones(2)))


def test_true_probabilities_have_a_small_calibration_error_and_boasting_ones_a_large_one(scorer):
    random = np.random.default_rng(8)
    p = random.random(20_000)
    y = (random.random(20_000) < p).astype(int)

    assert scorer("calibration_error", y, {"probability": p})(np.ones(20_000)) < 0.015
    assert scorer("calibration_error", y, {"probability": (p > 0.5) * 0.98 + 0.01})(np.ones(20_000)) == pytest.approx(0.25, abs=0.02)


def test_the_interval_score_adds_what_falls_out_to_the_width(scorer):
    quantiles = {"q0.1": [2.0, 2.0, 2.0], "q0.5": [4.0, 4.0, 4.0], "q0.9": [6.0, 6.0, 6.0]}

    score = scorer("interval_score", [3.0, 1.5, 8.0], quantiles)

    # width 4; outside by 0.5 and by 2, each times 2 / 0.2
    assert score(np.ones(3)) == pytest.approx((4.0 + (4.0 + 5.0) + (4.0 + 20.0)) / 3)
    assert np.isnan(scorer("interval_score", [3.0], {"q0.5": [4.0]})(np.ones(1)))


def test_metrics_of_a_point_need_the_median_among_quantiles(scorer):
    with pytest.raises(DataError, match=r"must hold 0\.5"):
        scorer("mae", [3], {"q0.1": [1.0]})


def test_hits_are_looked_for_among_the_first_k(scorer):
    lists = {"case": [0, 0, 1, 1, 2], "item": ["a", "b", "c", "a", "x"], "rank": [1, 2, 1, 2, 1], "score": [2.0, 1.0, 2.0, 1.0, 1.0]}
    wanted = ["b", "c", "z"]

    assert scorer("hit_rate_at_k", wanted, lists, k=1)(np.ones(3)) == pytest.approx(1 / 3)
    assert scorer("hit_rate_at_k", wanted, lists, k=2)(np.ones(3)) == pytest.approx(2 / 3)
    assert scorer("ndcg_at_k", wanted, lists, k=2)(np.ones(3)) == pytest.approx((1 / np.log2(3) + 1) / 3)
    assert scorer("ndcg_at_k", wanted, lists, k=2)(np.array([0.0, 1.0, 0.0])) == 1.0


TWO_DAYS = {"as_of": pd.to_datetime(["2024-01-01 09:00", "2024-01-01 10:00", "2024-01-01 23:00", "2024-01-02 01:00", "2024-01-02 02:00"])}


def test_precision_at_k_is_the_mean_over_days(scorer):
    y, p = [1, 0, 1, 0, 1], [0.9, 0.8, 0.1, 0.7, 0.6]

    assert scorer("precision_at_k", y, {"probability": p}, labels=TWO_DAYS, k=1)(np.ones(5)) == pytest.approx((1 + 0) / 2)
    assert scorer("precision_at_k", y, {"probability": p}, labels=TWO_DAYS, k=3)(np.ones(5)) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scorer("precision_at_k", y, {"probability": p}, k=3, per="all")(np.ones(5)) == pytest.approx(1 / 3)


def test_a_day_drawn_twice_counts_as_two_days_in_precision_at_k(scorer):
    score = scorer("precision_at_k", [1, 0, 1, 0, 1], {"probability": [0.9, 0.8, 0.1, 0.7, 0.6]}, labels=TWO_DAYS, k=1)

    assert score(np.array([2.0, 2.0, 2.0, 1.0, 1.0])) == pytest.approx(2 / 3)
    assert score(np.array([0.0, 0.0, 0.0, 1.0, 1.0])) == 0.0


def test_precision_at_k_of_entities_ranks_each_by_its_highest_score_of_the_day(scorer):
    cards = {"card": ["x", "y", "x", "y", "x"]}
    y, p = [0, 0, 1, 0, 0], [0.9, 0.8, 0.1, 0.7, 0.6]

    score = scorer("precision_at_k", y, {"probability": p}, rows=cards, labels=TWO_DAYS, k=1, entity="card")

    assert score(np.ones(5)) == pytest.approx((1 + 0) / 2)  # x on day one has its fraud, though in another case
    with pytest.raises(DataError, match="did you mean 'card'"):
        scorer("precision_at_k", y, {"probability": p}, rows=cards, labels=TWO_DAYS, entity="crad")


def test_card_precision_equals_a_loop_over_days(scorer):
    random = np.random.default_rng(8)
    y, p = (random.random(500) < 0.1).astype(int), random.random(500).round(1)
    rows = {"card": random.integers(0, 60, 500)}
    as_of = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 10 * 24, 500), unit="h")
    drawn = random.integers(0, 3, 10)

    score = scorer("precision_at_k", y, {"probability": p}, rows=rows, labels={"as_of": as_of}, k=7, entity="card")

    frame = pd.DataFrame({"card": rows["card"], "day": as_of.floor("D"), "y": y, "p": p, "row": range(500)})
    daily = []
    for _, day in frame.groupby("day"):
        cards = day.groupby("card").agg(y=("y", "max"), p=("p", "max"), row=("row", "min"))
        daily.append(cards.sort_values(["p", "row"], ascending=[False, True])["y"].head(7).mean())
    assert score(np.ones(500)) == pytest.approx(np.mean(daily), abs=1e-12)
    weights = drawn[(as_of.floor("D") - pd.Timestamp("2024-01-01")).days]
    assert score(weights.astype(float)) == pytest.approx(np.average(daily, weights=drawn), abs=1e-12)


def test_precision_at_k_without_a_clock_is_refused(scorer):
    with pytest.raises(DataError, match="must name the time column"):
        scorer("precision_at_k", [0, 1], {"probability": [0.1, 0.2]})


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_resample_costs_less_than_scoring_anew(name, scorer):
    random = np.random.default_rng(2)
    y, p = (random.random(50_000) < 0.01).astype(int), random.random(50_000)
    weights = random.poisson(1.0, len(y)).astype(float)
    score = scorer(name, y, {"probability": p})

    def cost(call) -> float:
        start = time.process_time()
        for _ in range(5):
            call()
        return time.process_time() - start

    assert cost(lambda: score(weights)) < cost(lambda: REFERENCE[name](y, p, weights))
