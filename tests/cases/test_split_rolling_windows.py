from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.components.split.rolling_windows import RollingWindows, RollingWindowsParams
from upshot.errors import DataError


def split(**params) -> RollingWindows:
    return RollingWindows(RollingWindowsParams.model_validate(params))


def days(count: int) -> pd.DataFrame:
    """Two rows a day, one of each label."""
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(2 * count) * 12, unit="h")
    return pd.DataFrame({"at": at, "bad": np.tile([0, 1], count)})


def days_of(folds, fold: str, part: str) -> list[int]:
    """Days since the first, each once."""
    at = folds.part(fold, part).rows.frame["at"]
    return sorted({(moment - pd.Timestamp("2026-01-01")).days for moment in at})


def test_each_window_is_tested_by_what_came_before_it_with_the_delay_left_out(cases):
    made = cases(days(20), {"delay": "2 days"}, time="at", target="bad")

    folds = split(test="3 days", folds=2, validation="2 days", gap="2 days").split(made)

    assert [fold.name for fold in folds.folds] == ["window_1", "window_2"]
    assert {part: days_of(folds, "window_1", part) for part in ("train", "validation", "test")} == {
        "train": list(range(8)),
        "validation": [10, 11],
        "test": [14, 15, 16],
    }
    assert {part: days_of(folds, "window_2", part) for part in ("train", "validation", "test")} == {
        "train": list(range(11)),
        "validation": [13, 14],
        "test": [17, 18, 19],
    }
    assert (folds.gap, folds.in_time) == ("2 days", True)


def test_a_sliding_window_leaves_older_rows_to_history_and_every_test_row_tests_once(cases):
    made = cases(days(20), time="at", target="bad")

    folds = split(test="4 days", folds=3, train="5 days").split(made)

    assert [days_of(folds, fold.name, "train") for fold in folds.folds] == [[3, 4, 5, 6, 7], [7, 8, 9, 10, 11], [11, 12, 13, 14, 15]]
    assert days_of(folds, "window_1", "history") == [0, 1, 2]
    tested = np.concatenate([folds.positions(fold.name, "test") for fold in folds.folds])
    assert tested.tolist() == list(range(16, 40))


def test_without_a_gap_late_outcomes_are_set_aside_all_the_same(cases):
    made = cases(days(12), {"delay": "2 days"}, time="at", target="bad")

    folds = split(test="3 days", folds=2).split(made)

    assert days_of(folds, "window_1", "train") == [0, 1, 2, 3, 4]  # of days 4 and 5 some outcomes are not known when day 6 begins
    assert days_of(folds, "window_2", "train")[-1] == 7


def test_windows_of_a_counter_are_in_steps_and_end_where_they_are_told_to(cases):
    frame = pd.DataFrame({"at": np.arange(30), "bad": np.tile([0, 1], 15)})
    made = cases(frame, time="at", target="bad")

    folds = split(test="4 steps", folds=2, until=20).split(made)

    assert [folds.part(fold.name, "test").rows.frame["at"].tolist() for fold in folds.folds] == [[12, 13, 14, 15], [16, 17, 18, 19]]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"test": "7 days", "folds": 4},
            "the first window would train before 2025-12-24 00:00:00; got the data begins at 2026-01-01 00:00:00",
        ),
        ({"test": "3 steps", "folds": 2}, "the time column holds timestamps"),
        ({"test": "3 days", "folds": 2, "until": 20}, "must be a date"),
    ],
)
def test_windows_that_do_not_fit_the_data_are_refused(cases, params, sentence):
    with pytest.raises(DataError) as refused:
        split(**params).split(cases(days(20), time="at", target="bad"))

    assert sentence in str(refused.value)
