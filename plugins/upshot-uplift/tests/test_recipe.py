"""The plugin's recipe runs as any other, to a version with scores, decisions, value and sections of its own."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

SMALL = ("data.customers=3000", "threads=1", "gates={value: {kpi: campaign_profit, against: do_nothing, min_gain: -1e9, by: value}}")


@pytest.mark.parametrize("model", ["t_learner", "x_learner", "dr_learner"])
def test_the_recipe_runs_to_a_version_with_each_learner(model, recipe_project):
    outcome = recipe_project({}).run("run", "uplift_response", *SMALL, f"model={model}", "--json")

    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.json["version"]["number"] == 1
    assert outcome.json["metrics"]["qini"]["value"] > 0
    assert outcome.json["metrics"]["uplift_at_10"]["value"] > outcome.json["metrics"]["mean_uplift"]["value"]


def test_parts_are_any_models_and_the_budget_of_the_family_beside_takes_their_uplift(recipe_project):
    boosted = "{use: xgboost, task: classification, n_estimators: 30}"
    outcome = recipe_project({}).run(
        "run", "uplift_response", *SMALL, "model=t_learner", f"model.outcome={boosted}", "policy=contact_budget", "--json"
    )

    assert outcome.exit_code == 0, outcome.stderr


def test_the_report_shows_the_gain_the_parts_and_the_value_of_each_share(recipe_project):
    project = recipe_project({})
    assert project.run("run", "uplift_response", *SMALL).exit_code == 0

    shown = project.run("report", "uplift_response", "--format", "md")

    assert shown.exit_code == 0, shown.stderr
    for title in ("Whom acting changes", "Predicted and observed uplift", "What acting on each share is worth", "Value by share"):
        assert title in shown.stdout


def test_shares_lie_between_two_baselines_and_a_name_of_none_is_refused_before_any_data_is_read(recipe_project):
    outcome = recipe_project({}).run("plan", "uplift_response", "sections.policy_by_share.everybody=mailing_to_al")

    assert outcome.exit_code == 2
    rule = "asks for a baseline that the recipe does not declare; got 'mailing_to_al'; did you mean 'mailing_to_all'?"
    assert f"sections.policy_by_share.everybody  {rule}" in outcome.stderr


def test_an_objective_that_is_a_ratio_has_no_sum_for_each_share(recipe_project):
    outcome = recipe_project({}).run(
        "run",
        "uplift_response",
        *SMALL,
        "kpi.campaign_profit.per=cases",
        "kpi.campaign_profit.unit=EUR/case",
        "kpi.campaign_profit.period=null",
    )

    assert outcome.exit_code == 3
    assert "sections.policy_by_share  needs an objective that is a sum over cases; got campaign_profit, a ratio" in outcome.stderr


@pytest.mark.slow
def test_a_learner_knows_whom_a_contact_wins_in_the_simulated_campaigns(recipe_project):
    from upshot.components.data.campaign_simulator import CampaignSimulatorParams, simulate

    truth = simulate(CampaignSimulatorParams(table="campaigns", customers=20_000, start=date(2025, 1, 6)))[1]
    outcome = recipe_project({}).run("run", "uplift_response", "threads=1", "--json")

    assert outcome.exit_code == 0, outcome.stderr
    found = json.loads(outcome.stdout)["metrics"]
    assert found["mean_uplift"]["low"] < truth["uplift"].tail(15_000).mean() < found["mean_uplift"]["high"]
    assert found["uplift_at_10"]["value"] > 0.7 * np.sort(truth["uplift"].tail(15_000))[-1_500:].mean()
