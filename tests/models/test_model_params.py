from __future__ import annotations

import inspect
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Examples
from upshot.contracts.records import Roles
from upshot.errors import DataError, RecipeError

ENGINE = "the engine sets it: seed, threads, output, or a fit that goes on from an earlier one"
CODE = "it is code or an object, which no recipe holds"
FIXED = "it is fixed by how Upshot hands over columns and labels"
UNREAD = "it changes only what nobody reads"
OLD = "the library is giving it up, or it belongs to a solver that is not offered"
NOT_OURS = {
    **dict.fromkeys(("n_jobs", "random_state", "verbose", "verbosity", "warm_start", "device", "copy_X"), ENGINE),
    **dict.fromkeys(("callbacks", "kwargs", "feature_weights"), CODE),
    **dict.fromkeys(
        ("missing", "enable_categorical", "feature_types", "categorical_features", "multi_strategy", "validate_parameters"), FIXED
    ),
    **dict.fromkeys(("importance_type", "oob_score"), UNREAD),
    **dict.fromkeys(("penalty", "dual", "intercept_scaling", "precompute", "selection", "sampling_method"), OLD),
}
WRAPPED = {
    "xgboost": ("xgboost:XGBClassifier", "xgboost:XGBModel"),
    "lightgbm": ("lightgbm:LGBMClassifier",),
    "hist_gradient_boosting": ("sklearn.ensemble:HistGradientBoostingClassifier", "sklearn.ensemble:HistGradientBoostingRegressor"),
    "logistic_regression": ("sklearn.linear_model:LogisticRegression",),
    "linear_regression": ("sklearn.linear_model:LinearRegression", "sklearn.linear_model:ElasticNet"),
    "random_forest": ("sklearn.ensemble:RandomForestClassifier", "sklearn.ensemble:RandomForestRegressor"),
    "extra_trees": ("sklearn.ensemble:ExtraTreesClassifier", "sklearn.ensemble:ExtraTreesRegressor"),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_every_constructor_parameter_of_the_installed_library_is_a_field_or_has_a_reason_not_to_be(name):
    catalogue = load_catalogue()
    fields = set(catalogue.params_class(catalogue.find("model", name)).model_fields)
    constructor = {
        parameter
        for place in WRAPPED[name]
        for parameter in inspect.signature(getattr(import_module(place.split(":")[0]), place.split(":")[1])).parameters
    }

    assert constructor - fields - set(NOT_OURS) == set()
    assert fields & set(NOT_OURS) == set()


def rising() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(3)
    X = pd.DataFrame(random.uniform(size=(200, 2)), columns=["amount", "age"])
    return X, (random.uniform(size=200) < 0.5 + 0.3 * np.sin(9 * X["amount"])).astype(np.int64).to_numpy()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("xgboost", "monotone_constraints"),
        ("lightgbm", "monotone_constraints"),
        ("hist_gradient_boosting", "monotonic_cst"),
        ("random_forest", "monotonic_cst"),
    ],
)
def test_a_monotone_column_never_lowers_the_prediction_and_a_misspelt_one_is_refused(
    name, key, component, examples_of, no_history, compute
):
    X, y = rising()
    grid = pd.DataFrame({"amount": np.linspace(0, 1, 50), "age": 0.5})
    free, bound, misspelt = (component("model", name, **{key: value}) for value in ({}, {"amount": 1}, {"amout": 1}))
    for model in (free, bound):
        model.fit(examples_of(X, y), None, no_history, compute)

    falls = [np.diff(model.predict(examples_of(grid, [0] * 50), no_history)["probability"]).min() < 0 for model in (free, bound)]
    with pytest.raises(DataError) as caught:
        misspelt.fit(examples_of(X, y), None, no_history, compute)

    assert falls == [True, False]
    assert caught.value.problems[0].where == f"model.{key}"
    assert "did you mean 'amount'" in caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("name", "key"),
    [("xgboost", "interaction_constraints"), ("lightgbm", "interaction_constraints"), ("hist_gradient_boosting", "interaction_cst")],
)
def test_columns_of_different_groups_add_up_without_interaction(name, key, component, examples_of, no_history, compute):
    random = np.random.default_rng(4)
    X = pd.DataFrame(random.integers(0, 2, size=(200, 2)).astype(float), columns=["amount", "age"])
    y = ((X["amount"] != X["age"]) * 10.0).to_numpy()
    corners = pd.DataFrame({"amount": [0.0, 0.0, 1.0, 1.0], "age": [0.0, 1.0, 0.0, 1.0]})

    apart = []
    for groups in ((), (("amount",), ("age",))):
        model = component("model", name, task="regression", **{key: groups})
        model.fit(examples_of(X, y), None, no_history, compute)
        point = model.predict(examples_of(corners, [0] * 4), no_history)["point"]
        apart.append(abs(point[0] - point[1] - point[2] + point[3]))

    assert apart[0] > 5 and apart[1] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", ["logistic_regression", "xgboost", "lightgbm", "hist_gradient_boosting", "random_forest", "extra_trees"])
def test_rows_of_weight_zero_teach_nothing_and_weights_have_no_unit(name, component, cases_of, no_history, compute):
    random = np.random.default_rng(5)
    X = pd.DataFrame({"a": random.normal(size=120)})
    y = (X["a"] > 0).astype(np.int64).to_numpy()
    money = np.where(np.arange(120) < 60, 1.0, 0.0)

    means = []
    for outcome, amount in ((y, money), (np.where(money > 0, y, 1 - y), money * 100)):
        cases = cases_of({"amount": amount}, outcome, Roles(amount="amount"))
        model = component("model", name, sample_weight="amount")
        model.fit(Examples(cases, X), None, no_history, compute)
        means.append(model.predict(Examples(cases, X), no_history)["probability"])

    assert ((means[0] > 0.5) == (y == 1)).mean() > 0.9
    assert np.abs(means[0] - means[1]).max() < 0.05


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("logistic_regression", {}),
        ("xgboost", {"n_estimators": 5}),
        ("lightgbm", {"n_estimators": 5}),
        ("hist_gradient_boosting", {"max_iter": 5}),
        ("random_forest", {"n_estimators": 5}),
        ("extra_trees", {"n_estimators": 5, "max_depth": 3}),
        ("sklearn", {"estimator": "DecisionTreeClassifier", "params": {"max_depth": 2}}),
    ],
)
def test_balanced_classes_weigh_as_if_their_rows_did_and_a_number_moves_every_classifier(
    name, params, component, cases_of, no_history, compute
):
    X, y = rising()
    ones = int(y.sum())
    rows = np.where(y == 1, len(y) / (2 * ones), len(y) / (2 * (len(y) - ones)))
    examples = Examples(cases_of({"w": rows}, y), X)

    def probability(given: Examples, **more: object) -> np.ndarray:
        model = component("model", name, **params, **more)
        model.fit(given, None, no_history, compute)
        return model.predict(given, no_history)["probability"].to_numpy()

    by_hand = probability(Examples(cases_of({"w": rows}, y, Roles(weight="w")), X))
    np.testing.assert_allclose(probability(examples, class_weight="balanced"), by_hand, atol=1e-6)
    assert probability(examples, class_weight=4.0).mean() > probability(examples).mean() + 0.05


def test_a_number_as_class_weight_is_what_xgboost_calls_scale_pos_weight(component, examples_of, no_history, compute):
    X, y = rising()
    found = []
    for params in ({"class_weight": 4.0}, {"scale_pos_weight": 4.0}):
        model = component("model", "xgboost", n_estimators=5, base_score=0.5, **params)
        model.fit(examples_of(X, y), None, no_history, compute)
        found.append(model.predict(examples_of(X, y), no_history)["probability"])

    np.testing.assert_allclose(*found, atol=1e-6)


def test_rows_weigh_by_an_expression_and_a_power_of_it(component, cases_of, no_history, compute):
    from upshot.components.model._weights import WeightedParams, row_weights

    cases = cases_of({"balance": [-5.0, 100.0, 400.0]}, [0, 1, 1])
    examples = Examples(cases, pd.DataFrame({"a": [0.0, 1.0, 2.0]}))

    whole = row_weights(examples, WeightedParams(sample_weight="max(balance, 0)"), "probability")
    root = row_weights(examples, WeightedParams(sample_weight="max(balance, 0)", weight_power=0.5), "probability")

    assert whole.tolist() == pytest.approx([0.0, 0.6, 2.4])
    assert root.tolist() == pytest.approx([0.0, 1.0, 2.0])
    with pytest.raises(DataError, match="known before the outcome"):
        row_weights(examples, WeightedParams(sample_weight="max(balanc, 0)"), "probability")


def test_weights_that_are_missing_or_negative_and_an_amount_that_no_column_plays_are_refused(component, cases_of, no_history, compute):
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    negative = Examples(cases_of({"w": [1.0, -1.0, 2.0, None]}, [0, 1, 0, 1], Roles(weight="w")), X)

    with pytest.raises(DataError) as wrong:
        component("model", "random_forest").fit(negative, None, no_history, compute)
    with pytest.raises(RecipeError) as absent:
        component("model", "random_forest", sample_weight="amount").fit(negative, None, no_history, compute)

    assert (wrong.value.problems[0].where, wrong.value.problems[0].got) == ("w", "2 that are not, rows 1, 3")
    assert absent.value.problems[0].where == "model.sample_weight"


@pytest.mark.parametrize(
    ("params", "expected"),
    [({}, [2.0, 4.0, 6.0]), ({"alpha": 1.0}, [3.0, 4.0, 5.0]), ({"alpha": 0.5, "l1_ratio": 1.0}, [2.612, 4.0, 5.388])],
)
def test_linear_regression_shrinks_as_its_penalty_says(params, expected, component, examples_of, no_history, compute):
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    model = component("model", "linear_regression", **params)

    model.fit(examples_of(X, [2.0, 4.0, 6.0]), None, no_history, compute)

    assert model.predict(examples_of(X, [0, 0, 0]), no_history)["point"].round(3).tolist() == expected


@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_a_forest_gives_the_same_digits_in_every_run_on_any_threads(name, component, examples_of, no_history):
    from upshot.contracts.components import Compute
    from upshot.contracts.records import Seed, Threads

    X, y = rising()
    runs = []
    for threads in (1, 2, 2):
        model = component("model", name, n_estimators=20)
        model.fit(examples_of(X, y), None, no_history, Compute(Seed(7), Threads(threads)))
        runs.append((dict(model.state()), model.predict(examples_of(X, y), no_history)["probability"].tolist()))

    assert runs[0] == runs[1] == runs[2]
