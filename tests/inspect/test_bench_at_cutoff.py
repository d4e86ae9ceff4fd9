"""What a probe encodes anew is what was encoded at first, also where nothing behind a cutoff is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from upshot.catalogue import load_catalogue
from upshot.contracts import records
from upshot.engine.state import State
from upshot.project import find_project
from upshot.recipe.compose import load_recipe
from upshot.stages.bench import Workbench
from upshot.testing import RecipeProject

SKELETON = (Path(__file__).parents[1] / "skeletons" / "newsvendor.yaml").read_text(encoding="utf-8")
MODEL = "model: {use: seasonal_naive, season_length: 7, levels: [0.2, 0.8]}"
OF_FEATURES = """\
features:
  seen: {use: history, entity: unique_id, windows: [60d], aggregates: [count], include_current: false}
model: {use: random_forest, task: forecasting, n_estimators: 3}
calibration: {use: conformal, levels: [0.2, 0.8]}"""
STAGES = ("validate", "split", "calibrate", "featurize", "predict", "decide", "play", "value", "evaluate")


def test_a_trial_of_unchanged_rows_looks_no_further_back_than_the_forecast_did(
    recipe_project: Callable[[dict[str, str]], RecipeProject],
) -> None:
    days = [date(2026, 1, 5) + timedelta(days=day) for day in range(63)]
    rows = [f"{name},{day},{3 + number % 7}" for name in ("a", "b") for number, day in enumerate(days)]
    assert MODEL in SKELETON
    files = {"recipes/demand.yaml": SKELETON.replace(MODEL, OF_FEATURES), "data/demand.csv": "\n".join(["unique_id,ds,y", *rows]) + "\n"}
    project = recipe_project(files)
    outcome = project.run("run", "demand", "--json")
    assert outcome.exit_code in (0, 4), outcome.stderr
    trial = trial_of(project, outcome.json)

    again = trial.encode(trial.cases.rows.frame, ("unique_id", "ds"))

    pd.testing.assert_frame_equal(again, trial.encoded)
    seen = trial.encoded.iloc[:, 0].tolist()
    assert seen[:14] == [49.0] * 11 + [48.0, 47.0, 46.0]  # 49 days before the cutoff, of which the first lie 60 days back in the end


def trial_of(project: RecipeProject, outcome: Any) -> Any:
    """All test rows of a finished run on the bench."""
    digests = {stage["stage"]: stage["value"] for stage in outcome["stages"]}
    catalogue = load_catalogue()
    codec = State(project.root / ".upshot").codec(catalogue.revive)
    recipe = load_recipe("demand", catalogue=catalogue, project=find_project(project.root))
    policy, rollout = (catalogue.make(recipe.nodes[kind].spec()) for kind in ("policy", "rollout"))
    return Workbench(records.Tested(*(codec.load(digests[stage]) for stage in STAGES), 0), {}, policy, rollout).trial(None)
