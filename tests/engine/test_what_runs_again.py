"""What a run does again, and what it does not: the stage cache seen through the command."""

from __future__ import annotations

import os
import re
from dataclasses import fields, is_dataclass, replace
from datetime import date

import pytest
from tiny_engine import Nothing, engine_in, recipe_in

from upshot.contracts import records
from upshot.engine.inputs import HOLDS, Inputs
from upshot.engine.plan import stage_leaves
from upshot.stages import LIFECYCLE as STAGES
from upshot.testing import Outcome, RecipeProject

LIFECYCLE = (
    "ingest", "validate", "label", "split", "featurize", "train", "calibrate", "predict", "decide", "play", "value", "evaluate", "inspect", "gate",
    "register",
)  # fmt: skip


def ran(outcome: Outcome) -> tuple[str, ...]:
    """The stages that ran, in order."""
    assert outcome.exit_code == 0, outcome.stderr
    return tuple(stage["stage"] for stage in outcome.json["stages"] if not stage["cached"])


def planned(outcome: Outcome) -> dict[str, str]:
    """Stage -> reason, of those that would run."""
    assert outcome.stderr == ""
    return {stage["stage"]: stage["reason"] for stage in outcome.json["stages"] if not stage["cached"]}


def test_the_first_run_runs_all_stages_in_their_order(tiny: RecipeProject) -> None:
    outcome = tiny.run("run", "tiny", "--json")

    assert ran(outcome) == LIFECYCLE
    assert outcome.json["status"] == "done"
    # Test days 17 to 24: all eight bad cases blocked, 8 x 100 + (17 + ... + 24) = 964 EUR; the rule blocks days 21 to 24: 490 EUR.
    assert {name: measured["value"] for name, measured in outcome.json["value"]["saved"]["total"].items()} == {
        "candidate": 964.0,
        "do_nothing": 0.0,
        "current_rule": 490.0,
    }


def test_a_repeat_runs_nothing_adds_no_run_and_names_the_run_that_answered(tiny: RecipeProject) -> None:
    first = tiny.run("run", "tiny", "--json")

    again = tiny.run("run", "tiny", "--json")

    assert (again.exit_code, ran(again)) == (0, ())
    assert again.json == first.json | {"stages": [stage | {"cached": True, "seconds": None} for stage in first.json["stages"]]}
    assert [run["run"] for run in tiny.run("runs", "--json").json["runs"]] == [first.json["run"]]


def test_a_repeat_opens_no_database(tiny: RecipeProject) -> None:
    first = tiny.run("run", "tiny", "--json")
    database = tiny.root / ".upshot" / "ledger.db"
    database.rename(tiny.root / "moved.db")

    again = tiny.run("run", "tiny", "--json")

    assert (again.exit_code, again.json["run"]) == (0, first.json["run"])
    assert not database.exists()


def test_a_repeat_and_its_plan_import_neither_pandas_nor_a_model_library_nor_the_database(tiny: RecipeProject) -> None:
    os.utime(tiny.root / "recipes" / "tiny.yaml", (1_700_000_000, 1_700_000_000))  # a file of the last two seconds is read again
    tiny.run("run", "tiny")
    heavy = {"pandas", "numpy", "sklearn", "xgboost", "lightgbm", "sqlalchemy", "deltalake", "pyarrow", "hydra", "omegaconf", "pydantic"}

    for command in ("plan", "run"):
        outcome = tiny.run_process(command, "tiny", env={"PYTHONPROFILEIMPORTTIME": "1"})
        imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()}
        assert (outcome.exit_code, imported & heavy) == (0, set())


@pytest.fixture(scope="module")
def ran_once(tiny_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> RecipeProject:
    """A project in which `tiny` was run; for tests that only plan."""
    project = RecipeProject(tmp_path_factory.mktemp("ran_once"), tiny_files)
    assert project.run("run", "tiny").exit_code == 0
    return project


@pytest.mark.parametrize(
    ("override", "first_to_run", "reason"),
    [
        ("model.C=0.5", "train", "model.C 1.0 -> 0.5"),
        ("model.use=hist_gradient_boosting", "train", "model.use logistic_regression -> hist_gradient_boosting"),
        ("seed=7", "train", "seed 42 -> 7"),
        ("calibration.use=sigmoid", "calibrate", "calibration.use none -> sigmoid"),
        ("policy.threshold=0.4", "decide", "policy.threshold 0.5 -> 0.4"),
        ("kpi.saved.parameters.friction_cost.value=3", "decide", "kpi.saved.parameters.friction_cost.value 2.0 -> 3.0"),
        ("baselines.current_rule.when='amount > 121'", "play", 'baselines.current_rule.when "amount > 120" -> "amount > 121"'),
        ("+metrics.brier={}", "evaluate", "metrics.brier.use is new"),
        ("gates.worth_it.min_gain=1", "gate", "gates.worth_it.min_gain 0.0 -> 1.0"),
        ("use_case.owners.business=cards", "register", 'use_case.owners.business "payments" -> "cards"'),
        ("features.amount.columns=[amount,id]", "featurize", 'features.amount.columns ["amount"] -> ["amount", "id"]'),
        ("split.test_from='2026-01-16'", "split", 'split.test_from "2026-01-17" -> "2026-01-16"'),
        ("checks.amounts.columns.amount.min=0.02", "validate", "checks.amounts.columns.amount.min 0.01 -> 0.02"),
        ("data.table=tiny_too", "ingest", 'data.table "tiny" -> "tiny_too"'),
    ],
)
def test_a_plan_names_the_changed_key_and_reuses_everything_before_it(
    ran_once: RecipeProject, override: str, first_to_run: str, reason: str
) -> None:
    plan = ran_once.run("plan", "tiny", override, "--json")

    assert plan.exit_code == 0, plan.stderr
    stage, said = next(iter(planned(plan).items()))
    assert (stage, said.partition(" and ")[0].partition(", library")[0]) == (first_to_run, f"runs because {reason}")


def test_one_model_parameter_runs_what_lies_behind_train_and_nothing_whose_input_came_out_equal(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")

    outcome = tiny.run("run", "tiny", "model.C=0.5", "--json")

    # Other coefficients, other probabilities, and yet the same decisions: what follows from decisions alone is known already.
    assert ran(outcome) == ("train", "calibrate", "predict", "decide", "evaluate", "inspect", "register")
    assert outcome.json["version"]["number"] == 2


def test_a_gate_or_kpi_parameter_does_not_retrain(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")

    gate = tiny.run("run", "tiny", "gates.worth_it.min_gain=1", "--json")
    kpi = tiny.run("run", "tiny", "kpi.saved.parameters.friction_cost.value=3", "--json")

    assert ran(gate)[0] == "gate"
    assert ran(kpi)[0] == "decide"


def test_a_data_file_that_is_touched_but_equal_changes_nothing(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    os.utime(tiny.root / "data" / "cases.csv", (1_700_000_000, 1_700_000_000))

    outcome = tiny.run("plan", "tiny", "--json", "--detailed-exitcode")

    assert (outcome.exit_code, planned(outcome)) == (0, {})


def test_a_changed_data_row_runs_from_ingest_and_says_so(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    text = (tiny.root / "data" / "cases.csv").read_text()
    tiny.write("data/cases.csv", text.replace("2026-01-24 20:00:00,124,1", "2026-01-24 20:00:00,224,1"))

    plan = tiny.run("plan", "tiny", "--json", "--detailed-exitcode")
    outcome = tiny.run("run", "tiny", "--json")

    assert plan.exit_code == 10
    assert planned(plan)["ingest"] == f"runs because file {tiny.root.resolve() / 'data' / 'cases.csv'} changed"
    assert ran(outcome)[:4] == ("ingest", "validate", "label", "split")
    assert outcome.json["value"]["saved"]["total"]["candidate"]["value"] == 1064.0


def test_what_follows_from_a_result_that_came_out_equal_is_cached(tiny: RecipeProject) -> None:
    first = tiny.run("run", "tiny", "--json")
    tiny.write("data/cases.csv", (tiny.root / "data" / "cases.csv").read_bytes().replace(b"\n", b"\r\n"))

    outcome = tiny.run("run", "tiny", "--json")

    assert ran(outcome) == ("ingest",)
    assert outcome.json["version"] == first.json["version"]


def test_a_recipe_beside_another_uses_what_that_one_has_computed(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    recipe = (tiny.root / "recipes" / "tiny.yaml").read_text()
    tiny.write("recipes/twin.yaml", recipe.replace("name: tiny", "name: twin"))

    outcome = tiny.run("run", "twin", "--json")

    assert ran(outcome) == ("register",)
    assert (outcome.json["recipe"], outcome.json["version"]["name"], outcome.json["version"]["number"]) == ("twin", "twin", 1)


def test_a_receipt_that_is_cut_off_is_no_answer_and_its_stage_runs_again(tiny: RecipeProject) -> None:
    first = tiny.run("run", "tiny", "--json")
    key = next(stage["key"] for stage in first.json["stages"] if stage["stage"] == "evaluate")
    receipt = tiny.root / ".upshot" / "receipts" / key[:2] / f"{key}.json"
    receipt.write_bytes(receipt.read_bytes()[:40])

    outcome = tiny.run("run", "tiny", "--json")

    assert ran(outcome) == ("evaluate",)
    assert outcome.json["metrics"] == first.json["metrics"]


def test_an_assumption_that_expires_overnight_reopens_its_value_and_its_gates_and_nothing_else(tiny: RecipeProject) -> None:
    def on(day: date) -> list[str]:
        engine = replace(engine_in(tiny.root), today=day)
        record = engine.run(engine.plan(recipe_in(tiny.root)), Nothing())
        return [stage.name for stage in record.stages if not stage.cached]

    assert [len(on(date(2099, 12, 30))), on(date(2099, 12, 31)), on(date(2100, 1, 1))] == [15, [], ["value", "inspect", "gate", "register"]]


def test_whoever_is_given_a_fitted_component_depends_on_the_code_that_reads_its_files(tiny: RecipeProject) -> None:
    engine = engine_in(tiny.root)
    inputs = Inputs(recipe_in(tiny.root), engine.catalogue, engine.state.code, engine.state.files, date(2026, 1, 1))
    digests = {stage.gives: "0" * 64 for stage in STAGES}

    facts = {stage.name: set(stage_leaves(stage, inputs, digests)) for stage in STAGES}

    assert {"model.code", "features.amount.code", "calibration.code"} <= facts["predict"] & facts["register"]
    assert {"model.code", "features.amount.code"} <= facts["calibrate"] and "features.amount.code" in facts["train"]
    assert "model.code" not in facts["decide"] | facts["value"]
    assert set(HOLDS) == {record for record in vars(records).values() if isinstance(record, type) and _holds_fitted(record)}


def _holds_fitted(record: type) -> bool:
    """Whether a field of a record is, or is a map of, fitted components."""
    return is_dataclass(record) and any(re.search(r"\bFitted\b", str(field.type)) for field in fields(record))
