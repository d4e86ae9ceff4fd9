"""Series and their totals are forecast apart and made to add up; every number here is solved by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import sparse
from tests.forecast.conftest import ROLES, rows_of

from upshot.components.model._totals import Totals
from upshot.components.model.reconciled import agreed
from upshot.contracts.components import Examples
from upshot.contracts.records import Roles
from upshot.errors import DataError, RecipeError
from upshot.stages.label import label

LAST = {"use": "seasonal_naive", "season_length": 1, "levels": []}
SEASON = {"use": "seasonal_naive", "season_length": 2, "levels": []}
TWO = {"a": [1, 5, 1, 5, 0, 0], "b": [2, 2, 2, 2, 0, 0]}
"""The last values add up to 7; the total was 3, 7, 3, 7, so a season before it says 3, then 7."""


@pytest.fixture
def forecast(component, compute, checked):
    """The forecast of the last two days, series by series, of a model that was also stored and made again."""

    def make(series=TWO, asked=None, **params):
        cases = label(checked(rows_of(series)), component("labels", "panel"))
        step, name = cases.labels.frame["step"].to_numpy(), cases.rows.frame["unique_id"].to_numpy()
        known = cases.take(np.flatnonzero(step < 4))
        future = cases.take(np.flatnonzero((step >= 4) & np.isin(name, list(asked or series)))).blind()
        made = [component("model", "reconciled", **{"base": LAST, "totals": SEASON, **params}) for _ in range(2)]
        made[0].fit(Examples(known, pd.DataFrame(index=range(known.size))), None, known.take(np.arange(0)), compute)
        made[1].restore(made[0].state())
        frames = [model.predict(Examples(future, pd.DataFrame(index=range(future.size))), known) for model in made]
        pd.testing.assert_frame_equal(*frames)
        return frames[0]

    return make


def test_a_total_gives_way_as_much_as_its_members_together(forecast):
    # On the first day the parts say 7 and the total 3: of the four between them, each part takes one and the total two.
    assert forecast()["point"].tolist() == pytest.approx([4.0, 5.0, 1.0, 2.0])


def test_alike_all_give_way_by_the_same(forecast):
    assert forecast(weights="alike")["point"].tolist() == pytest.approx([5 - 4 / 3, 5.0, 2 - 4 / 3, 2.0])


def test_no_forecast_falls_below_the_floor_and_null_takes_it_away(forecast):
    series = {"a": [0, 9, 0, 9, 0, 0], "b": [0, 0, 0, 0, 0, 0]}  # the parts say 9 and 0, the total 0

    assert forecast(series)["point"].tolist() == pytest.approx([6.75, 9.0, 0.0, 0.0])
    assert forecast(series, floor=None)["point"].tolist() == pytest.approx([6.75, 9.0, -2.25, 0.0])


def test_a_total_whose_series_are_not_all_asked_for_is_left_out_or_scaled_to_those_that_are(forecast):
    # Of the total of 20 in the known days, a had 12.
    assert forecast(asked=["a"])["point"].tolist() == [5.0, 5.0]
    # Six tenths of 3 and of 7: 1.8 against 5, and 4.2 against 5, met half way, because a total of one row is as sure as the row.
    assert forecast(asked=["a"], whole=0.5)["point"].tolist() == pytest.approx([3.4, 4.6])


def test_quantiles_move_with_their_median_and_stay_in_order(forecast):
    levels = {"levels": [0.1, 0.5, 0.9]}

    plain = forecast(base={**LAST, **levels}, totals={**LAST, **levels})
    moved = forecast(base={**LAST, **levels}, totals={**SEASON, **levels}, floor=None)

    assert list(moved) == ["q0.1", "q0.5", "q0.9"]
    difference = (moved - plain).to_numpy()
    assert difference == pytest.approx(np.repeat(difference[:, 1:2], 3, axis=1))
    assert (np.diff(moved.to_numpy(), axis=1) >= 0).all()


def test_parts_that_are_less_sure_give_way_more():
    # Four are missing; with variances 1, 3 and, of the total, 4, they share them by one, three and four eighths.
    moved = agreed(np.array([4.0, 4.0]), np.array([12.0]), sparse.csr_array([[1.0, 1.0]]), np.array([1.0, 3.0]), np.array([4.0]))

    assert moved.tolist() == pytest.approx([4.5, 5.5])


def test_totals_of_several_levels_are_heard_together():
    # All say 15 where the parts say 12, and the first two 8 as these do. [[4, 2], [2, 3]] l = [3, 0] gives l = [9/8, -6/8].
    members = sparse.csr_array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])

    moved = agreed(np.full(3, 4.0), np.array([15.0, 8.0]), members, np.ones(3), np.ones(2))

    assert moved.tolist() == pytest.approx([4.375, 4.375, 5.125])


def test_variances_are_asked_of_models_that_tell_them(forecast):
    profile = {"use": "seasonal_profile", "season_length": 2}
    with pytest.raises(DataError, match=r"must give a scale or levels for weights by variance.*say model.weights: structural"):
        forecast(weights="variance")

    # The last values of a are 4 off each day and those of b never: b is sure, and a alone gives way to the total.
    moved = forecast(base={**LAST, "levels": [0.25, 0.5, 0.75]}, totals={**SEASON, "levels": [0.25, 0.5, 0.75]}, weights="variance")
    assert moved["q0.5"].tolist()[2:] == pytest.approx([2.0, 2.0], abs=1e-3)
    assert len(forecast(base=profile, totals=profile, weights="variance")) == 4


def test_parts_must_be_forecasts_that_give_the_same(component):
    with pytest.raises(RecipeError, match=r"must give a point, or the levels, as model.base does"):
        component("model", "reconciled", base=LAST, totals={**SEASON, "levels": [0.5]})
    with pytest.raises(RecipeError, match="must give a point or quantiles"):
        component("model", "reconciled", base={"use": "popularity"}, totals=LAST)
    with pytest.raises((ValidationError, RecipeError), match="must name each level once"):
        component("model", "reconciled", base=LAST, totals=LAST, levels=[["x", "y"], ["y", "x"]])


def test_a_total_is_a_series_with_the_sum_of_its_members_whatever_is_known_of_them(component, checked):
    rows = rows_of({"a": [1, 5], "b": [2, 2], "c": [4, 4]}).assign(
        store=[1, 1, 1, 1, 2, 2], price=[3.0, 3.0, 5.0, 5.0, 1.0, 1.0], feast=["no", "yes"] * 3, size="small", sold_out=[True] + [False] * 5
    )
    roles = Roles(**{**vars(ROLES), "static": ("store", "size"), "censored": "sold_out", "known_ahead": ("price", "feast")})
    cases = label(checked(rows, roles), component("labels", "panel", delay="1 day"))

    totals = Totals.of(Examples(cases, pd.DataFrame({"x": np.arange(6.0)})), [[], ["store"]])

    frame, labels = totals.examples.cases.rows.frame, totals.examples.cases.labels.frame
    assert frame["unique_id"].tolist() == ["all", "all", "store=1", "store=1", "store=2", "store=2"]
    assert labels["label"].tolist() == [7.0, 11.0, 3.0, 7.0, 4.0, 4.0]
    assert "censored" not in labels
    assert (labels["label_known_at"] - frame["ds"]).dt.days.tolist() == [1] * 6
    assert frame["store"].fillna(0).tolist() == [0, 0, 1, 1, 2, 2]
    assert frame["size"].isna().all()
    assert frame["price"].tolist() == [3.0, 3.0, 4.0, 4.0, 1.0, 1.0]
    assert frame["feast"].tolist() == ["no", "yes"] * 3
    assert totals.examples.X["x"].tolist() == [2.0, 3.0, 1.0, 2.0, 4.0, 5.0]
    assert totals.members.toarray().tolist() == [
        [1, 0, 1, 0, 1, 0],
        [0, 1, 0, 1, 0, 1],
        [1, 0, 1, 0, 0, 0],
        [0, 1, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]


def test_a_level_of_a_column_that_is_not_there_is_refused_with_the_nearest(component, checked):
    cases = label(checked(rows_of(TWO).assign(store="north")), component("labels", "panel"))

    with pytest.raises(DataError, match=r"'stroe'.*'store'"):
        Totals.of(Examples(cases, pd.DataFrame(index=range(cases.size))), [["stroe"]])
