from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.components.labels.column import Column, ColumnParams
from upshot.errors import DataError, RecipeError

DAYS = pd.to_datetime(["2024-02-28 10:00", "2024-02-29 23:59", "2024-03-04 00:00"])


def test_a_case_has_outcome_moment_and_the_moment_its_outcome_is_known(checked):
    frame = pd.DataFrame({"at": DAYS, "bad": [0, 1, 0]})

    cases = Column(ColumnParams(delay="7 days")).label(checked(frame, time="at", target="bad"))

    labels = cases.labels.frame
    assert labels["label"].tolist() == [0, 1, 0] and labels["label"].dtype == np.int64
    assert labels["as_of"].tolist() == DAYS.tolist()
    assert labels["label_known_at"].tolist() == (DAYS + pd.Timedelta(days=7)).tolist()
    assert cases.block == "day"
    assert labels["block"].tolist() == [19781, 19782, 19786]


def test_a_column_that_says_when_the_outcome_was_known_goes_before_the_delay(checked):
    known = DAYS + pd.to_timedelta([1, 2, 3], unit="D")
    frame = pd.DataFrame({"at": DAYS, "bad": [0, 1, 0], "told": known})

    cases = Column(ColumnParams(delay="30 days")).label(checked(frame, time="at", target="bad", label_time="told"))

    assert cases.labels.frame["label_known_at"].tolist() == known.tolist()


def test_one_value_of_a_text_column_counts_as_the_positive_class(checked):
    frame = pd.DataFrame({"answer": ["yes", "no", "maybe"]})

    cases = Column(ColumnParams(positive="yes")).label(checked(frame, target="answer"))

    assert cases.labels.frame["label"].tolist() == [1, 0, 0]
    assert (cases.block, cases.labels.frame["block"].tolist()) == ("case", [0, 1, 2])


def test_a_number_is_a_float_label_and_a_counter_may_be_the_time(checked):
    frame = pd.DataFrame({"shop": ["b", "a", "b"], "week": [1, 1, 2], "sold": [3, 0, 4]})

    cases = Column(ColumnParams(delay="2 steps")).label(checked(frame, time="week", target="sold", entities=("shop",)))

    labels = cases.labels.frame
    assert labels["label"].tolist() == [3.0, 0.0, 4.0] and labels["label"].dtype == float
    assert labels["label_known_at"].tolist() == [3, 3, 4]
    assert (cases.block, labels["block"].tolist()) == ("entity", [0, 1, 0])


def test_the_label_of_a_ranking_is_the_item_itself(checked):
    frame = pd.DataFrame({"user": [1, 1], "item": ["tea", "tea"], "at": DAYS[:2]})

    cases = Column(ColumnParams()).label(checked(frame, time="at", item="item", entities=("user",)))

    assert cases.labels.frame["label"].tolist() == ["tea", "tea"]


@pytest.mark.parametrize(
    ("block", "codes"),
    [("week", [19779, 19779, 19786]), ("month", [19754, 19754, 19783])],
    ids=["week begins on Monday", "month on its first day"],
)
def test_blocks_of_the_calendar_are_named_by_their_first_day(checked, block, codes):
    frame = pd.DataFrame({"at": DAYS, "bad": [0, 1, 0]})

    cases = Column(ColumnParams(block=block)).label(checked(frame, time="at", target="bad"))

    assert cases.labels.frame["block"].tolist() == codes


def test_zones_are_taken_to_utc(checked):
    frame = pd.DataFrame({"at": DAYS.tz_localize("Europe/Oslo"), "bad": [0, 1, 0]})

    cases = Column(ColumnParams()).label(checked(frame, time="at", target="bad"))

    assert cases.labels.frame["as_of"].tolist() == (DAYS - pd.Timedelta(hours=1)).tolist()
    assert cases.labels.frame["block"].tolist() == [19781, 19782, 19785]


def test_a_null_outcome_is_allowed_only_where_it_was_censored(checked):
    frame = pd.DataFrame({"life": [3.0, None, None], "running": [False, True, False]})

    with pytest.raises(DataError) as caught:
        Column(ColumnParams()).label(checked(frame, target="life", censored="running"))

    assert [problem.sentence() for problem in caught.value.problems] == ["the outcome must not be null; got 1 row: row 2: nan"]


def test_every_fault_of_the_outcome_is_told_at_once(checked):
    frame = pd.DataFrame({"at": DAYS, "bad": [0.0, np.inf, None], "told": DAYS - pd.to_timedelta([0, 1, 0], unit="D")})

    with pytest.raises(DataError) as caught:
        Column(ColumnParams()).label(checked(frame, time="at", target="bad", label_time="told"))

    assert caught.value.exit_code == 3
    assert [(problem.where, problem.sentence()) for problem in caught.value.problems] == [
        ("bad", "the outcome must not be null; got 1 row: row 2: nan"),
        ("bad", "the outcome must be finite; got 1 row: row 1: inf"),
        ("told", "must not lie before 'at'; got 1 row: row 1: '2024-02-28 23:59:00'"),
    ]


def test_an_outcome_of_one_class_is_refused(checked):
    frame = pd.DataFrame({"bad": [0, 0, 0]})

    with pytest.raises(DataError) as caught:
        Column(ColumnParams()).label(checked(frame, target="bad"))

    assert caught.value.problems[0].sentence() == (
        "the outcome must have two classes; got only 0 in 3 rows; a model cannot learn from one; take a longer period, or another target"
    )


def test_a_positive_value_that_never_occurs_is_refused_with_the_values_that_do(checked):
    frame = pd.DataFrame({"answer": ["yes", "no"]})

    with pytest.raises(DataError) as caught:
        Column(ColumnParams(positive="Yes")).label(checked(frame, target="answer"))

    assert caught.value.problems[0].got == "only 'yes', 'no' in 2 rows"


def test_a_text_outcome_asks_for_its_positive_value(checked):
    frame = pd.DataFrame({"answer": ["yes", "no"]})

    with pytest.raises(DataError, match=r"labels\.positive must say which value counts as 1; got only 'yes', 'no'"):
        Column(ColumnParams()).label(checked(frame, target="answer"))


def test_a_missing_role_or_column_names_the_nearest(checked):
    frame = pd.DataFrame({"is_fraud": [0, 1]})

    with pytest.raises(RecipeError, match=r"data\.roles\.target"):
        Column(ColumnParams()).label(checked(frame))
    with pytest.raises(DataError, match="did you mean 'is_fraud'"):
        Column(ColumnParams()).label(checked(frame, target="is_frand"))


def test_a_delay_in_days_does_not_fit_a_counter(checked):
    frame = pd.DataFrame({"cycle": [1, 2], "bad": [0, 1]})

    with pytest.raises(DataError, match="the time column is a counter; got '7 days'; write it as '3 steps'"):
        Column(ColumnParams(delay="7 days")).label(checked(frame, time="cycle", target="bad"))


def test_a_length_of_time_without_unit_is_refused_before_any_data():
    with pytest.raises(ValueError, match="whole number and a unit"):
        ColumnParams(delay="7")


def test_rows_that_stand_in_the_order_of_time_have_their_numbers_as_time(checked):
    made = Column(ColumnParams.model_validate({"order": "rows", "delay": "2 steps"})).label(
        checked(pd.DataFrame({"bad": [0, 1, 0]}), target="bad")
    )

    assert made.labels.frame[["as_of", "label_known_at"]].to_numpy().tolist() == [[0, 2], [1, 3], [2, 4]]


def test_rows_in_order_with_a_time_column_have_two_times_and_are_refused(checked):
    with pytest.raises(RecipeError, match=r"must be time where data.roles.time names a column; got rows; leave one of them out"):
        Column(ColumnParams(order="rows")).label(checked(pd.DataFrame({"bad": [0, 1], "at": [1, 2]}), target="bad", time="at"))


def test_a_null_item_is_refused_unless_it_is_a_visit_on_which_nothing_was_taken(checked):
    frame = pd.DataFrame({"item": ["tea", None], "at": [1, 2]})

    with pytest.raises(DataError, match=r"or set labels.allow_nothing=true"):
        Column(ColumnParams()).label(checked(frame, item="item", time="at"))
    made = Column(ColumnParams(allow_nothing=True)).label(checked(frame, item="item", time="at"))
    assert made.labels.frame["label"].isna().tolist() == [False, True]
