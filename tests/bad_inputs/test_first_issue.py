"""What the first bad inputs get: the exit code, one sentence a problem with its place and the nearest valid thing, nothing half written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from upshot.catalogue import load_catalogue
from upshot.cli.commands import COMMANDS
from upshot.contracts.components import KINDS
from upshot.errors import did_you_mean
from upshot.ledger.ledger import Ledger
from upshot.recipe.schema import Outline
from upshot.testing import Outcome, RecipeProject

ROOT = Path(__file__).parents[2]
INSTALLED = load_catalogue()
MODELS, POLICIES = did_you_mean("xgbost", (path.stem for path in (ROOT / "conf/model").glob("*.yaml"))), INSTALLED.names("policy")
KEYS = ", ".join(sorted((*Outline.model_fields, *KINDS)))


def fitting(kind: str, attribute: str, wanted: str) -> str:
    """Names of installed components that declare that they accept or give this."""
    made = {name: getattr(INSTALLED.load(INSTALLED.find(kind, name)), attribute, ()) for name in INSTALLED.names(kind)}
    return ", ".join(name for name, declared in made.items() if declared == wanted or (isinstance(declared, tuple) and wanted in declared))


def recipe_error(*problems: str) -> str:
    noun = "problem" if len(problems) == 1 else "problems"
    return f"RecipeError: {len(problems)} {noun} in recipe 'tiny' (no data was read)\n\n" + "".join(
        f"  {problem}\n" for problem in problems
    )


def data_error(headline: str, *problems: str) -> str:
    return f"DataError: {headline}\n\n" + "".join(f"  {problem}\n" for problem in problems)


@dataclass(frozen=True)
class Case:
    """A fault, by overrides or by an edit of a file (path, old, new), and the whole answer."""

    name: str
    overrides: tuple[str, ...]
    stderr: str
    edit: tuple[str, str, str] | None = None


OF_THE_RECIPE = (
    Case(
        "choice of a group",
        ("model=xgbost",),
        recipe_error(f"model  there is no such choice; got 'xgbost'; {MODELS}  (argument 1)"),
    ),
    Case(
        "choice in the defaults list",
        (),
        recipe_error(f"model  there is no such choice; got 'xgbost'; {MODELS}  (recipes/tiny.yaml:3)"),
        ("recipes/tiny.yaml", "model: logistic_regression", "model: xgbost"),
    ),
    Case(
        "group",
        ("modle=xgboost",),
        recipe_error(f"modle  unknown key; got 'xgboost'; did you mean 'model'? options: {KEYS}  (argument 1)"),
    ),
    Case(
        "key of a component",
        ("model.max_iterr=5",),
        recipe_error(
            "model.max_iterr  unknown key; got 5; did you mean 'max_iter'? "
            "options: C, class_weight, fit_intercept, l1_ratio, max_iter, sample_weight, solver, tol, weight_power  (argument 1)"
        ),
    ),
    Case(
        "key in a file",
        (),
        recipe_error(
            "gates.worth_it.min_gian  unknown key; got 0; did you mean 'min_gain'? "
            "options: against, by, kpi, max, min, min_gain  (recipes/tiny.yaml:36)"
        ),
        ("recipes/tiny.yaml", "min_gain: 0", "min_gian: 0"),
    ),
    Case(
        "component",
        ("policy.use=treshold",),
        recipe_error(f"policy.use  unknown policy; got 'treshold'; {did_you_mean('treshold', POLICIES)}  (argument 1)"),
    ),
    Case(
        "metric of a gate",
        ("gates.accurate.metric=acuracy",),
        recipe_error(
            "gates.accurate.metric  asks for a metric that the recipe does not declare; got 'acuracy'; "
            "did you mean 'accuracy'? options: accuracy  (argument 1)"
        ),
    ),
    Case(
        "KPI of a gate",
        ("gates.worth_it.kpi=savd",),
        recipe_error(
            "gates.worth_it.kpi  asks for a KPI that the recipe does not declare; got 'savd'; did you mean 'saved'? options: saved  (argument 1)"
        ),
    ),
    Case(
        "baseline of a gate",
        (),
        recipe_error(
            "gates.worth_it.against  asks for a baseline that the recipe does not declare; got 'do_nothin'; "
            "did you mean 'do_nothing'? options: current_rule, do_nothing  (recipes/tiny.yaml:36)"
        ),
        ("recipes/tiny.yaml", "against: do_nothing", "against: do_nothin"),
    ),
    Case(
        "zero gates, because all were taken out",
        ("gates.worth_it=null", "~gates.accurate"),
        recipe_error(
            "gates  no gate is declared: a version that nothing was asked of cannot pass; "
            "write gates: {NAME: {...}} or `- gates: NAME` in defaults  (argument 2)"
        ),
    ),
    Case(
        "zero gates, because none was written",
        (),
        recipe_error(
            "gates  no gate is declared: a version that nothing was asked of cannot pass; "
            "write gates: {NAME: {...}} or `- gates: NAME` in defaults  (recipes/tiny.yaml:34)"
        ),
        (
            "recipes/tiny.yaml",
            "gates:\n  accurate: {metric: accuracy, min: 0.9, by: value}\n  worth_it: {kpi: saved, against: do_nothing, min_gain: 0}",
            "gates: {}",
        ),
    ),
    Case(
        "model that policy and metric cannot take",
        ("model=popularity",),
        recipe_error(
            "policy.use            'threshold' accepts probability or anomaly, and model 'popularity' gives ranking; "
            f"options that fit: {fitting('policy', 'accepts', 'ranking')}  (recipes/tiny.yaml:19)",
            "metrics.accuracy.use  'accuracy' accepts probability, and model 'popularity' gives ranking; "
            f"options that fit: {fitting('metrics', 'accepts', 'ranking')}  (recipes/tiny.yaml:33)",
        ),
    ),
    Case(
        "policy that the rollout cannot play",
        ("policy.use=newsvendor", "~policy.threshold", "policy.underage=1", "policy.overage=1"),
        recipe_error(
            "policy.use  'newsvendor' accepts quantiles, and model 'logistic_regression' gives probability; "
            f"options that fit: {fitting('policy', 'accepts', 'probability')}  (argument 1)",
            "policy.use  'newsvendor' gives quantity, and rollout 'case_actions' accepts action; "
            f"options that fit: {fitting('policy', 'gives', 'action')}  (argument 1)",
        ),
    ),
    Case(
        "several at once",
        ("model.Cc=1", "policy.use=nope"),
        recipe_error(
            f"policy.use  unknown policy; got 'nope'; {did_you_mean('nope', POLICIES)}  (argument 2)",
            "model.Cc    unknown key; got 1; did you mean 'C'? options: C, class_weight, fit_intercept, l1_ratio, max_iter, sample_weight, solver, tol, weight_power  (argument 1)",
        ),
    ),
)

COLUMNS = "options: amount, bad, day, id"
OF_THE_DATA = (
    Case(
        "column of a role",
        ("data.roles.amount=amont",),
        data_error("the header is not what was declared", f"data/cases.csv:1  column 'amont' is missing; did you mean 'amount'? {COLUMNS}"),
    ),
    Case(
        "column of a feature",
        ("features.amount.columns=[amont]",),
        data_error(
            "the features do not fit the data",
            f"features.amount  no such column in the data; got 'amont'; did you mean 'amount'? {COLUMNS}  (argument 1)",
        ),
    ),
    Case(
        "column of a feature that is known only afterwards",
        ("features.amount.columns=[bad]",),
        data_error(
            "the features do not fit the data",
            "features.amount  reads a column that is only known after the decision; got 'bad'  (argument 1)",
        ),
    ),
    Case(
        "column of a check",
        ("+checks.amounts.columns.amuont.min=0",),
        data_error(
            "a check names columns that the data does not have",
            f"checks.amounts column 'amuont'  does not exist; did you mean 'amount'? {COLUMNS}  (argument 1)",
        ),
    ),
    Case(
        "rows that break a check",
        ("checks.amounts.columns.amount.min=50",),
        data_error(
            "snapshot tiny version 0 breaks its checks",
            "checks.amounts column 'amount'  amount must be >= 50: 24 of 48 rows; "
            "got row 0: 10.0; row 2: 10.0; row 4: 10.0; row 6: 10.0; row 8: 10.0  (argument 1)",
        ),
    ),
    Case(
        "missing file",
        ("data.path=data/casse.csv",),
        data_error("the data cannot be found", "data/casse.csv  no such file; in data: did you mean 'cases.csv'? options: cases.csv"),
    ),
    Case(
        "wrong header",
        (),
        data_error("the header is not what was declared", "data/cases.csv:1  column 'amount' is missing; 'amont' stands there instead"),
        ("data/cases.csv", "id,day,amount,bad", "id,day,amont,bad"),
    ),
    Case(
        "label with one class",
        (),
        data_error(
            "the cases cannot be made",
            "bad  the outcome must have two classes; got only 0 in 48 rows; a model cannot learn from one; take a longer period, or another target",
        ),
        ("data/cases.csv", ",1\n", ",0\n"),
    ),
)


@pytest.mark.parametrize("command", ["validate", "plan", "run"])
@pytest.mark.parametrize("case", OF_THE_RECIPE, ids=lambda case: case.name)
def test_a_wrong_recipe_is_refused_with_2_before_any_data_is_read(tiny: RecipeProject, case: Case, command: str) -> None:
    outcome = _outcome(tiny, case, command)

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", case.stderr)
    assert not (tiny.root / ".upshot" / "ledger.db").exists()
    assert not (tiny.root / ".upshot" / "snapshots").exists()


@pytest.mark.parametrize("case", OF_THE_DATA, ids=lambda case: case.name)
def test_wrong_data_is_refused_with_3_and_leaves_no_receipt_of_the_stage(tiny: RecipeProject, case: Case) -> None:
    outcome = _outcome(tiny, case, "run")

    assert (outcome.exit_code, outcome.stderr) == (3, case.stderr)
    ledger = Ledger(tiny.root / ".upshot" / "ledger.db")
    (run,) = ledger.runs()
    assert (run.status, run.error) == ("failed", outcome.stderr.removeprefix("DataError: ").rstrip("\n"))
    ended = [line.split()[0] for line in outcome.stdout.splitlines()]
    assert [stage.stage for stage in ledger.stages(run.id)] == ended
    receipts = {path.name.partition(".")[2] for path in (tiny.root / ".upshot" / "receipts" / "latest").glob("*.json")}
    assert receipts == {f"{stage}.json" for stage in ended}
    assert ledger.versions(claimed=True) == ()


def _outcome(project: RecipeProject, case: Case, command: str) -> Outcome:
    if case.edit is not None:
        path, old, new = case.edit
        text = (project.root / path).read_text(encoding="utf-8")
        assert old in text
        project.write(path, text.replace(old, new))
    return project.run(command, "tiny", *case.overrides)


def test_an_unknown_recipe_is_refused_with_the_nearest_one(tiny: RecipeProject) -> None:
    outcome = tiny.run("run", "tinny")

    text = "RecipeError: unknown recipe\n\n  recipe  there is no such recipe; got 'tinny'; did you mean 'tiny'? options: card_fraud, "
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(text)


def test_an_unknown_command_is_refused_with_the_nearest_one(tiny: RecipeProject) -> None:
    outcome = tiny.run("rum", "tiny")

    text = f"UsageError: the command line is wrong\n\n  rum  unknown command; {did_you_mean('rum', COMMANDS)}\n"
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", text)


def test_an_unknown_flag_is_refused_with_the_nearest_one(tiny: RecipeProject) -> None:
    flags = sorted(set(re.findall(r"--[a-z-]+", tiny.run("validate", "--help").stdout)))

    outcome = tiny.run("validate", "tiny", "--debugg")

    text = f"UsageError: the command line is wrong\n\n  --debugg  unknown option; did you mean '--debug'? options: {', '.join(flags)}\n"
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", text)


def test_a_command_without_its_recipe_says_what_is_missing(tiny: RecipeProject) -> None:
    outcome = tiny.run("run")

    text = "UsageError: the command line is wrong\n\n  recipe  must be named; upshot recipes lists them; upshot run --help\n"
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", text)


def test_an_expired_money_parameter_concludes_nothing_and_says_so(tiny: RecipeProject) -> None:
    # By its values alone the gate would pass: the same run with a valid parameter does.
    expired = ("tiny", "kpi.saved.parameters.friction_cost.valid_until='2020-01-01'")

    sound, outcome = tiny.run("run", "tiny", "--json"), tiny.run("run", *expired)
    gates = tiny.run("gates", *expired, "--json")

    assert [gate["outcome"] for gate in sound.json["gates"]] == ["PASS", "PASS"]
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    lines = outcome.stdout.splitlines()
    assert "expired assumptions, so nothing is concluded: friction_cost" in lines
    assert "gates     1 pass, 0 fail, 1 inconclusive (worth_it: a current value of friction_cost would decide)" in lines
    assert [(gate["gate"], gate["outcome"], gate["reason"]) for gate in gates.json["gates"]] == [
        ("accurate", "PASS", "the value is 1"),
        ("worth_it", "INCONCLUSIVE", "expired: friction_cost (valid until 2020-01-01)"),
    ]


def test_an_expired_money_parameter_does_not_make_a_gate_by_value_pass(tiny: RecipeProject) -> None:
    outcome = tiny.run("run", "tiny", "kpi.saved.parameters.friction_cost.valid_until='2020-01-01'", "gates.worth_it.by=value", "--json")

    assert [gate["outcome"] for gate in outcome.json["gates"]] == ["PASS", "INCONCLUSIVE"]
