"""Forecasts averaged: alike, or the best of them on a backtest that ends before the rows that are forecast."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tests.forecast.conftest import rows_of

from upshot.contracts.components import Examples
from upshot.errors import DataError, RecipeError
from upshot.stages.label import label

WEEK = {"use": "seasonal_naive", "season_length": 2, "levels": []}
LAST = {"use": "seasonal_naive", "season_length": 1, "levels": []}


@pytest.fixture
def fitted(component, compute, checked):
    """An ensemble fitted on all but the last two days, and its forecast of those."""

    def make(values, **params):
        cases = label(checked(rows_of({"a": values})), component("labels", "panel"))
        known = cases.take(np.arange(cases.size - 2))
        future = cases.take(np.arange(cases.size - 2, cases.size))
        model = component("model", "forecast_ensemble", **{"horizon": 2, **params})
        empty = pd.DataFrame(index=range(known.size))
        model.fit(Examples(known, empty), None, known.take(np.arange(0)), compute)
        predicted = model.predict(Examples(future.blind(), empty.iloc[:2]), known)
        again = component("model", "forecast_ensemble", **{"horizon": 2, **params})
        again.restore(model.state())
        pd.testing.assert_frame_equal(again.predict(Examples(future.blind(), empty.iloc[:2]), known), predicted)
        return model, predicted

    return make


def test_members_count_alike(fitted):
    _, predicted = fitted([1, 5, 1, 5, 0, 0], members={"week": WEEK, "last": LAST}, choose="all")

    assert predicted["point"].tolist() == [(1 + 5) / 2, (5 + 5) / 2]


def test_a_member_is_taken_out_by_null_and_one_must_be_left(component):
    assert list(component("model", "forecast_ensemble", members={"week": WEEK, "last": None}).members) == ["week"]
    with pytest.raises(RecipeError, match="at least one member is required"):
        component("model", "forecast_ensemble", members={"week": None})


def test_a_member_that_is_worse_on_the_backtest_is_left_out(fitted):
    model, predicted = fitted([1, 5, 1, 5, 1, 5, 1, 5, 0, 0], members={"week": WEEK, "last": LAST}, windows=2)

    assert predicted["point"].tolist() == [1.0, 5.0]
    assert json.loads(model.state()["ensemble.json"]) == {"chosen": ["week"], "losses": {"week": 0.0, "last": 8.0}}


def test_the_mean_is_chosen_where_it_is_better_than_each(fitted):
    # In the window 3 and 3 come; the week says 1 and 5, the last value 5 and 5: together 3 and 5.
    members = {"week": WEEK, "last": LAST}

    assert fitted([1, 5, 3, 3, 0, 0], members=members)[0].chosen_ == ["week", "last"]
    assert fitted([1, 5, 3, 3, 0, 0], members=members, choose="one")[0].chosen_ == ["week"]


def test_quantiles_are_averaged_level_by_level_and_judged_by_their_loss(fitted):
    levels = {"levels": [0.5, 0.9]}

    model, predicted = fitted([1, 5, 1, 5, 1, 5, 0, 0], members={"week": {**WEEK, **levels}, "last": {**LAST, **levels}}, choose="all")

    assert model.gives == "quantiles" and list(predicted) == ["q0.5", "q0.9"]


def test_members_that_do_not_give_the_same_are_refused_and_so_is_too_short_a_training(component, fitted):
    with pytest.raises(RecipeError, match="must all give a point, or the same levels"):
        component("model", "forecast_ensemble", members={"a": WEEK, "b": {"use": "seasonal_naive", "levels": [0.5]}})
    with pytest.raises(DataError, match="fewer windows, a shorter horizon, or choose: all"):
        fitted([1, 5, 1, 5], members={"week": WEEK, "last": LAST})
