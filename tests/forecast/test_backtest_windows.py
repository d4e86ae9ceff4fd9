"""Backtest windows: each is predicted by a model of its own past, and what is chosen is chosen on all of them together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.forecast.conftest import Nobody, rows_of

from upshot.contracts.components import Window
from upshot.contracts.records import Decisions, Device, Kpi, Kpis, Seed, Threads, Tuned
from upshot.contracts.tables import Map, Table
from upshot.stages.calibrate import calibrate
from upshot.stages.decide import decide
from upshot.stages.featurize import featurize
from upshot.stages.game import KpiGame
from upshot.stages.label import label
from upshot.stages.play import play
from upshot.stages.predict import predict
from upshot.stages.split import split
from upshot.stages.train import train
from upshot.stages.tuning import join


@pytest.fixture
def staged(component, checked):
    """Everything up to the predictions of a naive forecast: each day is forecast to be as the last known one."""

    def make(frame: pd.DataFrame, calibration: str = "none", levels: list[float] | None = None, **split_by):
        data = checked(frame)
        folds = split(label(data, component("labels", "column")), component("split", "rolling_origin", **split_by))
        features = featurize(folds, {})
        model = component("model", "seasonal_naive", season_length=1, levels=[])
        fitted = train(folds, features, model, Seed(1), Threads(1), Device("cpu"))
        calibrator = component("calibration", calibration, **({"levels": levels} if levels else {}))
        predictor = calibrate(fitted, folds, features, calibrator, data.snapshot)
        return folds, fitted, predict(predictor, folds, features)

    return make


def test_each_window_is_forecast_from_its_own_cutoff_and_the_test_from_the_last(staged):
    _, _, predictions = staged(rows_of({"a": [1, 2, 3, 4, 5, 6, 7, 8]}), horizon=2, cutoffs=2)

    points = {name: table.frame["point"].tolist() for name, table in predictions.frames.items()}
    assert points == {"backtest_1/validation": [2.0, 2.0], "backtest_2/validation": [4.0, 4.0], "main/test": [6.0, 6.0]}


def test_a_model_that_is_fitted_once_sees_the_history_up_to_each_cutoff(staged):
    _, fitted, predictions = staged(rows_of({"a": [1, 2, 3, 4, 5, 6, 7, 8]}), horizon=2, cutoffs=2, refit=False)

    assert fitted.models["main"] is fitted.models["backtest_1"]
    assert predictions.frames["main/test"].frame["point"].tolist() == [6.0, 6.0]


def test_intervals_are_fitted_on_the_errors_of_all_windows(staged):
    # Errors of the first window 1 and 2, of the second 10 and 20: the middle two of four ranks are 2 and 10.
    frame = rows_of({"a": [1, 2, 3, 4, 14, 24, 0, 0]})

    _, _, predictions = staged(frame, "conformal", [0.4, 0.6], horizon=2, cutoffs=2)

    test = predictions.frames["main/test"].frame
    assert test[["q0.4", "q0.6"]].to_numpy().tolist() == [[26.0, 34.0], [26.0, 34.0]]


def test_what_calibration_was_fitted_on_is_not_predicted_again(checked, component):
    data = checked(rows_of({"a": [1, 2, 3, 4, 14, 24, 0, 0]}))
    folds = split(label(data, component("labels", "column")), component("split", "rolling_origin", horizon=2, cutoffs=2))
    features = featurize(folds, {})
    fitted = train(folds, features, component("model", "seasonal_naive", season_length=1, levels=[]), Seed(1), Threads(1), Device("cpu"))
    predictor = calibrate(fitted, folds, features, component("calibration", "conformal", levels=[0.4, 0.6]), data.snapshot)

    raw = {name: table.frame["point"].tolist() for name, table in predictor.raw.items()}
    shifted = replace(predictor, raw=Map({name: Table.of(table.frame.assign(point=100.0)) for name, table in predictor.raw.items()}))

    assert raw == {"backtest_1": [2.0, 2.0], "backtest_2": [4.0, 4.0]}
    assert predict(predictor, folds, features).frames["backtest_1/validation"].frame["q0.4"].tolist() == [4.0, 4.0]
    assert predict(shifted, folds, features).frames["backtest_1/validation"].frame["q0.4"].tolist() == [102.0, 102.0]


def test_what_comes_after_the_cutoff_changes_no_forecast_that_was_made_before(staged):
    values = [3, 1, 4, 1, 5, 9, 2, 6]
    _, _, before = staged(rows_of({"a": values}), horizon=2, cutoffs=2)
    _, _, after = staged(rows_of({"a": [*values[:4], 1e9, 1e9, 1e9, 1e9]}), horizon=2, cutoffs=2)

    pd.testing.assert_frame_equal(before.frames["backtest_2/validation"].frame, after.frames["backtest_2/validation"].frame)
    pd.testing.assert_frame_equal(before.frames["backtest_1/validation"].frame, after.frames["backtest_1/validation"].frame)


class Cheapest:
    """Orders the same quantity every day: of 1 to 9 the one that earns most on the rows that it is tuned on."""

    accepts = ("point",)
    gives = "quantity"
    tunes = True

    def __init__(self, spec):
        self.spec = spec
        self.seen: list[int] = []

    def tune(self, predictions, outcomes, game):
        self.seen.append(outcomes.size)
        worths = {quantity: game.worth(self._flat(outcomes.size, quantity), outcomes) for quantity in range(1, 10)}
        return Tuned(Map({"quantity": float(max(worths, key=worths.get))}), on="validation")

    def decide(self, predictions, cases, tuned, game):
        return self._flat(cases.size, tuned.values["quantity"])

    def _flat(self, size, quantity):
        return pd.DataFrame({"case": range(size), "quantity": float(quantity)})


def test_a_policy_is_chosen_on_the_money_of_all_windows_together(staged, component):
    # Demand 2, 2 in the first window and 6, 6 in the second; each earns 3 a unit sold, each left over costs 1 and is thrown away.
    # 6 earns 3 * (2 + 2 + 6 + 6) - (4 + 4) = 40, 2 earns 3 * 8 = 24.
    folds, _, predictions = staged(rows_of({"a": [1, 1, 2, 2, 6, 6, 0, 0]}), horizon=2, cutoffs=2)
    rollout = component("rollout", "stock", shelf_life=1)
    kpi = Kpi("profit", "3 * sold - wasted", "unit", "maximize", "revenue_uplift")
    policy = Cheapest(component("policy", "newsvendor", underage=1.0, overage=1.0).spec)

    decisions = decide(predictions, folds, policy, rollout, Kpis(Map({"profit": kpi}), "profit"))

    assert policy.seen == [4]
    assert {fold: tuned.values["quantity"] for fold, tuned in decisions.tuned.items()} == dict.fromkeys(decisions.tuned, 6.0)
    assert decisions.frames["main/test"].frame["quantity"].tolist() == [6.0, 6.0]


def test_only_the_test_window_is_played_and_scored(staged, component):
    folds, _, predictions = staged(rows_of({"a": [1, 1, 2, 2, 6, 6, 4, 5]}), horizon=2, cutoffs=2)
    rollout = component("rollout", "stock", shelf_life=1)
    policy = Cheapest(component("policy", "newsvendor", underage=1.0, overage=1.0).spec)
    kpi = Kpi("profit", "3 * sold - wasted", "unit", "maximize", "revenue_uplift")

    kpis = Kpis(Map({"profit": kpi}), "profit")

    flows = play(decide(predictions, folds, policy, rollout, kpis), folds, rollout, {}, kpis, Nobody())

    assert (flows.cases, flows.days) == (2, 2.0)
    assert flows.tables["candidate"].frame["demand"].tolist() == [4.0, 5.0]
    assert predictions.tested(folds)[1].size == 2


def test_stock_of_one_window_is_not_there_at_the_beginning_of_the_next(component, checked):
    cases = label(checked(rows_of({"a": [1, 1, 1, 2]})), component("labels", "column"))
    kpi = Kpi("orders", "orders", "order", "minimize", "cost_reduction")
    rollout = component("rollout", "stock")
    first, second = cases.take(np.arange(2)), cases.take(np.arange(2, 4))
    windows = [Window(pd.DataFrame({"case": [0, 1], "point": 0.0}), part, KpiGame(rollout, kpi, cases)) for part in (first, second)]
    much = pd.DataFrame({"case": range(4), "quantity": [9.0, 0.0, 5.0, 0.0]})

    joined = join(windows)

    assert joined.predictions["case"].tolist() == [0, 1, 2, 3]
    assert joined.game.flows(much, joined.outcomes)["orders"].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert joined.game.worth(much, joined.outcomes) == -2.0
    assert rollout.play(much, joined.outcomes, cases)["orders"].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_features_look_back_from_the_cutoff_and_not_from_each_day(component, checked):
    # A window of seven days at the last two days: one-step features would see day 6 at day 7; at the cutoff nobody has it.
    frame = rows_of({"a": [1, 2, 3, 4, 5, 6, 7, 8]}).assign(n=1.0)
    data = checked(frame)
    folds = split(label(data, component("labels", "column")), component("split", "rolling_origin", horizon=2))
    count = component("features", "history", entity="unique_id", windows=["7d"], include_current=False)

    encoded = featurize(folds, {"rows": count})

    assert encoded.frames["main/train"].frame["unique_id_count_7d"].tolist() == [0, 1, 2, 3, 4, 5]
    assert encoded.frames["main/test"].frame["unique_id_count_7d"].tolist() == [6, 5]  # not 6 and 6


def test_twelve_months_are_a_year_and_two_weeks_are_fourteen_days(component, checked):
    never, rollout = component("baselines", "do_nothing", decision="quantity"), component("rollout", "stock")
    kpi = Kpi("cost", "unmet", "unit", "minimize", "cost_reduction")

    def days(freq: str, horizon: int) -> float:
        cases = label(checked(rows_of({"a": range(1, 31)}, freq=freq)), component("labels", "panel", freq=freq))
        folds = split(cases, component("split", "rolling_origin", horizon=horizon))
        decided = Table.of(never.decide(folds.part("main", "test").blind(), cases))
        decisions = Decisions("quantity", Map({"main/test": decided}), never.spec, Map())
        return play(decisions, folds, rollout, {}, Kpis(Map({"cost": kpi}), "cost"), Nobody()).days

    assert days("MS", 12) == pytest.approx(365, abs=3)
    assert (days("W-MON", 2), days("D", 3), days("h", 12)) == (14, 3, 0.5)
