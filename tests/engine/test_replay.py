"""`upshot replay`: a run is run again from what was recorded and pinned, and the level that it reaches is stated."""

from __future__ import annotations

from pathlib import Path

import odd_models
import pytest

from upshot.ledger.ledger import Ledger
from upshot.stages import LIFECYCLE
from upshot.testing import RecipeProject

STAGES = [stage.name for stage in LIFECYCLE]


@pytest.fixture
def odd(tiny: RecipeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecipeProject:
    """The tiny project, with the plugin of `odd_models` installed."""
    monkeypatch.syspath_prepend(str(odd_models.install(tmp_path / "site")))
    return tiny


def ledger(project: RecipeProject) -> Ledger:
    return Ledger(project.root / ".upshot" / "ledger.db")


@pytest.mark.parametrize(
    "words",
    [
        ("model=xgboost", "model.n_estimators=5"),
        ("model=lightgbm", "model.n_estimators=5", "model.min_child_samples=2"),
        ("model=logistic_regression",),
        ("model=hist_gradient_boosting", "model.max_iter=5", "model.min_samples_leaf=2"),
    ],
    ids=lambda words: words[0],
)
def test_a_model_library_gives_the_same_bits_with_the_recorded_threads(tiny: RecipeProject, words: tuple[str, ...]) -> None:
    assert tiny.run("run", "tiny", *words, "threads=2").exit_code in (0, 4)

    outcome = tiny.run("replay", "last", "--json")

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert (outcome.json["level"], outcome.json["first"], outcome.json["changed"]) == ("bit", None, [])
    assert {stage["same"] for stage in outcome.json["stages"]} == {True}


def test_a_replay_says_so_stage_by_stage_and_leaves_no_trace(tiny: RecipeProject) -> None:
    run = tiny.run("run", "tiny", "--json").json["run"]
    before = sorted(path for path in (tiny.root / ".upshot").rglob("*") if not path.name.startswith("ledger.db"))

    outcome = tiny.run("replay", run[:12])

    assert outcome.exit_code == 0
    _, _, table = outcome.stdout.rpartition("stage      recorded")
    assert [(line.split()[0], line.split()[-1]) for line in table.split("\n\n")[0].splitlines()[1:]] == [(name, "same") for name in STAGES]
    assert outcome.stdout.endswith(f"\n\nrun    {run}\nlevel  bit: every stage gave the same value, to the last bit\n")
    assert sorted(path for path in (tiny.root / ".upshot").rglob("*") if not path.name.startswith("ledger.db")) == before
    assert [row.id for row in ledger(tiny).runs()] == [run]
    assert [(row.name, row.number) for row in ledger(tiny).versions(claimed=True)] == [("tiny", 1)]


def test_a_replay_reads_the_pinned_version_whatever_became_of_the_source(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    (tiny.root / "data" / "cases.csv").unlink()

    assert tiny.run("replay", "last", "--json").json["level"] == "bit"


def test_the_second_version_of_a_recipe_is_replayed_with_its_own_number(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    assert tiny.run("run", "tiny", "model.C=0.5", "--json").json["version"]["number"] == 2

    assert tiny.run("replay", "last", "--json").json["level"] == "bit"


def test_a_run_that_a_gate_refused_is_replayed_as_far_as_it_came(tiny: RecipeProject) -> None:
    assert tiny.run("run", "tiny", "gates.worth_it.min_gain=5000").exit_code == 4

    replayed = tiny.run("replay", "last", "--json").json

    assert (replayed["level"], [stage["stage"] for stage in replayed["stages"]]) == ("bit", STAGES[:-1])


def test_a_component_with_a_counter_outside_its_parameters_diverges_at_train(odd: RecipeProject) -> None:
    run = odd.run("run", "tiny", "model.use=wandering", "model.what=predictions", "+metrics.brier={}", "--json").json["run"]

    outcome, shown = odd.run("replay", run, "--json"), odd.run("replay", run)

    assert (outcome.exit_code, outcome.json["level"], outcome.json["first"], outcome.json["changed"]) == (5, "diverged", "train", [])
    assert outcome.json["difference"] == {"where": "FittedModels.models.main.fits.json", "amount": None}
    assert outcome.json["largest"] == {"where": "Predictions.frames.main/validation.probability", "amount": pytest.approx(1e-3)}
    assert outcome.stderr == (
        f"IntegrityError: {run} diverged at stage train; FittedModels.models.main.fits.json differs; "
        "Predictions.frames.main/validation.probability differs by 0.001\n"
    )
    assert "\nlevel  diverged: the results differ\n" in shown.stdout


def test_equal_predictions_from_other_model_files_reach_the_level_of_predictions(odd: RecipeProject) -> None:
    odd.run("run", "tiny", "model.use=wandering", "model.what=files")

    outcome = odd.run("replay", "last", "--json")

    assert (outcome.exit_code, outcome.json["level"], outcome.json["first"]) == (0, "prediction", "train")
    assert outcome.json["difference"] == {"where": "FittedModels.models.main.fits.json", "amount": None}
    assert [stage["stage"] for stage in outcome.json["stages"] if not stage["same"]] == ["train", "calibrate", "register"]


def test_predictions_that_differ_in_their_last_digits_reach_the_level_of_metrics(odd: RecipeProject) -> None:
    odd.run("run", "tiny", "model.use=wandering", "model.what=digits")

    outcome = odd.run("replay", "last", "--json")

    assert (outcome.exit_code, outcome.json["level"], outcome.json["first"]) == (0, "metric", "train")


def test_a_run_that_failed_cannot_be_replayed(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny", "features.amount.columns=[amont]")

    outcome = tiny.run("replay", "last")

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "must have ended as done or refused; got failed" in outcome.stderr


def test_a_replay_whose_pinned_data_was_changed_is_refused(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    (file,) = (tiny.root / ".upshot" / "snapshots" / "tiny").glob("*.parquet")
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(bytes(content))

    assert tiny.run("replay", "last").exit_code == 5
