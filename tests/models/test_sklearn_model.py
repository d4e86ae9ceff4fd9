from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.model.sklearn import CLASSIFIERS, REGRESSORS, SklearnParams

ALL = [("classification", name) for name in CLASSIFIERS] + [("regression", name) for name in REGRESSORS]
COUNTS = ("ComplementNB", "MultinomialNB")
FEWER = {"n_estimators": 3, "max_iter": 2000, "max_subpopulation": 50}


def rows() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(1)
    X = pd.DataFrame(np.abs(random.normal(size=(40, 2))), columns=["amount", "age"])
    return X, (X["amount"] + 0.5 * random.normal(size=40)).to_numpy()


@pytest.mark.parametrize(("task", "name"), ALL)
def test_every_estimator_of_the_table_predicts_the_same_bits_from_its_file(task, name, component, examples_of, no_history, compute):
    from upshot.components.model.sklearn import estimator_class

    X, y = rows()
    y = (y > 0.8).astype(np.int64) if task == "classification" else np.exp(y)
    params = {key: value for key, value in FEWER.items() if key in inspect.signature(estimator_class(task, name)).parameters}
    settings = {"task": task, "estimator": name, "params": params, "standardize": name not in COUNTS}
    model = component("model", "sklearn", **settings)
    model.fit(examples_of(X, y), None, no_history, compute)

    again = component("model", "sklearn", **settings)
    again.restore(model.state())

    expected = model.predict(examples_of(X, y), no_history)
    assert list(expected.columns) == ["probability" if task == "classification" else "point"]
    pd.testing.assert_frame_equal(again.predict(examples_of(X, y), no_history), expected, check_exact=True)
    assert again.state() == model.state()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"estimator": "SVC"}, "SVC cannot be used: it gives no probability"),
        ({"estimator": "RandomForestClassifier"}, "component of its own"),
        ({"estimator": "os.system"}, "not an estimator"),
        ({"estimator": "KNeighborsClassifer"}, "did you mean 'KNeighborsClassifier'"),
        ({"estimator": "KNeighborsRegressor"}, "not an estimator that can be used for this task"),
        ({"estimator": "KNeighborsClassifier", "params": {"n_neighbours": 3}}, "did you mean 'n_neighbors'"),
        ({"estimator": "KNeighborsClassifier", "params": {"n_neighbors": 0}}, "'n_neighbors' parameter of KNeighborsClassifier must be"),
        ({"estimator": "KNeighborsClassifier", "params": {"n_jobs": 2}}, "set by the engine"),
    ],
)
def test_an_estimator_or_parameter_that_cannot_be_used_is_refused_before_data_is_read(settings, message):
    with pytest.raises(ValidationError) as caught:
        SklearnParams(**settings)

    assert message in caught.value.errors()[0]["msg"]
