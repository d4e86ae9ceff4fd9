"""Three days, two places a day, four cards. Amounts are powers of two, so that every sum names its cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.records import Roles, Tuned
from upshot.contracts.tables import Map
from upshot.errors import DataError, RecipeError

CARD = Roles(time="at", target="fraud", amount="amount", entities=("card",))
DAYS = pd.to_datetime(["2026-01-01"] * 4 + ["2026-01-02"] * 4 + ["2026-01-03"] * 2)
CARDS = ["a", "a", "b", "c", "a", "b", "c", "d", "a", "c"]
AMOUNTS = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]
FRAUDS = [0, 1, 0, 1, 1, 1, 0, 0, 1, 1]
PRIORITY = [0.9, 0.1, 0.8, 0.3, 0.9, 0.6, 0.5, 0.4, 0.9, 0.2]


@pytest.fixture
def payments(cases_of):
    return cases_of({"card": CARDS, "amount": AMOUNTS}, roles=CARD, as_of=DAYS, label=FRAUDS)


def reviews(priority: list[float] | None = None) -> pd.DataFrame:
    decisions = pd.DataFrame({"case": range(10), "action": ["review"] * 10})
    return decisions if priority is None else decisions.assign(priority=priority)


def test_a_card_that_is_found_is_closed_from_the_next_day_on(component, payments):
    # Day 1: a and b are looked at, a is found. Day 2: a is closed, so b and c are looked at, b is found. Day 3: only c is left, and is found.
    rollout = component("rollout", "review_queue", entity="card", capacity=2)

    flows = rollout.play(reviews(PRIORITY), payments, payments)

    assert set(flows.columns) == {"case", *rollout.columns}
    assert flows["reviewed"].tolist() == [1, 0, 1, 0, 0, 1, 1, 0, 0, 1]
    assert flows["blocked_fraud"].tolist() == [0, 2, 0, 0, 0, 32, 0, 0, 0, 512]
    assert flows["missed_fraud"].tolist() == [0, 0, 0, 8, 0, 0, 0, 0, 0, 0]
    assert flows["closed"].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 1, 0]
    assert flows["closed_fraud"].tolist() == [0, 0, 0, 0, 16, 0, 0, 0, 256, 0]
    assert flows["cases"].tolist() == [1, 1, 1, 1, 0, 1, 1, 1, 0, 1]
    assert flows[["true_positive", "false_positive", "false_negative", "true_negative"]].sum().tolist() == [3, 3, 1, 1]


def test_reviews_without_a_priority_are_worked_through_in_the_order_in_which_they_came(component, payments):
    flows = component("rollout", "review_queue", entity="card", capacity=1).play(reviews(), payments, payments)

    # a on day 1 and found; b on day 2, since a is closed, and found; c on day 3.
    assert flows["reviewed"].tolist() == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]


def test_a_place_is_taken_by_those_alone_whom_the_policy_would_have_reviewed(component, payments):
    decisions = reviews(PRIORITY).assign(action=["approve"] * 2 + ["review"] + ["block"] * 2 + ["approve"] * 5)

    flows = component("rollout", "review_queue", entity="card", capacity=2).play(decisions, payments, payments)

    assert flows["reviewed"].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert flows["blocked_fraud"].tolist() == [0, 0, 0, 8, 16, 0, 0, 0, 0, 0]
    assert flows["closed"].sum() == 0


def test_the_queue_of_many_cards_equals_a_loop_over_the_days(component, cases_of):
    random = np.random.default_rng(3)
    n = 600
    card, fraud, amount = random.integers(0, 40, n), (random.random(n) < 0.2).astype(int), random.integers(1, 100, n).astype(float)
    priority = random.integers(0, 9, n) / 8.0
    day = random.integers(0, 6, n)
    cases = cases_of(
        {"card": card, "amount": amount}, roles=CARD, as_of=pd.Timestamp("2026-01-01") + pd.to_timedelta(day, "D"), label=fraud
    )
    decisions = pd.DataFrame({"case": range(n), "action": "review", "priority": priority})

    flows = component("rollout", "review_queue", entity="card", capacity=5).play(decisions, cases, cases)

    found: set[int] = set()
    blocked, reviewed = 0.0, 0
    for today in range(6):
        rows = [i for i in range(n) if day[i] == today and card[i] not in found]
        height = {name: max(priority[i] for i in rows if card[i] == name) for name in dict.fromkeys(card[i] for i in rows)}
        listed = sorted(height, key=lambda name: -height[name])[:5]
        blocked += sum(amount[i] for i in rows if card[i] in listed and fraud[i])
        reviewed += len(listed)
        found |= {card[i] for i in rows if card[i] in listed and fraud[i]}
    assert (flows["blocked_fraud"].sum(), flows["reviewed"].sum()) == (blocked, reviewed)


def test_a_queue_without_entities_days_or_known_actions_is_refused(component, cases_of, payments):
    queue = component("rollout", "review_queue", entity="card")

    with pytest.raises(DataError) as column:
        component("rollout", "review_queue", entity="crad").play(reviews(), payments, payments)
    with pytest.raises(DataError) as nobody:
        cases = cases_of({"card": [None], "amount": [1.0]}, roles=CARD, as_of=DAYS[:1], label=[0])
        queue.play(reviews()[:1], cases, cases)
    with pytest.raises(DataError) as counter:
        cases = cases_of({"card": ["a"], "amount": [1.0]}, roles=CARD, as_of=[3], label=[0])
        queue.play(reviews()[:1], cases, cases)
    with pytest.raises(RecipeError) as action:
        queue.play(reviews().assign(action="call"), payments, payments)

    assert (column.value.problems[0].where, column.value.problems[0].hint) == (
        "rollout.entity",
        "did you mean 'card'? options: amount, card",
    )
    assert nobody.value.problems[0].sentence() == "must not be null; got 1 row: row 0: None"
    assert counter.value.problems[0].got == "int64"
    assert action.value.problems[0].rule == "review_queue knows no such action"


def test_priority_is_the_score_times_a_power_of_the_amount_and_ends_at_the_floor(component, payments):
    predictions = pd.DataFrame({"case": range(10), "probability": [0.5] * 10})

    by_score = component("policy", "by_priority").decide(predictions, payments.blind(), Tuned(Map()), None)
    by_loss = component("policy", "by_priority", amount_power=1.0, floor=4.0).decide(predictions, payments.blind(), Tuned(Map()), None)

    assert by_score["priority"].tolist() == [0.5] * 10 and set(by_score["action"]) == {"review"}
    assert by_loss["priority"].tolist() == [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert by_loss["action"].tolist() == ["approve"] * 3 + ["review"] * 7


def test_the_power_is_chosen_by_money_on_validation_rows(component, cases_of, game_of):
    # One place a day: by score it is the small fraud of 10; from 0.5 on the large one: 0.9 * sqrt(10) = 2.8 against 0.5 * sqrt(400) = 10.
    cases = cases_of({"card": ["a", "b"], "amount": [10.0, 400.0]}, roles=CARD, as_of=DAYS[:2], label=[1, 1])
    predictions = pd.DataFrame({"case": range(2), "probability": [0.9, 0.3]})
    policy = component("policy", "by_priority", amount_power=None)
    game = game_of(component("rollout", "review_queue", entity="card", capacity=1), "blocked_fraud")

    tuned = policy.tune(predictions, cases, game)

    assert policy.tunes and not component("policy", "by_priority").tunes
    assert tuned.curve.frame.to_dict("list") == {"amount_power": [0.0, 0.25, 0.5, 0.75, 1.0], "worth": [10.0, 10.0, 400.0, 400.0, 400.0]}
    assert dict(tuned.values) == {"amount_power": 0.5}
    assert policy.decide(predictions, cases.blind(), tuned, game)["priority"].tolist() == pytest.approx([0.9 * 10**0.5, 6.0])


def test_a_priority_by_amount_needs_an_amount_that_is_one(component, cases_of):
    policy = component("policy", "by_priority", amount_power=1.0)
    predictions = pd.DataFrame({"case": [0], "probability": [0.5]})

    with pytest.raises(DataError) as none:
        policy.decide(predictions, cases_of({"amount": [1.0]}, label=[0]), Tuned(Map()), None)
    with pytest.raises(DataError) as negative:
        policy.decide(predictions, cases_of({"amount": [-1.0]}, roles=CARD, label=[0]), Tuned(Map()), None)

    assert none.value.problems[0].where == "data.roles.amount"
    assert negative.value.problems[0].sentence() == "must be a finite amount of money, 0 or more; got 1 row: row 0: -1.0"


def test_a_rule_may_say_who_comes_first(component, payments):
    rule = component("baselines", "rule", when="amount >= 64", action="review", priority="0 - amount")

    decided = rule.decide(payments.blind(), payments)

    assert decided["action"].tolist() == ["approve"] * 6 + ["review"] * 4
    assert decided["priority"].tolist() == [-amount for amount in AMOUNTS]


def test_a_rule_whose_priority_is_no_number_or_knows_the_outcome_is_refused(component, cases_of):
    cases = cases_of({"amount": [1.0], "fraud": [1]}, roles=CARD, label=[1]).blind()

    with pytest.raises(DataError) as condition:
        component("baselines", "rule", when="amount > 0", priority="amount > 2").decide(cases, cases)
    with pytest.raises(DataError) as outcome:
        component("baselines", "rule", when="amount > 0", priority="fraud").decide(cases, cases)

    assert condition.value.problems[0].where == outcome.value.problems[0].where == "baselines.priority"
    assert outcome.value.problems[0].got == "'fraud'"
