"""What becomes of the rows of a panel: steps of a calendar, one row each, and nothing guessed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.forecast.conftest import ROLES, rows_of

from upshot.contracts.records import Roles
from upshot.errors import DataError, RecipeError


@pytest.fixture
def panel(component, checked):
    def make(frame: pd.DataFrame, roles: Roles = ROLES, **params):
        return component("labels", "panel", **params).label(checked(frame, roles))

    return make


def refused(panel, frame, roles=ROLES, **params) -> str:
    with pytest.raises(DataError) as caught:
        panel(frame, roles, **params)
    (problem,) = caught.value.problems
    return f"{problem.where} {problem.sentence()}"


def told(cases) -> list[tuple[str, str, float, int]]:
    """Series, day of the month, target and step of each case."""
    labels = cases.labels.frame
    names = cases.rows.frame[cases.roles.entities[0]]
    return list(zip(names, labels["as_of"].dt.strftime("%d"), labels["label"], labels["step"], strict=True))


def test_cases_are_sorted_by_series_and_time_and_stand_on_steps(panel):
    frame = rows_of({"b": [1, 2], "a": [3, 4]}).iloc[[3, 0, 2, 1]].reset_index(drop=True)

    assert told(panel(frame)) == [("a", "05", 3.0, 0), ("a", "06", 4.0, 1), ("b", "05", 1.0, 0), ("b", "06", 2.0, 1)]


@pytest.mark.parametrize(
    ("freq", "dates"),
    [
        ("B", ["2026-01-01", "2026-01-02", "2026-01-05", "2026-01-06"]),
        ("W-FRI", ["2026-01-02", "2026-01-09", "2026-01-16", "2026-01-23"]),
        ("ME", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("MS", ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]),
        ("QS", ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]),
        ("h", ["2026-01-01 00:00", "2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 03:00"]),
        ("15min", ["2026-01-01 00:00", "2026-01-01 00:15", "2026-01-01 00:30", "2026-01-01 00:45"]),
    ],
)
def test_any_frequency_of_pandas_is_a_calendar_and_gaps_in_it_are_filled_with_its_dates(panel, freq, dates):
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.to_datetime(dates), "y": 1.0})

    cases = panel(frame.drop(index=2).reset_index(drop=True), freq=freq, gaps="zero")

    assert cases.labels.frame["step"].tolist() == [0, 1, 2, 3]
    assert cases.labels.frame["label"].tolist() == [1.0, 1.0, 0.0, 1.0]
    assert cases.rows.frame["ds"].tolist() == frame["ds"].tolist()


def test_without_a_frequency_months_and_even_distances_are_learnt(panel):
    monthly = pd.DataFrame({"unique_id": "a", "ds": pd.to_datetime(["2026-01-15", "2026-02-15", "2026-04-15"]), "y": 1.0})
    counted = pd.DataFrame({"unique_id": "a", "ds": [10, 20, 40], "y": 1.0})

    assert panel(monthly).labels.frame["step"].tolist() == [0, 1, 3]
    assert panel(counted).labels.frame["step"].tolist() == [0, 1, 3]
    assert panel(monthly, gaps="zero").rows.frame["ds"].iloc[2] == pd.Timestamp("2026-03-15")
    assert panel(counted, gaps="zero").rows.frame["ds"].tolist() == [10, 20, 30, 40]


def test_a_gap_may_be_unknown_or_no_demand_and_so_may_what_comes_after_the_last_row(panel):
    frame = rows_of({"a": [1, 2, 3, 4, 5], "b": [6, 7, 8, 9, 9]}).drop(index=[2, 8, 9]).reset_index(drop=True)

    def targets(**params) -> dict[str, list[float]]:
        cases = panel(frame, **params)
        return cases.labels.frame["label"].groupby(cases.rows.frame["unique_id"]).apply(list).to_dict()

    assert targets() == {"a": [1, 2, 4, 5], "b": [6, 7, 8]}
    assert targets(gaps="zero") == {"a": [1, 2, 0, 4, 5], "b": [6, 7, 8]}
    assert targets(ends="zero") == {"a": [1, 2, 4, 5], "b": [6, 7, 8, 0, 0]}
    assert targets(gaps="zero", ends="zero") == {"a": [1, 2, 0, 4, 5], "b": [6, 7, 8, 0, 0]}


def test_filling_ten_thousand_series_equals_a_frame_over_all_steps(panel):
    random = np.random.default_rng(1)
    full = rows_of({f"s{i:03d}": random.integers(1, 9, 30).tolist() for i in range(200)})
    kept = full[random.random(len(full)) < 0.6].reset_index(drop=True)
    last, first = kept["ds"].max(), kept.groupby("unique_id")["ds"].min()

    cases = panel(kept, gaps="zero", ends="zero", freq="D")

    wanted = full.merge(kept.rename(columns={"y": "seen"}), how="left").fillna({"seen": 0.0})
    wanted = wanted[(wanted["ds"] <= last) & (wanted["ds"] >= wanted["unique_id"].map(first))]
    assert cases.labels.frame["label"].tolist() == wanted["seen"].tolist()
    assert cases.rows.frame["ds"].tolist() == wanted["ds"].tolist()


def test_several_key_columns_name_a_series_together(panel):
    roles = Roles(key=("store", "item", "day"), time="day", target="sold", static=("item",))
    frame = pd.DataFrame(
        {"store": [2, 10, 2], "item": ["nail", "nail", "bolt"], "day": pd.Timestamp("2026-01-05"), "sold": [1.0, 2.0, 3.0]}
    )

    cases = panel(frame, roles)

    assert cases.rows.frame["unique_id"].tolist() == ["2/bolt", "2/nail", "10/nail"]
    assert cases.roles.entities == ("unique_id", "store", "item")


def test_invoices_of_one_week_are_summed_into_its_friday(panel):
    times = pd.to_datetime(["2026-01-05 09:00", "2026-01-09 18:00", "2026-01-10 08:00", "2026-01-05 10:00"])
    frame = pd.DataFrame({"unique_id": ["a", "a", "a", "b"], "ds": times, "y": [1, 2, 4, 8], "price": [5, 6, 7, 8]})

    cases = panel(frame, freq="W-FRI", duplicates="sum")

    assert told(cases) == [("a", "09", 3.0, 0), ("a", "16", 4.0, 1), ("b", "09", 8.0, 0)]
    assert cases.rows.frame["price"].tolist() == [5, 7, 8]


def test_returns_are_kept_zeroed_or_refused_and_nulls_as_said(panel):
    frame = rows_of({"a": [3, -1, np.nan, 2]})

    assert panel(frame, nulls="leave").labels.frame["label"].tolist() == [3, -1, 2]
    assert panel(frame, nulls="zero", negative="zero").labels.frame["label"].tolist() == [3, 0, 0, 2]
    assert refused(panel, frame) == (
        "y must not be null; got 1 row: series 'a', row 2: nan; say labels.nulls: leave if nothing is known there, zero if it was none"
    )
    assert refused(panel, frame, nulls="leave", negative="refuse").startswith("y must not be below 0; got 1 row: series 'a', row 1: -1.0")


def test_two_rows_of_a_series_at_one_date_are_refused_with_series_row_and_remedy(panel):
    frame = pd.concat([rows_of({"a": [1, 2], "b": [3, 4]}), rows_of({"b": [5]})], ignore_index=True)

    assert refused(panel, frame) == (
        "ds must differ within a series; got 1 row: series 'b', row 4: 2026-01-05 00:00:00; "
        "drop the copies, add what tells the rows apart to data.roles.key, or say labels.duplicates=sum"
    )


def test_a_date_off_the_calendar_is_refused_with_series_row_and_remedy(panel):
    frame = rows_of({"a": [1, 2, 3]}, freq="W-FRI")
    frame.loc[1, "ds"] = pd.Timestamp("2026-01-15")

    assert refused(panel, frame, freq="W-FRI") == (
        "ds must stand whole steps of W-FRI apart; got 1 row: series 'a', row 1: 2026-01-15 00:00:00; mend the dates, or labels.freq"
    )
    assert "must stand whole steps of 8 days apart" not in refused(panel, frame)
    assert "row 2" in refused(panel, frame)


def test_series_of_another_frequency_are_refused_with_series_row_and_remedy(panel):
    frame = pd.concat([rows_of({"a": range(70)}), rows_of({"weekly": range(10)}, freq="W-MON")], ignore_index=True)

    assert refused(panel, frame) == (
        "ds must have one frequency in all series, here steps of 1 day; got 1 series that do not; "
        "series 'weekly' from row 70 on: every 7; bring them to one frequency, or say labels.gaps=zero where steps without a row had no demand"
    )
    assert panel(frame, gaps="zero").size == 70 + 64


def test_times_with_a_zone_are_refused_unless_it_is_said_where_the_days_are_told(panel):
    frame = rows_of({"a": [1, 2, 3]}, start="2026-03-27 23:00")
    frame["ds"] = frame["ds"].dt.tz_localize("UTC")
    frame.loc[2, "ds"] = pd.Timestamp("2026-03-29 22:00", tz="UTC")  # midnight in Zurich, after the change to summer time

    assert refused(panel, frame) == (
        "ds must be local times without a zone, because a day begins at another moment in another zone; "
        "got datetime64[us, UTC]; series 'a', row 0: 2026-03-27 23:00:00+00:00; "
        "say labels.time_zone, the zone in which the days are told, or give dates"
    )
    assert told(panel(frame, time_zone="Europe/Zurich")) == [("a", "28", 1.0, 0), ("a", "29", 2.0, 1), ("a", "30", 3.0, 2)]


def test_what_is_no_panel_is_refused_by_role(panel):
    frame = rows_of({"a": [1.0]})

    with pytest.raises(RecipeError) as caught:
        panel(frame, Roles())

    assert [problem.where for problem in caught.value.problems] == ["data.roles.time", "data.roles.target", "data.roles.key"]
    assert refused(panel, frame.assign(unique_id=[None])).startswith("unique_id must not be null, because it names the series; got 1 row")
    assert refused(panel, frame.assign(y=["1"])).startswith("y must be a number")
    with pytest.raises(RecipeError, match=r"labels\.freq"):
        panel(frame, freq="XX")


def test_outcomes_are_known_after_their_delay_and_intervals_resample_what_is_said(panel):
    cases = panel(rows_of({"a": [1, 2]}), delay="2 days", block="week")

    assert (cases.labels.frame["label_known_at"] - cases.labels.frame["as_of"]).dt.days.tolist() == [2, 2]
    assert cases.block == "week" and cases.labels.frame["block"].nunique() == 1
