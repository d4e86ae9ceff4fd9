from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.contracts.records import Roles
from upshot.errors import DataError


@pytest.mark.parametrize(
    ("decision", "frame"),
    [
        ("action", {"case": [0, 1], "action": ["approve", "approve"]}),
        ("quantity", {"case": [0, 1], "quantity": [0.0, 0.0]}),
        ("ranking", {"case": [], "item": [], "rank": []}),
        ("schedule", {"case": [0, 1], "service": [False, False]}),
    ],
)
def test_doing_nothing_suits_each_kind_of_decision(component, cases_of, decision, frame):
    cases = cases_of({"x": [1, 2]}, label=[0, 1])
    baseline = component("baselines", "do_nothing", decision=decision)

    assert baseline.gives == decision
    assert baseline.decide(cases.blind(), cases).to_dict("list") == frame


def test_nothing_is_played_in_every_rollout(component, cases_of):
    cases = cases_of({"unit": ["a", "b"]}, roles=Roles(entities=("unit",), time="t"), as_of=[1, 1], label=[1, 0])

    for decision, rollout in (("action", "case_actions"), ("quantity", "stock"), ("ranking", "ranked_hits"), ("schedule", "unit_life")):
        decided = component("baselines", "do_nothing", decision=decision).decide(cases.blind(), cases)
        flows = component("rollout", rollout).play(decided, cases, cases)
        assert flows["case"].tolist() == [0, 1]


def test_the_rule_of_today_is_a_condition_on_the_columns(component, cases_of):
    cases = cases_of({"amount": [221.0, 220.0, 500.0], "channel": ["web", "web", "shop"]}, label=[0, 0, 1])

    decided = component("baselines", "rule", when="amount > 220 and channel == 'web'", action="review").decide(cases.blind(), cases)

    assert decided["action"].tolist() == ["review", "approve", "approve"]


def test_a_rule_cannot_see_the_outcome_and_names_the_nearest_column(component, cases_of):
    cases = cases_of({"amount": [1.0], "fraud": [1]}, roles=Roles(target="fraud"), label=[1])

    with pytest.raises(DataError) as refused:
        component("baselines", "rule", when="fraud == 1 and amout > 2").decide(cases.blind(), cases)

    assert [(problem.got, problem.hint) for problem in refused.value.problems] == [
        ("'amout'", "did you mean 'amount'? options: amount"),
        ("'fraud'", "options: amount"),
    ]


def test_a_rule_must_be_a_condition_that_can_be_read(component, cases_of):
    cases = cases_of({"amount": [1.0]}, label=[1])

    with pytest.raises(DataError, match="a rule cannot be applied"):
        component("baselines", "rule", when="amount * 2").decide(cases.blind(), cases)
    with pytest.raises(ValidationError, match="when"):
        component("baselines", "rule", when="amount >")


def test_the_last_value_is_the_latest_that_was_known(component, cases_of):
    roles = Roles(time="ds", target="y", entities=("unique_id",))
    history = cases_of({"unique_id": ["a", "b", "a", "a"]}, roles=roles, as_of=[2, 1, 1, 3], label=[5.0, 8.0, 4.0, 6.0])
    cases = cases_of({"unique_id": ["b", "a", "a"]}, roles=roles, as_of=[4, 3, 4], label=[0.0] * 3)
    baseline = component("baselines", "last_value")

    at_once = baseline.decide(cases.blind(), history)
    late = cases_of(
        {"unique_id": ["a", "b", "a", "a"]}, roles=roles, as_of=[2, 1, 1, 3], label=[5.0, 8.0, 4.0, 6.0], label_known_at=[4, 3, 3, 5]
    )
    delayed = baseline.decide(cases.blind(), late)

    assert at_once["quantity"].tolist() == [8.0, 5.0, 6.0]
    assert delayed["quantity"].tolist() == [8.0, 4.0, 5.0]


def test_the_last_value_of_an_unknown_series_is_refused(component, cases_of):
    roles = Roles(time="ds", target="y", entities=("unique_id",))
    history = cases_of({"unique_id": ["a"]}, roles=roles, as_of=[1], label=[5.0])
    cases = cases_of({"unique_id": ["a", "new"]}, roles=roles, as_of=[2, 2], label=[0.0, 0.0])

    with pytest.raises(DataError) as refused:
        component("baselines", "last_value").decide(cases.blind(), history)

    assert refused.value.problems[0].got == "1 series without: 'new'"


def test_the_last_value_takes_timestamps(component, cases_of):
    roles = Roles(time="ds", target="y", entities=("unique_id",))
    history = cases_of({"unique_id": ["a"]}, roles=roles, as_of=pd.to_datetime(["2026-01-01"]).astype("datetime64[us]"), label=[5.0])
    cases = cases_of({"unique_id": ["a"]}, roles=roles, as_of=pd.to_datetime(["2026-01-02"]).astype("datetime64[us]"), label=[0.0])

    assert component("baselines", "last_value").decide(cases.blind(), history)["quantity"].tolist() == [5.0]
