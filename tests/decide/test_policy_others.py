from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.contracts.records import Map, Roles, Tuned
from upshot.errors import RecipeError

UNITS = Roles(time="cycle", entities=("unit_id",))


def test_newsvendor_orders_the_quantile_at_the_critical_ratio(component, cases_of):
    # ratio 3 / (3 + 1) = 0.75: between 0.5 and 0.9 at (0.75 - 0.5) / 0.4 = 0.625 of the way.
    predictions = pd.DataFrame({"case": [0, 1], "q0.1": [1.0, -9.0], "q0.5": [10.0, -8.0], "q0.9": [18.0, -1.0]})
    cases = cases_of({"y": [0.0, 0.0]}, label=[0.0, 0.0]).blind()

    decisions = component("policy", "newsvendor", underage=3.0, overage=1.0).decide(predictions, cases, Tuned(Map()), None)

    assert decisions["quantity"].tolist() == [15.0, 0.0]


def test_newsvendor_rounds_up_to_full_packs(component, cases_of):
    predictions = pd.DataFrame({"case": [0, 1, 2], "q0.5": [12.0, 12.1, 0.0], "q0.9": [99.0, 99.0, 99.0]})
    cases = cases_of({"y": [0.0] * 3}, label=[0.0] * 3).blind()

    policy = component("policy", "newsvendor", underage=1.0, overage=1.0, pack_size=6.0)

    assert policy.decide(predictions, cases, Tuned(Map()), None)["quantity"].tolist() == [12.0, 18.0, 0.0]


def test_newsvendor_refuses_a_ratio_beyond_the_levels(component, cases_of):
    predictions = pd.DataFrame({"case": [0], "q0.1": [1.0], "q0.9": [2.0]})

    with pytest.raises(RecipeError) as refused:
        component("policy", "newsvendor", underage=19.0, overage=1.0).decide(predictions, cases_of({"y": [0]}), Tuned(Map()), None)

    assert refused.value.problems[0].got == "0.95, levels 0.1, 0.9"
    assert refused.value.problems[0].hint == "add a level >= 0.95 to the model's levels"


def test_newsvendor_refuses_costs_that_are_both_nothing(component):
    with pytest.raises(ValidationError, match="must not both be 0"):
        component("policy", "newsvendor", underage=0.0, overage=0.0)


def test_top_k_shows_the_first_items_of_each_ranking(component, cases_of):
    predictions = pd.DataFrame(
        {"case": [1, 0, 0, 0], "item": ["d", "b", "a", "c"], "rank": [1, 2, 1, 3], "score": [0.5, 0.8, 0.9, 0.1]},
    )

    decisions = component("policy", "top_k", k=2).decide(predictions, cases_of({"user": [1, 2]}), Tuned(Map()), None)

    assert decisions.to_dict("list") == {"case": [0, 0, 1], "item": ["a", "b", "d"], "rank": [1, 2, 1]}


def test_a_unit_is_served_at_its_first_case_of_the_age(component, cases_of):
    rows = {"unit_id": ["u", "u", "v", "v", "u", "w"]}
    cases = cases_of(rows, roles=UNITS, as_of=[3, 1, 2, 5, 4, 1], label=[0.0] * 6).blind()

    decisions = component("policy", "service_age", age=3).decide(pd.DataFrame(), cases, Tuned(Map()), None)

    assert decisions["service"].tolist() == [True, False, False, True, False, False]


def test_the_service_age_is_the_cheapest_on_validation(component, cases_of, game_of):
    # Lives of 4 and 6 cycles. Served at T: cost 2 a service, 10 a breakdown, per cycle run.
    #   never: 20 / 10. T=3: 4 / 6 = 0.667. T=4: unit u breaks at 4 (10), v served at 4 (2): 12 / 8. T=5: 12 / 9. T=2: 4 / 4. T=1: 4 / 2. T=6: 20 / 10
    unit = ["u"] * 4 + ["v"] * 6
    cycle = [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]
    left = [3.0, 2.0, 1.0, 0.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
    outcomes = cases_of({"unit_id": unit}, roles=UNITS, as_of=cycle, label=left)
    game = game_of(component("rollout", "unit_life"), "services * 2 + breakdowns * 10", "minimize", "cycles")
    policy = component("policy", "service_age")

    tuned = policy.tune(pd.DataFrame(), outcomes, game)

    assert tuned.values["age"] == 3.0
    assert tuned.curve.frame["age"].tolist() == [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    assert tuned.curve.frame["services"].tolist() == [0, 1, 1, 2, 2, 2, 2]
    assert tuned.curve.frame["worth"].tolist() == pytest.approx([-2.0, -2.0, -12 / 9, -12 / 8, -4 / 6, -1.0, -2.0])
    assert policy.decide(pd.DataFrame(), outcomes.blind(), tuned, game)["service"].sum() == 2
