"""Fairness: rates by protected group and the gaps between groups, every one known by hand."""

from __future__ import annotations

import pytest
from tests.inspect.conftest import values

PROTECTED = "+slices.sex={protected: [sex], min_cases: 10}"


def test_rates_of_the_groups_and_their_gaps(inspected):
    found = inspected(PROTECTED).slices["sex"]

    assert found.topic == "fairness"
    assert values(found, "favourable_rate") == {"sex = a": 0.75, "sex = b": 0.5}
    assert values(found, "opportunity") == {"sex = a": 1.0, "sex = b": 0.5}
    assert values(found, "other_rate") == {"sex = a": 0.0, "sex = b": 0.5}
    assert values(found, "observed_rate") == {"sex = a": 0.25, "sex = b": 0.5}
    gaps = {name: measured.value for name, measured in found.whole.items()}
    assert gaps == {
        "demographic_parity": 0.25,
        "equal_opportunity": 0.5,
        "equalised_odds": 0.5,
        "disparate_impact": pytest.approx(2 / 3),
    }
    # every day is alike, so nothing varies between the blocks
    assert (found.whole["demographic_parity"].low, found.whole["demographic_parity"].high) == (0.25, 0.25)
    assert found.reference.measures["favourable_rate"].value == 0.625


def test_what_is_favourable_and_who_deserves_it_is_said_by_the_recipe(inspected):
    found = inspected("+slices.sex={protected: [sex], min_cases: 5, favourable: [block], deserving: 1}").slices["sex"]

    assert values(found, "favourable_rate") == {"sex = a": 0.25, "sex = b": 0.5}
    assert values(found, "opportunity") == {"sex = a": 1.0, "sex = b": 0.5}


def test_an_action_that_is_never_taken_leaves_fairness_undefined_and_fails_its_gate(loans):
    outcome = loans.run(
        "run",
        "loans",
        "+slices.sex={protected: [sex], min_cases: 10, favourable: [block]}",
        "policy.threshold=1",  # nobody is turned down, so nothing can be said of whom it favours
        "+gates.fair={slice: sex, measure: demographic_parity, max: 0.9}",
    )

    assert outcome.exit_code == 4
    assert "gates.fair  sex: demographic parity <= 0.9: sex: demographic parity is undefined on the 64 test rows" in outcome.stderr


def test_a_favourable_action_that_the_policy_does_not_take_is_refused_before_any_data_is_read(loans):
    outcome = loans.run("plan", "loans", "+slices.sex={protected: [sex], favourable: [aprove]}")

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 1 problem in recipe 'loans' (no data was read)\n\n"
        "  slices.sex.favourable  asks for an action that policy 'threshold' does not take; got 'aprove'; "
        "did you mean 'approve'? options: approve, block  (argument 1)\n",
    )


def test_groups_with_few_cases_are_counted_and_not_compared(inspected):
    found = inspected("+slices.sex={protected: [sex], min_cases: 20}").slices["sex"]

    assert [(entry.name, entry.note) for entry in found.entries] == [
        ("sex = a", None),
        ("sex = b", "fewer than 20 cases, or deserving ones"),
    ]
    assert found.whole["demographic_parity"].value != found.whole["demographic_parity"].value  # one group alone has no gap


def test_only_a_protected_attribute_can_be_looked_at_so(loans):
    outcome = loans.run("validate", "loans", "+slices.fair={protected: [flag]}")

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 1 problem in recipe 'loans' (no data was read)\n\n"
        "  slices.fair.protected  asks for a protected attribute that the recipe does not declare; got 'flag'; options: sex  (argument 1)\n",
    )
