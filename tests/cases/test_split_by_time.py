from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.split.by_time import ByTime, ByTimeParams
from upshot.contracts.records import PARTS
from upshot.errors import DataError, RecipeError

START = pd.Timestamp("2024-01-01 12:00")


def days(count: int, **columns) -> pd.DataFrame:
    """One row a day at noon, labels 0 1 0 1 ..."""
    at = START + pd.to_timedelta(range(count), unit="D")
    return pd.DataFrame({"at": at, "bad": [day % 2 for day in range(count)], **columns})


def parts_of(folds) -> str:
    """One letter a row: h, t(rain), v, T(est), u."""
    letters = dict(zip(range(len(PARTS)), "htvTu", strict=True))
    return "".join(letters[code] for code in folds.assignment.frame["main"])


def split(cases, **params):
    return ByTime(ByTimeParams.model_validate(params)).split(cases)


def test_windows_are_half_open_and_what_lies_between_them_is_unused(cases):
    made = cases(days(12), time="at", target="bad")

    folds = split(made, train=["2024-01-03", "2024-01-06"], test=["2024-01-08", "2024-01-11"])

    assert parts_of(folds) == "hhtttuuTTTuu"
    assert dict(folds.folds[0].parts) == {"history": 2, "train": 3, "validation": 0, "test": 3, "unused": 4}
    assert folds.folds[0].cutoff == "2024-01-05 12:00:00"
    assert folds.gap is None


def test_dates_name_where_each_part_begins(cases):
    made = cases(days(12), time="at", target="bad")

    folds = split(made, train_from="2024-01-03", validation_from="2024-01-06", test_from="2024-01-08", test_until="2024-01-11")

    assert parts_of(folds) == "hhtttvvTTTuu"


def test_shares_are_of_the_time_span_and_cut_at_midnight(cases):
    made = cases(days(21), time="at", target="bad")

    folds = split(made, history=0.2, validation=0.2, test=0.3)

    assert parts_of(folds) == "hhhh" + "tttttt" + "vvvv" + "TTTTTTT"


def test_shares_of_a_counter_need_no_calendar(cases):
    made = cases(pd.DataFrame({"step": range(10), "bad": [0, 1] * 5}), time="step", target="bad")

    folds = split(made, validation=0.2, test=0.3)

    assert parts_of(folds) == "tttttvvTTT"
    assert folds.folds[0].cutoff == "4"


def test_rows_whose_outcome_was_not_known_yet_are_set_aside_before_each_part(cases):
    made = cases(days(16), {"delay": "2 days"}, time="at", target="bad")

    folds = split(made, validation_from="2024-01-07", test_from="2024-01-12")

    assert parts_of(folds) == "ttttuu" + "vvvuu" + "TTTTT"
    assert folds.gap == "2 days"


def test_a_gap_may_be_longer_than_the_delay(cases):
    made = cases(days(16), {"delay": "2 days"}, time="at", target="bad")

    folds = split(made, validation_from="2024-01-07", test_from="2024-01-12", gap="3 days")

    assert parts_of(folds) == "tttuuu" + "vvuuu" + "TTTTT"
    assert folds.gap == "3 days"


def test_entities_that_were_known_to_be_bad_leave_the_scored_rows_the_day_after(cases):
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta([0, 24, 48, 104, 105, 132, 144, 145], unit="h")
    frame = pd.DataFrame({"at": at, "card": list("abcabaac"), "bad": [0, 1, 1, 1, 0, 0, 0, 1]})
    made = cases(frame, {"delay": "1 day"}, time="at", target="bad", entities=("card",))

    folds = split(made, train=["2024-01-01", "2024-01-04"], test=["2024-01-05", None], exclude_known={"entity": "card"})

    assert parts_of(folds) == "ttt" + "TuTuu"  # b and c are known from training; a, bad on the fifth at 8, when the seventh begins


def test_a_bad_row_before_the_training_window_does_not_make_an_entity_known(cases):
    at = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-05", "2024-01-06"])
    made = cases(pd.DataFrame({"at": at, "card": list("abcaa"), "bad": [1, 0, 1, 0, 1]}), {"delay": "1 day"}, time="at", target="bad")

    folds = split(made, train=["2024-01-02", "2024-01-05"], test=["2024-01-05", None], exclude_known={"entity": "card"})

    assert parts_of(folds) == "httTT"


def test_known_entities_need_to_know_when_outcomes_are_known(cases):
    made = cases(days(10, card=1), time="at", target="bad")

    with pytest.raises(RecipeError, match=r"split\.exclude_known .*give labels\.delay"):
        split(made, test=0.4, exclude_known={"entity": "card"})


def test_a_delay_that_eats_the_training_rows_is_refused_with_the_counts(cases):
    made = cases(days(10), {"delay": "20 days"}, time="at", target="bad")

    with pytest.raises(DataError) as caught:
        split(made, test_from="2024-01-07")

    assert caught.value.problems[0].where == "split part 'train'"
    assert caught.value.problems[0].got == "none of 10 rows (test 4, unused 6)"


def test_a_part_of_one_class_is_refused(cases):
    frame = days(10).assign(bad=[0, 1, 0, 1, 0, 1, 0, 0, 0, 0])
    made = cases(frame, time="at", target="bad")

    with pytest.raises(DataError, match=r"split part 'test' +must have both classes; got 4 rows of label 0"):
        split(made, test_from="2024-01-07")


def test_dates_do_not_fit_a_counter(cases):
    made = cases(pd.DataFrame({"step": range(10), "bad": [0, 1] * 5}), time="step", target="bad")

    with pytest.raises(DataError, match="must be an integer, because the time column is a counter; got '2024-01-07'"):
        split(made, test_from="2024-01-07")


def test_a_split_by_time_needs_a_time(cases):
    with pytest.raises(RecipeError, match=r"data\.roles\.time"):
        split(cases(days(10), target="bad"), test=0.3)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({}, "one form: shares, dates or windows; got none"),
        ({"test": 0.2, "test_from": "2024-01-01"}, "got dates and shares"),
        ({"validation": 0.5, "test": 0.5}, "must leave a share to train on; they take 1"),
        ({"validation_from": "2024-01-01"}, "dates need test_from"),
        ({"test": ["2024-01-01", "2024-01-02"]}, "windows need both train and test"),
        ({"train": ["2024-01-05", "2024-01-09"], "test": ["2024-01-08", None]}, "train '2024-01-09' is not before test '2024-01-08'"),
        ({"test_from": "08.01.2024"}, "must be an ISO date or time in quotes"),
        ({"train_from": 3, "test_from": "2024-01-08"}, "must be all dates or all integers"),
        ({"test": 0.2, "gap": "a week"}, "whole number and a unit"),
    ],
)
def test_a_split_that_cannot_be_meant_is_refused_before_any_data(params, sentence):
    with pytest.raises(ValidationError, match=sentence):
        ByTimeParams.model_validate(params)


def test_the_parts_that_must_have_rows_are_known_before_any_data():
    assert ByTime(ByTimeParams(test=0.2)).parts == ("train", "test")
    assert ByTime(ByTimeParams(validation=0.1, test=0.2)).parts == ("train", "validation", "test")
