from __future__ import annotations

import pandas as pd
import pytest

from upshot.components.labels.remaining_life import RemainingLife, RemainingLifeParams
from upshot.errors import DataError, RecipeError


def fleet(**columns):
    return pd.DataFrame({"unit": ["a", "a", "b", "a", "b"], "cycle": [1, 3, 1, 2, 2], **columns})


def test_remaining_life_counts_the_cycles_until_the_last_of_the_unit(checked):
    cases = RemainingLife(RemainingLifeParams()).label(checked(fleet(), entities=("unit",), time="cycle"))

    assert cases.labels.frame["label"].tolist() == [2.0, 0.0, 1.0, 1.0, 0.0]
    assert cases.labels.frame["as_of"].tolist() == [1, 3, 1, 2, 2]
    assert (cases.block, cases.labels.frame["block"].tolist()) == ("entity", [0, 0, 1, 0, 1])


def test_remaining_life_on_a_clock_is_in_days(checked):
    frame = fleet(at=pd.to_datetime("2024-01-01") + pd.to_timedelta([0, 36, 0, 12, 6], unit="h"))

    cases = RemainingLife(RemainingLifeParams()).label(checked(frame, entities=("unit",), time="at"))

    assert cases.labels.frame["label"].tolist() == [1.5, 0.0, 0.25, 1.0, 0.0]


def test_a_cap_ends_what_is_told_apart_and_censoring_travels_with_the_case(checked):
    frame = fleet(running=[False, False, True, False, True])

    cases = RemainingLife(RemainingLifeParams(cap=1.5)).label(checked(frame, entities=("unit",), time="cycle", censored="running"))

    assert cases.labels.frame["label"].tolist() == [1.5, 0.0, 1.0, 1.0, 0.0]
    assert cases.labels.frame["censored"].tolist() == [False, False, True, False, True]


def test_a_repeated_cycle_and_a_half_censored_unit_are_refused_together(checked):
    frame = fleet(running=[True, False, False, False, False]).assign(cycle=[1, 3, 2, 2, 2])

    with pytest.raises(DataError) as caught:
        RemainingLife(RemainingLifeParams()).label(checked(frame, entities=("unit",), time="cycle", censored="running"))

    assert [(problem.where, problem.got) for problem in caught.value.problems] == [
        ("cycle", "1 row: row 4: '2'"),
        ("running", "3 rows: row 0: 'a', row 1: 'a', row 3: 'a'"),
    ]


def test_both_missing_roles_are_named_at_once(checked):
    with pytest.raises(RecipeError) as caught:
        RemainingLife(RemainingLifeParams()).label(checked(fleet()))

    assert [problem.where for problem in caught.value.problems] == ["data.roles.entities", "data.roles.time"]
