from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.components import Examples
from upshot.contracts.records import Roles
from upshot.errors import DataError

PANEL = Roles(time="ds", entities=("unique_id",), target="y")
UNITS = Roles(time="cycle", entities=("unit_id",), target="rul")
NO_COLUMNS = pd.DataFrame()


def blind(cases):
    return Examples(cases.blind(), pd.DataFrame(index=range(cases.size)))


def seeing(cases):
    return Examples(cases, pd.DataFrame(index=range(cases.size)))


@pytest.fixture
def panel(cases_of):
    """Rows of (series, day, y) as cases of a daily panel."""

    def make(rows, **labels):
        frame = pd.DataFrame(rows, columns=["unique_id", "day", "y"])
        frame["ds"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["day"], unit="D")
        return cases_of(frame, frame["y"], PANEL, as_of=frame["ds"], **labels)

    return make


def forecast(component, compute, train, history, cases, **params):
    model = component("model", "seasonal_naive", **params)
    model.fit(seeing(train), None, train.take(np.arange(0)), compute)
    return model.predict(blind(cases), history), model


def test_seasonal_naive_repeats_the_value_of_the_latest_whole_season(component, compute, panel):
    train = panel([("a", day, value) for day, value in enumerate([1, 2, 3, 4, 5, 6])] + [("b", day, 10 * day) for day in range(6)])
    cases = panel([("b", 6, 0), ("a", 6, 0), ("a", 7, 0), ("a", 9, 0), ("a", 12, 0)])

    points, model = forecast(component, compute, train, train, cases, season_length=3, levels=[])

    assert model.gives == "point"
    assert points["point"].tolist() == [30.0, 4.0, 5.0, 4.0, 4.0]


def test_a_step_that_the_series_lacks_is_taken_from_a_season_earlier_and_a_short_series_repeats_its_last_value(component, compute, panel):
    train = panel([("a", 0, 7), ("a", 1, 8), ("a", 2, 9), ("a", 4, 3), ("b", 4, 5), ("b", 3, 4)])
    cases = panel([("a", 5, 0), ("a", 6, 0), ("b", 5, 0)])

    points, _ = forecast(component, compute, train, train, cases, season_length=3, levels=[])

    assert points["point"].tolist() == [9.0, 7.0, 5.0]


def test_a_value_that_was_not_known_at_the_decision_is_not_repeated(component, compute, panel):
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta([0, 1, 2, 3], unit="D")
    train = panel([("a", day, day + 1) for day in range(4)], label_known_at=days + pd.Timedelta("2D"))
    cases = panel([("a", 4, 0), ("a", 5, 0)])

    points, _ = forecast(component, compute, train, train, cases, season_length=1, levels=[])

    assert points["point"].tolist() == [3.0, 4.0]


def test_quantiles_are_the_series_own_past_errors_round_the_point(component, compute, panel):
    train = panel([("a", day, value) for day, value in enumerate([0, 1, 3, 6])] + [("b", 3, 100)])
    cases = panel([("a", 4, 0), ("b", 4, 0)])

    frame, model = forecast(component, compute, train, train, cases, season_length=1, levels=[0.25, 0.5, 1 - 1e-9])

    assert model.gives == "quantiles" and list(frame.columns)[:2] == ["q0.25", "q0.5"]
    assert frame["q0.25"].tolist() == [6 + 1.5, 100 + 1.5]  # errors of a: 1, 2, 3; b has none, so those of all series
    assert frame["q0.5"].tolist() == [8.0, 102.0]


def test_seasonal_naive_over_many_series_equals_a_loop_over_them(component, compute, panel):
    random = np.random.default_rng(3)
    rows = [(f"s{series}", day, float(random.integers(50))) for series in range(20) for day in range(random.integers(9, 25))]
    rows = [row for row in rows if random.random() > 0.1 or row[1] < 4]
    train = panel([rows[place] for place in random.permutation(len(rows))])
    cases = panel([(f"s{series}", day, 0) for series in range(20) for day in (25, 26, 31)])

    frame, _ = forecast(component, compute, train, train, cases, season_length=4, levels=[0.1, 0.9])

    values = {(name, day): y for name, day, y in rows}
    for place, (name, day) in enumerate(zip(cases.rows.frame["unique_id"], cases.rows.frame["day"], strict=True)):
        point = next(values[name, day - 4 * back] for back in range(1, 9) if (name, day - 4 * back) in values)
        errors = [y - values[name, at - 4] for (series, at), y in values.items() if series == name and (name, at - 4) in values]
        np.testing.assert_allclose(frame.loc[place], point + np.quantile(errors, [0.1, 0.9]), rtol=0, atol=1e-12)


def test_months_count_as_steps_although_they_differ_in_length(component, compute, cases_of):
    starts = pd.date_range("2023-01-01", periods=14, freq="MS")
    train = cases_of({"unique_id": ["a"] * 13, "ds": starts[:13]}, range(13), PANEL)
    cases = cases_of({"unique_id": ["a"], "ds": starts[13:]}, [0], PANEL)

    points, _ = forecast(component, compute, train, train, cases, season_length=12, levels=[])

    assert points["point"].tolist() == [1.0]


def test_integer_steps_and_zoned_times_are_steps_too(component, compute, cases_of):
    for times in (pd.Series([10, 20, 30, 40]), pd.Series(pd.date_range("2024-03-30", periods=4, freq="D", tz="UTC"))):
        train = cases_of({"unique_id": [1] * 3, "ds": times[:3]}, [5, 6, 7], PANEL)
        cases = cases_of({"unique_id": [1], "ds": times[3:].reset_index(drop=True)}, [0], PANEL)

        points, _ = forecast(component, compute, train, train, cases, season_length=2, levels=[])

        assert points["point"].tolist() == [6.0]


def test_what_a_seasonal_naive_cannot_forecast_is_refused(component, compute, panel):
    train = panel([("a", day, 1) for day in range(4)])

    with pytest.raises(DataError, match="nothing to repeat") as unknown:
        forecast(component, compute, train, train, panel([("new", 4, 0)]), season_length=2)
    with pytest.raises(DataError, match="two values at one time"):
        forecast(component, compute, panel([("a", 0, 1), ("a", 1, 1), ("a", 1, 2)]), train, train, season_length=1)
    with pytest.raises(DataError, match="not evenly spaced"):
        forecast(component, compute, train, train, panel([("a", 4.5, 0)]), season_length=2)
    with pytest.raises(DataError, match="no past error"):
        forecast(component, compute, train, train, train, season_length=9)

    assert unknown.value.problems[0].got == "1 series without: new"


@pytest.mark.parametrize("names", [["a", "b"], [3, 8]])
def test_seasonal_naive_from_its_files_forecasts_the_same(names, component, compute, panel):
    train = panel([(name, day, day * day) for name in names for day in range(9)])
    cases = panel([(name, 9, 0) for name in names])
    expected, model = forecast(component, compute, train, train, cases, season_length=3)

    again = component("model", "seasonal_naive", season_length=3)
    again.restore(model.state())

    assert model.state() == again.state()
    pd.testing.assert_frame_equal(again.predict(blind(cases), train), expected, check_exact=True)


def test_mean_life_is_the_mean_of_failed_units_less_the_age(component, compute, cases_of, no_history):
    rows = {"unit_id": [1, 1, 2, 2, 3], "cycle": [1, 10, 1, 20, 500]}
    train = cases_of(rows, [9, 0, 21, 2, 0], UNITS, as_of=rows["cycle"], censored=[False, False, False, False, True])
    model = component("model", "mean_life")
    model.fit(seeing(train), None, no_history, compute)

    again = component("model", "mean_life")
    again.restore(model.state())

    cases = cases_of({"unit_id": [4, 5], "cycle": [6, 40]}, [0, 0], UNITS, as_of=[6, 40])
    assert again.predict(blind(cases), no_history)["point"].tolist() == [10.0, 0.0]  # lives 10 and 22, mean 16


def test_mean_life_without_a_failed_unit_or_with_dates_is_refused(component, compute, cases_of, no_history):
    day = pd.Timestamp("2024-01-01")
    censored = cases_of({"unit_id": [1], "cycle": [5]}, [0], UNITS, as_of=[5], censored=[True])
    dated = cases_of({"unit_id": [1], "cycle": [day]}, [0], UNITS, as_of=[day])

    for cases, message in ((censored, "no life"), (dated, "have no age")):
        with pytest.raises(DataError, match=message):
            component("model", "mean_life").fit(seeing(cases), None, no_history, compute)
