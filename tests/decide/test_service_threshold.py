from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.policy.service_threshold import smoothed
from upshot.contracts.records import Roles, Tuned
from upshot.contracts.tables import Map
from upshot.errors import DataError

UNITS = Roles(time="cycle", entities=("unit",))
COST = "services * service + breakdowns * breakdown + wasted_cycles * wasted"


@pytest.fixture
def fleet(cases_of):
    """Units that fail at these cycles, a case a cycle, all beginning together."""

    def make(lives, **columns):
        unit = np.repeat(np.arange(len(lives)), lives)
        cycle = np.concatenate([np.arange(1, life + 1) for life in lives])
        rows = {"unit": unit} | {name: np.repeat(values, lives) for name, values in columns.items()}
        return cases_of(rows, roles=UNITS, as_of=cycle, label=(np.repeat(lives, lives) - cycle).astype(float))

    return make


def served(decisions, cases):
    """Cycle at which each unit is served, 0 for never."""
    frame = pd.DataFrame({"unit": cases.rows.frame["unit"], "cycle": cases.labels.frame["as_of"] * decisions["service"]})
    return frame.groupby("unit")["cycle"].max().tolist()


def test_a_unit_is_served_at_its_first_case_with_so_little_life_left(component, fleet):
    cases = fleet([5, 8])
    policy = component("policy", "service_threshold", threshold=3.0)

    decisions = policy.decide(pd.DataFrame({"point": cases.labels.frame["label"]}), cases.blind(), Tuned(Map()), None)

    assert served(decisions, cases) == [2, 5]
    assert decisions["service"].sum() == 2
    assert decisions["priority"].tolist()[:5] == [-4, -3, -2, -1, 0]


def test_a_risk_is_served_from_the_threshold_up_and_must_last_where_asked(component, fleet):
    cases = fleet([6])
    risk = pd.DataFrame({"probability": [0.1, 0.8, 0.2, 0.7, 0.9, 0.9]})

    at_once = component("policy", "service_threshold", threshold=0.7).decide(risk, cases, Tuned(Map()), None)
    confirmed = component("policy", "service_threshold", threshold=0.7, confirm=2).decide(risk, cases, Tuned(Map()), None)

    assert (served(at_once, cases), served(confirmed, cases)) == ([2], [5])


def test_a_quantile_is_looked_at_by_its_level_and_another_one_is_refused(component, fleet):
    cases = fleet([3])
    quantiles = pd.DataFrame({"q0.1": [9.0, 2.0, 1.0], "q0.5": [9.0, 8.0, 2.0]})

    low = component("policy", "service_threshold", threshold=2.0, level=0.1).decide(quantiles, cases, Tuned(Map()), None)
    with pytest.raises(DataError) as refused:
        component("policy", "service_threshold", threshold=2.0, level=0.2).decide(quantiles, cases, Tuned(Map()), None)

    assert served(low, cases) == [2]
    assert refused.value.problems[0].sentence() == "must be one of the predicted levels; got 0.2; they are 0.1, 0.5"


def test_the_threshold_is_the_one_that_costs_least_on_validation_units(component, fleet, game_of):
    # Three lives of 10, known exactly up to one cycle. At T: cost 3 * (20 + T) over 3 * (10 - T) cycles, so the least T that is in time, 1, is best.
    cases = fleet([10, 10, 10])
    game = game_of(component("rollout", "unit_life"), COST, "minimize", per="cycles", service=20.0, breakdown=100.0, wasted=1.0)
    policy = component("policy", "service_threshold", smoothing=0)

    tuned = policy.tune(pd.DataFrame({"point": cases.labels.frame["label"]}), cases, game)

    curve = tuned.curve.frame.set_index("threshold")
    assert tuned.values["threshold"] == 1.0 and tuned.on == "validation"
    assert curve.loc[1.0, "worth"] == pytest.approx(-3 * 21 / 27)
    assert curve.loc[0.0, "worth"] == pytest.approx(-300 / 30)  # at the failing cycle it is too late
    assert curve["services"].is_monotonic_increasing


def test_the_worth_of_a_threshold_is_averaged_over_its_neighbours_so_that_the_edge_of_a_cliff_is_not_taken():
    lucky = np.array([-9.0, -9.0, -1.0, -2.0, -2.0, -2.5, -3.0])

    assert lucky.argmax() == 2
    assert smoothed(lucky, 1).argmax() == 3
    assert smoothed(lucky, 1)[1:4].tolist() == [-7.0, -3.25, -1.75]
    assert smoothed(lucky, 0).tolist() == lucky.tolist()


def test_neighbours_of_a_site_ride_along_when_they_are_near_their_own_service(component, fleet):
    # All predict their life exactly, served at 2 left, riding along at 4. Units 0 and 1 stand in the north: when 0 is served at 4, 1 has 4 left, and rides along.
    # Unit 2 stands in the south, and unit 3 in the north had 5 left at cycle 4, and in another period nobody calls.
    cases = fleet([6, 8, 8, 9], site=["n", "n", "s", "n"])
    policy = component("policy", "service_threshold", threshold=2.0, joining=4.0, site="site", period="2 steps")

    decisions = policy.decide(pd.DataFrame({"point": cases.labels.frame["label"]}), cases, Tuned(Map()), None)

    assert served(decisions, cases) == [4, 4, 6, 7]


def test_whether_riding_along_pays_is_chosen_by_the_price_of_a_visit(component, fleet, game_of):
    cases = fleet([16, 20, 24, 16, 20, 24], site=["n", "n", "n", "s", "s", "s"])
    predictions = pd.DataFrame({"point": cases.labels.frame["label"]})
    policy = component("policy", "service_threshold", site="site", period="7 steps", smoothing=0)
    rollout = component("rollout", "unit_life", site="site", period="7 steps")
    cost = f"{COST} + visits * visit"

    def chosen(visit):
        game = game_of(rollout, cost, "minimize", per="cycles", service=20.0, breakdown=100.0, wasted=1.0, visit=visit)
        return policy.tune(predictions, cases, game), game

    dear, game = chosen(60.0)
    free, _ = chosen(0.0)

    assert dear.values["joining"] > dear.values["threshold"]
    assert free.values["joining"] == free.values["threshold"]
    flows = game.flows(policy.decide(predictions, cases, dear, game), cases)
    assert (flows["visits"].sum(), flows["services"].sum()) == (pytest.approx(2), 6)


def test_grouping_needs_its_period_and_joining_its_site(component):
    with pytest.raises(ValidationError, match="site and period go together"):
        component("policy", "service_threshold", site="site")
    with pytest.raises(ValidationError, match="joining needs a site and a threshold"):
        component("policy", "service_threshold", threshold=1.0, joining=2.0)


def test_the_best_interval_is_chosen_by_money_on_the_rows_before_and_kept(component, fleet, game_of):
    # Lives 6, 8, 9, 10, 12: age 5 costs (5 * 20 + 1 + 3 + 4 + 5 + 7) / 25 = 4.80, the least of all.
    before, cases = fleet([6, 8, 9, 10, 12]), fleet([4, 9])
    game = game_of(component("rollout", "unit_life"), COST, "minimize", per="cycles", service=20.0, breakdown=100.0, wasted=1.0)
    baseline = component("baselines", "best_interval")

    tuned = baseline.tune(before, game)

    assert (tuned.values["age"], tuned.on) == (5.0, "rows before the test rows")
    assert served(baseline.decide(cases, before, tuned), cases) == [0, 5]
