"""Policy value from logs of drawn actions: by hand, without bias, and with a caution where nobody drew them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.components.actions import action_frame
from upshot.contracts.records import Kpi, Money, Roles, Tuned
from upshot.contracts.tables import Map
from upshot.errors import DataError
from upshot.stages.game import KpiGame

ROLES = Roles(action="sent", propensity="chance", amount="basket")
PLAIN = {"estimator": "plain"}


def contacting(*who: bool) -> pd.DataFrame:
    return action_frame(np.array(who), ("approve", "contact"))


@pytest.fixture
def log(cases_of):
    """Four customers: sent, chance of being sent, basket, response."""

    def make(roles=ROLES, **columns):
        rows = {"sent": [1, 0, 1, 0], "chance": [0.5, 0.5, 0.8, 0.8], "basket": [10.0, 20.0, 30.0, 40.0], **columns}
        return cases_of(rows, roles=roles, label=[1, 1, 1, 0])

    return make


def test_a_case_tells_of_a_decision_only_where_the_log_did_the_same_and_weighs_by_its_chance(component, log, cases_of):
    flows = component("rollout", "logged_actions", **PLAIN).play(contacting(True, False, False, False), log(), cases_of({}))

    assert flows.to_dict("list") == {
        "case": [0, 1, 2, 3],
        "cases": [1.0] * 4,
        "acted": [1.0, 0.0, 0.0, 0.0],
        "responses": [
            1 / 0.5,
            1 / 0.5,
            0.0,
            0.0,
        ],  # sent by half a chance; not sent by half; sent, but decided not to; not sent, no response
        "response_amount": [20.0, 40.0, 0.0, 0.0],
    }


def test_the_mean_of_the_arm_is_taken_off_before_weighting_and_put_back(component, log, cases_of):
    history = cases_of({"sent": [1, 1, 0, 0], "basket": [8.0, 4.0, 6.0, 6.0]}, roles=ROLES, label=[1, 0, 1, 0])

    flows = component("rollout", "logged_actions").play(contacting(True, True, False, False), log(), history)

    # Arms of the history: sent 0.5 responses and 4.0; not sent 0.5 and 3.0.
    assert flows["responses"].tolist() == pytest.approx([0.5 + 2 * 0.5, 0.5, 0.5, 0.5 + 5 * (0 - 0.5)])
    assert flows["response_amount"].tolist() == pytest.approx([4.0 + 2 * 6.0, 4.0, 3.0, 3.0 + 5 * (0 - 3.0)])


@pytest.mark.parametrize("estimator", ["plain", "centred"])
def test_the_value_of_any_policy_is_found_without_bias_and_with_less_noise_when_centred(estimator, component, cases_of):
    draw = np.random.default_rng(11)
    n, errors = 4_000, []
    rollout = component("rollout", "logged_actions", estimator=estimator)
    for _ in range(60):
        taste, chance = draw.random(n), draw.choice([0.2, 0.5], n)
        sent = draw.random(n) < chance
        if_sent, if_not = draw.random(n) < 0.2 + 0.5 * taste, draw.random(n) < 0.5
        cases = cases_of(
            {"sent": sent.astype(int), "chance": chance},
            roles=Roles(action="sent", propensity="chance"),
            label=np.where(sent, if_sent, if_not).astype(int),
        )
        decided = taste > 0.6
        flows = rollout.play(action_frame(decided, ("approve", "contact")), cases, cases.take(np.arange(500)))
        errors.append(flows["responses"].sum() - np.where(decided, if_sent, if_not).sum())

    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(60)
    assert np.std(errors) < {"plain": 140, "centred": 75}[estimator]


def test_who_is_acted_on_may_be_told_by_words_and_the_chance_by_one_number(component, log, cases_of):
    roles = Roles(action="channel")
    outcomes = log(roles, channel=["mail", "none", "call", "none"])

    flows = component("rollout", "logged_actions", acted=["mail", "call"], propensity=0.25, stake=5.0, **PLAIN).play(
        contacting(True, True, False, False), outcomes, cases_of({})
    )

    assert flows["responses"].tolist() == pytest.approx([4.0, 0.0, 0.0, 0.0])
    assert flows["response_amount"].tolist() == pytest.approx([20.0, 0.0, 0.0, 0.0])


def test_a_log_of_actions_alone_counts_every_response_after_one_and_says_so(component, log, cases_of):
    outcomes = log(Roles())
    rollout = component("rollout", "logged_actions")

    flows = rollout.play(contacting(True, False, True, True), outcomes, cases_of({}))

    assert flows["responses"].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert rollout.cautions(outcomes, pd.DataFrame()) == (
        "actions: the log does not say whom nobody acted on, so every response after contact counts as won by it; what would have come "
        "anyway is not known",
    )


def test_a_log_of_which_nobody_says_that_chance_drew_it_gets_a_caution(component, log):
    assert component("rollout", "logged_actions").cautions(log(Roles(action="sent")), pd.DataFrame()) == (
        "actions: nothing says that chance decided whom to contact (50% were), so the value compares unlike cases; name data.roles.propensity "
        "or give rollout.propensity if it was drawn",
    )
    assert component("rollout", "logged_actions", propensity=0.5).cautions(log(Roles(action="sent")), pd.DataFrame()) == ()
    assert component("rollout", "logged_actions").cautions(log(), pd.DataFrame()) == ()


def test_a_log_that_hardly_ever_drew_an_action_gets_a_caution(component, log):
    (note,) = component("rollout", "logged_actions").cautions(log(chance=[0.5, 0.01, 0.5, 0.5]), pd.DataFrame())

    assert note == "actions: the log drew one of the two as seldom as 1.0%, so single cases weigh up to 100 times"


@pytest.mark.parametrize(
    ("columns", "roles", "said"),
    [
        (
            {"chance": [0.5, 0.5, 1.0, 0.5]},
            ROLES,
            "must be a probability above 0 and below 1: what was never tried cannot be told; got 1 row: row 2: 1.0",
        ),
        ({"sent": [1, 1, 1, 1]}, Roles(action="sent"), "must hold both what is acted on and what is not; got 100% acted on"),
    ],
)
def test_a_log_that_cannot_be_weighted_is_refused_with_its_row(columns, roles, said, component, log, cases_of):
    with pytest.raises(DataError, match=said):
        component("rollout", "logged_actions").play(contacting(True, True, True, True), log(roles, **columns), cases_of({}))


KPI = Kpi(
    "profit",
    "response_amount - acted * cost",
    "EUR",
    "maximize",
    "revenue_uplift",
    Map({"cost": Money(2.0, "EUR/case")}),
)


@pytest.mark.parametrize(("kind", "numbers"), [("probability", [0.3, 0.05, 0.2, 0.9]), ("uplift", [0.3, 0.05, 0.2, -0.4])])
def test_a_budget_is_spent_where_response_or_uplift_is_worth_more_than_the_contact(kind, numbers, component, log, cases_of):
    # Baskets of 10, 20, 30, 40: by uplift the gains are 3 - 2, 1 - 2, 6 - 2 and below 0; by response the last one gains most.
    cases = log().blind()
    cases = cases_of({"basket": [10.0, 20.0, 30.0, 40.0]}, roles=Roles(action="sent", amount="basket"), label=[0, 0, 0, 0]).blind()
    game = KpiGame(component("rollout", "logged_actions"), KPI, log())
    policy = component("policy", "budget", budget=2.0)

    frame = policy.decide(pd.DataFrame({"case": range(4), kind: numbers}), cases, Tuned(Map()), game)

    assert (frame["action"] == "contact").tolist() == {"probability": [False, False, True, True], "uplift": [True, False, True, False]}[
        kind
    ]


def test_the_same_action_for_all_or_for_a_share_drawn_by_chance(component, cases_of):
    cases = cases_of({"x": range(10)}, label=[0] * 10)

    everybody = component("baselines", "same_action").decide(cases, cases)
    some = component("baselines", "same_action", share=0.3).decide(cases, cases)

    assert (everybody["action"] == "contact").all()
    assert (some["action"] == "contact").sum() == 3
    assert some.equals(component("baselines", "same_action", share=0.3).decide(cases, cases))
    with pytest.raises(ValueError, match="must differ from approve"):
        component("baselines", "same_action", action="approve")
