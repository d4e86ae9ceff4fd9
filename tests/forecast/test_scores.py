"""Scores of forecasts, by hand: two series over two test days, and one that never changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.forecast.conftest import rows_of

from upshot.errors import DataError, RecipeError
from upshot.stages.label import label

# Changes of a: 2, -1, 4, mean absolute 7/3 and mean square 7. Changes of b: 1, 1, 1. c never changes.
SERIES = {"a": [1, 3, 2, 6, 5, 9], "b": [1, 2, 3, 4, 6, 0], "c": [2, 2, 2, 2, 2, 2]}
TEST = [4, 5, 10, 11, 16, 17]
POINT = [4.0, 8.0, 5.0, 2.0, 2.0, 0.0]  # errors of a: 1 and 1, of b: 1 and 2, of c: 0 and 2


@pytest.fixture
def score(component, checked):
    def make(name: str, predictions: dict[str, list[float]] | None = None, weights=None, **params) -> float:
        cases = label(checked(rows_of(SERIES).assign(feast=[False, True] * 9)), component("labels", "panel"))
        test, history = cases.take(np.array(TEST)), cases.take(np.array([i for i in range(18) if i not in TEST]))
        metric = component("metrics", name, **params)
        frame = pd.DataFrame({"case": range(6), **(predictions or {"point": POINT})})
        if hasattr(metric, "inform"):
            frame = metric.inform(frame, test, history)
        return metric.scorer(frame, test)(np.ones(6) if weights is None else np.array(weights))

    return make


def test_scaled_errors_are_put_over_the_series_own_changes_and_averaged_over_series(score):
    assert score("mase") == pytest.approx(((1 + 1) / 2 / (7 / 3) + (1 + 2) / 2 / 1) / 2)
    assert score("rmsse") == pytest.approx((np.sqrt((1 + 1) / 2 / 7) + np.sqrt((1 + 4) / 2 / 1)) / 2)
    assert score("mase", season_length=2) == pytest.approx((1 / 2 + 1.5 / 2) / 2)  # changes over two days: 1 and 3, 2 and 2


def test_a_series_is_weighted_within_itself_and_left_out_when_none_of_its_cases_is_drawn(score):
    assert score("mase", weights=[1, 0, 0, 0, 1, 1]) == pytest.approx(3 / 7)
    assert score("mase", weights=[0, 0, 1, 3, 0, 0]) == pytest.approx((1 + 3 * 2) / 4)
    assert np.isnan(score("mase", weights=[0, 0, 0, 0, 1, 1]))


def test_symmetric_error_is_two_for_a_sale_that_was_not_forecast_and_zero_for_none_that_was_none(score):
    assert score("smape") == pytest.approx((2 / 9 + 2 / 17 + 2 / 11 + 2 + 0 + 2) / 6)


def test_overall_average_is_one_for_the_seasonal_naive_forecast_itself(score):
    naive = [6.0, 6.0, 4.0, 4.0, 2.0, 2.0]

    assert score("owa", {"point": naive}) == pytest.approx(1.0)
    naive_share = (2 / 11 + 6 / 15 + 4 / 10 + 2 + 0 + 0) / 6
    naive_scaled = ((1 + 3) / 2 * 3 / 7 + (2 + 4) / 2) / 2
    own_scaled = (3 / 7 + 1.5) / 2
    assert score("owa") == pytest.approx((score("smape") / naive_share + own_scaled / naive_scaled) / 2)


def test_interval_score_is_the_width_and_a_fine_for_what_lies_outside(score):
    # At 0.1 and 0.9 a fifth may lie outside: the fine is 10 a unit. a: width 4, once 1 outside; b: width 4, inside.
    low = [3.0, 4.0, 4.0, 0.0, 0.0, 0.0]
    high = [7.0, 8.0, 8.0, 4.0, 9.0, 9.0]

    assert score("msis", {"q0.1": low, "q0.9": high}) == pytest.approx(((4 + 4 + 10) / 2 / (7 / 3) + 4) / 2)
    with pytest.raises(DataError, match=r"msis\.lower"):
        score("msis", {"q0.1": low, "q0.9": high}, lower=0.2)


def test_weighted_error_counts_feast_days_as_often_as_said(score):
    assert score("wmae", weight="5 if feast else 1") == pytest.approx((1 + 5 * 1 + 1 + 5 * 2 + 0 + 5 * 2) / 18)
    with pytest.raises(RecipeError, match=r"metrics\.weight"):
        score("wmae")
    with pytest.raises(DataError, match="did you mean 'feast'"):
        score("wmae", weight="5 if feats else 1")
    with pytest.raises(DataError, match="must be finite and >= 0"):
        score("wmae", weight="-1 if feast else 1")


def test_bias_tells_its_side_only_when_asked(score):
    # Forecast 21, came 5 + 9 + 6 + 0 + 2 + 2 = 24.
    assert score("bias") == pytest.approx(3 / 24)
    assert score("bias", signed=True) == pytest.approx(-3 / 24)


def test_quantile_loss_at_the_median_is_the_absolute_error_over_the_volume(score):
    assert score("wql", {"q0.5": POINT}) == pytest.approx(score("wape"))
    # At 0.9 a unit too little costs 1.8 and one too much 0.2; 1 + 1 + 1 + 2 were too little, 2 too much.
    assert score("wql", {"q0.9": POINT}) == pytest.approx((1.8 * (1 + 1 + 1 + 2) + 0.2 * 2) / 24)
    assert score("wql", {"q0.5": POINT, "q0.9": POINT}, levels=[0.5]) == pytest.approx(score("wape"))
