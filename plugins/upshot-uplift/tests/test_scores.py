"""Scores and decisions of uplift on logs that are counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.records import Tuned
from upshot.contracts.tables import Map

# Two acted on and two left alone in each half; the first half is predicted to gain more. There acting wins one of two, in the other nothing.
ACTED, Y = [1, 1, 0, 0, 1, 1, 0, 0], [1, 0, 0, 0, 1, 0, 1, 0]
SAID = [0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1]


def predictions(uplift: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"case": range(len(uplift)), "uplift": uplift})


def score(component, cases, use, said=SAID, weights=None, **params):
    metric = component("metrics", use, **params)
    return metric.scorer(predictions(said), cases)(np.ones(cases.size) if weights is None else np.asarray(weights, dtype=float))


@pytest.mark.parametrize(("share", "expected"), [(0.5, 0.5), (1.0, 0.25), (0.25, 0.5)])
def test_uplift_at_k_is_what_acting_changes_among_those_predicted_to_gain_most(share, expected, component, log):
    assert score(component, log(ACTED, Y), "uplift_at_k", share=share) == pytest.approx(expected)


def test_qini_is_the_area_between_the_gain_and_that_of_chance(component, log):
    # The gain runs 0, 0.25, 0.25 over the shares 0, 1/2, 1 and by chance 0, 0.125, 0.25: a triangle of height 0.125 and base 1.
    assert score(component, log(ACTED, Y), "qini") == pytest.approx(0.0625)
    assert score(component, log(ACTED, Y), "qini", said=[0.3] * 8) == 0.0
    assert score(component, log(ACTED, Y), "qini", said=[-value for value in SAID]) == pytest.approx(-0.0625)


def test_rows_that_are_drawn_twice_count_twice(component, log):
    doubled = log(ACTED + ACTED[:4], Y + Y[:4])

    assert score(component, log(ACTED, Y), "qini", weights=[2] * 4 + [1] * 4) == pytest.approx(
        score(component, doubled, "qini", said=SAID + SAID[:4])
    )


def test_a_row_weighs_one_over_the_chance_of_its_arm(component, log):
    # Acted on: 1 at chance 0.5, 0 at chance 0.25, which counts twice; so a third of them respond, and none of the others.
    cases = log([1, 1, 0, 0], [1, 0, 0, 0], chance=[0.5, 0.25, 0.5, 0.5])

    assert score(component, cases, "uplift_at_k", said=[0.1] * 4, share=1.0) == pytest.approx(1 / 3)


def test_without_one_arm_there_is_no_score(component, log):
    assert np.isnan(score(component, log([1, 1], [1, 0]), "qini", said=[0.2, 0.1]))
    assert np.isnan(score(component, log([1, 1, 0], [1, 0, 0]), "uplift_at_k", said=[0.3, 0.2, 0.1], share=0.5))


class ContactGame:
    """A response is worth 10, a contact costs 1; of a log it tells what it knows, as the recipe's own game does."""

    def __init__(self, component, action="contact"):
        self.rollout = component("rollout", "logged_actions", stake=10.0, action=action)

    def flows(self, decisions, outcomes):
        return self.rollout.play(decisions, outcomes, outcomes.take(np.arange(0)))

    def money(self, flows):
        return (flows["response_amount"] - flows["acted"]).to_numpy()

    def worth(self, decisions, outcomes):
        return float(self.money(self.flows(decisions, outcomes)).sum())


def test_the_policy_acts_where_the_uplift_is_worth_more_than_acting_costs(component, log):
    policy = component("policy", "uplift_threshold", threshold=0.0)
    cases = log([1, 0, 1, 0], [0, 0, 0, 0])

    decided = policy.decide(predictions([0.2, 0.05, -0.3, 0.11]), cases.blind(), Tuned(Map()), ContactGame(component))

    assert decided["action"].tolist() == ["contact", "approve", "approve", "contact"]


def test_of_those_no_more_than_the_largest_share_are_acted_on(component, log):
    policy = component("policy", "uplift_threshold", threshold=0.0, most=0.25, action="call")
    game = ContactGame(component, "call")

    decided = policy.decide(predictions([0.2, 0.3, 0.4, 0.11]), log([1, 0, 1, 0], [0, 0, 0, 0]).blind(), Tuned(Map()), game)

    assert decided["action"].tolist() == ["approve", "approve", "call", "approve"]


def test_the_threshold_is_the_one_whose_decisions_earned_most_on_the_log(component, log):
    # Acting on the first half wins 4 cases x 0.5 x 10 for 4 contacts; on the second it wins nothing and costs 4 more, though 0.2 is said.
    policy = component("policy", "uplift_threshold")
    said = [0.5, 0.5, 0.5, 0.5, 0.2, 0.2, 0.2, 0.2]

    tuned = policy.tune(predictions(said), log(ACTED, Y), ContactGame(component))
    decided = policy.decide(predictions(said), log(ACTED, Y).blind(), tuned, ContactGame(component))

    assert tuned.values["threshold"] == pytest.approx(1.0) and tuned.on == "validation"
    assert decided["action"].tolist() == ["contact"] * 4 + ["approve"] * 4
    curve = tuned.curve.frame.set_index("share")["worth"]
    assert curve.loc[0.5] - curve.loc[0.0] == pytest.approx(4 * 0.5 * 10 - 4)


def test_the_action_may_not_be_called_as_what_happens_to_the_others(component):
    with pytest.raises(ValueError, match="must differ from approve"):
        component("policy", "uplift_threshold", action="approve")
