"""Levels that last until the next order has come, and what of them money chooses."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError
from tests.forecast.conftest import rows_of

from upshot.contracts.components import Window
from upshot.contracts.records import Kpi, Tuned
from upshot.contracts.tables import Map
from upshot.errors import DataError, RecipeError
from upshot.stages.game import KpiGame
from upshot.stages.label import label

NOTHING = Tuned(Map())


@pytest.fixture
def panel(component, checked):
    return lambda series, **more: label(checked(rows_of(series).assign(**more)), component("labels", "panel"))


def predicted(median: list[float], high: list[float], level: float = 0.9) -> pd.DataFrame:
    return pd.DataFrame({"case": range(len(median)), "q0.5": median, f"q{level:g}": high})


def levels(component, panel, predictions, series, **params) -> list[float]:
    policy = component("policy", "order_up_to", **params)
    return policy.decide(predictions, panel(series).blind(), NOTHING, None)["quantity"].round(6).tolist()


def test_the_level_of_one_step_is_the_quantile_itself(component, panel):
    predictions = predicted([2.0, 3.0], [5.0, 4.0])

    assert levels(component, panel, predictions, {"a": [1, 2]}, service_levels=[0.9]) == [5.0, 4.0]
    assert levels(component, panel, predictions, {"a": [1, 2]}, underage=4.0, overage=1.0) == [4.25, 3.75]  # 0.8, three quarters of the way
    assert levels(component, panel, predictions, {"a": [1, 2]}, service_levels=[0.9], min_level=4.5, max_level=4.6) == [4.6, 4.5]


def test_an_order_lasts_over_lead_time_and_review_and_uncertainty_grows_with_the_root(component, panel):
    # Two days each: medians 2 + 2, above them 3 and 4, together 5 if they know nothing of each other and 7 if they move as one.
    predictions = predicted([2.0, 2.0], [5.0, 6.0])
    params = {"service_levels": [0.9], "lead_time": 1, "review_every": 1}

    assert levels(component, panel, predictions, {"a": [1, 2]}, **params)[0] == 9.0
    assert levels(component, panel, predictions, {"a": [1, 2]}, **params, correlation=1.0)[0] == 11.0
    assert levels(component, panel, predictions, {"a": [1, 2]}, **params, factors=[2.0], extras=[1.0])[0] == 15.0


def test_the_end_of_the_window_stands_for_the_days_behind_it_and_series_do_not_mix(component, panel):
    predictions = predicted([2.0, 4.0, 10.0, 20.0], [2.0, 4.0, 10.0, 20.0])

    assert levels(component, panel, predictions, {"a": [1, 1], "b": [1, 1]}, service_levels=[0.9], lead_time=1) == [6.0, 8.0, 30.0, 40.0]


def test_a_service_level_beyond_the_predicted_ones_is_refused(component, panel):
    with pytest.raises(RecipeError, match=r"add a level >= 0\.95"):
        levels(component, panel, predicted([1.0], [2.0]), {"a": [1]}, service_levels=[0.95])
    with pytest.raises(ValidationError, match="give service_levels, or underage and overage"):
        component("policy", "order_up_to")


def window(component, outcomes, predictions, kpi, **rollout):
    return Window(predictions, outcomes, KpiGame(component("rollout", "stock", **rollout), kpi, outcomes))


COST = Kpi("cost", "10 * unmet + held", "EUR", "minimize", "cost_reduction")


def test_units_on_top_are_chosen_by_the_money_of_all_windows(component, panel):
    # Forecast 2 each day. Demand 2, 4 in one window, 2, 6 in the other; one unit on the shelf costs 1 a day, a missing one 10.
    # No extra: 20 + 40. Two: 2 held + 2 held, then 20 missing. Four: 4 + 2, 4 + 0. Six: 6 + 4, 6 + 2.
    predictions = predicted([2.0, 2.0], [2.0, 2.0])
    windows = [window(component, panel({"a": demand}), predictions, COST) for demand in ([2, 4], [2, 6])]
    policy = component("policy", "order_up_to", service_levels=[0.9], extras=[0.0, 2.0, 4.0, 6.0])

    tuned = policy.tune_windows(windows)

    assert policy.tunes and dict(tuned.values) == {"service_level": 0.9, "factor": 1.0, "extra": 4.0}
    assert tuned.curve.frame.to_dict("list") == {"extra": [0.0, 2.0, 4.0, 6.0], "worth": [-60.0, -24.0, -10.0, -18.0]}
    assert policy.decide(predictions, panel({"a": [0, 0]}).blind(), tuned, None)["quantity"].tolist() == [6.0, 6.0]


def test_each_class_of_items_may_get_its_own_choice(component, panel):
    series = {"a": [2, 2], "b": [9, 9]}
    outcomes = panel(series, kind=["calm", "calm", "wild", "wild"])
    predictions = predicted([2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 2.0])
    policy = component("policy", "order_up_to", service_levels=[0.9], extras=[0.0, 7.0], by="kind")

    tuned = policy.tune_windows([window(component, outcomes, predictions, COST)])
    decided = policy.decide(predictions, outcomes.blind(), tuned, None)

    assert (tuned.values["extra.calm"], tuned.values["extra.wild"]) == (0.0, 7.0)
    assert decided["quantity"].tolist() == [2.0, 2.0, 9.0, 9.0]
    with pytest.raises(DataError, match="every group must have had rows in a backtest window; got 'new'"):
        policy.decide(predictions, panel(series, kind="new").blind(), tuned, None)


def test_without_anything_to_choose_nothing_is_tuned(component):
    policy = component("policy", "order_up_to", service_levels=[0.9])

    assert not policy.tunes
    assert dict(policy.tune_windows([]).values) == {"service_level": 0.9, "factor": 1.0, "extra": 0.0}
