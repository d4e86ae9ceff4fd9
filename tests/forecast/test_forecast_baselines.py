"""What a model has to beat: a plain forecast with the same policy, chosen as the candidate's is, and the rule of the shelf."""

from __future__ import annotations

import numpy as np
import pytest
from tests.forecast.conftest import Nobody, rows_of

from upshot.contracts.components import WindowBaseline
from upshot.contracts.records import Kpi, Kpis, Tuned
from upshot.contracts.tables import Map
from upshot.errors import DataError, RecipeError
from upshot.stages.label import label
from upshot.stages.play import play
from upshot.stages.split import split

NAIVE = {"use": "seasonal_naive", "season_length": 1, "levels": [0.5, 0.9]}


@pytest.fixture
def panel(component, checked):
    return lambda series, **params: label(checked(rows_of(series)), component("labels", "panel", **params))


def decided(component, cases, known: int, use: str, **params) -> list[float]:
    baseline = component("baselines", use, **params)
    history, rest = cases.take(np.arange(known)), cases.take(np.arange(known, cases.size))
    args = (Tuned(Map()),) if isinstance(baseline, WindowBaseline) else ()
    return baseline.decide(rest.blind(), history, *args)["quantity"].tolist()


def test_a_plain_forecast_is_decided_on_by_the_policy_that_it_is_given(component, panel):
    # The last value 4, and of the changes 1, 1, 1 every quantile is 1 more.
    policy = {"use": "order_up_to", "service_levels": [0.9], "extras": [2.0]}
    assert not component("baselines", "forecast", model=NAIVE, policy=policy).tunes

    assert decided(component, panel({"a": [1, 2, 3, 4, 0, 0]}), 4, "forecast", model=NAIVE, policy=policy) == [7.0, 7.0]


def test_the_shelf_rule_is_so_many_days_of_recent_demand_that_was_known(component, panel):
    cases = panel({"a": [9, 1, 3, 0], "b": [5, 5, 5, 0]})
    order = np.array([0, 1, 2, 4, 5, 6, 3, 7])

    assert decided(component, cases.take(order), 6, "recent_demand", window=2, periods=3.0) == [6.0, 15.0]
    late = panel({"a": [9, 1, 3, 0]}, delay="2 days")
    assert decided(component, late, 3, "recent_demand", window=2, periods=1.0) == [5.0]


def test_a_new_series_is_refused_or_nothing_is_wanted_of_it(component, panel):
    cases = panel({"a": [1, 2], "b": [3, 4]})

    with pytest.raises(DataError, match="say new_series: zero"):
        decided(component, cases, 2, "last_value")
    assert decided(component, cases, 2, "last_value", new_series="zero") == [0.0, 0.0]
    assert decided(component, cases, 2, "recent_demand") == [0.0, 0.0]
    with pytest.raises(DataError, match=r"say model\.new_series: zero"):
        decided(component, cases, 2, "forecast", model=NAIVE, policy={"use": "order_up_to", "service_levels": [0.9]})


def test_a_policy_that_chooses_is_chosen_for_the_baseline_on_the_same_windows(component, panel):
    cases = panel({"a": [2, 4, 2, 4, 2, 4, 2, 4]})
    folds = split(cases, component("split", "rolling_origin", horizon=2, cutoffs=2))
    policy = {"use": "order_up_to", "service_levels": [0.5], "extras": [0.0, 2.0]}
    flat = {"use": "seasonal_naive", "season_length": 1, "levels": [0.5, 0.9]}
    baseline = component("baselines", "forecast", model=flat, policy=policy)
    kpi = Kpi("cost", "10 * unmet + held", "EUR", "minimize", "cost_reduction")
    rollout = component("rollout", "stock", shelf_life=1)
    never = component("baselines", "do_nothing", decision="quantity")
    decisions = _decided(folds, never)

    flows = play(decisions, folds, rollout, {"naive": baseline}, Kpis(Map({"cost": kpi}), "cost"), Nobody())

    # The last value is 4 and the middle change after it 0 or less: two more would only be held, so none are chosen.
    assert baseline.tunes and flows.tuned["main/naive"].values["extra"] == 0.0
    assert flows.tables["naive"].frame["unmet"].sum() == 0.0


def _decided(folds, never):
    from upshot.contracts.records import Decisions
    from upshot.contracts.tables import Table

    frames = {"main/test": Table.of(never.decide(folds.part("main", "test").blind(), folds.history("main", "test")))}
    return Decisions("quantity", Map(frames), never.spec, Map())


def test_a_baseline_that_does_not_fit_together_is_refused_before_any_data_is_read(component):
    point = {"use": "seasonal_naive", "levels": []}
    trees = {"use": "lightgbm", "task": "regression"}
    policy = {"use": "newsvendor", "underage": 1.0, "overage": 1.0}

    with pytest.raises(RecipeError) as caught:
        component("baselines", "forecast", model=trees, policy=policy)
    assert [problem.where for problem in caught.value.problems] == ["baselines.model.use", "baselines.model"]
    with pytest.raises(RecipeError, match="give the model levels"):
        component("baselines", "forecast", model=point, policy=policy)
