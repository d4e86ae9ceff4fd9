"""The schema that editors get, proven with a JSON Schema validator that is not ours."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from upshot.catalogue import Plugin, load_catalogue
from upshot.project import Project
from upshot.recipe.compose import load_recipe, show
from upshot.recipe.json_schema import recipe_schema
from upshot.recipe.layers import list_recipes, packaged
from upshot.recipe.reading import read_document, read_text

ROOT = Path(__file__).parents[2]
RECIPES = [
    *(ROOT / "recipes").glob("*.yaml"),
    *(path for path in (ROOT / "tests").rglob("*.yaml") if "use_case:" in path.read_text(encoding="utf-8") and "conf" not in path.parts),
]
PACKAGED = [path.stem for path in (ROOT / "recipes").glob("*.yaml")]


@cache
def validator() -> Draft202012Validator:
    schema = recipe_schema(load_catalogue())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def paths_of(data: Any) -> list[str]:
    """Where the validator complains: dotted, in order."""
    return sorted({".".join(map(str, error.absolute_path)) for error in validator().iter_errors(data)})


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_recipe_is_valid_as_it_is_written(path: Path) -> None:
    document = read_document(path, path.name, "recipe")

    assert document.problems == []
    assert [error.message for error in validator().iter_errors(document.data)] == []


@pytest.mark.parametrize("name", PACKAGED)
def test_every_recipe_is_valid_as_it_is_composed(name: str, tmp_path: Path) -> None:
    composed = yaml.safe_load(show(load_recipe(name, catalogue=load_catalogue(), project=Project(tmp_path, tmp_path / ".upshot"))))

    assert [error.message for error in validator().iter_errors(composed)] == []


@pytest.mark.parametrize("group", sorted({path.parent.name for path in (packaged() / "conf").glob("*/*.yaml")}))
def test_every_packaged_choice_is_valid_under_its_key(group: str) -> None:
    for path in (packaged() / "conf" / group).glob("*.yaml"):
        data = read_document(path, path.name, "packaged").data

        assert [error.message for error in validator().iter_errors({group: {k: v for k, v in data.items() if k != "defaults"}})] == [], path


LEGAL = {
    "nothing is required of one file": "seed: 1",
    "what a group chose may be changed without naming it": "model: {max_depth: 8, num_leaves: 5}",
    "a value may be a pointer": "model: {use: lightgbm, max_depth: '${seed}', task: '${use_case.problem}'}",
    "a value may be left to be given": "model: {use: lightgbm, learning_rate: ???}",
    "a whole node may be a pointer": "calibration: ${other}",
    "a component may be a pointer": "model: {use: '${seed}', max_depth: 3}",
    "an entry may be taken away": "gates: {value: null}",
    "an entry may be named after its component": "metrics: {roc_auc: {}, brier: null}",
    "a kind may be left out again": "calibration: null",
    "what has a default may be null": "{seed: null, threads: null, objective: null, use_plugins: null}",
    "whole numbers are numbers": "model: {use: xgboost, learning_rate: 1}",
    "any group's choice in defaults": "defaults: [card_fraud, model: shallow, override split: by_time, optional gates@gates: standard, _self_]",
    "several choices of one group": "defaults: [{metrics: [classification, ranking]}]",
    "keys of the component that the own defaults list chooses": "{defaults: [model: lightgbm, _self_], model: {max_depth: 8, num_leaves: 5}}",
    "a choice that is not there yet may be any component": "{defaults: [model: not_yet], model: {booster: dart}}",
    "what is extended may say use": "{defaults: [model: lightgbm, card_fraud, _self_], model: {booster: dart}}",
    "a named component beside a choice": "{defaults: [model: lightgbm], model: {use: xgboost, booster: dart}}",
    "another package": "{defaults: [model@other: lightgbm], model: {booster: dart}}",
    "an environment lays any key over the recipe": "env: {dev: null, prod: {approvals: {risk: {by: [a], count: 1}, it: null}, seed: 3, gates: {g: {metric: mae, max: 1}}}}",
    "a day is text": "kpi: {x: {parameters: {p: {value: 1, unit: EUR, valid_until: 2027-12-31}}}}",
}


@pytest.mark.parametrize("why", LEGAL)
def test_what_one_file_may_say_is_not_refused(why: str) -> None:
    assert paths_of(read_text(LEGAL[why], "x.yaml", "recipe").data) == []


WRONG = {
    "sead: 1": "",
    "seed: six": "seed",
    "seed: -1": "seed",
    "seed: 1.5": "seed",
    "threads: 0": "threads",
    "threads: true": "threads",
    "objective: 3": "objective",
    "use_plugins: mlflow": "use_plugins",
    "use_plugins: [1]": "use_plugins.0",
    "use_case: [a]": "use_case",
    "use_case: {name: Fraud}": "use_case.name",
    "use_case: {problem: clasification}": "use_case.problem",
    "use_case: {owner: me}": "use_case",
    "use_case: {owners: {busines: me}}": "use_case.owners",
    "model: lightgbm": "model",
    "model: [lightgbm]": "model",
    "model: {use: lightgbn}": "model.use",
    "model: {use: lightgbm, max_dept: 3}": "model",
    "model: {use: lightgbm, booster: dart}": "model",
    "{defaults: [model: lightgbm, _self_], model: {booster: dart}}": "model",
    "{defaults: [split: by_time, {model: xgboost}], model: {num_leaves: 8}}": "model",
    "env: [prod]": "env",
    "env: {prod: {approval: {}}}": "env.prod",
    "env: {prod: {approvals: {risk: {by: grace}}}}": "env.prod.approvals.risk.by",
    "env: {prod: {approvals: {risk: {count: 0}}}}": "env.prod.approvals.risk.count",
    "env: {prod: {author_may_promote: maybe}}": "env.prod.author_may_promote",
    "env: {prod: {model: {use: lightgbm, max_dept: 3}}}": "env.prod.model",
    "model: {use: lightgbm, max_depth: six}": "model.max_depth",
    "model: {use: lightgbm, max_depth: true}": "model.max_depth",
    "model: {use: lightgbm, learning_rate: 0}": "model.learning_rate",
    "model: {use: lightgbm, task: guessing}": "model.task",
    "model: {max_dept: 3}": "model",
    "data: {use: csv, roles: {tme: at}}": "data.roles",
    "data: {use: csv, roles: {entities: customer}}": "data.roles.entities",
    "data: {use: csv, columns: {a: int}}": "data.columns.a",
    "checks: {x: {use: columns, columns: {a: {typ: int64}}}}": "checks.x.columns.a",
    "checks: {x: {use: columns, columns: {a: {nullable: 1}}}}": "checks.x.columns.a.nullable",
    "gates: [average_precision]": "gates",
    "gates: {'average precision': {metric: x}}": "gates",
    "gates: {x: {use: metric, metrc: y}}": "gates.x",
    "gates: {x: {use: metric, metric: y, kpi: z}}": "gates.x",
    "gates: {x: {metric: y, minimum: 1}}": "gates.x",
    "gates: {x: 0.5}": "gates.x",
    "kpi: {x: {parameters: {p: {value: five}}}}": "kpi.x.parameters.p.value",
    "kpi: {x: {parameters: {p: {valu: 5}}}}": "kpi.x.parameters.p",
    "kpi: {x: {impact: more_money}}": "kpi.x.impact",
    "defaults: {model: lightgbm}": "defaults",
    "defaults: [modle: lightgbm]": "defaults.0",
    "defaults: [{model: lightgbm, split: by_time}]": "defaults.0",
    "defaults: [3]": "defaults.0",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_underlined_where_it_stands(text: str) -> None:
    assert paths_of(read_text(text, "x.yaml", "recipe").data) == [WRONG[text]]


def test_the_complaints_name_what_is_wrong() -> None:
    said = {
        text: best_match(validator().iter_errors(read_text(text, "x.yaml", "recipe").data)).message
        for text in ("seed: six", "model: {use: lightgbm, max_dept: 3}", "sead: 1", "threads: 0")
    }

    assert said == {
        "seed: six": "'six' is not of type 'integer'",
        "model: {use: lightgbm, max_dept: 3}": "Additional properties are not allowed ('max_dept' was unexpected)",
        "sead: 1": "Additional properties are not allowed ('sead' was unexpected)",
        "threads: 0": "0 is less than the minimum of 1",
    }


def test_editors_show_the_sentences_of_the_parameter_classes() -> None:
    schema = recipe_schema(load_catalogue())
    definitions = schema["$defs"]

    assert schema["properties"]["seed"]["description"] == "Seed of everything random."
    assert schema["properties"]["model"]["description"] == "What predicts."
    assert definitions["model.lightgbm"]["properties"]["max_depth"] == {
        "description": "Deepest tree; -1 is without limit.",
        "default": -1,
        "if": {"$ref": "#/$defs/pointer"},
        "else": {"minimum": -1, "type": "integer"},
    }
    assert "lightgbm" in definitions["model"]["else"]["properties"]["use"]["anyOf"][0]["enum"]


def test_the_schema_is_of_what_is_installed_and_of_the_project(bench: Any) -> None:
    from tiny_components import COMPONENTS

    bench.write({"conf/site/zurich.yaml": "seed: 1\n"})

    with_project, without = recipe_schema(bench.catalogue, bench.project), recipe_schema(bench.catalogue)
    groups = with_project["properties"]["defaults"]["items"]["properties"]

    assert {name for name in with_project["$defs"] if name.startswith("model.")} == {"model.boost", "model.forest", "model.any"}
    assert groups["site"]["anyOf"][0] == {"enum": ["zurich", None]}
    assert "site" not in without["properties"]["defaults"]["items"]["properties"]
    assert "boost" in groups["model"]["anyOf"][0]["enum"]
    fewer = type(bench.catalogue)((Plugin("upshot", "upshot", "0.1.0", None, tuple(c for c in COMPONENTS if c.name != "forest"), (), ()),))
    assert "model.forest" not in recipe_schema(fewer)["$defs"]


def test_the_same_installation_gives_the_same_text() -> None:
    first, second = (json.dumps(recipe_schema(load_catalogue())) for _ in range(2))

    assert first == second
    assert len(first) < 600_000


def test_every_recipe_of_the_list_was_looked_at() -> None:
    assert {path.stem for path in RECIPES} >= {file.name for file in list_recipes(load_catalogue(), None) if file.layer == "packaged"}
