from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pydantic import ValidationError

from upshot.components.features._exact import RangeSums, covering, extremes
from upshot.components.features.history import History, HistoryParams
from upshot.contracts.records import Cases, Roles
from upshot.errors import DataError, RecipeError

ROLES = {"time": "at", "target": "bad", "entities": ("card",), "amount": "eur"}
ALL = ("count", "sum", "mean", "max", "min", "distinct", "risk", "time_since")
EVERYTHING = {"aggregates": ALL, "distinct_of": "shop"}
HOUR = pd.Timedelta(hours=1)


def payments(rows: int = 400, *, seed: int = 0) -> pd.DataFrame:
    """Payments of four cards in 60 days, on whole hours so that some fall together."""
    rng = np.random.default_rng(seed)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 60 * 24, rows), unit="h")
    frame = pd.DataFrame({"card": rng.integers(0, 4, rows), "at": at, "eur": rng.integers(1, 90_000, rows) / 100})
    frame["shop"] = rng.choice(["a", "b", "c", "d", None], rows)
    frame["bad"] = (rng.random(rows) < 0.2).astype(int)
    frame["told"] = frame["at"] + pd.to_timedelta(rng.integers(0, 20 * 24, rows), unit="h")
    return frame


def history(**params) -> History:
    return History(HistoryParams.model_validate({"entity": "card", **params}))


def brute_force(cases: Cases, past: Cases, window: pd.Timedelta, delay: pd.Timedelta | None) -> pd.DataFrame:
    """The definitions, row by row."""
    frame = pd.concat([past.rows.frame, past.labels.frame[["label", "label_known_at"]]], axis=1)
    out = []
    for card, at, eur, shop in zip(*(cases.rows.frame[name] for name in ("card", "at", "eur", "shop")), strict=True):
        end = at if delay is None else at - delay
        before = frame["at"] < end if delay is None else frame["at"] <= end
        own = frame[(frame["card"] == card) & before]
        near = own[own["at"] > end - window]
        money = [*near["eur"], *([eur] if delay is None else [])]
        shops = {*near["shop"].dropna(), *([shop] if delay is None and isinstance(shop, str) else [])}
        found = ((near["label"] == 1) & (near["label_known_at"] <= at)).sum()
        out.append(
            {
                "count": len(money),
                "sum": round(sum(round(100 * m) for m in money) / 100, 2),
                "mean": np.mean(money) if money else np.nan,
                "max": max(money, default=np.nan),
                "min": min(money, default=np.nan),
                "distinct": len(shops),
                "risk": found / len(near) if len(near) else 0.0,
                "time_since": (at - own["at"].max()) / pd.Timedelta(days=1) if len(own) else np.nan,
            }
        )
    return pd.DataFrame(out).astype(float)


def test_a_window_holds_the_case_and_what_came_before_it(cases):
    at = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-04", "2024-01-09"])
    frame = pd.DataFrame({"card": [1, 1, 1, 2, 1], "at": at, "eur": [0.1, 0.2, 0.4, 8.0, 1.0], "bad": [0, 1, 0, 1, 0]})
    made = cases(frame, {"delay": "1 day"}, **ROLES)

    encoded = history(windows=["2 days", "7d"], aggregates=["count", "sum", "mean"]).transform(made.blind(), made)

    assert encoded.to_dict("list") == {
        "card_count_2d": [1, 2, 2, 1, 1],  # of the two on the second, neither counts the other
        "card_count_7d": [1, 2, 2, 1, 1],  # the window of the ninth begins after the second: (2, 9]
        "card_sum_2d": [0.1, 0.3, 0.5, 8.0, 1.0],
        "card_sum_7d": [0.1, 0.3, 0.5, 8.0, 1.0],
        "card_mean_2d": [0.1, 0.15, 0.25, 8.0, 1.0],
        "card_mean_7d": [0.1, 0.15, 0.25, 8.0, 1.0],
    }


def test_with_a_delay_the_windows_end_before_the_case_and_risk_counts_known_outcomes(cases):
    at = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-08", "2024-01-09"])
    frame = pd.DataFrame({"card": 1, "at": at, "eur": 1.0, "bad": [1, 1, 0, 0]})
    made = cases(frame, {"delay": "7 days"}, **ROLES)

    encoded = history(windows=["1d", "7d"], aggregates=["count", "risk"], delay="7 days").transform(made.blind(), made)

    assert encoded.to_dict("list") == {
        "card_count_1d_lag_7d": [0, 0, 1, 1],
        "card_count_7d_lag_7d": [0, 0, 1, 2],
        "card_risk_1d_lag_7d": [0, 0, 1, 1],
        "card_risk_7d_lag_7d": [0, 0, 1, 1],
    }


def test_an_outcome_that_is_told_late_counts_only_from_then_on(cases):
    at = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-05"])
    told = pd.to_datetime(["2024-01-04", "2024-01-02", "2024-01-03", "2024-01-05"])
    frame = pd.DataFrame({"card": 1, "at": at, "eur": 1.0, "bad": [1, 1, 0, 0], "told": told})
    made = cases(frame, **ROLES, label_time="told")

    encoded = history(windows=["30d"], aggregates=["risk"]).transform(made.blind(), made)

    assert encoded["card_risk_30d"].tolist() == [0.0, 0.0, 0.5, pytest.approx(2 / 3)]


@pytest.mark.parametrize("delay", [None, "36h", "7 days"])
@pytest.mark.parametrize("window", ["5h", "1 day", "30 days"])
def test_all_aggregates_equal_their_definition_row_by_row(cases, window, delay):
    made = cases(payments(150), **ROLES, label_time="told")
    feature = history(windows=[window], delay=delay, **EVERYTHING)

    encoded = feature.transform(made.blind(), made)

    expected = brute_force(made, made, pd.Timedelta(window), None if delay is None else pd.Timedelta(delay))
    assert_frame_equal(encoded.set_axis(ALL, axis=1), expected, rtol=1e-12)


def test_one_case_alone_gets_the_same_numbers_as_in_the_table(cases):
    made = cases(payments(), **ROLES, label_time="told")
    feature = history(windows=["1d", "30d"], **EVERYTHING)
    whole = feature.transform(made.blind(), made)

    for row in (0, 17, 399):
        one = made.take(np.array([row])).blind()
        now, card = made.rows.frame.loc[row, ["at", "card"]]
        earlier = np.flatnonzero((made.rows.frame["at"] < now) & (made.rows.frame["card"] == card))

        alone = feature.transform(one, made.take(earlier))

        assert alone.iloc[0].equals(whole.iloc[row].rename(0))


def test_nothing_after_a_case_moves_its_features(cases):
    frame = payments()
    tampered = frame.assign(
        eur=np.where(frame["at"] > "2024-02-01", 1e6, frame["eur"]), bad=np.where(frame["told"] > "2024-02-01", 1, frame["bad"])
    )
    made, other = (cases(f, **ROLES, label_time="told") for f in (frame, tampered))
    early = made.take(np.flatnonzero(frame["at"] <= "2024-02-01")).blind()
    feature = history(windows=["1d", "30d"], **EVERYTHING)

    assert_frame_equal(feature.transform(early, made), feature.transform(early, other))


def test_the_order_of_cases_and_history_does_not_matter(cases):
    made = cases(payments(), **ROLES, label_time="told")
    shuffled = np.random.default_rng(1).permutation(made.size)
    feature = history(windows=["30d"], **EVERYTHING)

    whole = feature.transform(made, made)
    mixed = feature.transform(made.take(shuffled), made.take(shuffled[::-1].copy()))

    assert_frame_equal(mixed, whole.iloc[shuffled].reset_index(drop=True))


def test_the_case_may_be_left_out_and_what_is_missing_filled(cases):
    made = cases(payments(20), **ROLES, label_time="told")
    first = made.take(np.array([int(made.rows.frame["at"].argmin())]))
    feature = history(windows=["1d"], aggregates=["count", "sum", "mean", "time_since"], include_current=False, fill=-1.0)

    encoded = feature.transform(first, made)

    assert encoded.to_numpy().tolist() == [[0.0, 0.0, -1.0, -1.0]]


def test_a_case_without_history_or_entity_counts_itself_alone(cases):
    made = cases(payments(5).assign(card=[None, "a", "a", None, "b"]), **ROLES, label_time="told")
    feature = history(windows=["60d"], aggregates=["count", "risk"])

    alone = feature.transform(made, made.take(np.array([], dtype=int)))
    among = feature.transform(made, made)

    assert alone["card_count_60d"].tolist() == [1.0] * 5
    assert among["card_count_60d"].tolist()[::3] == [1.0, 1.0]
    assert feature.transform(made.take(np.array([], dtype=int)), made).shape == (0, 2)


def test_windows_of_a_counter_are_in_steps(cases):
    frame = pd.DataFrame({"card": 1, "at": [1, 2, 4, 8], "eur": [1.0, 2.0, 4.0, 8.0], "bad": [0, 1, 0, 1]})
    made = cases(frame, {"delay": "1 step"}, **ROLES)

    encoded = history(windows=["3 cycles"], aggregates=["sum", "time_since"]).transform(made, made)

    assert encoded["card_sum_3steps"].tolist() == [1.0, 3.0, 6.0, 8.0]
    assert encoded["card_time_since"].tolist()[1:] == [1.0, 2.0, 4.0]


def test_risk_without_a_known_moment_is_refused(cases):
    made = cases(payments(), **ROLES)

    with pytest.raises(RecipeError, match=r"risk needs to know when outcomes are known; give labels\.delay"):
        history(windows=["1d"], aggregates=["risk"]).fit(made, made)


def test_a_null_amount_is_refused_with_its_row(cases):
    made = cases(payments(5).assign(eur=[1.0, None, 2.0, 3.0, 4.0]), **ROLES, label_time="told")

    with pytest.raises(DataError, match=r"eur +must not be null; got 1 row: row 1: nan"):
        history(windows=["60d"], aggregates=["sum"]).transform(made, made)


def test_the_columns_read_are_known_before_any_data():
    roles = Roles(time="at", amount="eur")

    assert history(windows=["1d"]).inputs(roles) == ("card", "at")
    assert history(windows=["1d"], aggregates=["mean"]).inputs(roles) == ("card", "at", "eur")
    assert history(windows=["1d"], aggregates=["mean"], amount="gbp").inputs(roles) == ("card", "at", "gbp")


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"aggregates": ["count"]}, "windows must have a length"),
        ({"windows": ["1d", "24h"]}, "longer than 0 and different"),
        ({"windows": ["1d"], "delay": "3 steps"}, "all be times or all be steps"),
        ({"windows": ["1d"], "delay": "3d", "include_current": True}, "include_current must be left out with a delay"),
        ({"windows": ["1 month"]}, "whole number and a unit"),
        ({"windows": ["1d"], "aggregates": ["distinct"]}, "distinct and distinct_of go together"),
        ({"windows": ["1d"], "distinct_of": "shop"}, "distinct and distinct_of go together"),
    ],
)
def test_windows_that_cannot_be_meant_are_refused_before_any_data(params, sentence):
    with pytest.raises(ValidationError, match=sentence):
        history(**params)


@pytest.mark.parametrize(
    "make", [lambda rng: rng.integers(0, 10**9, 500) / 100, lambda rng: rng.lognormal(0, 12, 500)], ids=["cents", "any"]
)
def test_sums_over_ranges_agree_with_exact_sums(make):
    import math

    rng = np.random.default_rng(3)
    values = make(rng)
    start, end = np.sort(rng.integers(0, 501, (2, 200)), axis=0)

    sums = RangeSums(values).of(start, end)

    exact = np.array([math.fsum(values[a:b]) for a, b in zip(start, end, strict=True)])
    np.testing.assert_allclose(sums, exact, rtol=1e-9, atol=1e-15)


def test_ranges_that_hold_a_position_are_counted_by_their_ends():
    rng = np.random.default_rng(4)
    first, last = rng.integers(0, 60, (2, 300))

    counts = covering(first, last, 60)

    assert counts.tolist() == [int(((first <= at) & (at < last)).sum()) for at in range(60)]


@pytest.mark.parametrize("largest", [True, False])
def test_extremes_over_ranges_equal_looking_at_each(largest):
    rng = np.random.default_rng(5)
    values = rng.normal(size=137)
    start, end = np.sort(rng.integers(0, 138, (2, 300)), axis=0)

    found = extremes(values, start, end, largest=largest)

    best = max if largest else min
    np.testing.assert_array_equal(found, [best(values[a:b], default=np.nan) for a, b in zip(start, end, strict=True)])


def test_a_value_is_distinct_once_in_a_window_however_often_it_comes(cases):
    at = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-20"])
    frame = pd.DataFrame({"card": 1, "at": at, "eur": 1.0, "shop": ["a", "b", "a", None, "b"], "bad": [0, 1, 0, 1, 0]})
    made = cases(frame, {"delay": "1 day"}, **ROLES)
    asked = {"windows": ["3d", "30d"], "aggregates": ["distinct"], "distinct_of": "shop"}

    with_itself = history(**asked).transform(made.blind(), made)
    before = history(**asked, include_current=False).transform(made.blind(), made)

    assert with_itself.to_dict("list") == {"card_distinct_shop_3d": [1, 2, 2, 2, 1], "card_distinct_shop_30d": [1, 2, 2, 2, 2]}
    assert before["card_distinct_shop_30d"].tolist() == [0, 1, 2, 2, 2]


def test_the_largest_amount_of_a_window_may_be_that_of_the_case(cases):
    at = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-09"])
    frame = pd.DataFrame({"card": [1, 1, 2], "at": at, "eur": [8.0, 3.0, 5.0], "bad": [0, 1, 0]})
    made = cases(frame, {"delay": "1 day"}, **ROLES)

    encoded = history(windows=["2d"], aggregates=["max", "min"]).transform(made.blind(), made)
    before = history(windows=["2d"], aggregates=["max"], include_current=False, fill=0.0).transform(made.blind(), made)

    assert encoded.to_dict("list") == {"card_max_2d": [8, 8, 5], "card_min_2d": [8, 3, 5]}
    assert before["card_max_2d"].tolist() == [0, 8, 0]


def test_without_an_entity_all_rows_are_looked_at_as_if_they_were_of_one(cases):
    frame = payments().assign(one="x")
    made = cases(frame, {"delay": "2d"}, **ROLES)
    windows = {"windows": ["7d"], "aggregates": ["count", "mean", "risk"]}

    everybody = history(entity=None, **windows)
    together = history(entity="one", **windows)

    assert everybody.inputs(made.roles) == ("at", "eur")
    assert_frame_equal(
        everybody.transform(made, made), together.transform(made, made).rename(columns=lambda name: name.replace("one_", "all_"))
    )
