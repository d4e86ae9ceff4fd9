"""The plainest forecasts: by hand, and from their files as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.forecast.conftest import rows_of

from upshot.contracts.components import Examples
from upshot.stages.label import label


@pytest.fixture
def forecast(component, compute, checked):
    """Fit on the days before the last, and forecast that one; series in the order of their names."""

    def make(use: str, series, **params) -> pd.DataFrame:
        frame = rows_of(series) if isinstance(series, dict) else series
        cases = label(checked(frame), component("labels", "panel"))
        step = cases.labels.frame["step"].to_numpy()
        known, future = cases.take(np.flatnonzero(step < step.max())), cases.take(np.flatnonzero(step == step.max()))
        model = component("model", use, **params)
        model.fit(Examples(known, pd.DataFrame(index=range(known.size))), None, known.take(np.arange(0)), compute)
        predicted = model.predict(Examples(future.blind(), pd.DataFrame(index=range(future.size))), known)
        again = component("model", use, **params)
        again.restore(model.state())
        pd.testing.assert_frame_equal(again.predict(Examples(future.blind(), pd.DataFrame(index=range(future.size))), known), predicted)
        return predicted

    return make


def test_a_moving_average_is_the_mean_of_the_last_days(forecast):
    assert forecast("moving_average", {"a": [9, 2, 4, 0], "b": [1, 1, 1, 0]}, window=2)["point"].tolist() == [3.0, 1.0]


def test_a_constant_is_forecast_of_everything(forecast):
    assert forecast("moving_average", {"a": [9, 2, 4, 0]}, constant=0.0)["point"].tolist() == [0.0]


def test_a_count_with_the_mean_of_the_last_days_has_the_quantiles_of_poisson(forecast):
    frame = forecast("moving_average", {"a": [0, 2, 4, 0]}, window=3, levels=[0.1, 0.5, 0.95], spread="poisson")

    assert frame.to_numpy().tolist() == [[0.0, 2.0, 5.0]]


def test_past_errors_spread_round_the_mean_in_units_of_the_series_usual_error(forecast):
    # Errors of a last value: 2, -2, 2, -2; of usual size 2, so a tenth lies below -2 and a tenth above 2.
    frame = forecast("moving_average", {"a": [4, 6, 4, 6, 4, 0]}, window=1, levels=[0.1, 0.9])

    assert frame.round(9).to_numpy().tolist() == [[2.0, 6.0]]


def test_past_quantiles_count_later_days_more(forecast):
    series = {"a": [8, 8, 8, 0, 2, 0]}

    assert forecast("past_quantiles", series, levels=[0.5], decay=1.0).to_numpy().tolist() == [[8.0]]
    assert forecast("past_quantiles", series, levels=[0.5], decay=0.5).to_numpy().tolist() == [[2.0]]  # 2 weighs 16, 0 weighs 8 of 31
    assert forecast("past_quantiles", series, levels=[0.5], decay=1.0, window=2).to_numpy().tolist() == [[0.0]]


def test_the_decay_that_would_have_foretold_the_last_days_is_chosen(forecast):
    falling = {"a": [9] * 12 + [1] * 6 + [1, 1, 1]}

    assert forecast("past_quantiles", falling, levels=[0.5], horizon=3).to_numpy().tolist() == [[1.0]]


def test_a_series_of_which_nothing_is_known_has_the_quantiles_or_the_mean_of_all(forecast):
    frame = pd.concat([rows_of({"a": [1, 1, 1, 0], "b": [3, 3, 3, 0]}), rows_of({"new": [5]}, start="2026-01-08")], ignore_index=True)

    assert forecast("past_quantiles", frame, levels=[0.4, 0.6], decay=1.0).to_numpy().tolist() == [[1, 1], [3, 3], [1, 3]]
    assert forecast("moving_average", frame)["point"].tolist() == [1.0, 3.0, 2.0]
