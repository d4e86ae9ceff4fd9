"""The direct forecast: its training rows against a loop, what it can learn, and that it comes back from its files as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.forecast.conftest import rows_of

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.model._lags import LagPlan
from upshot.components.model._origin import Origin, Season, Targets
from upshot.contracts.components import Examples
from upshot.errors import DataError, RecipeError
from upshot.stages.label import label

LINEAR = {"use": "linear_regression"}
TREES = {"use": "lightgbm", "task": "forecasting", "min_child_samples": 5}


@pytest.fixture
def panel(component, checked):
    return lambda frame: label(checked(frame), component("labels", "panel"))


def examples(cases, *columns):
    return Examples(cases, cases.rows.frame[list(columns)].astype(float))


def forecast(component, compute, cases, known: int, *columns: str, **params) -> pd.DataFrame:
    """Fit on all but the last steps of each series, and forecast those."""
    step = cases.labels.frame["step"].to_numpy()
    history, future = cases.take(np.flatnonzero(step < known)), cases.take(np.flatnonzero(step >= known))
    model = component("model", "direct", **params)
    model.fit(examples(history, *columns), None, history.take(np.arange(0)), compute)
    predicted = model.predict(examples(future.blind(), *columns), history)
    again = component("model", "direct", **params)
    again.restore(model.state())
    pd.testing.assert_frame_equal(again.predict(examples(future.blind(), *columns), history), predicted)
    return predicted


def test_columns_are_what_was_known_at_the_origin_in_units_of_the_level(panel):
    cases = panel(rows_of({"a": [2, 4, 0, 6, 8, 0, 10, 12, 3]}))
    grid = Grid.of(cases, Calendar.of(moments_of(cases)))
    plan = LagPlan((Season(3),), 1, 2, (2, 6), 0)
    origin, target = Origin(grid, 5), np.array([6, 7, 8])

    scale = plan.scale(origin)
    columns = plan.columns(origin, scale, np.zeros(3, dtype=int), Targets(target, grid.moments[target]))

    assert scale.tolist() == [20 / 6]
    found = dict(zip(plan.names, columns.T, strict=True))
    assert found["step"].tolist() == [1, 2, 3]
    assert found["season_3"] * scale == pytest.approx([6, 8, 0])
    np.testing.assert_allclose(found["season_3_+1"] * scale, [8, 0, np.nan], rtol=1e-6)
    assert found["mean_of_season_3"] * scale == pytest.approx([(2 + 6) / 2, (4 + 8) / 2, 0])
    assert found["level_2"] * scale == pytest.approx([4, 4, 4])
    assert found["change_3_2"] == pytest.approx([4 / 2] * 3)  # 8 and 0 now, 4 and 0 a season before
    assert (found["since_last_sale"][0], found["share_of_zeros"][0], found["age"][0]) == (1, pytest.approx(2 / 6), 6)
    assert found["last"].tolist() == [0, 0, 0]


def test_what_a_season_and_a_promotion_do_is_learnt_from_all_series_together(component, compute, panel):
    random = np.random.default_rng(0)
    season, day = np.array([3, 5, 8, 4, 6, 12, 10.0]), np.arange(70)
    frames = []
    for name, size in (("a", 1.0), ("b", 7.0), ("c", 50.0), ("d", 3.0), ("e", 20.0), ("f", 11.0)):
        promoted = random.random(70) < 0.2
        frames.append(rows_of({name: size * season[day % 7] * np.where(promoted, 2.0, 1.0)}).assign(promo=promoted.astype(float)))
    frame = pd.concat(frames, ignore_index=True)

    predicted = forecast(component, compute, panel(frame), 56, "promo", horizon=14, origins=6, learner=TREES)

    truth = frame.groupby("unique_id", sort=False).tail(14)["y"].to_numpy()
    naive = frame.groupby("unique_id", sort=False).apply(lambda part: part["y"].shift(14)).to_numpy()
    naive = naive[frame.groupby("unique_id", sort=False).tail(14).index]
    assert np.abs(predicted["point"] - truth).sum() < 0.5 * np.abs(naive - truth).sum()
    assert (predicted["scale"] > 0).all()


@pytest.mark.parametrize("learner", ["lightgbm", "xgboost", "hist_gradient_boosting"])
def test_quantiles_hold_their_share_of_outcomes_and_do_not_cross(component, compute, panel, learner):
    random = np.random.default_rng(1)
    frame = rows_of({f"s{i:02d}": random.poisson(3 + i % 5, 120).tolist() for i in range(40)})

    predicted = forecast(
        component,
        compute,
        panel(frame),
        106,
        horizon=14,
        origins=8,
        levels=[0.1, 0.5, 0.9],
        learner={"use": learner, "task": "forecasting"},
    )

    truth = frame.groupby("unique_id", sort=False).tail(14)["y"].to_numpy()
    below = [(truth <= predicted[name]).mean() for name in predicted]
    assert list(predicted) == ["q0.1", "q0.5", "q0.9"]
    assert below[0] < 0.3 and 0.4 < below[1] < 0.75 and below[2] > 0.8
    assert (np.diff(predicted.to_numpy(), axis=1) >= 0).all()


def test_a_series_of_which_nothing_is_known_is_forecast_by_its_columns(component, compute, panel):
    frame = rows_of({"a": [4] * 30, "b": [4] * 30}).assign(big=0.0)
    late = rows_of({"new": [4] * 2}, start="2026-02-02").assign(big=0.0)

    predicted = forecast(
        component,
        compute,
        panel(pd.concat([frame, late])),
        28,
        "big",
        horizon=2,
        origins=5,
        learner={"use": "lightgbm", "task": "forecasting", "min_child_samples": 1},
    )

    assert np.isfinite(predicted["point"]).all()
    assert predicted["point"].iloc[:4].tolist() == pytest.approx([4.0] * 4, abs=0.2)


def test_a_forecast_that_reaches_further_than_was_learnt_is_refused(component, compute, panel):
    cases = panel(rows_of({"a": range(1, 31)}))

    with pytest.raises(DataError, match=r"model\.horizon +model direct learns to forecast 3 steps; got step 5"):
        forecast(component, compute, cases, 25, horizon=3, learner=LINEAR, fill_gaps=True)


def test_a_gap_before_the_forecast_is_learnt_as_one(component, compute, panel):
    cases = panel(rows_of({"a": [1, 2, 3, 4, 5, 6, 7] * 5}))
    step = cases.labels.frame["step"].to_numpy()
    history, future = cases.take(np.flatnonzero(step < 26)), cases.take(np.flatnonzero(step >= 28))
    model = component("model", "direct", horizon=7, gap=2, learner={"use": "lightgbm", "task": "forecasting", "min_child_samples": 1})

    model.fit(examples(history), None, history.take(np.arange(0)), compute)

    assert model.predict(examples(future.blind()), history)["point"].tolist() == pytest.approx([1, 2, 3, 4, 5, 6, 7], abs=0.05)


def test_a_learner_that_does_not_fit_is_refused_with_those_that_do(component):
    with pytest.raises(RecipeError, match="say task: forecasting"):
        component("model", "direct", learner={"use": "lightgbm"})
    with pytest.raises(RecipeError, match="options: lightgbm, xgboost, hist_gradient_boosting"):
        component("model", "direct", learner=LINEAR, levels=[0.5])
