from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.errors import DataError, IntegrityError, RecipeError

SMALL = {
    "logistic_regression": {},
    "xgboost": {"n_estimators": 8, "max_depth": 3},
    "lightgbm": {"n_estimators": 8, "num_leaves": 7},
    "hist_gradient_boosting": {"max_iter": 8, "max_leaf_nodes": 7},
    "random_forest": {"n_estimators": 8, "max_depth": 4},
    "extra_trees": {"n_estimators": 8, "max_depth": 4},
}
TREES = ["xgboost", "lightgbm", "hist_gradient_boosting"]


def numbers(rows: int = 300, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 3)), columns=["amount", "age", "hour [0,24)"])
    return X, (X["amount"] + 0.5 * random.normal(size=rows) > 0).astype(np.int64).to_numpy()


def mixed(rows: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    X, y = numbers(rows)
    X["country"] = pd.Categorical(np.random.default_rng(2).choice(["no", "se", "dk", "fi", "is", "de"], rows))
    X.loc[::7, "amount"] = np.nan
    X.loc[::11, "country"] = np.nan
    return X, np.where(X["country"].isin(["no", "dk"]), 1 - y, y)


@pytest.mark.parametrize("name", SMALL)
def test_a_model_made_from_its_files_predicts_the_same_bits(name, component, examples_of, no_history, compute):
    X, y = mixed() if name in TREES else numbers()
    model = component("model", name, **SMALL[name])
    model.fit(examples_of(X, y), None, no_history, compute)
    expected = model.predict(examples_of(X, y), no_history)

    again = component("model", name, **SMALL[name])
    again.restore(model.state())

    assert list(expected.columns) == ["probability"] and list(expected.index) == list(range(len(X)))
    pd.testing.assert_frame_equal(again.predict(examples_of(X, y), no_history), expected, check_exact=True)
    assert again.state() == model.state()


@pytest.mark.parametrize("name", SMALL)
def test_the_same_fit_gives_the_same_files(name, component, examples_of, no_history, compute):
    X, y = mixed() if name in TREES else numbers()

    states = []
    for _ in range(2):
        model = component("model", name, **SMALL[name])
        model.fit(examples_of(X.copy(), y.copy()), None, no_history, compute)
        states.append(dict(model.state()))

    assert states[0] == states[1]


@pytest.mark.parametrize("name", SMALL)
def test_one_row_alone_is_scored_as_in_the_batch(name, component, examples_of, no_history, compute):
    X, y = numbers()
    model = component("model", name, **SMALL[name])
    model.fit(examples_of(X, y), None, no_history, compute)
    batch = model.predict(examples_of(X, y), no_history)["probability"]

    alone = [model.predict(examples_of(X.iloc[[row]].reset_index(drop=True), y[[row]]), no_history)["probability"][0] for row in range(25)]

    assert alone == batch[:25].tolist()


@pytest.mark.parametrize("name", SMALL)
def test_predicting_on_reordered_missing_renamed_or_retyped_columns_is_refused(name, component, examples_of, no_history, compute):
    X, y = numbers()
    model = component("model", name, **SMALL[name])
    model.fit(examples_of(X, y), None, no_history, compute)
    wrong = {
        "column 1 was 'amount'": X[["age", "amount", "hour [0,24)"]],
        "it is missing": X[["amount", "age"]],
        "not trained on this column": X.rename(columns={"age": "years"}),
        "was a number in training": X.assign(age=X["age"].astype(str)),
    }

    for rule, columns in wrong.items():
        with pytest.raises(IntegrityError) as caught:
            model.predict(examples_of(columns, y), no_history)
        assert rule in str(caught.value)


@pytest.mark.parametrize("name", SMALL)
def test_labels_of_one_class_are_refused_before_the_fit(name, component, examples_of, no_history, compute):
    X, _ = numbers(20)

    with pytest.raises(DataError) as caught:
        component("model", name).fit(examples_of(X, [0] * 20), None, no_history, compute)

    assert caught.value.problems[0].rule == "needs both classes"
    assert caught.value.problems[0].got == "20 rows, all 0"


@pytest.mark.parametrize("name", SMALL)
def test_infinite_features_are_refused_with_their_rows(name, component, examples_of, no_history, compute):
    X, y = numbers(20)
    X.loc[[3, 5], "age"] = np.inf

    with pytest.raises(DataError) as caught:
        component("model", name).fit(examples_of(X, y), None, no_history, compute)

    assert (caught.value.problems[0].where, caught.value.problems[0].got) == ("age", "2 rows: row 3: inf, row 5: inf")


@pytest.mark.parametrize("name", TREES)
def test_category_order_does_not_move_a_prediction_and_an_unseen_value_counts_as_missing(name, component, examples_of, no_history, compute):
    X, y = mixed()
    model = component("model", name, **SMALL[name])
    model.fit(examples_of(X, y), None, no_history, compute)
    expected = model.predict(examples_of(X, y), no_history)

    turned = X.assign(country=X["country"].cat.reorder_categories(["is", "fi", "de", "se", "dk", "no"]))
    unseen = X.assign(country=pd.Categorical(["us"] * len(X)))
    missing = X.assign(country=pd.Categorical([None] * len(X), categories=["no"]))

    pd.testing.assert_frame_equal(model.predict(examples_of(turned, y), no_history), expected, check_exact=True)
    pd.testing.assert_frame_equal(
        model.predict(examples_of(unseen, y), no_history), model.predict(examples_of(missing, y), no_history), check_exact=True
    )


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("task", ["regression", "forecasting"])
def test_trees_of_another_task_give_a_point(name, task, component, examples_of, no_history, compute):
    X, _ = numbers()
    y = 100.0 + 10.0 * X["amount"].to_numpy()
    model = component("model", name, **SMALL[name], task=task, learning_rate=0.5)
    model.fit(examples_of(X, y), None, no_history, compute)

    point = model.predict(examples_of(X, y), no_history)["point"]

    assert model.gives == "point"
    assert np.abs(point - y).mean() < 2.0


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_early_stopping_keeps_the_trees_of_the_best_validation_round(name, component, examples_of, no_history, compute):
    X, y = numbers(200)
    other, outcome = numbers(200, seed=9)
    stopped = component("model", name, n_estimators=200, early_stopping_rounds=5, learning_rate=0.5)
    stopped.fit(examples_of(X, y), examples_of(other, outcome), no_history, compute)
    best = stopped.kept_ if name == "lightgbm" else stopped.booster_.num_boosted_rounds()

    short = component("model", name, n_estimators=best, learning_rate=0.5)
    short.fit(examples_of(X, y), None, no_history, compute)

    assert 1 <= best < 100
    expected = short.predict(examples_of(other, outcome), no_history)
    pd.testing.assert_frame_equal(stopped.predict(examples_of(other, outcome), no_history), expected, check_exact=True)
    again = component("model", name, n_estimators=200, early_stopping_rounds=5, learning_rate=0.5)
    again.restore(stopped.state())
    pd.testing.assert_frame_equal(again.predict(examples_of(other, outcome), no_history), expected, check_exact=True)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_early_stopping_without_a_validation_part_is_refused(name, component, examples_of, no_history, compute):
    X, y = numbers(50)

    with pytest.raises(RecipeError) as caught:
        component("model", name, early_stopping_rounds=5).fit(examples_of(X, y), None, no_history, compute)

    assert caught.value.problems[0].where == "model.early_stopping_rounds"


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_one_and_two_threads_grow_the_same_trees(name, component, examples_of, no_history):
    from upshot.contracts.components import Compute
    from upshot.contracts.records import Seed, Threads

    X, y = mixed()

    scores = []
    for threads in (1, 2):
        model = component("model", name, **SMALL[name])
        model.fit(examples_of(X, y), None, no_history, Compute(Seed(7), Threads(threads)))
        scores.append(model.predict(examples_of(X, y), no_history))

    pd.testing.assert_frame_equal(scores[0], scores[1], check_exact=True)


def test_xgboost_predicts_as_the_wrapper_of_the_library_does(component, examples_of, no_history, compute):
    from xgboost import XGBClassifier

    X, y = mixed()
    params = {"n_estimators": 12, "max_depth": 4, "learning_rate": 0.2, "subsample": 0.8, "gamma": 0.1, "scale_pos_weight": 3.0}
    model = component("model", "xgboost", **params)
    model.fit(examples_of(X, y), None, no_history, compute)

    wrapper = XGBClassifier(**params, random_state=7, n_jobs=2, tree_method="hist", enable_categorical=True)
    wrapper.fit(X.rename(columns={"hour [0,24)": "hour"}), y)

    expected = wrapper.predict_proba(X.rename(columns={"hour [0,24)": "hour"}))[:, 1]
    np.testing.assert_array_equal(model.predict(examples_of(X, y), no_history)["probability"], expected.astype(np.float64))


@pytest.mark.parametrize("tree_method", ["approx", "exact"])
def test_xgboost_grows_by_its_other_methods_too(tree_method, component, examples_of, no_history, compute):
    from xgboost import XGBClassifier

    X, y = numbers()
    model = component("model", "xgboost", n_estimators=5, tree_method=tree_method, max_depth=3)
    model.fit(examples_of(X, y), None, no_history, compute)

    wrapper = XGBClassifier(n_estimators=5, tree_method=tree_method, max_depth=3, random_state=7, n_jobs=2).fit(X.to_numpy(), y)

    expected = wrapper.predict_proba(X.to_numpy())[:, 1].astype(np.float64)
    np.testing.assert_array_equal(model.predict(examples_of(X, y), no_history)["probability"], expected)


def test_lightgbm_predicts_as_the_wrapper_of_the_library_does(component, examples_of, no_history, compute):
    from lightgbm import LGBMClassifier

    X, y = mixed()
    X.columns = ["amount", "age", "hour", "country"]
    params = {"n_estimators": 12, "num_leaves": 9, "learning_rate": 0.2, "reg_lambda": 0.5, "class_weight": "balanced"}
    params |= {"subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.9}
    model = component("model", "lightgbm", **params)
    model.fit(examples_of(X, y), None, no_history, compute)

    wrapper = LGBMClassifier(**params, random_state=7, n_jobs=2, verbosity=-1, force_col_wise=True, deterministic=True).fit(X, y)

    expected = wrapper.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(model.predict(examples_of(X, y), no_history)["probability"], expected)


def test_nothing_is_printed_by_the_libraries(component, examples_of, no_history, compute, capfd):
    constant = pd.DataFrame({"a": [1.0] * 12, "b": [2.0] * 12})

    for name in TREES:
        model = component("model", name)
        model.fit(examples_of(constant, [0, 1] * 6), None, no_history, compute)
        again = component("model", name)
        again.restore(model.state())
        again.predict(examples_of(constant, [0, 1] * 6), no_history)

    assert capfd.readouterr() == ("", "")


def test_hist_gradient_boosting_is_the_estimator_of_scikit_learn(component, examples_of, no_history, compute):
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y = numbers()
    params = {"learning_rate": 0.1, "max_iter": 20, "max_leaf_nodes": 15, "l2_regularization": 0.0, "early_stopping": False}
    model = component("model", "hist_gradient_boosting", **params)
    model.fit(examples_of(X, y), None, no_history, compute)

    estimator = HistGradientBoostingClassifier(**params, random_state=7).fit(X.to_numpy(), y)

    expected = estimator.predict_proba(X.to_numpy())[:, 1]
    np.testing.assert_array_equal(model.predict(examples_of(X, y), no_history)["probability"], expected)


def test_hist_gradient_boosting_stops_by_the_validation_part(component, examples_of, no_history, compute):
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y = numbers(200)
    other, outcome = numbers(200, seed=9)
    model = component("model", "hist_gradient_boosting", early_stopping=True, learning_rate=0.5, n_iter_no_change=3)
    model.fit(examples_of(X, y), examples_of(other, outcome), no_history, compute)

    estimator = HistGradientBoostingClassifier(early_stopping=True, learning_rate=0.5, n_iter_no_change=3, random_state=7)
    estimator.fit(X.to_numpy(), y, X_val=other.to_numpy(), y_val=outcome)

    assert model.estimator_.n_iter_ == estimator.n_iter_ < 100
    expected = estimator.predict_proba(other.to_numpy())[:, 1]
    np.testing.assert_array_equal(model.predict(examples_of(other, outcome), no_history)["probability"], expected)


def test_hist_gradient_boosting_refuses_a_category_with_too_many_values(component, examples_of, no_history, compute):
    X, y = numbers(60)
    X["city"] = pd.Categorical([f"c{row}" for row in range(60)])

    with pytest.raises(DataError) as caught:
        component("model", "hist_gradient_boosting", max_bins=32).fit(examples_of(X, y), None, no_history, compute)

    assert (caught.value.problems[0].where, caught.value.problems[0].got) == ("city", "60")


def test_an_untrusted_type_in_a_skops_file_is_refused(component, examples_of, no_history, compute):
    import skops.io
    from sklearn.gaussian_process.kernels import RBF
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    X, y = numbers(40)
    model = component("model", "hist_gradient_boosting", max_iter=2)
    model.fit(examples_of(X, y), None, no_history, compute)
    hostile = skops.io.dumps(make_pipeline(FunctionTransformer(np.testing.rundocs), RBF()))

    with pytest.raises(IntegrityError) as caught:
        model.restore({**model.state(), "model.skops": hostile})

    assert any("rundocs" in problem.where for problem in caught.value.problems)


def test_logistic_regression_scores_as_scikit_learn_does(component, examples_of, no_history, compute):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = numbers()
    X["constant"] = 4.0
    model = component("model", "logistic_regression", C=0.3, class_weight="balanced")
    model.fit(examples_of(X, y), None, no_history, compute)

    estimator = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, class_weight="balanced", max_iter=1000)).fit(X.to_numpy(), y)

    expected = estimator.predict_proba(X.to_numpy())[:, 1]
    np.testing.assert_allclose(model.predict(examples_of(X, y), no_history)["probability"], expected, rtol=0, atol=1e-13)


def test_logistic_regression_says_how_to_mend_gaps_and_categories(component, examples_of, no_history, compute):
    X, y = mixed(60)

    with pytest.raises(DataError) as caught:
        component("model", "logistic_regression").fit(examples_of(X, y), None, no_history, compute)

    problems = {problem.where: problem for problem in caught.value.problems}
    assert set(problems) == {"amount", "country"}
    assert problems["amount"].got == "9 missing values, rows 0, 7, 14, 21, 28"
    assert "impute" in problems["amount"].hint and "one_hot" in problems["country"].hint


def test_many_columns_with_gaps_are_counted_and_not_all_listed(component, examples_of, no_history, compute):
    X = {f"sensor_{number}": [1.0, np.nan, 3.0, 4.0] for number in range(8)}

    with pytest.raises(DataError) as caught:
        component("model", "linear_regression").fit(examples_of(X, [1.0, 2.0, 3.0, 4.0]), None, no_history, compute)

    assert [problem.where for problem in caught.value.problems] == [*(f"sensor_{number}" for number in range(5)), "3 more columns"]
    assert "`fill: 0` of sensor_history" in caught.value.problems[-1].hint


def test_a_solver_that_did_not_converge_is_refused(component, examples_of, no_history, compute):
    X, y = numbers()

    with pytest.raises(DataError) as caught:
        component("model", "logistic_regression", max_iter=1).fit(examples_of(X, y), None, no_history, compute)

    assert caught.value.problems[0].where == "model.max_iter"


def test_text_columns_and_no_columns_are_refused(component, examples_of, no_history, compute):
    y = [0, 1, 0, 1]

    with pytest.raises(DataError) as text:
        component("model", "lightgbm").fit(examples_of({"country": ["no", "se", "no", "se"]}, y), None, no_history, compute)
    with pytest.raises(DataError) as none:
        component("model", "lightgbm").fit(examples_of(pd.DataFrame(index=range(4)), y), None, no_history, compute)

    assert "categorical" in text.value.problems[0].hint
    assert none.value.problems[0].where == "features"


@pytest.mark.parametrize("labels", [["a", "b"] * 3, [0.0, 1.0, np.nan] * 2, [0, 1, 2] * 2])
def test_labels_that_are_not_zero_or_one_are_refused(labels, component, examples_of, no_history, compute):
    with pytest.raises(DataError):
        component("model", "xgboost").fit(examples_of({"a": range(6)}, labels), None, no_history, compute)
