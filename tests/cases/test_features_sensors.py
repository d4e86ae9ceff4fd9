"""Sensors looked at back from the case: every feature against its definition, row by row, and a case alone against the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pydantic import ValidationError

from upshot.components.features.sensor_history import SensorHistory, SensorHistoryParams
from upshot.components.labels.remaining_life import RemainingLife, RemainingLifeParams
from upshot.errors import DataError, RecipeError

UNITS = {"entities": ("unit",), "time": "at"}


@pytest.fixture
def lives(checked):
    """Cases of units that fail at their last row."""

    def make(frame, **roles):
        return RemainingLife(RemainingLifeParams()).label(checked(frame, **UNITS, **roles))

    return make


def made(train=None, **params):
    """A feature over sensor x, fitted; without rows to fit on, on readings of mean 0 and deviation 1."""
    feature = SensorHistory(SensorHistoryParams.model_validate({"columns": ["x"], **params}))
    if train is not None:
        feature.fit(train, train)
    return feature


@pytest.fixture
def plain(lives):
    """Rows whose training mean is 0 and deviation 1, so that features are in the readings' own unit."""
    return lives(pd.DataFrame({"unit": "t", "at": [1, 2], "x": [-1.0, 1.0], "y": [-1.0, 1.0]}))


def irregular(units=6, rows=300, seed=2):
    """Units read at odd moments, with gaps, in any order, on a clock."""
    random = np.random.default_rng(seed)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(random.choice(60 * 24 * 20, rows, replace=False)), unit="min")
    frame = pd.DataFrame({"unit": random.integers(0, units, rows), "at": at, "x": random.normal(size=rows), "y": random.normal(size=rows)})
    frame.loc[random.random(rows) < 0.1, "x"] = np.nan
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)


def test_windows_hold_the_case_and_what_lies_less_than_their_length_before(lives, plain):
    cases = lives(pd.DataFrame({"unit": "a", "at": [1, 2, 3, 6], "x": [1.0, 3.0, 8.0, 2.0]}))

    encoded = made(plain, windows=["3 steps"], aggregates=["mean", "std", "slope"]).transform(cases.blind(), cases)

    assert encoded["x"].tolist() == [1.0, 3.0, 8.0, 2.0]
    assert encoded["x_mean_3steps"].tolist() == [1.0, 2.0, 4.0, 2.0]  # at 6 the window (3, 6] holds 6 alone
    assert encoded["x_std_3steps"].tolist() == [0.0, 1.0, pytest.approx(np.std([1, 3, 8])), 0.0]
    assert encoded["x_slope_3steps"].tolist() == [0.0, 2.0, 3.5, 0.0]


def test_an_average_that_fades_counts_half_what_lies_a_half_life_back(lives, plain):
    # At 4: weights 1/2, 1, at two steps a half-life. (3 * 1/2 + 6) / 1.5 = 5.
    cases = lives(pd.DataFrame({"unit": ["a", "a", "b"], "at": [2, 4, 9], "x": [3.0, 6.0, 7.0]}))

    encoded = made(plain, fading=["2 steps"], current=False).transform(cases.blind(), cases)

    assert encoded["x_fading_2steps"].tolist() == [3.0, pytest.approx(5.0), 7.0]


def test_a_change_is_against_the_last_reading_so_long_back_and_the_way_from_the_start_against_the_first_rows(lives, plain):
    cases = lives(pd.DataFrame({"unit": "a", "at": [1, 2, 4, 5], "x": [1.0, 2.0, 7.0, 9.0]}))

    encoded = made(plain, differences=["2 steps"], from_start="2 steps").transform(cases.blind(), cases)

    assert encoded["x_change_2steps"].tolist() == [pytest.approx(np.nan, nan_ok=True), pytest.approx(np.nan, nan_ok=True), 5.0, 7.0]
    assert encoded["x_from_start_2steps"].tolist() == [0.0, 0.5, 5.5, 7.5]  # the start is [1, 3): the mean of what of it has been seen


def test_all_features_of_irregular_readings_with_gaps_equal_their_definition_row_by_row(lives, plain):
    cases = lives(irregular())
    window, lag, start = pd.Timedelta("30h"), pd.Timedelta("10h"), pd.Timedelta("2D")
    feature = made(
        plain, windows=["30h"], aggregates=["mean", "std", "slope", "missing"], fading=["1 day"], differences=["10h"], from_start="2 days"
    )

    encoded = feature.transform(cases.blind(), cases)

    rows = cases.rows.frame
    for i, row in rows.iterrows():
        own = rows[(rows["unit"] == row["unit"]) & (rows["at"] <= row["at"])].sort_values("at")
        near = own[own["at"] > row["at"] - window]
        there = near.dropna(subset="x")
        days = (there["at"] - own["at"].iloc[0]) / pd.Timedelta("1D")
        seen = own.dropna(subset="x")
        weights = 0.5 ** ((row["at"] - seen["at"]) / pd.Timedelta("1D"))
        level = (weights * seen["x"]).sum() / weights.sum() if len(seen) else np.nan
        back = own[own["at"] <= row["at"] - lag]["x"]
        expected = {
            "x": row["x"],
            "x_mean_30h": there["x"].mean(),
            "x_std_30h": there["x"].std(ddof=0),
            "x_slope_30h": np.polyfit(days, there["x"], 1)[0] if len(there) > 1 else (0.0 if len(there) else np.nan),
            "x_missing_30h": near["x"].isna().mean(),
            "x_fading_1d": level,
            "x_change_10h": row["x"] - back.iloc[-1] if len(back) else np.nan,
            "x_from_start_2d": level - own[own["at"] < own["at"].iloc[0] + start]["x"].mean(),
        }
        assert encoded.loc[i].to_dict() == pytest.approx(expected, nan_ok=True, rel=1e-6, abs=1e-9)


def test_one_unit_live_gets_the_same_digits_as_in_the_table(lives):
    frame = irregular()
    cases = lives(frame)
    feature = made(
        cases,
        columns=["x", "y"],
        windows=["6h", "3 days"],
        aggregates=["mean", "std", "slope", "missing"],
        fading=["1 day"],
        differences=["1 day"],
        from_start="1 day",
        health={"healthy_from": 5.0},
    )
    whole = feature.transform(cases.blind(), cases)

    for row in (0, 17, 299):
        now, unit = frame.loc[row, ["at", "unit"]]
        before = np.flatnonzero((frame["at"] < now) & (frame["unit"] == unit))
        live = feature.transform(cases.take(np.array([row])).blind(), cases.take(before))
        assert_frame_equal(live, whole.iloc[[row]].reset_index(drop=True), check_exact=True)


def test_nothing_after_the_case_and_nothing_of_another_unit_moves_a_feature(lives, plain):
    frame = irregular()
    feature = made(plain, windows=["1 day"], fading=["1 day"], differences=["1h"], from_start="1 day")
    cut = frame["at"].sort_values().iloc[150]
    tampered = frame.assign(x=np.where((frame["at"] > cut) | (frame["unit"] == 5), 1e6, frame["x"]))
    kept = ((frame["at"] <= cut) & (frame["unit"] != 5)).to_numpy()

    before, after = (feature.transform(lives(rows).blind(), lives(rows)) for rows in (frame, tampered))

    assert_frame_equal(before[kept], after[kept], check_exact=True)


def test_readings_are_held_against_the_operating_condition_and_its_time_is_counted(lives):
    # At full thrust (s = 9) the sensor reads 100 more. Freed from the condition both units read -1, 1 deviations.
    train = lives(pd.DataFrame({"unit": "a", "at": [1, 2, 3, 4], "s": [0.0, 9.0, 0.1, 9.1], "x": [10.0, 110.0, 12.0, 112.0]}))
    feature = made(train, conditions={"columns": ["s"], "clusters": 2, "time_spent": True})
    cases = lives(pd.DataFrame({"unit": "b", "at": [5, 6, 8], "s": [8.9, 0.2, 0.0], "x": [111.0, 13.0, 11.0]}))

    encoded = feature.transform(cases.blind(), cases)

    assert encoded["x"].tolist() == pytest.approx([0.0, 2.0, 0.0])
    assert encoded["condition_0_time"].tolist() == [0.0, 1.0, 3.0]
    assert encoded["condition_1_time"].tolist() == [1.0, 1.0, 1.0]


def test_the_health_index_falls_from_one_to_nothing_on_the_way_to_failure(lives):
    random = np.random.default_rng(0)
    wear = np.tile(np.arange(40) / 39, 20)
    frame = pd.DataFrame({"unit": np.repeat(np.arange(20), 40), "at": np.tile(np.arange(1, 41), 20)})
    frame = frame.assign(
        x=5 + 3 * wear + random.normal(0, 0.1, 800), y=-2 * wear + random.normal(0, 0.1, 800), noise=random.normal(size=800)
    )
    cases = lives(frame)
    feature = made(cases, columns=["x", "y", "noise"], health={"healthy_from": 39.0})

    health = feature.transform(cases.blind(), cases)["health"]

    assert health[wear == 0].mean() == pytest.approx(1.0, abs=0.05)
    assert health[wear == 1].mean() == pytest.approx(0.0, abs=0.05)
    assert abs(feature.weights_[2]) < 0.01 < abs(feature.weights_[0])


def test_a_health_index_needs_a_unit_that_failed_and_looks_at_no_other(lives):
    frame = pd.DataFrame({"unit": "a", "at": [1, 2], "x": [0.0, 1.0], "running": True})

    with pytest.raises(DataError, match="the health index cannot be fitted"):
        made(lives(frame, censored="running"), health={"healthy_from": 1.0})


def test_what_was_learned_is_stored_and_answers_the_same(lives):
    cases = lives(irregular())
    params = {"columns": ["x"], "windows": ["1 day"], "conditions": {"columns": ["y"], "clusters": 3}, "health": {"healthy_from": 3.0}}
    feature, again = made(cases, **params), made(**params)

    again.restore(feature.state())

    assert_frame_equal(again.transform(cases.blind(), cases), feature.transform(cases.blind(), cases), check_exact=True)


def test_a_reading_that_is_missing_is_nan_or_what_fill_says(lives, plain):
    cases = lives(pd.DataFrame({"unit": "a", "at": [1, 2], "x": [np.nan, 4.0]}))

    as_nan = made(plain, windows=["1 step"], aggregates=["mean"]).transform(cases.blind(), cases)
    filled = made(plain, windows=["1 step"], aggregates=["mean"], fill=-1.0).transform(cases.blind(), cases)

    assert as_nan["x_mean_1steps"].isna().tolist() == [True, False]
    assert filled.to_dict("list") == {"x": [-1.0, 4.0], "x_mean_1steps": [-1.0, 4.0]}


def test_a_missing_setting_leaves_the_condition_unknown_and_is_refused_with_its_row(lives):
    cases = lives(pd.DataFrame({"unit": "a", "at": [1, 2, 3], "s": [0.0, np.nan, 1.0], "x": 1.0}))

    with pytest.raises(DataError) as refused:
        made(cases, conditions={"columns": ["s"], "clusters": 2})

    assert refused.value.problems[0].sentence() == (
        "a setting must not be null; got 1 row: row 1: nan; fill it where the data is read, or leave it out of the conditions"
    )


def test_more_conditions_than_settings_are_refused(lives):
    cases = lives(pd.DataFrame({"unit": "a", "at": [1, 2, 3], "s": [0.0, 0.0, 1.0], "x": 1.0}))

    with pytest.raises(DataError) as refused:
        made(cases, conditions={"columns": ["s"], "clusters": 3})

    assert refused.value.problems[0].sentence() == "must be at most the 2 distinct settings of the training rows; got 3"


def test_columns_that_are_only_known_afterwards_are_no_sensors(lives):
    cases = lives(pd.DataFrame({"unit": "a", "at": [1, 2], "mode": [1, 1]}), afterwards=("mode",))

    with pytest.raises(DataError, match="would leak the outcome"):
        made(cases, columns=["mode"])


def test_lengths_must_differ_and_fit_the_clock_and_something_must_be_asked_for(lives, plain):
    with pytest.raises(ValidationError, match="windows must be longer than 0 and different"):
        made(windows=["24h", "1 day"])
    with pytest.raises(ValidationError, match="there is nothing to give"):
        made(current=False)
    with pytest.raises(DataError, match="does not fit the time column"):
        made(plain, windows=["1 day"]).transform(plain.blind(), plain)


def test_a_case_without_unit_or_time_is_refused(checked, cases):
    rows = cases(pd.DataFrame({"x": [1.0, 2.0], "bad": [0, 1]}), target="bad")

    with pytest.raises(RecipeError) as refused:
        made(rows)

    assert [problem.where for problem in refused.value.problems] == ["data.roles.entities", "data.roles.time"]
