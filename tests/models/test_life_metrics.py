"""Scores of remaining lives and of alarms, by hand. A unit fails, or leaves, at its last cycle; a case a cycle."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.contracts.records import Roles
from upshot.errors import DataError

UNITS = Roles(time="cycle", entities=("unit",))


@pytest.fixture
def fleet(cases_of):
    """`fleet([5, -4], cap=3)`: a unit that fails at 5, one that left at 4; labels capped."""

    def make(ends, cap=None):
        lives = [abs(end) for end in ends]
        unit = np.repeat(np.arange(len(ends)), lives)
        cycle = np.concatenate([np.arange(1, life + 1) for life in lives])
        left, ends_so = np.repeat(lives, lives) - cycle, np.repeat(np.array(ends) > 0, lives)
        label = left if cap is None else np.minimum(left, cap)
        facts = {"remaining": left.astype(float), "fails": ends_so, "censored": ~ends_so & (left < (cap or math.inf)), "age": cycle * 1.0}
        return cases_of({"unit": unit, "cycle": cycle}, label, UNITS, as_of=cycle, **facts)

    return make


@pytest.fixture
def score(component):
    """The score of a prediction column, under weights (1 each when left out)."""

    def make(name, cases, weights=None, params=None, **columns):
        frame = pd.DataFrame({"case": range(cases.size), **columns})
        return component("metrics", name, **(params or {})).scorer(frame, cases)(
            np.ones(cases.size) if weights is None else np.asarray(weights)
        )

    return make


def test_errors_may_be_of_the_last_case_of_each_unit_alone_and_against_the_life_as_it_was(score, fleet):
    # Lives left: 4 3 2 1 0 of a unit that fails, 3 2 1 0 of one that left; labels are capped at 2.
    cases = fleet([5, -4], cap=2)
    point = [2.0, 2.0, 2.0, 2.0, 3.0, 2.0, 2.0, 2.0, 2.0]

    assert score("mae", cases, point=point) == pytest.approx((1 + 3) / 7)  # seen: five, and the two that were watched for the cap
    assert score("mae", cases, point=point, params={"at": "last"}) == 3.0  # the one that left has no outcome at its end
    assert score("mae", cases, point=point, params={"truth": "remaining"}) == pytest.approx((2 + 1 + 0 + 1 + 3) / 5)
    assert score("rmse", cases, point=point, params={"at": "last", "truth": "remaining"}) == 3.0
    assert score("rmse", cases, point=point, params={"truth": "remaining"}) == pytest.approx(math.sqrt((4 + 1 + 0 + 1 + 9) / 5))


def test_the_phm_score_is_the_published_sum_and_late_costs_more_than_early(score, fleet):
    cases = fleet([3, 3])

    both = score("phm_score", cases, point=[2.0, 1.0, 10.0, 2.0, 1.0, -13.0], params={"at": "last"})

    assert both == pytest.approx((math.e - 1) + (math.e - 1))  # 10 late, 13 early
    assert score("phm_score", cases, point=[2.0, 1.0, 1e9, 2.0, 1.0, 0.0]) < math.inf


def test_alpha_lambda_looks_once_a_unit_and_not_at_units_that_left(score, fleet):
    # At half-way from cycle 1 to 5 is cycle 3 with 2 left, from 1 to 9 cycle 5 with 4 left: 20 % of them are 0.4 and 0.8.
    cases = fleet([5, 9, -5])
    point = cases.labels.frame["remaining"].to_numpy().copy()
    point[2] += 0.5
    point[5 + 4] += 0.75

    assert score("alpha_lambda", cases, point=point) == 0.5
    assert score("alpha_lambda", cases, point=point, params={"alpha": 0.3}) == 1.0
    assert score("alpha_lambda", cases, point=point, params={"at": 0.75}) == 1.0
    assert score("alpha_lambda", fleet([-5]), point=point[:5]) is not None and math.isnan(
        score("alpha_lambda", fleet([-5]), point=point[:5])
    )


def test_concordance_compares_cases_of_different_units_whose_shorter_life_was_seen_to_end(score, cases_of):
    # Left: 1 (fails), 2 (left), 3 (fails), 4 (left). Comparable: 1 with all three, 3 with 4. Of these (1, 3) is told wrong and (3, 4) is a tie.
    facts = {"remaining": [1.0, 2.0, 3.0, 4.0], "fails": [True, False, True, False]}
    cases = cases_of({"unit": range(4), "cycle": [1] * 4}, [1, 2, 3, 4], UNITS, as_of=[1] * 4, **facts)

    assert score("concordance", cases, point=[5.0, 9.0, 4.0, 4.0], params={"pairs": 1000}) == pytest.approx((1 + 0 + 0 + 0.5) / 4)
    assert score("concordance", cases, probability=[0.9, 0.1, 0.3, 0.2]) == 1.0
    assert score("concordance", cases, weights=[1, 1, 1, 0], point=[1.0, 2.0, 0.0, 0.0]) == 0.5


def test_concordance_of_drawn_pairs_is_near_that_of_all(score, fleet):
    random = np.random.default_rng(0)
    cases = fleet(random.integers(20, 60, 30).tolist())
    point = cases.labels.frame["remaining"].to_numpy() + random.normal(0, 10, cases.size)

    every, drawn = (score("concordance", cases, point=point, params={"pairs": pairs}) for pairs in (10_000_000, 100_000))

    assert drawn == pytest.approx(every, abs=0.005)


ALARMS = {"threshold": 2.0, "horizon": "3 steps", "lead": "1 step"}


def test_a_stretch_of_cases_is_one_alarm_and_it_is_true_when_the_failure_follows_within_the_horizon(score, fleet):
    # Unit 0 fails at 8: alarms at 2 (false), and from 6 to 8 (true, 2 before). Unit 1 left at 8: alarms at 3 (false) and at 6 (nobody knows).
    cases = fleet([8, -8])
    point = [9, 2, 9, 9, 9, 1, 1, 1, *[9, 9, 2, 9, 9, 2, 9, 9]]

    assert score("alarm_precision", cases, point=point, params=ALARMS) == pytest.approx(1 / 3)
    assert score("failure_recall", cases, point=point, params=ALARMS) == 1.0
    assert score("lead_time", cases, point=point, params=ALARMS) == 2.0
    assert score("false_alarm_rate", cases, point=point, params={**ALARMS, "per": "7 steps"}) == pytest.approx(2 / (7 + 7) * 7)


def test_an_alarm_too_late_to_act_on_is_true_and_no_warning(score, fleet):
    cases = fleet([6, 6])
    point = [9, 9, 9, 9, 9, 0, 9, 9, 9, 0, 0, 0]

    assert score("alarm_precision", cases, point=point, params={**ALARMS, "lead": "2 steps"}) == 1.0
    assert score("failure_recall", cases, point=point, params={**ALARMS, "lead": "2 steps"}) == 0.5
    assert score("failure_recall", cases, point=point, params={**ALARMS, "lead": "0 steps"}) == 1.0


def test_an_alarm_must_be_confirmed_where_asked_and_a_probability_passes_upwards(score, fleet):
    cases = fleet([6])
    risk = [0.1, 0.9, 0.1, 0.8, 0.9, 0.9]

    once = score("alarm_precision", cases, probability=risk, params={"threshold": 0.8, "horizon": "2 steps"})
    twice = score("alarm_precision", cases, probability=risk, params={"threshold": 0.8, "horizon": "2 steps", "confirm": 2})

    assert (once, twice) == (0.5, 1.0)


def test_a_failure_that_came_before_any_warning_could_is_not_missed(score, fleet):
    cases = fleet([2, 6])
    point = [9, 9, 9, 9, 1, 1, 1, 1]

    assert score("failure_recall", cases, point=point, params={**ALARMS, "lead": "3 steps"}) == 1.0


def test_a_resample_weighs_units(score, fleet):
    cases = fleet([6, 6])
    point = [9, 9, 9, 1, 1, 1, *[9] * 6]

    assert score("failure_recall", cases, point=point, params=ALARMS) == 0.5
    assert score("failure_recall", cases, weights=[3] * 6 + [1] * 6, point=point, params=ALARMS) == 0.75
    assert math.isnan(score("failure_recall", cases, weights=[0] * 12, point=point, params=ALARMS))


def test_a_lead_longer_than_the_horizon_and_a_length_that_does_not_fit_are_refused(component, score, fleet):
    with pytest.raises(ValidationError, match="lead must not be longer than horizon"):
        component("metrics", "failure_recall", horizon="3 steps", lead="4 steps")
    with pytest.raises(DataError, match="does not fit the time column"):
        score("failure_recall", fleet([3]), point=[1, 1, 1], params={"horizon": "3 days"})


def test_on_a_clock_alarms_are_counted_by_days_and_weeks(score, cases_of):
    at = pd.to_datetime(["2026-01-01", "2026-01-08", "2026-01-14"])
    facts = {"remaining": [14.0, 7.0, 1.0], "fails": [True] * 3}
    cases = cases_of({"unit": ["u"] * 3, "cycle": at}, [0, 0, 1], UNITS, as_of=at, **facts)
    params = {"threshold": 0.5, "horizon": "5 days", "per": "7 days"}

    assert score("false_alarm_rate", cases, probability=[0.9, 0.1, 0.9], params=params) == pytest.approx(1 / 2)
    assert score("lead_time", cases, probability=[0.9, 0.1, 0.9], params={"threshold": 0.5, "horizon": "5 days"}) == 1.0
