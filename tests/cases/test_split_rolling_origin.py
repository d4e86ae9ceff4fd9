from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from upshot.components.split.rolling_origin import RollingOrigin, RollingOriginParams
from upshot.contracts.tables import Table
from upshot.errors import DataError
from upshot.stages.split import split


def series(steps: int) -> pd.DataFrame:
    return pd.DataFrame({"shop": ["a"] * steps + ["b"] * steps, "week": [*range(steps), *range(steps)], "sold": np.arange(2.0 * steps) + 2})


@pytest.fixture
def panel(cases):
    def make(steps: int):
        return cases(series(steps), time="week", target="sold", entities=("shop",))

    return make


def layout(folds, steps: int) -> dict[str, str]:
    """h for history, . for training, V for validation, T for test, u for unused."""
    frame = folds.assignment.frame
    letters = np.array(list("h.VTu"))
    return {fold.name: "".join(letters[frame[fold.name].iloc[:steps]]) for fold in folds.folds}


def test_backtest_windows_tune_and_the_last_window_tests_once(panel):
    folds = split(panel(9), RollingOrigin(RollingOriginParams(horizon=2, cutoffs=3)))

    assert layout(folds, 9) == {
        "backtest_1": ".VVuuuuuu",
        "backtest_2": "...VVuuuu",
        "backtest_3": ".....VVuu",
        "main": ".......TT",
    }
    assert {fold.tunes_on for fold in folds.folds} == {("backtest_1", "backtest_2", "backtest_3")}
    assert [fold.fitted_by for fold in folds.folds] == [None] * 4
    assert [fold.name for fold in folds.tested()] == ["main"]
    assert folds.at_cutoff and folds.in_time


def test_windows_may_overlap_and_a_gap_is_left_before_each(panel):
    folds = split(panel(10), RollingOrigin(RollingOriginParams(horizon=3, cutoffs=2, every=1, gap=1)))

    assert layout(folds, 10) == {"backtest_1": ".uVVVuuuuu", "backtest_2": "..uVVVuuuu", "main": "......uTTT"}
    assert (folds.gap, folds.folds[0].cutoff, folds.folds[2].cutoff) == ("1 step", "0", "5")


def test_without_refit_all_folds_use_the_model_of_the_first_window(panel):
    folds = split(panel(8), RollingOrigin(RollingOriginParams(horizon=2, cutoffs=2, refit=False)))

    assert [fold.fitted_by for fold in folds.folds] == [None, "backtest_1", "backtest_1"]
    assert layout(folds, 8)["main"] == "......TT"  # what is known at the test's cutoff, although it was not fitted on


def test_training_may_be_held_to_the_last_steps_and_older_ones_are_history(panel):
    folds = split(panel(8), RollingOrigin(RollingOriginParams(horizon=2, max_train=3)))

    assert layout(folds, 8) == {"backtest_1": "h...VVuu", "main": "hhh...TT"}


def test_the_test_window_may_be_stated_and_later_rows_are_not_looked_at(panel, cases):
    folds = split(panel(10), RollingOrigin(RollingOriginParams(horizon=2, test_from=5)))

    assert layout(folds, 10) == {"backtest_1": "...VVuuuuu", "main": ".....TTuuu"}
    with pytest.raises(DataError, match=r"split\.test_from +needs 2 steps from there on; got 1 step from 9 on"):
        RollingOrigin(RollingOriginParams(horizon=2, test_from=9)).split(panel(10))
    with pytest.raises(DataError, match="must be an integer"):
        RollingOrigin(RollingOriginParams(horizon=2, test_from="2026-01-01")).split(panel(10))
    with pytest.raises(DataError, match=r"must not lie after the last row \(9\)"):
        RollingOrigin(RollingOriginParams(horizon=2, test_from=10)).split(panel(10))


def test_a_horizon_longer_than_the_history_is_refused_with_the_longest_series_and_a_remedy(panel):
    with pytest.raises(DataError) as caught:
        RollingOrigin(RollingOriginParams(horizon=2, cutoffs=2)).split(panel(6))

    (problem,) = caught.value.problems
    assert problem.where == "split.horizon"
    assert problem.sentence() == (
        "horizon 2, 2 cutoffs and gap 0 need at least 7 steps; got 6 steps, 0 to 5; the longest series, 'a' from row 0 on, has 6 rows; "
        "split.horizon=1 or split.cutoffs=1 or a longer history would do"
    )
    assert layout(RollingOrigin(RollingOriginParams(horizon=1, cutoffs=2)).split(panel(6)), 6)["main"] == ".....T"


def test_steps_of_the_calendar_count_although_no_series_has_a_row_there(cases):
    frame = pd.DataFrame({"shop": ["a"] * 5, "day": [0, 1, 4, 5, 6], "sold": [2.0, 3, 4, 5, 6]})
    made = cases(frame, time="day", target="sold", entities=("shop",))
    on_calendar = replace(made, labels=Table.of(made.labels.frame.assign(step=frame["day"])))

    splitter = RollingOrigin(RollingOriginParams(horizon=2))

    assert layout(splitter.split(on_calendar), 5)["backtest_1"] == "..Vuu"
    assert layout(splitter.split(made), 5)["backtest_1"] == ".VVuu"
