from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.records import Map, Roles, Tuned
from upshot.errors import DataError, RecipeError

CARD = Roles(target="fraud", amount="amount")


def test_threshold_is_the_one_that_earns_most_on_validation(component, cases_of, game_of):
    # Blocking from 0.6 on stops 100 + 50 and holds up one good case (-20): 130. From 0.9 on: 100. From 0.5 on: 150 - 40 = 110.
    outcomes = cases_of({"amount": [100.0, 10.0, 50.0, 10.0, 10.0]}, roles=CARD, label=[1, 0, 1, 0, 0])
    predictions = pd.DataFrame({"case": range(5), "probability": [0.9, 0.7, 0.6, 0.5, 0.1]})
    game = game_of(component("rollout", "case_actions"), "blocked_fraud - blocked_good * friction", friction=20.0)
    policy = component("policy", "threshold")

    tuned = policy.tune(predictions, outcomes, game)
    decisions = policy.decide(predictions, outcomes.blind(), tuned, game)

    assert policy.tunes and tuned.on == "validation"
    assert tuned.values["threshold"] == 0.6
    assert tuned.curve.frame["alerts"].tolist() == [0, 1, 2, 3, 4, 5]
    assert tuned.curve.frame["worth"].tolist() == [0.0, 100.0, 80.0, 130.0, 110.0, 90.0]
    assert decisions["action"].tolist() == ["block", "block", "block", "approve", "approve"]


def test_threshold_may_be_to_do_nothing(component, cases_of, game_of):
    outcomes = cases_of({"amount": [5.0, 5.0]}, roles=CARD, label=[1, 0])
    predictions = pd.DataFrame({"case": range(2), "anomaly": [0.5, 0.5]})
    game = game_of(component("rollout", "case_actions"), "blocked_fraud - blocked_good * friction", friction=20.0)
    policy = component("policy", "threshold")

    tuned = policy.tune(predictions, outcomes, game)

    assert tuned.values["threshold"] == np.nextafter(0.5, 1.0)
    assert policy.decide(predictions, outcomes.blind(), tuned, game)["action"].tolist() == ["approve", "approve"]


def test_a_given_threshold_is_used_and_not_tuned(component, cases_of, game_of):
    cases = cases_of({"amount": [1.0, 1.0]}, roles=CARD, label=[0, 1])
    predictions = pd.DataFrame({"case": range(2), "probability": [0.29, 0.30]})
    policy = component("policy", "threshold", threshold=0.3, action="review")
    game = game_of(component("rollout", "case_actions"), "blocked_fraud")

    decisions = policy.decide(predictions, cases.blind(), Tuned(Map()), game)

    assert not policy.tunes
    assert decisions["action"].tolist() == ["approve", "review"]


def test_thresholds_are_dense_where_alerts_are_few():
    from upshot.components.policy.threshold import candidates

    scores = np.arange(10_000) / 10_000

    levels = candidates(scores, 200)

    assert len(levels) <= 200 and levels[0] > scores.max() and levels[-1] == 0.0
    assert (levels[1:11] == scores[::-1][:10]).all()


def test_expected_value_takes_the_best_action_of_each_case(component, cases_of, game_of):
    # review: 0.9 * p * amount - 5; block: p * amount - 12 * (1 - p); approve: 0.
    #   p 0.5, amount 100: review 40, block 44 -> block.    p 0.1, amount 100: review 4, block -0.8 -> review.
    #   p 0.1, amount  50: review -0.5, block -5.8 -> approve.    p 0.9, amount 10: review 3.1, block 7.8 -> block.
    cases = cases_of({"amount": [100.0, 100.0, 50.0, 10.0]}, roles=CARD, label=[0, 0, 0, 0]).blind()
    predictions = pd.DataFrame({"case": range(4), "probability": [0.5, 0.1, 0.1, 0.9]})
    rollout = component("rollout", "case_actions", detection=0.9)
    game = game_of(rollout, "blocked_fraud - reviewed * review - blocked_good * friction", review=5.0, friction=12.0)

    decisions = component("policy", "expected_value").decide(predictions, cases, Tuned(Map()), game)

    assert decisions["action"].tolist() == ["block", "review", "approve", "block"]
    assert decisions["case"].tolist() == [0, 1, 2, 3]


def test_expected_value_of_a_cost_takes_the_cheapest_action(component, cases_of, game_of):
    cases = cases_of({"amount": [100.0, 100.0]}, roles=CARD, label=[0, 0]).blind()
    predictions = pd.DataFrame({"case": range(2), "probability": [0.5, 0.01]})
    game = game_of(component("rollout", "case_actions"), "missed_fraud + reviewed * review", "minimize", review=5.0)

    policy = component("policy", "expected_value", actions=["approve", "review"])
    decisions = policy.decide(predictions, cases, Tuned(Map()), game)

    assert decisions["action"].tolist() == ["review", "approve"]


def test_expected_value_equals_trying_every_action_by_hand(component, cases_of, game_of):
    random = np.random.default_rng(3)
    p, amount = random.random(200), random.gamma(1.0, 60.0, 200)
    cases = cases_of({"amount": amount}, roles=CARD, label=np.zeros(200)).blind()
    game = game_of(
        component("rollout", "case_actions"), "blocked_fraud - reviewed * review - blocked_good * friction", review=5.0, friction=12.0
    )

    decisions = component("policy", "expected_value").decide(
        pd.DataFrame({"case": range(200), "probability": p}), cases, Tuned(Map()), game
    )

    for i in range(200):
        worth = {"approve": 0.0, "review": p[i] * amount[i] - 5.0, "block": p[i] * amount[i] - (1 - p[i]) * 12.0}
        assert decisions["action"][i] == max(worth, key=lambda action: worth[action])


def test_expected_value_refuses_a_rollout_without_one_row_a_case(component, cases_of):
    class FirstCaseOnly:
        def flows(self, decisions, outcomes):
            return pd.DataFrame({"case": [0]})

        def money(self, flows):
            return np.zeros(len(flows))

    cases = cases_of({"amount": [1.0, 2.0]}, roles=CARD, label=[0, 1]).blind()
    predictions = pd.DataFrame({"case": range(2), "probability": [0.5, 0.5]})

    with pytest.raises(RecipeError) as refused:
        component("policy", "expected_value").decide(predictions, cases, Tuned(Map()), FirstCaseOnly())

    assert refused.value.problems[0].got == "1 rows for 2 cases"


def test_top_k_per_day_acts_on_the_k_highest_of_each_day(component, cases_of, game_of):
    moments = pd.to_datetime(["2026-01-02 09:00", "2026-01-01 08:00", "2026-01-01 23:59", "2026-01-01 12:00", "2026-01-02 00:00"])
    cases = cases_of({"amount": [1.0] * 5}, roles=Roles(time="at"), as_of=moments, label=[0] * 5).blind()
    predictions = pd.DataFrame({"case": range(5), "probability": [0.2, 0.5, 0.9, 0.5, 0.1]})

    decisions = component("policy", "top_k_per_day", k=2).decide(predictions, cases, Tuned(Map()), None)

    assert decisions["action"].tolist() == ["review", "review", "review", "approve", "review"]
    assert decisions["effort"].tolist() == [1.0, 1.0, 1.0, 0.0, 1.0]


def test_top_k_per_day_of_entities_reviews_a_card_once_a_day(component, cases_of):
    moments = pd.to_datetime(["2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 03:00", "2026-01-02 01:00", "2026-01-02 02:00"])
    cards = ["a", "b", "a", "a", "b"]
    cases = cases_of({"card": cards}, roles=Roles(time="at"), as_of=moments, label=[0] * 5).blind()
    predictions = pd.DataFrame({"case": range(5), "probability": [0.1, 0.5, 0.8, 0.2, 0.3]})

    policy = component("policy", "top_k_per_day", k=1, entity="card", action="block")
    decisions = policy.decide(predictions, cases, Tuned(Map()), None)

    assert decisions["action"].tolist() == ["block", "approve", "block", "approve", "block"]
    assert decisions["effort"].tolist() == [1.0, 0.0, 0.0, 0.0, 1.0]


def test_top_k_per_day_equals_a_loop_over_days_and_entities():
    from upshot.components.worklists import choose

    random = np.random.default_rng(11)
    days, members = random.integers(0, 5, 300), random.integers(0, 12, 300)
    score = random.integers(0, 20, 300) / 20.0

    chosen, first = choose(days, members, score, 3)

    for day in range(5):
        today = [i for i in range(300) if days[i] == day]
        names = list(dict.fromkeys(members[i] for i in today))
        height = {name: max(score[i] for i in today if members[i] == name) for name in names}
        listed = sorted(names, key=lambda name: -height[name])[:3]
        assert [i for i in today if chosen[i]] == [i for i in today if members[i] in listed]
        assert sum(first[i] for i in today) == len(names)


def test_top_k_per_day_names_the_column_that_it_misses(component, cases_of):
    cases = cases_of({"card_id": ["a"]}, as_of=pd.to_datetime(["2026-01-01"]), label=[0]).blind()
    predictions = pd.DataFrame({"case": [0], "probability": [0.5]})

    with pytest.raises(DataError) as missing:
        component("policy", "top_k_per_day", entity="card").decide(predictions, cases, Tuned(Map()), None)
    with pytest.raises(DataError) as counted:
        no_clock = cases_of({"card_id": ["a"]}, roles=Roles(time="cycle"), as_of=[3], label=[0]).blind()
        component("policy", "top_k_per_day").decide(predictions, no_clock, Tuned(Map()), None)

    assert missing.value.problems[0].where == "policy.entity" and "card_id" in missing.value.problems[0].hint
    assert counted.value.problems[0].where == "cycle" and counted.value.problems[0].got == "int64"
