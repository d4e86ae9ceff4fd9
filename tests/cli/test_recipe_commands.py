"""`explain`, `describe`, `schema`, `show --diff` and `validate --all`, as people see them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upshot.testing import RecipeProject

Maker = Callable[[dict[str, str]], RecipeProject]

ROOT = Path(__file__).parents[2]

SHALLOW = "# Three levels at most\nuse: lightgbm\ntask: ${use_case.problem}\nmax_depth: 3\n"

EXPLAINED = """\
   choice          made in
   model=lightgbm  recipes/card_fraud.yaml:7  not chosen: shallow by argument 1
*  model=shallow   argument 1

model.task = classification
    What is predicted: classification gives the probability of label 1, every other task a point.
    one of classification, regression, forecasting, survival; default "classification"
    points at ${use_case.problem}
     component default  upshot.components.model.lightgbm:LightGBMParams  "classification"     overridden
     packaged           conf/model/lightgbm.yaml:3                       ${use_case.problem}  not chosen: shallow by argument 1
  *  project            conf/model/shallow.yaml:3                        ${use_case.problem}

model.max_depth = 5
    Deepest tree; -1 is without limit.
    whole number, >= -1; default -1
     component default  upshot.components.model.lightgbm:LightGBMParams  -1                 overridden
     project            conf/model/shallow.yaml:4                        3                  overridden
  *  command line       argument 2                                       model.max_depth=5
"""


@pytest.fixture
def project(recipe_project: Maker) -> RecipeProject:
    return recipe_project({"conf/model/shallow.yaml": SHALLOW})


def test_explain_prints_the_chain_of_each_key_with_the_winner_starred(project: RecipeProject) -> None:
    outcome = project.run("explain", "card_fraud", "model.max_depth", "model=shallow", "model.task", "model.max_depth=5")

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout == EXPLAINED


def test_explain_as_json_holds_the_same(project: RecipeProject) -> None:
    document = project.run("explain", "card_fraud", "seed", "seed=7", "--json").json

    assert document == {
        "shape": "upshot.explain/1",
        "recipe": "card_fraud",
        "choices": [],
        "keys": [
            {
                "key": "seed",
                "value": 7,
                "is_there": True,
                "points_at": None,
                "type": "whole number",
                "bounds": ">= 0, <= 4294967295",
                "default": "42",
                "sentence": "Seed of everything random.",
                "chain": [
                    {"layer": "component default", "where": "seed left out", "text": "42", "wins": False, "lost": "overridden"},
                    {"layer": "command line", "where": "argument 1", "text": "seed=7", "wins": True, "lost": None},
                ],
            }
        ],
    }


def test_explain_without_a_key_explains_every_key(project: RecipeProject) -> None:
    keys = [key["key"] for key in project.run("explain", "card_fraud", "--json").json["keys"]]

    assert keys[0] == "use_case.name"
    assert len(keys) == len(set(keys)) > 150
    assert project.run("explain", "card_fraud").stdout.count("\n\n") == len(keys)


def test_explain_refuses_an_unknown_key_with_the_nearest(project: RecipeProject) -> None:
    outcome = project.run("explain", "card_fraud", "split.tset")

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.splitlines()[2].startswith("  split.tset  split has no key 'tset'; did you mean 'test'? options: ")


def test_describe_lists_the_kinds_then_a_kind_then_a_component(project: RecipeProject) -> None:
    kinds, kind = project.run("describe").stdout, project.run("describe", "calibration").stdout

    assert kinds.splitlines()[0].split() == ["kind", "in", "a", "recipe", "components", "what", "it", "is"]
    assert [line.split()[0] for line in kinds.splitlines()[1:17]] == [
        *(
            "data",
            "checks",
            "labels",
            "split",
            "features",
            "model",
            "calibration",
            "policy",
            "rollout",
            "baselines",
            "kpi",
            "metrics",
            "slices",
            "probes",
            "sections",
            "gates",
        )
    ]
    assert (
        kind
        == """\
calibration: What makes predictions trustworthy. In a recipe: one, or none.

component   from          what it is
conformal   upshot 0.1.0  Split-conformal intervals: a point becomes quantiles, by the residuals of validation.
isotonic    upshot 0.1.0  Isotonic regression: a rising curve of steps and slopes, fitted on validation.
none        upshot 0.1.0  Leaves predictions of any kind as they are.
sigmoid     upshot 0.1.0  Platt scaling: a logistic curve over the log-odds, fitted on validation.
venn_abers  upshot 0.1.0  Venn-Abers: isotonic regression that keeps away from 0 and 1 where validation is small.

choice                  from      what it is
calibration=conformal   packaged  Conformal intervals on validation: a point becomes the quantiles 0.05, 0.5 and 0.95.
calibration=demand      packaged  Quantiles of demand from the errors of all backtest windows, in units of each series' usual error; never below 0.
calibration=isotonic    packaged  Isotonic regression on validation: for hundreds of positives and more.
calibration=none        packaged  Predictions are taken as they are.
calibration=sigmoid     packaged  Platt scaling on validation: for few positives.
calibration=venn_abers  packaged  Venn-Abers on validation: as isotonic, and careful where rows are few.

Parameters: upshot describe calibration NAME
"""
    )


def test_describe_says_of_a_metric_what_it_takes_its_unit_which_way_is_better_and_its_source(project: RecipeProject) -> None:
    outcome = project.run("describe", "metrics", "brier")

    assert (
        outcome.stdout
        == """\
metrics brier: Mean squared distance of the probability from what happened.

Lower is better; it rewards both ranking and calibration. Brier (1950), Monthly Weather Review 78(1), 1-3.

from         upshot 0.1.0
in a recipe  metrics: {brier: {}} or metrics: {NAME: {use: brier}}
choices      metrics=classification (packaged)
of           probability
better is    lower
unit         1 (a share or a ratio)

It has no parameters.
"""
    )


def test_describe_prints_every_parameter_of_a_component_nested_ones_indented(project: RecipeProject) -> None:
    outcome = project.run("describe", "checks", "columns")

    assert (
        re.sub(r"(?m)^choices  .*$", "choices              THOSE THAT ARE SHIPPED", outcome.stdout)
        == """\
checks columns: Each column's type, nulls, range, allowed values and pattern.

from                 upshot 0.1.0
in a recipe          checks: {NAME: {columns: ...}}
choices              THOSE THAT ARE SHIPPED
results change with  pandas

columns       required    map keyed by name, at least 1 entry
    Column -> its rules.
  NAME
    type      = null      one of string, int64, float64, bool, timestamp, date, or null
        string, int64, float64, bool, timestamp or date; any when left out.
    nullable  = false     true or false
        Whether values may be missing.
    infinite  = false     true or false
        Whether a number may be infinite.
    min       = null      number, text or null
        Smallest value allowed: a number, or a moment as ISO text.
    max       = null      number, text or null
        Largest value allowed: a number, or a moment as ISO text.
    allowed   = []        list of number, text or true or false
        Values allowed; any when empty.
    pattern   = null      text or null
        Regular expression that the whole text must match.
action        = "refuse"  one of refuse, quarantine, warn
    What becomes of rows that break the rule: refuse the data, set them aside and count them (quarantine), or
    keep and tell them (warn).
"""
    )


def test_describe_names_the_project_s_own_choices_of_a_component(project: RecipeProject) -> None:
    document = project.run("describe", "model", "lightgbm", "--json").json
    depth = next(parameter for parameter in document["parameters"] if parameter["key"] == "max_depth")

    assert {"model=lightgbm (packaged)", "model=shallow (project)"} <= set(document["choices"])
    assert (document["distribution"], document["in_a_recipe"]) == ("upshot", "model: {use: lightgbm}")
    assert depth == {
        "key": "max_depth",
        "type": "whole number",
        "bounds": ">= -1",
        "required": False,
        "default": -1,
        "sentence": "Deepest tree; -1 is without limit.",
    }


def test_describe_as_json_and_markdown_holds_every_component_of_every_kind(project: RecipeProject) -> None:
    document, reference = project.run("describe", "--json").json, project.run("describe", "--markdown").stdout

    named = [(kind["kind"], component["name"]) for kind in document["kinds"] for component in kind["components"]]
    assert len(named) > 50
    assert [f"### {kind} `{name}`" for kind, name in named] == [line for line in reference.splitlines() if line.startswith("### ")]
    assert "| `parameters.NAME.valid_until` | day or null | `null` |" in reference


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["modle"], "  modle  unknown kind; did you mean 'model'?"),
        (["model", "lightgbn"], "  model lightgbn  unknown model; got 'lightgbn'; did you mean 'lightgbm'?"),
        (["recipe", "seed"], "  recipe seed  unknown recipe; got 'seed'; upshot describe recipe"),
        (["model", "--json", "--markdown"], "  --markdown  is another form than --json; give one of them"),
    ],
)
def test_describe_refuses_what_is_not_there(project: RecipeProject, words: list[str], complaint: str) -> None:
    outcome = project.run("describe", *words)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.splitlines()[2].startswith(complaint)


def test_describe_explain_and_schema_import_no_model_library(project: RecipeProject) -> None:
    for words in (["describe", "model", "lightgbm"], ["explain", "card_fraud"], ["schema"], ["show", "card_fraud", "--diff", "card_fraud"]):
        outcome = project.run_process(*words, env={"PYTHONPROFILEIMPORTTIME": "1"})

        imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()}
        assert outcome.exit_code == 0
        assert "upshot" in imported
        assert imported & {"pandas", "numpy", "sklearn", "xgboost", "lightgbm", "pyarrow", "sqlalchemy"} == set(), words


def test_schema_writes_the_file_that_a_recipe_s_first_line_names(project: RecipeProject) -> None:
    outcome = project.run("schema", "-o", "recipe.schema.json")
    schema = json.loads((project.root / "recipe.schema.json").read_text())

    assert outcome.stdout.splitlines()[1] == "first line of a recipe beside it: # yaml-language-server: $schema=recipe.schema.json"
    assert schema == project.run("schema").json
    assert "shallow" in schema["properties"]["defaults"]["items"]["properties"]["model"]["anyOf"][0]["enum"]


def test_show_diff_tells_each_key_that_differs(project: RecipeProject) -> None:
    words = ["card_fraud", "model=shallow", "seed=3", "gates.calibration=null", "+gates.rank={metric:roc_auc,min:0.8}"]

    outcome = project.run("show", *words, "--diff", "card_fraud")

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert (
        outcome.stdout
        == """\
from card_fraud to card_fraud model=shallow seed=3 gates.calibration=null +gates.rank={metric:roc_auc,min:0.8}

~  model.max_depth           -1 -> 3
-  gates.calibration.use     "metric"
-  gates.calibration.metric  "brier"
-  gates.calibration.min     null
-  gates.calibration.max     0.0035
-  gates.calibration.by      "interval"
+  gates.rank.use            "metric"
+  gates.rank.metric         "roc_auc"
+  gates.rank.min            0.8
+  gates.rank.max            null
+  gates.rank.by             "interval"
~  seed                      42 -> 3

2 changed, 5 added, 5 removed
"""
    )


def test_show_diff_of_the_same_says_so_and_as_json_is_a_list(project: RecipeProject) -> None:
    same = project.run("show", "card_fraud", "--diff", "card_fraud")
    other = project.run("show", "card_fraud", "seed=3", "--diff", "card_fraud", "--json")

    assert same.stdout == "card_fraud means the same as card_fraud\n"
    assert other.json == {
        "shape": "upshot.diff/1",
        "from": "card_fraud",
        "to": "card_fraud seed=3",
        "changes": [{"key": "seed", "sign": "~", "old": 42, "new": 3}],
    }


def test_show_reads_back_as_the_same_recipe(project: RecipeProject) -> None:
    project.write("recipes/again.yaml", project.run("show", "card_fraud", "model=shallow").stdout)

    assert project.run("show", "again", "--diff", "card_fraud").stdout.splitlines()[2:] == [
        "~  model.max_depth  -1 -> 3",
        "",
        "1 changed, 0 added, 0 removed",
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["r20260101T000000-abcdef"], "no run is recorded in"),
        (["card_fraud", "--diff", "r20260101T000000-abcdef"], "no run is recorded in"),
        (["r20260101T000000-abcdef", "seed=1"], "a run takes no overrides"),
        (["card_fraud", "--diff", "card_frod"], "there is no such recipe; got 'card_frod'; did you mean 'card_fraud'?"),
    ],
)
def test_show_refuses_what_is_not_there(project: RecipeProject, words: list[str], complaint: str) -> None:
    outcome = project.run("show", *words)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert complaint in outcome.stderr


def test_validate_all_tells_every_recipe_and_ends_with_the_exit_code_of_a_refused_one(recipe_project: Maker) -> None:
    good = "defaults: [card_fraud]\nseed: 7\n"
    bad = "defaults: [card_fraud]\nseed: seven\nmodle: {}\n"
    project = recipe_project({"recipes/a.yaml": good, "recipes/b.yaml": bad, "recipes/c.yaml": good})

    outcome = project.run("validate", "--all")

    assert outcome.exit_code == 2
    own, packaged = ["a", "c"], sorted(file.stem for file in (ROOT / "recipes").glob("*.yaml"))
    *told, last = [line.partition(";")[0] for line in outcome.stdout.splitlines()]
    assert [line.partition(" is sound: ")[0] for line in told] == [f"recipe {name}" for name in (*own, *packaged)]
    assert told[0] == told[1].replace("recipe c", "recipe a")
    assert last == f"{len(told) + 1} recipes: {len(told)} sound, 1 refused"
    assert [line.split()[0] for line in outcome.stderr.splitlines() if line.startswith("  ")] == ["seed", "modle"]


def test_validate_wants_one_recipe_or_all(project: RecipeProject) -> None:
    for words in ([], ["card_fraud", "--all"]):
        outcome: Any = project.run("validate", *words)

        assert outcome.exit_code == 2
        assert "recipe  name one recipe, or ask for all; upshot validate RECIPE, or upshot validate --all" in outcome.stderr


def test_show_prints_the_recipe_of_a_run_and_how_another_differs_from_it(tiny: RecipeProject) -> None:
    run = tiny.run("run", "tiny", "model.C=0.5", "--json").json["run"]

    assert tiny.run("show", run, "--config").stdout == tiny.run("show", "tiny", "model.C=0.5").stdout
    assert tiny.run("show", "tiny", "seed=3", "--diff", run).stdout.splitlines() == [
        f"from {run} to tiny seed=3",
        "",
        "~  model.C  0.5 -> 1.0",
        "~  seed     42 -> 3",
        "",
        "2 changed, 0 added, 0 removed",
    ]
