"""Lives that end when a condition is met, and outcomes that are what a column will say later."""

from __future__ import annotations

import pandas as pd
import pytest

from upshot.components.labels.failure_within import FailureWithin, FailureWithinParams
from upshot.components.labels.remaining_life import RemainingLife, RemainingLifeParams
from upshot.components.labels.value_ahead import ValueAhead, ValueAheadParams
from upshot.errors import DataError, RecipeError

CELL = {"entities": ("cell",), "time": "cycle"}


def cells():
    """a falls below 1.4 at cycle 3 and comes back for a cycle; b never does."""
    return pd.DataFrame({"cell": list("aaaaabbb"), "cycle": [1, 2, 3, 4, 5, 1, 2, 3], "capacity": [1.9, 1.6, 1.3, 1.5, 1.2, 2.0, 1.8, 1.7]})


def ahead(**params):
    return ValueAhead(ValueAheadParams.model_validate({"column": "capacity", **params}))


def test_a_life_ends_at_the_first_row_that_meets_the_condition_and_later_rows_are_no_cases(checked):
    cases = RemainingLife(RemainingLifeParams(fails_when="capacity < 1.4")).label(checked(cells(), **CELL))

    assert cases.rows.frame["cycle"].tolist() == [1, 2, 3, 1, 2, 3]
    labels = cases.labels.frame
    assert labels["label"].tolist() == [2, 1, 0, 2, 1, 0]
    assert labels["fails"].tolist() == [True] * 3 + [False] * 3
    assert labels["censored"].tolist() == [False] * 3 + [True] * 3


def test_a_condition_serves_every_rule_on_lives_and_may_refuse_units_that_never_meet_it(checked):
    within = FailureWithin(FailureWithinParams(horizon="1 step", fails_when="capacity < 1.4")).label(checked(cells(), **CELL))

    assert within.labels.frame["label"].tolist() == [0, 1, 1, 0, 0, 0]
    with pytest.raises(DataError) as refused:
        RemainingLife(RemainingLifeParams(fails_when="capacity < 1.4", without_failure="refuse")).label(checked(cells(), **CELL))
    assert refused.value.problems[0].got == "1 row: row 5: 'b'"


def test_a_condition_must_be_one_on_columns_that_there_are_and_the_only_thing_that_says_how_lives_end(checked):
    def label(condition, frame, **roles):
        return RemainingLife(RemainingLifeParams(fails_when=condition)).label(checked(frame, **CELL, **roles))

    with pytest.raises(DataError) as unknown:
        label("capcity < 1.4", cells())
    with pytest.raises(DataError) as number:
        label("capacity - 1.4", cells())
    with pytest.raises(RecipeError) as both:
        label("capacity < 1.4", cells().assign(running=False), censored="running")

    assert "did you mean 'capacity'" in unknown.value.problems[0].hint
    assert number.value.problems[0].sentence() == "must be a condition, such as capacity < 1.4; got capacity - 1.4"
    assert both.value.problems[0].got == "data.roles.censored"


def test_the_outcome_is_the_units_own_value_so_much_later_and_unknown_where_watching_ended_before(checked):
    cases = ahead(ahead="2 steps").label(checked(cells(), **CELL))

    labels = cases.labels.frame
    assert labels["label"][~labels["censored"]].tolist() == [1.3, 1.5, 1.2, 1.7]
    assert labels["censored"].tolist() == [False, False, False, True, True, False, True, True]
    assert labels["label_known_at"].tolist() == [3, 4, 5, 5, 5, 3, 3, 3]


def test_a_reading_may_come_a_little_later_within_the_tolerance(checked):
    frame = pd.DataFrame(
        {"cell": "a", "at": pd.to_datetime(["2026-01-01 00:00", "2026-01-11 12:00", "2026-01-25 00:00"]), "capacity": [3.0, 2.0, 1.0]}
    )
    roles = {"entities": ("cell",), "time": "at"}

    near = ahead(ahead="10 days").label(checked(frame, **roles)).labels.frame
    wide = ahead(ahead="10 days", tolerance="7 days").label(checked(frame, **roles)).labels.frame

    assert (near["censored"].tolist(), near["label"][0]) == ([False, True, True], 2.0)
    assert (wide["censored"].tolist(), wide["label"][:2].tolist()) == ([False, False, True], [2.0, 1.0])


def test_a_later_value_and_the_life_beside_it_come_from_one_rule_each(checked):
    labels = ahead(ahead="1 step", fails_when="capacity < 1.4").label(checked(cells(), **CELL)).labels.frame

    assert labels["label"].tolist()[:3] == [
        1.6,
        1.3,
        1.5,
    ]  # the cell is measured on after its end, which the outcome of its last case may say
    assert labels["remaining"].tolist() == [2, 1, 0, 2, 1, 0]


def test_a_column_without_numbers_and_a_look_too_far_ahead_are_refused(checked):
    with pytest.raises(DataError, match="the outcome cannot be read"):
        ahead(ahead="1 step", column="cell").label(checked(cells(), **CELL))
    with pytest.raises(DataError) as far:
        ahead(ahead="99 steps").label(checked(cells(), **CELL))

    assert far.value.problems[0].hint == "look less far ahead, or raise labels.tolerance"
