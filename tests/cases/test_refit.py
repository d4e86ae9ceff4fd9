"""`split.refit`: what is tested and registered was fitted on training and validation rows; what validation chose stays chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from upshot.catalogue import load_catalogue
from upshot.engine.state import State
from upshot.testing import RecipeProject

TINY = (Path(__file__).parents[1] / "assets/tiny/tiny.yaml").read_text(encoding="utf-8")


def rows(days: int = 24) -> str:
    lines = ["id,day,amount,bad"]
    for day in range(1, days + 1):
        lines += [f"{2 * day},2026-01-{day:02d} 08:00:00,10,0", f"{2 * day + 1},2026-01-{day:02d} 20:00:00,{100 + day},1"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> RecipeProject:
    return RecipeProject(tmp_path, {"recipes/tiny.yaml": TINY, "data/cases.csv": rows()})


def ran(project: RecipeProject, *words: str):
    outcome = project.run("run", "tiny", *words, "--json")
    assert outcome.exit_code in (0, 4), outcome.stderr
    codec = State(project.root / ".upshot").codec(load_catalogue().revive)
    return {stage["stage"]: codec.load(stage["value"]) for stage in outcome.json["stages"]}


def test_a_model_that_is_fitted_again_equals_one_fitted_on_both_parts_and_scores_the_test_rows(project):
    again = ran(project, "split.refit=true")
    both = ran(project, "split.validation_from=null")

    assert again["train"].models["main"].files["model.json"].content != again["train"].refitted["main"].files["model.json"].content
    assert again["train"].refitted["main"].files["model.json"].content == both["train"].models["main"].files["model.json"].content
    assert again["predict"].frames["main/test"].frame.equals(both["predict"].frames["main/test"].frame)
    assert again["register"].card["fitted_on"] == "train, validation"
    assert both["register"].card["fitted_on"] == "train"


def test_validation_rows_are_scored_by_the_model_that_has_not_seen_them(project):
    plain, again = ran(project), ran(project, "split.refit=true")

    assert again["predict"].frames["main/validation"].frame.equals(plain["predict"].frames["main/validation"].frame)
    assert not again["predict"].frames["main/test"].frame.equals(plain["predict"].frames["main/test"].frame)


@pytest.mark.parametrize("model", ["lightgbm", "xgboost"])
def test_trees_that_stopped_early_are_grown_again_in_the_same_number(project, model):
    draw = np.random.default_rng(4)
    lines = [f"{row},2026-01-{row // 8 + 1:02d} 08:00:00,{draw.integers(1, 99)},{draw.integers(2)}" for row in range(24 * 8)]
    project.write("data/cases.csv", "\n".join(["id,day,amount,bad", *lines]) + "\n")
    words = (
        "split.refit=true",
        f"model={model}",
        "model.n_estimators=50",
        "model.early_stopping_rounds=2",
        "threads=1",
        "gates.accurate.min=0",
    )
    words += ("model.min_child_samples=1",) if model == "lightgbm" else ()

    train = ran(project, *words)["train"]

    first, second = train.models["main"].live, train.refitted["main"].live
    number = (lambda m: m.kept_) if model == "lightgbm" else (lambda m: m.booster_.num_boosted_rounds())
    assert 1 <= number(first) < 50
    assert number(second) == number(first)


def test_a_split_without_validation_fits_once(project):
    assert len(ran(project, "split.refit=true", "split.validation_from=null")["train"].refitted) == 0


def test_the_rows_of_both_parts_stand_in_the_order_of_the_data(project):
    from upshot.stages.train import examples

    values = ran(project, "split.refit=true")
    both = examples(values["split"], values["featurize"], values["train"].models["main"].live, "main", "train", "validation")

    assert np.array_equal(both.X["amount"].to_numpy(), both.cases.rows.frame["amount"].to_numpy())
    assert both.cases.rows.frame["id"].is_monotonic_increasing
