from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.records import Roles
from upshot.errors import DataError, PluginError, RecipeError

CARD = Roles(target="fraud", amount="amount")
SHELF = Roles(time="ds", target="y", entities=("unique_id",))
UNITS = Roles(time="cycle", entities=("unit_id",))


def test_actions_on_cases_give_their_amounts_and_cells(component, cases_of):
    outcomes = cases_of({"amount": [100.0, 10.0, 40.0, 7.0, 30.0, 3.0]}, roles=CARD, label=[1, 0, 1, 0, 1, 0])
    decisions = pd.DataFrame({"case": range(6), "action": ["block", "block", "review", "review", "approve", "approve"]})

    flows = component("rollout", "case_actions", detection=0.75).play(decisions, outcomes, outcomes)

    assert flows.to_dict("list") == {
        "case": [0, 1, 2, 3, 4, 5],
        "cases": [1.0] * 6,
        "amount": [100.0, 10.0, 40.0, 7.0, 30.0, 3.0],
        "blocked_fraud": [100.0, 0.0, 30.0, 0.0, 0.0, 0.0],
        "missed_fraud": [0.0, 0.0, 10.0, 0.0, 30.0, 0.0],
        "blocked_good_amount": [0.0, 10.0, 0.0, 0.0, 0.0, 0.0],
        "blocked_good": [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        "reviewed": [0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
        "true_positive": [1.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        "false_positive": [0.0, 1.0, 0.0, 1.0, 0.0, 0.0],
        "false_negative": [0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "true_negative": [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    }


def test_a_review_costs_the_effort_of_its_case_and_decisions_may_come_in_any_order(component, cases_of):
    outcomes = cases_of({"x": [0, 0]}, roles=Roles(target="fraud"), label=[1, 0])
    decisions = pd.DataFrame({"case": [1, 0], "action": ["review", "block"], "effort": [0.0, 1.0]})

    flows = component("rollout", "case_actions", stake=20.0).play(decisions, outcomes, outcomes)

    assert flows["reviewed"].tolist() == [0.0, 0.0]
    assert flows["blocked_fraud"].tolist() == [20.0, 0.0]


def test_actions_that_are_not_known_are_refused_with_the_nearest(component, cases_of):
    outcomes = cases_of({"amount": [1.0]}, roles=CARD, label=[0])

    with pytest.raises(RecipeError) as refused:
        component("rollout", "case_actions").play(pd.DataFrame({"case": [0], "action": ["blok"]}), outcomes, outcomes)

    assert refused.value.problems[0].hint == "did you mean 'block'? options: approve, block, review"


def test_outcomes_that_do_not_fit_are_refused_with_their_rows(component, cases_of):
    rollout = component("rollout", "case_actions")
    decisions = pd.DataFrame({"case": [0, 1], "action": ["block", "block"]})

    with pytest.raises(DataError) as labels:
        rollout.play(decisions, cases_of({"amount": [1.0, 1.0]}, roles=CARD, label=[0, 2]), None)
    with pytest.raises(DataError) as amounts:
        rollout.play(decisions, cases_of({"amount": [1.0, None]}, roles=CARD, label=[0, 1]), None)
    with pytest.raises(PluginError) as twice:
        rollout.play(decisions.assign(case=0), cases_of({"amount": [1.0, 1.0]}, roles=CARD, label=[0, 1]), None)

    assert labels.value.problems[0].sentence() == "must be 1 (fraud) or 0 (good); got 1 row: row 1: 2.0"
    assert amounts.value.problems[0].sentence() == "must be a finite amount of money; got 1 row: row 1: nan"
    assert twice.value.problems[0].got == "2 decisions for 2 cases"


def test_stock_is_carried_from_period_to_period(component, cases_of):
    # wanted 10, demand 4: sold 4, held 6. wanted 8: order 2, demand 9: sold 8, unmet 1, held 0. wanted 0: nothing, demand 3 unmet.
    outcomes = cases_of({"unique_id": ["a"] * 3}, roles=SHELF, as_of=[1, 2, 3], label=[4.0, 9.0, 3.0])
    decisions = pd.DataFrame({"case": range(3), "quantity": [10.0, 8.0, 0.0]})

    flows = component("rollout", "stock").play(decisions, outcomes, outcomes)

    assert flows.drop(columns=["case", "demand"]).to_dict("list") == {
        "sold": [4.0, 8.0, 0.0],
        "unmet": [0.0, 1.0, 3.0],
        "held": [6.0, 0.0, 0.0],
        "wasted": [0.0, 0.0, 0.0],
        "ordered": [10.0, 2.0, 0.0],
        "orders": [1.0, 1.0, 0.0],
    }


def test_stock_that_does_not_keep_is_wasted(component, cases_of):
    outcomes = cases_of({"unique_id": ["a"] * 2}, roles=SHELF, as_of=[1, 2], label=[4.0, 9.0])
    decisions = pd.DataFrame({"case": range(2), "quantity": [10.0, 8.0]})

    rollout = component("rollout", "stock", shelf_life=1, initial_stock=12.0, period="week")
    flows = rollout.play(decisions, outcomes, outcomes)

    assert flows["held"].tolist() == [8.0, 0.0] and rollout.columns["held"] == "unit*week"
    assert flows["wasted"].tolist() == [8.0, 0.0]
    assert flows["ordered"].tolist() == [0.0, 8.0]


def test_stock_of_many_series_equals_a_loop_over_each(component, cases_of):
    random = np.random.default_rng(5)
    order = random.permutation(120)
    names, days = np.repeat([f"s{i}" for i in range(12)], 10)[order], np.tile(range(10), 12)[order]
    demand, wanted = random.poisson(5, 120).astype(float), random.poisson(6, 120).astype(float)
    outcomes = cases_of({"unique_id": names}, roles=SHELF, as_of=days, label=demand)

    flows = component("rollout", "stock", initial_stock=3.0).play(
        pd.DataFrame({"case": range(120), "quantity": wanted}), outcomes, outcomes
    )

    for name in set(names):
        stock = 3.0
        for row in sorted(np.flatnonzero(names == name), key=lambda i: days[i]):
            ordered = max(0.0, wanted[row] - stock)
            sold = min(stock + ordered, demand[row])
            stock = stock + ordered - sold
            assert flows.loc[row, ["ordered", "sold", "unmet", "held"]].tolist() == [ordered, sold, demand[row] - sold, stock]


def test_stock_refuses_two_cases_of_a_series_at_one_time_and_negative_demand(component, cases_of):
    decisions = pd.DataFrame({"case": range(2), "quantity": [1.0, 1.0]})
    rollout = component("rollout", "stock")

    with pytest.raises(DataError) as twice:
        rollout.play(decisions, cases_of({"unique_id": ["a", "a"]}, roles=SHELF, as_of=[1, 1], label=[1.0, 1.0]), None)
    with pytest.raises(DataError) as negative:
        rollout.play(decisions, cases_of({"unique_id": ["a", "a"]}, roles=SHELF, as_of=[1, 2], label=[1.0, -1.0]), None)

    assert twice.value.problems[0].got == "1 more, in series 'a'"
    assert negative.value.problems[0].got == "1 row: row 1: -1.0"


def test_ranked_hits_refuses_items_that_could_never_match(component, cases_of):
    outcomes = cases_of({"item_id": [1]}, roles=Roles(item="item_id"), label=[1])

    with pytest.raises(DataError, match="cannot be compared"):
        component("rollout", "ranked_hits").play(pd.DataFrame({"case": [0], "item": ["1"], "rank": [1]}), outcomes, outcomes)


def test_a_unit_runs_until_service_or_breakdown(component, cases_of):
    # u: served at cycle 2 of 4, so 2 cycles wasted. v: never served, breaks down at 3. w: never failed (censored). x: served at the failing cycle: too late.
    unit = ["u"] * 4 + ["v"] * 3 + ["w"] * 2 + ["x"] * 2
    cycle = [1, 2, 3, 4, 1, 2, 3, 1, 2, 1, 2]
    left = [3.0, 2.0, 1.0, 0.0, 2.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    censored = [False] * 7 + [True] * 2 + [False] * 2
    service = [False, True, True, False] + [False] * 3 + [False] * 2 + [False, True]
    outcomes = cases_of({"unit_id": unit}, roles=UNITS, as_of=cycle, label=left, censored=censored)

    flows = component("rollout", "unit_life").play(pd.DataFrame({"case": range(11), "service": service}), outcomes, outcomes)

    assert flows.to_dict("list") == {
        "case": [0, 4, 7, 9],
        "units": [1.0] * 4,
        "breakdowns": [0.0, 1.0, 0.0, 1.0],
        "services": [1.0, 0.0, 0.0, 0.0],
        "visits": [1.0, 0.0, 0.0, 0.0],
        "cycles": [2.0, 3.0, 2.0, 2.0],
        "wasted_cycles": [2.0, 0.0, 0.0, 0.0],
        "down_cycles": [0.0, 0.0, 0.0, 0.0],
    }


def test_lives_of_many_units_equal_a_loop_over_each(component, cases_of):
    random = np.random.default_rng(8)
    lives = random.integers(1, 9, 30)
    unit = np.repeat(np.arange(30), lives)
    cycle = np.concatenate([np.arange(1, life + 1) for life in lives])
    left = np.repeat(lives, lives) - cycle
    order = random.permutation(len(unit))
    unit, cycle, left = unit[order], cycle[order], left[order].astype(float)
    service = random.random(len(unit)) < 0.15
    outcomes = cases_of({"unit_id": unit}, roles=UNITS, as_of=cycle, label=left)

    flows = component("rollout", "unit_life").play(pd.DataFrame({"case": range(len(unit)), "service": service}), outcomes, outcomes)

    for row in flows.to_dict("records"):
        here = unit[row["case"]]
        rows = sorted(np.flatnonzero(unit == here), key=lambda i: cycle[i])
        at = next((i for i in rows if service[i] and left[i] > 0), None)
        end = rows[-1] if at is None else at
        assert (row["breakdowns"], row["services"]) == (float(at is None), float(at is not None))
        assert (row["cycles"], row["wasted_cycles"]) == (cycle[end], 0.0 if at is None else left[end])


def test_a_life_on_a_clock_is_counted_in_days_or_hours_and_not_in_cycles(component, cases_of):
    # Failure 36 hours after the first reading; served at the second, after 12.
    at = pd.to_datetime(["2026-01-01 00:00", "2026-01-01 12:00"])
    outcomes = cases_of({"unit_id": ["u", "u"]}, roles=UNITS, as_of=at, label=[1.5, 1.0])
    decisions = pd.DataFrame({"case": [0, 1], "service": [False, True]})

    with pytest.raises(DataError, match="the lives cannot be counted"):
        component("rollout", "unit_life").play(decisions, outcomes, outcomes)
    days = component("rollout", "unit_life", unit="day").play(decisions, outcomes, outcomes)
    hours = component("rollout", "unit_life", unit="hour").play(decisions, outcomes, outcomes)

    assert (days["days"].tolist(), days["wasted_days"].tolist()) == ([0.5], [1.0])
    assert (hours["hours"].tolist(), hours["wasted_hours"].tolist()) == ([12.0], [24.0])
