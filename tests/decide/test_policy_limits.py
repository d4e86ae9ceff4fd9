"""Policies that are chosen by money within limits: two thresholds, reject option, hurdle; and a budget that is spent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.contracts.records import Map, Roles, Tuned
from upshot.errors import DataError

CARD = Roles(target="fraud", amount="amount")
SAVED = "blocked_fraud - reviewed * review - blocked_good * friction"


def predicted(*probability: float) -> pd.DataFrame:
    return pd.DataFrame({"case": range(len(probability)), "probability": probability})


@pytest.fixture
def five(cases_of, game_of, component):
    # Blocking from 0.6 on stops 100 + 50 and holds up one good case (-20): 130. From 0.9 on: 100. From 0.5 on: 110. All: 90.
    outcomes = cases_of({"amount": [100.0, 10.0, 50.0, 10.0, 10.0]}, roles=CARD, label=[1, 0, 1, 0, 0])
    game = game_of(component("rollout", "case_actions"), SAVED, review=5.0, friction=20.0)
    return predicted(0.9, 0.7, 0.6, 0.5, 0.1), outcomes, game


@pytest.mark.parametrize(
    ("limits", "threshold"),
    [({}, 0.6), ({"max_alert_rate": 0.5}, 0.9), ({"min_precision": 1.0}, 0.9), ({"max_rate": {"block": 0.8}}, 0.6)],
)
def test_a_threshold_earns_most_among_those_that_keep_the_limits(five, component, limits, threshold):
    predictions, outcomes, game = five

    tuned = component("policy", "threshold", limits=Map(limits)).tune(predictions, outcomes, game)

    assert tuned.values["threshold"] == threshold
    curve = tuned.curve.frame
    assert curve["worth"].tolist() == [0.0, 100.0, 80.0, 130.0, 110.0, 90.0]
    assert curve["alert_rate"].tolist() == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert curve["recall"].tolist() == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


def test_limits_that_no_candidate_keeps_are_refused_with_how_near_each_comes(five, component):
    predictions, outcomes, game = five
    policy = component("policy", "threshold", limits=Map({"max_alert_rate": 0.5, "min_recall": 0.9}))

    with pytest.raises(DataError) as refused:
        policy.tune(predictions, outcomes, game)

    assert [(problem.where, problem.got) for problem in refused.value.problems] == [
        ("policy.limits.max_alert_rate", "at least 0.6 where the other limits are kept"),
        ("policy.limits.min_recall", "at most 0.5 where the other limits are kept"),
    ]


def test_a_hurdle_gives_up_first_what_loses_least(component, cases_of, game_of):
    # Expected gain of review over approve: p * amount - 5 = 45, 35, 1, -4.
    outcomes = cases_of({"amount": [100.0, 80.0, 12.0, 2.0]}, roles=CARD, label=[1, 1, 1, 0])
    predictions = predicted(0.5, 0.5, 0.5, 0.5)
    game = game_of(component("rollout", "case_actions"), SAVED, review=5.0, friction=1000.0)
    free = component("policy", "expected_value")
    bound = component("policy", "expected_value", limits=Map({"max_alert_rate": 0.5}))

    unbound, tuned = (policy.tune(predictions, outcomes, game) for policy in (free, bound))

    assert (free.tunes, bound.tunes, unbound.values) == (False, True, Map())
    assert free.decide(predictions, outcomes, unbound, game)["action"].tolist() == ["review", "review", "review", "approve"]
    assert bound.decide(predictions, outcomes, tuned, game)["action"].tolist() == ["review", "review", "approve", "approve"]
    assert tuned.values["hurdle"] == 35.0


def test_a_hurdle_below_zero_buys_recall(component, cases_of, game_of):
    outcomes = cases_of({"amount": [100.0, 4.0]}, roles=CARD, label=[0, 1])
    game = game_of(component("rollout", "case_actions"), SAVED, review=5.0, friction=1000.0)
    policy = component("policy", "expected_value", limits=Map({"min_recall": 1.0}))

    tuned = policy.tune(predicted(0.5, 0.5), outcomes, game)

    assert tuned.values["hurdle"] == -3.0
    assert policy.decide(predicted(0.5, 0.5), outcomes.blind(), tuned, game)["action"].tolist() == ["review", "review"]


def test_two_thresholds_leave_the_middle_to_people(component, cases_of, game_of):
    # A review costs 5 and finds all; a blocked good case costs 20. Reviewing 0.4 to 0.8, blocking 0.9: 100 + 50 + 30 - 4 * 5 = 160.
    outcomes = cases_of({"amount": [100.0, 10.0, 50.0, 10.0, 30.0, 10.0, 10.0]}, roles=CARD, label=[1, 0, 1, 0, 1, 0, 0])
    predictions = predicted(0.9, 0.8, 0.7, 0.6, 0.5, 0.2, 0.1)
    game = game_of(component("rollout", "case_actions"), SAVED, review=5.0, friction=20.0)
    policy = component("policy", "review_band")

    tuned = policy.tune(predictions, outcomes, game)
    decided = policy.decide(predictions, outcomes.blind(), tuned, game)

    assert dict(tuned.values) == {"review_from": 0.5, "act_from": 0.9}
    assert decided["action"].tolist() == ["block", *["review"] * 4, "approve", "approve"]
    assert tuned.curve.frame["worth"].max() == game.worth(decided, outcomes) == 160.0


def test_what_people_can_look_at_bounds_the_band(component, cases_of, game_of):
    outcomes = cases_of({"amount": [100.0, 10.0, 50.0, 10.0, 30.0, 10.0, 10.0]}, roles=CARD, label=[1, 0, 1, 0, 1, 0, 0])
    predictions = predicted(0.9, 0.8, 0.7, 0.6, 0.5, 0.2, 0.1)
    game = game_of(component("rollout", "case_actions"), SAVED, review=5.0, friction=20.0)
    policy = component("policy", "review_band", limits=Map({"max_rate": {"review": 0.3}}))

    tuned = policy.tune(predictions, outcomes, game)

    # Block 0.9 to 0.7 (one good case held up), review 0.6 and 0.5: 180 - 20 - 10; reviewing 0.8 and 0.7 alone: 150 - 10.
    assert dict(tuned.values) == {"review_from": 0.5, "act_from": 0.7}
    assert tuned.curve.frame.query("allowed")["worth"].max() == 150.0


def test_a_band_is_found_as_well_as_by_trying_every_pair(component, cases_of, game_of):
    random = np.random.default_rng(5)
    p = random.beta(0.4, 3.0, 300)
    outcomes = cases_of({"amount": np.full(300, 60.0)}, roles=CARD, label=(random.random(300) < p).astype(int))
    game = game_of(component("rollout", "case_actions", detection=0.9), SAVED, review=8.0, friction=25.0)
    policy = component("policy", "review_band")

    tuned = policy.tune(predicted(*p), outcomes, game)

    levels = np.sort(p)[::5]
    decided = [policy._decided(p, low, high) for low in levels for high in levels if low <= high]
    best = max(game.worth(frame, outcomes) for frame in decided)
    assert tuned.curve.frame["worth"].max() >= 0.995 * best


def test_a_case_near_the_border_of_its_own_money_is_referred(component, cases_of, game_of):
    # Block gains p * amount - (1 - p) * 20 over approval: even at p = 20 / (amount + 20): 1/6 for 100, 1/2 for 20.
    cases = cases_of({"amount": [100.0, 100.0, 20.0, 20.0]}, roles=CARD, label=[0, 0, 0, 0]).blind()
    game = game_of(component("rollout", "case_actions"), SAVED, review=5.0, friction=20.0)
    predictions = predicted(0.2, 0.45, 0.45, 0.9)

    decided = component("policy", "reject_option", margin=0.1).decide(predictions, cases, Tuned(Map()), game)
    never = component("policy", "reject_option", margin=0.0).decide(predictions, cases, Tuned(Map()), game)

    assert decided["action"].tolist() == ["review", "block", "review", "block"]
    assert never["action"].tolist() == ["block", "block", "approve", "block"]


def test_the_margin_is_chosen_by_money_within_what_people_can_take(component, cases_of, game_of):
    # p 0.5, amount 20 lies on the border; a review is worth 20 - 5 on the fraud and -5 on the good one.
    outcomes = cases_of({"amount": [20.0] * 4}, roles=CARD, label=[1, 1, 0, 0])
    game = game_of(component("rollout", "case_actions"), SAVED, review=5.0, friction=20.0)
    predictions = predicted(0.9, 0.45, 0.55, 0.1)
    free = component("policy", "reject_option")
    bound = component("policy", "reject_option", limits=Map({"max_rate": {"review": 0.0}}))

    tuned, none = (policy.tune(predictions, outcomes, game) for policy in (free, bound))

    # Without referral: 20 (block 0.9) - 20 (block 0.55); with two referred: 20 + 15 - 5.
    assert free.decide(predictions, outcomes.blind(), tuned, game)["action"].tolist() == ["block", "review", "review", "approve"]
    assert tuned.curve.frame["worth"].tolist()[:2] == [0.0, 30.0]
    assert none.values["margin"] == 0.0


def test_a_budget_goes_where_most_is_gained_for_it(component, cases_of, game_of):
    # Gain of a call: p * margin - 4: 4, 3, 6, -2. For each unit of cost: 2, 3, 1.5.
    roles = Roles(target="bought")
    cases = cases_of({"margin": [80.0, 70.0, 100.0, 20.0], "cost": [2.0, 1.0, 4.0, 1.0]}, roles=roles, label=[0, 0, 0, 0]).blind()
    rollout = component(
        "rollout",
        "action_outcomes",
        actions=("approve", "contact"),
        good="no",
        bad="yes",
        amounts=Map({"margin": Map({"expression": "margin", "unit": "EUR"})}),
    )
    game = game_of(rollout, "contact_yes_margin - (contact_yes + contact_no) * call", call=4.0)
    predictions = predicted(0.1, 0.1, 0.1, 0.1)

    three, six, all_ = (
        component("policy", "budget", budget=money, cost="cost").decide(predictions, cases, Tuned(Map()), game)["action"].tolist()
        for money in (3.0, 6.0, 100.0)
    )

    assert three == ["contact", "contact", "approve", "approve"]
    assert six == ["contact", "contact", "approve", "approve"]
    assert all_ == ["contact", "contact", "contact", "approve"]


def test_a_budget_of_a_week_is_spent_each_week_from_monday(component, cases_of):
    days = pd.to_datetime(["2026-01-04", "2026-01-05", "2026-01-06", "2026-01-11", "2026-01-12"])  # the 4th is a Sunday
    cases = cases_of({"x": [0] * 5}, roles=Roles(time="day"), as_of=days, label=[0] * 5).blind()
    uplift = pd.DataFrame({"case": range(5), "uplift": [0.1, 0.3, 0.2, 0.4, 0.1]})

    policy = component("policy", "budget", budget=2.0, per="week", order="score", least=0.15)
    decided = policy.decide(uplift, cases, Tuned(Map()), None)

    assert policy.accepts == ("probability", "anomaly", "uplift")
    assert decided["action"].tolist() == ["approve", "contact", "approve", "contact", "approve"]


def test_flows_of_action_outcomes_keep_apart_who_was_served_and_how_it_ended(component, cases_of):
    outcomes = cases_of({"limit": [100.0, 50.0, 30.0], "bill": [-5.0, 80.0, 20.0]}, roles=Roles(target="late"), label=[0, 1, 1])
    rollout = component(
        "rollout", "action_outcomes", amounts=Map({"exposure": Map({"expression": "min(limit, max(bill, 0))", "unit": "TWD"})})
    )

    flows = rollout.play(pd.DataFrame({"case": range(3), "action": ["approve", "approve", "decline"]}), outcomes, outcomes)

    assert dict(rollout.columns) == {
        "cases": "case",
        **dict.fromkeys(("approve_good", "approve_bad", "decline_good", "decline_bad"), "case"),
        **dict.fromkeys((f"{a}_{o}_exposure" for a in ("approve", "decline") for o in ("good", "bad")), "TWD"),
    }
    assert flows[["approve_good", "approve_bad", "decline_bad"]].to_numpy().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert flows["approve_bad_exposure"].tolist() == [0.0, 50.0, 0.0]
    assert flows["decline_bad_exposure"].tolist() == [0.0, 0.0, 20.0]


def test_an_amount_may_not_read_the_outcome(component, cases_of):
    outcomes = cases_of({"late": [0, 1]}, roles=Roles(target="late"), label=[0, 1])
    rollout = component("rollout", "action_outcomes", amounts=Map({"a": Map({"expression": "late", "unit": "EUR"})}))

    with pytest.raises(DataError, match="known before the outcome"):
        rollout.play(pd.DataFrame({"case": [0, 1], "action": ["approve", "decline"]}), outcomes, outcomes)


@pytest.mark.parametrize(
    ("kind", "use", "params", "sentence"),
    [
        ("policy", "threshold", {"threshold": 0.5, "limits": {"min_recall": 0.5}}, "leave one of the two out"),
        ("policy", "review_band", {"review_from": 0.5}, "given together, or chosen together"),
        ("policy", "review_band", {"review_from": 0.5, "act_from": 0.4}, "review_from must be <= act_from"),
        ("policy", "review_band", {"review": "block"}, "that is policy threshold"),
        ("policy", "reject_option", {"refer": "block"}, "three different things"),
        ("policy", "budget", {"budget": 3.0, "cost": 4.0}, "does not pay for one action"),
        ("policy", "budget", {"budget": 3.0, "cost": "a ** 2"}, "there is no power"),
        ("policy", "expected_value", {"actions": ["review", "block"], "limits": {"min_recall": 0.5}}, "limits need approve"),
        ("rollout", "action_outcomes", {"actions": ["accept", "decline"]}, "approve among them"),
        ("rollout", "action_outcomes", {"amounts": {"a": {"expression": "x.y", "unit": "EUR"}}}, "nothing can be looked up"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_data(catalogue, kind, use, params, sentence):
    with pytest.raises(ValidationError, match=sentence):
        catalogue.params_class(catalogue.find(kind, use)).model_validate(params)
