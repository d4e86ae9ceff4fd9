"""The matrix of a panel against a loop over its rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.forecast.conftest import ROLES, rows_of

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.errors import DataError
from upshot.stages.label import label


@pytest.fixture
def cases_of(component, checked):
    return lambda frame, **params: label(checked(frame), component("labels", "panel", **params))


def grid_of(cases) -> Grid:
    return Grid.of(cases, Calendar.of(moments_of(cases)))


def test_rows_stand_at_their_series_and_step_and_gaps_are_not_a_number(cases_of):
    grid = grid_of(cases_of(rows_of({"b": [1, 2, 3], "a": [4, 5, 6]}).drop(index=4)))

    assert grid.names.tolist() == ["a", "b"]
    np.testing.assert_array_equal(grid.values, [[4, np.nan, 6], [1, 2, 3]])
    assert grid.at(np.array([0, 1, 1, -1]), np.array([2, -1, 1, 0])).tolist()[::2] == [6.0, 2.0]
    assert np.isnan(grid.at(np.array([1]), np.array([2]), until=1)[0])


@pytest.mark.parametrize("season", [1, 3, 7])
def test_sums_over_windows_and_places_of_the_season_equal_a_loop(cases_of, season):
    random = np.random.default_rng(season)
    frame = rows_of({name: random.integers(0, 9, 23).tolist() for name in "abc"})
    grid = grid_of(cases_of(frame[random.random(len(frame)) < 0.8].reset_index(drop=True)))
    series, column = (part.ravel() for part in np.meshgrid(range(3), range(-9, grid.last + 9), indexing="ij"))

    total, count = grid.sums(series, column, 2, season)

    for place, (row, at) in enumerate(zip(series, column, strict=True)):
        places = [at - season * back for back in range(2)]
        known = [grid.values[row, p] for p in places if 0 <= p <= grid.last and np.isfinite(grid.values[row, p])]
        assert (total[place], count[place]) == (pytest.approx(sum(known)), len(known)), (row, at)


def test_a_sale_behind_an_empty_shelf_is_not_known_and_nor_is_one_that_is_told_later(component, checked):
    roles = replace(ROLES, censored="empty")
    frame = rows_of({"a": [1, 2, 3, 4, 5]}).assign(empty=[False, True, False, False, False])
    cases = label(checked(frame, roles), component("labels", "panel", delay="2d"))

    grid = Grid.of(cases.take(np.arange(4)), Calendar.of(moments_of(cases)), future=cases.take(np.arange(4, 5)))

    np.testing.assert_array_equal(grid.values, [[1, np.nan, 3, np.nan]])


def test_a_series_of_which_nothing_is_known_has_a_row_of_its_own(cases_of):
    cases = cases_of(rows_of({"b": [1, 2], "c": [0, 3]}))
    known, future = np.array([0, 1]), np.array([3])

    grid = Grid.of(cases.take(known), Calendar.of(moments_of(cases)), future=cases.take(future))

    assert (grid.names.tolist(), grid.code(cases).tolist()) == (["b", "c"], [0, 0, 1, 1])
    np.testing.assert_array_equal(grid.values, [[1, 2], [np.nan, np.nan]])


def test_a_panel_without_rows_is_refused(cases_of):
    with pytest.raises(DataError, match="must leave rows before the forecast"):
        grid_of(cases_of(rows_of({"a": [1.0, 2.0]})).take(np.arange(0)))
