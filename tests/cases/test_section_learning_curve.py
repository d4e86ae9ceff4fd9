"""A learning curve as a section: the tiny recipe's model on half of its training days, and on all of them."""

from __future__ import annotations

import json
from typing import Any

from upshot.testing import RecipeProject


def curve(project: RecipeProject, *overrides: str) -> Any:
    run = project.run("run", "tiny", "+sections.more={use: learning_curve, metric: {use: accuracy}, shares: [0.5]}", *overrides)
    assert run.exit_code == 0, run.stderr
    sections = project.run("report", "--format", "json").json["sections"]
    return next(section for section in sections if section["name"] == "more")["blocks"][0]


def test_the_score_by_number_of_training_rows_the_latest_first_and_all_at_last(tiny: RecipeProject) -> None:
    chart = curve(tiny)

    assert [(row["rows"], row["score"]) for row in chart["rows"]] == [(8, 1.0), (16, 1.0)]  # any threshold between 10 and 100 EUR is right
    assert (chart["form"], chart["y"][0]["title"], chart["title"]) == ("band", "accuracy", "accuracy on 16 validation rows")


def test_a_model_that_is_fitted_again_is_no_other_than_the_one_that_is_registered(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    plain = tiny.run("show", "last", "--json").json

    curve(tiny)

    stages = {stage["stage"]: stage["value"] for stage in tiny.run("show", "last", "--json").json["stages"]}
    assert stages["register"] == next(stage["value"] for stage in plain["stages"] if stage["stage"] == "register")


def test_a_metric_that_does_not_score_the_predictions_is_refused_in_the_plan(tiny: RecipeProject) -> None:
    outcome = tiny.run("validate", "tiny", "+sections.more={use: learning_curve, metric: {use: mae}}")

    assert outcome.exit_code == 2
    assert "sections.more.use  'learning_curve' accepts point" in outcome.stderr


def test_shares_rise_between_nothing_and_all(tiny: RecipeProject) -> None:
    outcome = tiny.run("validate", "tiny", "+sections.more={use: learning_curve, metric: {use: accuracy}, shares: [0.5, 0.2]}")

    assert (outcome.exit_code, "shares lie between 0 and 1, each above the one before" in outcome.stderr) == (2, True)


def test_a_curve_is_told_in_numbers(tiny: RecipeProject) -> None:
    assert json.dumps(curve(tiny)["rows"][0]["low"]) != "null"
