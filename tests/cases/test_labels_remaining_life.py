from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.components.labels.failure_within import FailureWithin, FailureWithinParams
from upshot.components.labels.remaining_life import RemainingLife, RemainingLifeParams
from upshot.contracts.components import Examples
from upshot.errors import DataError, RecipeError

DAY = pd.Timedelta(days=1)


def fleet(**columns):
    return pd.DataFrame({"unit": ["a", "a", "b", "a", "b"], "cycle": [1, 3, 1, 2, 2], **columns})


def remaining_life(**params):
    return RemainingLife(RemainingLifeParams(**params))


def failure_within(horizon, **params):
    return FailureWithin(FailureWithinParams(horizon=horizon, **params))


def column(cases, name):
    return cases.labels.frame[name].tolist()


def test_remaining_life_counts_the_cycles_until_the_last_of_the_unit(checked):
    cases = remaining_life().label(checked(fleet(), entities=("unit",), time="cycle"))

    assert column(cases, "label") == [2.0, 0.0, 1.0, 1.0, 0.0]
    assert column(cases, "as_of") == column(cases, "age") == [1, 3, 1, 2, 2]
    assert column(cases, "label_known_at") == [3, 3, 2, 3, 2]
    assert (cases.block, column(cases, "block")) == ("entity", [0, 0, 1, 0, 1])
    assert "censored" not in cases.labels.columns


def test_remaining_life_on_a_clock_is_in_days_and_so_is_the_age(checked):
    frame = fleet(at=pd.to_datetime("2024-01-01") + pd.to_timedelta([0, 36, 0, 12, 6], unit="h"))

    cases = remaining_life().label(checked(frame, entities=("unit",), time="at"))

    assert column(cases, "label") == [1.5, 0.0, 0.25, 1.0, 0.0]
    assert column(cases, "age") == [0.0, 1.5, 0.0, 0.5, 0.25]


def test_an_end_that_stands_in_a_column_may_fall_between_readings_and_an_age_too_comes_from_a_column(checked):
    frame = fleet(ended=[5, 5, 4, 5, 4], hours=[10.0, 30.0, 10.0, 20.0, 20.0])

    cases = remaining_life(age="hours").label(checked(frame, entities=("unit",), time="cycle", label_time="ended"))

    assert column(cases, "label") == [4.0, 2.0, 3.0, 3.0, 2.0]
    assert column(cases, "age") == [10.0, 30.0, 10.0, 20.0, 20.0]


def test_with_a_cap_a_unit_still_running_has_an_exact_label_as_long_as_it_was_watched_for_the_cap(checked):
    # b runs on: from cycle 1 it was watched for one more, from cycle 2 for none. With a cap of 1 its first row is exact, known a cycle later.
    frame = fleet(running=[False, False, True, False, True])

    cases = remaining_life(cap=1.0).label(checked(frame, entities=("unit",), time="cycle", censored="running"))

    assert column(cases, "label") == [1.0, 0.0, 1.0, 1.0, 0.0]
    assert column(cases, "censored") == [False, False, False, False, True]
    assert column(cases, "label_known_at") == [2, 3, 2, 3, 2]
    assert column(cases, "remaining") == [2.0, 0.0, 1.0, 1.0, 0.0]
    assert column(cases, "fails") == [True, True, False, True, False]


def test_failure_within_is_1_up_to_the_horizon_and_unknown_where_watching_ended_before(checked):
    frame = fleet(running=[False, False, True, False, True])

    cases = failure_within("1 step").label(checked(frame, entities=("unit",), time="cycle", censored="running"))

    assert cases.labels.frame["label"].dtype == np.int64
    assert column(cases, "label") == [0, 1, 0, 1, 0]
    assert column(cases, "censored") == [False, False, True, False, True]
    assert column(cases, "label_known_at") == [2, 3, 2, 3, 2]


def test_failure_within_on_a_clock_knows_a_failure_when_it_happens_and_survival_when_the_horizon_has_passed(checked):
    at = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-09"])
    frame = pd.DataFrame({"unit": "a", "at": at, "ended": pd.Timestamp("2024-01-10")})

    cases = failure_within("4 days").label(checked(frame, entities=("unit",), time="at", label_time="ended"))

    assert column(cases, "label") == [0, 0, 1]
    assert column(cases, "label_known_at") == [at[0] + 4 * DAY, at[1] + 4 * DAY, pd.Timestamp("2024-01-10")]


def test_no_label_looks_further_ahead_than_its_rule(checked):
    # a ends 4 cycles after its last row, or 53: beyond a horizon and a cap of 2 either way.
    roles = {"entities": ("unit",), "time": "cycle", "label_time": "ended"}
    soon, late = (checked(fleet(ended=[end, end, 3, end, 3]), **roles) for end in (7, 56))

    for labeller in (failure_within("2 steps"), remaining_life(cap=2.0)):
        for name in ("label", "label_known_at"):
            assert column(labeller.label(soon), name) == column(labeller.label(late), name)


def test_the_blocks_of_intervals_may_be_the_machines_of_several_lives(checked):
    frame = fleet(machine=["m", "m", "m", "m", "m"])

    cases = remaining_life(block="machine").label(checked(frame, entities=("unit", "machine"), time="cycle"))

    assert column(cases, "block") == [0, 0, 0, 0, 0]


def test_blind_cases_know_age_and_time_and_nothing_of_the_end(checked):
    frame = fleet(running=[False, False, True, False, True], ended=[5, 5, 4, 5, 4], mode=["seal", "seal", None, "seal", None])
    roles = {"entities": ("unit",), "time": "cycle", "label_time": "ended", "censored": "running", "afterwards": ("mode",)}

    blind = remaining_life().label(checked(frame, **roles)).blind()

    assert list(blind.labels.columns) == ["as_of", "age", "block"]
    assert list(blind.rows.columns) == ["unit", "cycle"]


def test_examples_can_be_cut_to_those_whose_outcome_was_seen(checked):
    frame = fleet(running=[False, False, True, False, True])
    cases = remaining_life().label(checked(frame, entities=("unit",), time="cycle", censored="running"))
    examples = Examples(cases, pd.DataFrame({"x": range(5)}))

    assert examples.seen().X["x"].tolist() == [0, 1, 3]
    assert examples.seen().y.tolist() == [2.0, 0.0, 1.0]


def test_a_unit_without_failure_is_refused_where_one_is_needed_with_its_first_row_and_two_ways_out(checked):
    frame = fleet(running=[False, False, True, False, True])

    with pytest.raises(DataError) as refused:
        remaining_life(without_failure="refuse").label(checked(frame, entities=("unit",), time="cycle", censored="running"))

    assert refused.value.problems[0].sentence() == (
        "every unit must have been seen to fail; got 1 row: row 2: 'b'; "
        "leave these units out, or keep what is known of them: labels.without_failure=censor"
    )


def test_a_repeated_cycle_and_a_half_censored_unit_are_refused_together(checked):
    frame = fleet(running=[True, False, False, False, False]).assign(cycle=[1, 3, 2, 2, 2])

    with pytest.raises(DataError) as caught:
        remaining_life().label(checked(frame, entities=("unit",), time="cycle", censored="running"))

    assert [(problem.where, problem.got) for problem in caught.value.problems] == [
        ("cycle", "1 row: row 4: '2'"),
        ("running", "3 rows: row 0: 'a', row 1: 'a', row 3: 'a'"),
    ]
    assert caught.value.problems[0].hint == "drop the copies, or name another time or unit"


def test_ends_that_differ_within_a_unit_or_lie_before_a_row_are_refused(checked):
    roles = {"entities": ("unit",), "time": "cycle", "label_time": "ended"}

    with pytest.raises(DataError) as several:
        remaining_life().label(checked(fleet(ended=[5, 5, 4, 6, 4]), **roles))
    with pytest.raises(DataError) as early:
        remaining_life().label(checked(fleet(ended=[2, 2, 4, 2, 4]), **roles))
    with pytest.raises(DataError) as other:
        remaining_life().label(checked(fleet(ended=pd.Timestamp("2024-01-01")), **roles))

    assert several.value.problems[0].rule == "must be equal in all rows of one 'unit'"
    assert early.value.problems[0].sentence() == "must not lie before 'cycle'; got 1 row: row 1: '2'"
    assert other.value.problems[0].rule == "must be of the type of 'cycle'"


def test_a_horizon_that_every_row_or_none_reaches_is_refused(checked):
    for horizon, what in (("9 steps", "all of 5 rows"), ("1 step", "none of 5 rows")):
        running = [horizon == "1 step"] * 5
        with pytest.raises(DataError) as refused:
            failure_within(horizon).label(checked(fleet(running=running), entities=("unit",), time="cycle", censored="running"))
        assert refused.value.problems[0].got == what


def test_a_horizon_in_days_does_not_fit_a_counter(checked):
    with pytest.raises(DataError) as refused:
        failure_within("9 days").label(checked(fleet(), entities=("unit",), time="cycle"))

    assert (refused.value.problems[0].where, refused.value.problems[0].hint) == ("labels.horizon", "write it as '3 steps'")


def test_both_missing_roles_are_named_at_once(checked):
    with pytest.raises(RecipeError) as caught:
        remaining_life().label(checked(fleet()))

    assert [problem.where for problem in caught.value.problems] == ["data.roles.entities", "data.roles.time"]
