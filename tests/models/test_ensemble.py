"""Several models as one: averages by hand, stacks that learn from rows they did not see, and what the plan proves of them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.contracts.components import Examples
from upshot.contracts.tables import Map
from upshot.errors import DataError
from upshot.testing import RecipeProject

LOGISTIC = Map({"use": "logistic_regression"})
TREES = Map({"use": "lightgbm", "n_estimators": 12, "num_leaves": 4})
LINEAR = Map({"use": "linear_regression"})


def waves(rows: int = 400, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 3)), columns=["a", "b", "c"])
    odds = X["a"] + 2.0 * np.sin(2 * X["b"])
    return X, (random.uniform(size=rows) < 1 / (1 + np.exp(-odds))).astype(np.int64).to_numpy()


def test_an_average_is_the_weighted_mean_of_its_members(component, examples_of, no_history, compute):
    X, y = waves()
    members = {"line": LOGISTIC, "trees": TREES}
    ensemble = component("model", "ensemble", members=Map(members), weights=Map({"trees": 3.0}))
    ensemble.fit(examples_of(X, y), None, no_history, compute)

    alone = {}
    for name, node in members.items():
        model = component("model", node["use"], **{key: value for key, value in node.items() if key != "use"})
        model.fit(examples_of(X, y), None, no_history, compute)
        alone[name] = model.predict(examples_of(X, y), no_history)["probability"]

    found = ensemble.predict(examples_of(X, y), no_history)["probability"]
    assert (ensemble.gives, ensemble.uses) == ("probability", ("features",))
    pd.testing.assert_series_equal(found, (alone["line"] + 3 * alone["trees"]) / 4)


@pytest.mark.parametrize("combine", ["average", "stack"])
def test_an_ensemble_of_ensembles_made_from_its_files_predicts_the_same_bits(combine, component, examples_of, no_history, compute):
    X, y = waves()
    inner = Map({"use": "ensemble", "members": Map({"small": TREES, "line": LOGISTIC})})
    params = {"members": Map({"both": inner, "line": LOGISTIC}), "combine": combine}
    ensemble = component("model", "ensemble", **params)
    ensemble.fit(examples_of(X, y), None, no_history, compute)
    expected = ensemble.predict(examples_of(X, y), no_history)

    again = component("model", "ensemble", **params)
    again.restore(ensemble.state())

    assert {"members/both/members/small/model.txt", "members/line/model.json"} <= set(ensemble.state())
    pd.testing.assert_frame_equal(again.predict(examples_of(X, y), no_history), expected, check_exact=True)
    assert again.state() == ensemble.state()
    one = again.predict(examples_of(X.iloc[[7]].reset_index(drop=True), y[[7]]), no_history)
    assert one["probability"][0] == expected["probability"][7]


def test_a_stack_trusts_the_member_that_generalises_and_not_the_one_that_remembers(component, examples_of, no_history, compute):
    X, y = waves(600)
    later, outcome = waves(2_000, seed=9)
    forest = Map({"use": "sklearn", "estimator": "DecisionTreeClassifier"})  # remembers every training row
    stack = component("model", "ensemble", members=Map({"memory": forest, "trees": TREES}), combine="stack")
    stack.fit(examples_of(X, y), None, no_history, compute)

    scores = {}
    for name, model in {"stack": stack, **stack.fitted_}.items():
        p = model.predict(examples_of(later, outcome), no_history)["probability"].clip(1e-6, 1 - 1e-6)
        scores[name] = -np.where(outcome == 1, np.log(p), np.log(1 - p)).mean()

    weights = dict(zip(("memory", "trees"), stack.final_.sum_.coef / stack.final_.sum_.scale, strict=True))
    assert weights["trees"] > 5 * abs(weights["memory"])
    assert scores["stack"] < min(scores["trees"], scores["memory"])


def test_rows_of_one_block_are_dealt_into_one_group(cases_of):
    from upshot.components.model.ensemble import _dealt

    blocks = np.repeat(np.arange(20), 7)
    group = _dealt(cases_of({"x": range(140)}, [0] * 140, block=blocks), 5, seed=3)

    assert [len(set(group[blocks == block])) for block in range(20)] == [1] * 20
    assert np.bincount(group).tolist() == [28] * 5


def test_a_stack_of_points_weighs_its_members_at_or_above_zero(component, examples_of, no_history, compute):
    X, _ = waves()
    y = (3 * X["a"] + np.sin(3 * X["b"])).to_numpy()
    members = Map({"line": LINEAR, "trees": Map({**TREES, "task": "regression"})})
    stack = component("model", "ensemble", members=members, combine="stack")

    stack.fit(examples_of(X, y), None, no_history, compute)

    assert stack.gives == "point" and (stack.final_.sum_.coef >= 0).all()
    errors = {
        name: np.abs(m.predict(examples_of(X, y), no_history)["point"] - y).mean() for name, m in {**stack.fitted_, "stack": stack}.items()
    }
    assert errors["stack"] < errors["line"]


def test_refitting_keeps_what_each_member_chose_and_the_weights_of_the_stack(component, examples_of, no_history, compute):
    X, y = waves()
    other, outcome = waves(200, seed=5)
    stopping = Map({"use": "lightgbm", "n_estimators": 300, "learning_rate": 0.5, "early_stopping_rounds": 3})
    stack = component("model", "ensemble", members=Map({"line": LOGISTIC, "trees": stopping}), combine="stack")
    stack.fit(examples_of(X, y), examples_of(other, outcome), no_history, compute)
    kept, final = stack.fitted_["trees"].kept_, stack.final_

    stack.refit(examples_of(pd.concat([X, other], ignore_index=True), np.concatenate([y, outcome])), no_history, compute)

    assert stack.tunes and kept < 300
    assert stack.fitted_["trees"].booster_.current_iteration() == kept and stack.final_ is final


def test_a_stack_with_fewer_blocks_than_groups_is_refused(component, cases_of, no_history, compute):
    X, y = waves(40)
    examples = Examples(cases_of(X, y, block=[0, 1] * 20), X)

    with pytest.raises(DataError) as refused:
        component("model", "ensemble", members=Map({"a": LOGISTIC, "b": TREES}), combine="stack").fit(examples, None, no_history, compute)

    assert (refused.value.problems[0].where, refused.value.problems[0].got) == ("model.folds", "5 groups of 2 blocks")


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"members": {"a": LOGISTIC}}, "at least 2"),
        ({"members": {"a": LOGISTIC, "b": TREES}, "weights": {"c": 1.0}}, "weights name c, which is no member; members: a, b"),
        ({"members": {"a": LOGISTIC, "b": TREES}, "weights": {"a": 0.0, "b": 0.0}}, "some member must weigh more than 0"),
        ({"members": {"a": LOGISTIC, "b": TREES}, "weights": {"a": 2.0}, "combine": "stack"}, "a stack learns its weights"),
        ({"members": {"a": LOGISTIC, "b": TREES}, "final": LOGISTIC}, "an average has no final model"),
    ],
)
def test_an_ensemble_that_cannot_be_meant_is_refused_before_any_data(params, sentence):
    from upshot.components.model.ensemble import EnsembleParams

    with pytest.raises(ValidationError, match=sentence):
        EnsembleParams.model_validate(params)


def ensemble_recipe(files: dict[str, str], model: str) -> dict[str, str]:
    recipe = files["recipes/tiny.yaml"].replace("  - model: logistic_regression\n", "").replace("defaults:\n  - _self_\n", "")
    return {**files, "recipes/tiny.yaml": f"{recipe}\nmodel:\n{model}"}


AVERAGE = """\
  use: ensemble
  members:
    line: {use: logistic_regression}
    trees: {use: lightgbm, n_estimators: 20, min_child_samples: 2}
"""


def test_a_recipe_with_an_ensemble_is_run_registered_exported_and_verified(recipe_project, tiny_files):
    project: RecipeProject = recipe_project(ensemble_recipe(tiny_files, AVERAGE))

    outcome = project.run("run", "tiny", "--json")
    exported = project.run("model", "export", "tiny@1", "out")
    verified = project.run("model", "verify", "out")

    assert outcome.exit_code == 0, outcome.stderr
    assert {"model/members/line/model.json", "model/members/trees/model.txt", "model/ensemble.json"} <= set(
        outcome.json["version"]["manifest"]
    )
    assert (exported.exit_code, verified.exit_code) == (0, 0), exported.stderr + verified.stderr


def test_only_the_parameters_of_a_member_that_changed_make_it_train_again(recipe_project, tiny_files):
    project: RecipeProject = recipe_project(ensemble_recipe(tiny_files, AVERAGE))
    project.run("run", "tiny")

    plan = project.run("plan", "tiny", "model.members.trees.n_estimators=21").stdout

    assert "train      runs because model.members.trees.n_estimators 20 -> 21" in plan
    assert "5 cached" in plan


@pytest.mark.parametrize(
    ("model", "problems"),
    [
        (
            "  use: ensemble\n  members: {a: {use: logistic_regression}, b: {use: linear_regression}}\n",
            ["model.members.b.use  gives point, and member a gives probability; got linear_regression"],
        ),
        (
            "  use: ensemble\n  members: {a: {use: popularity}, b: {use: logistic_regression}}\n",
            ["model.members.a.use  gives ranking, which cannot be averaged; got popularity"],
        ),
        (
            "  use: ensemble\n  combine: stack\n  members: {a: {use: logistic_regression}, b: {use: lightgbm}}\n  final: {use: linear_regression}\n",
            ["model.final.use  gives point, and the members give probability; got linear_regression"],
        ),
        (
            "  use: ensemble\n  members: {a: {use: logistic_regression}, b: {use: ensemble, members: {c: {use: lightgbm}, d: {use: linear_regression}}}}\n",
            ["model.members.b.members.d.use  gives point, and member c gives probability"],
        ),
        (
            "  use: ensemble\n  members: {a: {use: logistic_regresion}, b: {use: lightgbm}}\n",
            ["model.members.a.use", "did you mean 'logistic_regression'"],
        ),
        ("  use: ensemble\n  members: {a: {use: logistic_regression, CC: 1}, b: {use: lightgbm}}\n", ["model.members.a.CC"]),
    ],
)
def test_members_that_do_not_fit_each_other_are_refused_by_the_plan_with_their_place(recipe_project, tiny_files, model, problems):
    project: RecipeProject = recipe_project(ensemble_recipe(tiny_files, model))

    outcome = project.run("plan", "tiny")

    assert outcome.exit_code == 2
    said = re.sub(" +", " ", outcome.stderr)
    assert [text for text in problems if re.sub(" +", " ", text) not in said] == [], outcome.stderr
