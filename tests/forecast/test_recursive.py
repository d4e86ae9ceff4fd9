"""The recursive forecast: what mlforecast alone would say, series that are new, gaps, and feature columns of future days."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from tests.forecast.conftest import rows_of

from upshot.contracts.components import Examples
from upshot.stages.label import label

TREES = {"use": "lightgbm", "task": "forecasting", "min_child_samples": 5, "n_estimators": 60}


@pytest.fixture
def panel(component, checked):
    return lambda frame, **params: label(checked(frame), component("labels", "panel", **params))


def examples(cases, *columns):
    return Examples(cases, cases.rows.frame[list(columns)].astype(float))


def forecast(component, compute, cases, known: int, *columns: str, **params) -> pd.DataFrame:
    step = cases.labels.frame["step"].to_numpy()
    history, future = cases.take(np.flatnonzero(step < known)), cases.take(np.flatnonzero(step >= known))
    model = component("model", "recursive", **params)
    model.fit(examples(history, *columns), None, history.take(np.arange(0)), compute)
    predicted = model.predict(examples(future.blind(), *columns), history)
    again = component("model", "recursive", **params)
    again.restore(model.state())
    pd.testing.assert_frame_equal(again.predict(examples(future.blind(), *columns), history), predicted)
    return predicted


def sales(days: int, series: int = 8) -> pd.DataFrame:
    random = np.random.default_rng(0)
    week = np.array([3, 5, 8, 4, 6, 12, 10.0])
    return rows_of({f"s{i}": (random.poisson(week[np.arange(days) % 7] * (i + 1))).tolist() for i in range(series)})


@pytest.mark.parametrize("differences", [[], [1, 7]])
def test_the_forecast_is_that_of_mlforecast_with_the_same_learner(component, compute, panel, differences):
    import lightgbm
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean
    from mlforecast.target_transforms import Differences

    frame = sales(60)
    settings = {
        "n_estimators": 60,
        "min_child_samples": 5,
        "random_state": 7,
        "n_jobs": 1,
        "verbosity": -1,
        "deterministic": True,
        "force_col_wise": True,
    }
    bare = MLForecast(
        {"point": lightgbm.LGBMRegressor(**settings)},
        freq="D",
        lags=[1, 7],
        lag_transforms={1: [RollingMean(7, min_samples=1)]},
        target_transforms=[Differences(differences)] if differences else None,
        num_threads=1,
    )
    known = frame[frame["ds"] < "2026-02-24"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it still writes `copy=` to pandas
        wanted = bare.fit(known, static_features=[], dropna=False).predict(10)

    found = forecast(component, compute, panel(frame), 50, lags=[1, 7], rolling_means={"1": [7]}, differences=differences, learner=TREES)

    np.testing.assert_allclose(found["point"], wanted["point"], rtol=1e-9)


def test_scaled_and_differenced_series_come_back_in_units(component, compute, panel):
    frame = sales(60)
    truth = frame.groupby("unique_id", sort=False).tail(7)["y"].to_numpy()

    for params in ({"scale": True}, {"differences": [7]}):
        found = forecast(component, compute, panel(frame), 53, learner=TREES, **params)

        assert np.abs(found["point"] - truth).sum() / truth.sum() < 0.35
        assert (found["scale"] > 0).all() and found["scale"].iloc[-1] > found["scale"].iloc[0]


def test_feature_columns_of_future_days_are_seen_and_only_those(component, compute, panel):
    frame = sales(70)
    promo = np.tile(np.random.default_rng(1).random(70) < 0.3, 8)
    frame = frame.assign(y=frame["y"] * np.where(promo, 3, 1), promo=promo.astype(float))

    found = forecast(component, compute, panel(frame), 63, "promo", learner={**TREES, "n_estimators": 150})

    future = frame.groupby("unique_id", sort=False).tail(7).reset_index(drop=True)
    promoted = found["point"][future["promo"] == 1].mean() / found["point"][future["promo"] == 0].mean()
    assert promoted > 1.8


def test_gaps_series_that_stop_and_series_that_are_new_are_forecast(component, compute, panel):
    frame = pd.concat([sales(60).drop(index=[10, 11, 70, 175]), rows_of({"new": [5, 5]}, start="2026-03-04")], ignore_index=True)

    for gaps in ("zero", "last"):
        found = forecast(component, compute, panel(frame, freq="D"), 58, learner=TREES, gaps=gaps)
        assert len(found) == 18 and np.isfinite(found).all().all()


def test_a_step_without_a_case_is_forecast_on_the_way_and_not_given(component, compute, panel):
    cases = panel(sales(60))
    step = cases.labels.frame["step"].to_numpy()
    history, later = cases.take(np.flatnonzero(step < 50)), cases.take(np.flatnonzero(step == 55))
    model = component("model", "recursive", learner=TREES)
    model.fit(examples(history), None, history.take(np.arange(0)), compute)
    every = cases.take(np.flatnonzero(step >= 50))

    alone = model.predict(examples(later.blind()), history)["point"].to_numpy()

    among = model.predict(examples(every.blind()), history)["point"].to_numpy()[every.labels.frame["step"] == 55]
    np.testing.assert_allclose(alone, among)


def test_errors_are_as_large_as_those_of_the_latest_weeks(component, compute, panel):
    wild = np.random.default_rng(3).uniform(0, 40, 70).tolist()

    found = forecast(component, compute, panel(rows_of({"a": wild + [5.0] * 90, "b": wild[::-1] + [5.0] * 90})), 153, learner=TREES)

    assert (found["scale"] < 0.5).all()
