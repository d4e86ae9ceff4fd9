"""Any other scikit-learn estimator, by its public name.

A recipe names it, and only names of the table below are known: no dotted path is ever imported from a recipe. The table is also the list of
types that its file may hold; they were taken from scikit-learn 1.9, and a test stores and reloads each with the installed one. Estimators
that wrap others, or are made for other data than columns and one label, are left out. The constructor's own constraints
judge the parameters before any data is read.

Estimators run on one thread, so that two equal runs give equal digits. Those that multiply matrices may differ in the last digit between a
row alone and the same row in a batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from upshot.components.model._columns import Columns
from upshot.components.model._linear import gapless_numbers
from upshot.components.model._skops import dump_stable, load_trusted
from upshot.components.model._task import TASK_SENTENCE, Task, kind_of, outcomes
from upshot.components.model._weights import ClassWeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TREES = ("tree._classes.DecisionTreeClassifier", "tree._classes.DecisionTreeRegressor", "tree._tree.Tree")
EXTRA_TREE = ("tree._tree.Tree",)
NEIGHBOURS = (
    *(f"metrics._dist_metrics.{name}Distance64" for name in ("Euclidean", "Manhattan", "Minkowski", "Chebyshev")),
    "neighbors._ball_tree.BallTree",
    "neighbors._kd_tree.KDTree",
)
LINKS = tuple(f"_loss.link.{name}" for name in ("IdentityLink", "Interval", "LogLink", "LogitLink"))
BOOSTING = (
    *TREES,
    *LINKS,
    *(
        f"_loss.loss.{name}"
        for name in ("AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfSquaredError", "HuberLoss", "PinballLoss")
    ),
    "dummy.DummyClassifier",
    "dummy.DummyRegressor",
)
NETWORK = (
    *(f"neural_network._stochastic_optimizers.{name}Optimizer" for name in ("Adam", "SGD")),
    "preprocessing._label.LabelBinarizer",
)

CLASSIFIERS: Mapping[str, tuple[str, ...]] = {
    "AdaBoostClassifier": ("ensemble._weight_boosting", *TREES),
    "BaggingClassifier": ("ensemble._bagging", *TREES),
    "BernoulliNB": ("naive_bayes",),
    "ComplementNB": ("naive_bayes",),
    "DecisionTreeClassifier": ("tree._classes", *TREES),
    "ExtraTreeClassifier": ("tree._classes", *EXTRA_TREE),
    "GaussianNB": ("naive_bayes",),
    "GradientBoostingClassifier": ("ensemble._gb", *BOOSTING),
    "KNeighborsClassifier": ("neighbors._classification", *NEIGHBOURS),
    "LinearDiscriminantAnalysis": ("discriminant_analysis",),
    "MLPClassifier": ("neural_network._multilayer_perceptron", *NETWORK),
    "MultinomialNB": ("naive_bayes",),
    "QuadraticDiscriminantAnalysis": ("discriminant_analysis",),
}
REGRESSORS: Mapping[str, tuple[str, ...]] = {
    "ARDRegression": ("linear_model._bayes",),
    "AdaBoostRegressor": ("ensemble._weight_boosting", *TREES),
    "BaggingRegressor": ("ensemble._bagging", *TREES),
    "BayesianRidge": ("linear_model._bayes",),
    "DecisionTreeRegressor": ("tree._classes", *TREES),
    "ExtraTreeRegressor": ("tree._classes", *EXTRA_TREE),
    "GammaRegressor": ("linear_model._glm.glm", *LINKS, "_loss.loss.HalfGammaLoss"),
    "GradientBoostingRegressor": ("ensemble._gb", *BOOSTING),
    "HuberRegressor": ("linear_model._huber",),
    "KNeighborsRegressor": ("neighbors._regression", *NEIGHBOURS),
    "LassoLars": ("linear_model._least_angle",),
    "LinearSVR": ("svm._classes",),
    "MLPRegressor": ("neural_network._multilayer_perceptron", *NETWORK),
    "NuSVR": ("svm._classes",),
    "PoissonRegressor": ("linear_model._glm.glm", *LINKS, "_loss.loss.HalfPoissonLoss"),
    "QuantileRegressor": ("linear_model._quantile",),
    "SGDRegressor": ("linear_model._stochastic_gradient",),
    "SVR": ("svm._classes",),
    "TheilSenRegressor": ("linear_model._theil_sen",),
    "TweedieRegressor": (
        "linear_model._glm.glm",
        *LINKS,
        *(f"_loss.loss.{name}" for name in ("HalfTweedieLoss", "HalfTweedieLossIdentity")),
    ),
}
"""By public name: the module that defines it, then the other types that its file may hold, all below `sklearn.`."""

OWN = ("n_jobs", "random_state", "verbose", "warm_start")
"""Constructor parameters that are the engine's."""

REFUSED: Mapping[str, tuple[str, ...]] = {
    "it is a component of its own: see upshot describe model": (
        *(f"{name}{task}" for name in ("ExtraTrees", "HistGradientBoosting", "RandomForest") for task in ("Classifier", "Regressor")),
        *("ElasticNet", "Lasso", "LinearRegression", "LogisticRegression", "Ridge"),
    ),
    "it gives no probability": (
        *("LinearSVC", "NearestCentroid", "NuSVC", "PassiveAggressiveClassifier", "Perceptron", "RidgeClassifier"),
        *("RidgeClassifierCV", "SGDClassifier", "SVC"),
    ),
    "it tunes itself on folds that ignore time and entities": (
        *("ElasticNetCV", "LarsCV", "LassoCV", "LassoLarsCV", "LogisticRegressionCV", "OrthogonalMatchingPursuitCV", "RidgeCV"),
    ),
    "its saved file does not predict the same digits": ("KernelRidge", "LabelPropagation", "LabelSpreading"),
}
"""By reason: the estimators of columns and one label that cannot be used."""


class SklearnParams(ClassWeightedParams):
    """An estimator of scikit-learn, with its defaults."""

    task: Task = Field("classification", description=TASK_SENTENCE)
    estimator: str = Field("auto", description="Public name of the estimator; auto is its nearest-neighbours one.")
    standardize: bool = Field(True, description="Whether columns get mean 0 and deviation 1, by the training rows.")
    params: dict[str, Annotated[int | float | bool | str | list[int] | list[float] | None, Field()]] = Field(
        default_factory=dict, description="Constructor parameters of the estimator, by their own names."
    )

    @field_validator("estimator")
    @classmethod
    def _is_known(cls, name: str, info: ValidationInfo) -> str:
        known = table(info.data["task"]) if "task" in info.data else {**CLASSIFIERS, **REGRESSORS}
        if name == "auto" or name in known:
            return name
        reason = next((reason for reason, names in REFUSED.items() if name in names), None)
        if reason is not None:
            raise ValueError(f"{name} cannot be used: {reason}")
        raise ValueError(f"{name} is not an estimator that can be used for this task; {did_you_mean(name, known, limit=40)}")

    @field_validator("params")
    @classmethod
    def _suit_the_estimator(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if params and {"task", "estimator"} <= info.data.keys():
            check_params(info.data["task"], info.data["estimator"], params)
        return params


class SklearnModel:
    """Gives the probability of label 1, or a point. Columns must be numbers without gaps."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind

    def __init__(self, params: SklearnParams) -> None:
        self.params = params
        self.gives = kind_of(params.task)

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Fit the estimator to the training rows.

        Raises:
            DataError: A category or a gap, labels that cannot be learnt, weights that it cannot take, or a fit that did not converge.
        """
        import inspect
        import warnings

        import numpy as np
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        self.columns_ = Columns.of(train.X)
        y = outcomes(train, self.params.task)
        X = gapless_numbers(self.columns_, train.X, self._name)
        scaler = StandardScaler(with_mean=self.params.standardize, with_std=self.params.standardize).fit(X)
        self.mean_, self.scale_ = (np.zeros(X.shape[1]) if v is None else np.asarray(v) for v in (scaler.mean_, scaler.scale_))
        if not self.params.standardize:
            self.mean_, self.scale_ = np.zeros(X.shape[1]), np.ones(X.shape[1])
        estimator = estimator_class(self.params.task, self._name)(**self.params.params)
        if hasattr(estimator, "random_state"):  # SVR has it as an attribute alone, and would draw from the global state
            estimator.random_state = compute.seed
        weights = row_weights(train, self.params, self.gives)
        weighted = {} if weights is None else {"sample_weight": weights}
        if weighted and "sample_weight" not in inspect.signature(estimator.fit).parameters:
            problem = Problem("model.sample_weight", f"{self._name} cannot weigh rows", hint="set model.sample_weight=null")
            raise DataError("rows cannot be weighed", [problem])
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                self.estimator_ = estimator.fit((X - self.mean_) / self.scale_, y, **weighted)
            except ConvergenceWarning as warning:
                problem = Problem(
                    "model.params", f"{self._name} did not converge", str(warning)[:200], "raise max_iter, or regularise more"
                )
                raise DataError(f"{self._name} did not converge", [problem]) from warning

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `probability` or `point`, one row a case."""
        import numpy as np
        import pandas as pd
        from threadpoolctl import threadpool_limits

        X = (gapless_numbers(self.columns_, examples.X, self._name) - self.mean_) / self.scale_
        if not len(X):
            return pd.DataFrame({self.gives: np.empty(0)})
        with threadpool_limits(1):
            scores: np.ndarray = self.estimator_.predict_proba(X)[:, 1] if self.gives == "probability" else self.estimator_.predict(X)
        return pd.DataFrame({self.gives: scores.astype(np.float64)})

    def state(self) -> Mapping[str, bytes]:
        """Columns, means and scales, and the estimator as a skops archive."""
        numbers = {"mean": self.mean_.tolist(), "scale": self.scale_.tolist()}
        return {
            "columns.json": self.columns_.to_json(),
            "scales.json": json.dumps(numbers).encode(),
            "model.skops": dump_stable(self.estimator_),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`.

        Raises:
            IntegrityError: The archive holds a type that is not listed for this estimator.
        """
        import numpy as np

        numbers = json.loads(files["scales.json"])
        self.columns_ = Columns.from_json(files["columns.json"])
        self.mean_, self.scale_ = (np.asarray(numbers[name], dtype=np.float64) for name in ("mean", "scale"))
        self.estimator_ = load_trusted(files["model.skops"], trusted(self.params.task, self._name))

    @property
    def _name(self) -> str:
        return public_name(self.params.task, self.params.estimator)


def table(task: Task) -> Mapping[str, tuple[str, ...]]:
    """The estimators of a task."""
    return CLASSIFIERS if kind_of(task) == "probability" else REGRESSORS


def public_name(task: Task, name: str) -> str:
    """The name that `auto` stands for.

    Example:
        >>> public_name("regression", "auto")
        'KNeighborsRegressor'
    """
    return name if name != "auto" else "KNeighborsClassifier" if kind_of(task) == "probability" else "KNeighborsRegressor"


def trusted(task: Task, name: str) -> tuple[str, ...]:
    """All types that the file of an estimator may hold, besides plain Python and numpy values."""
    module, *others = table(task)[name]
    return (f"sklearn.{module}.{name}", *(f"sklearn.{other}" for other in others))


def estimator_class(task: Task, name: str) -> Any:
    """The class of an estimator of the table."""
    from importlib import import_module

    return getattr(import_module(f"sklearn.{table(task)[name][0]}"), name)


def check_params(task: Task, name: str, params: Mapping[str, Any]) -> None:
    """Hold parameters against the constructor's signature and its own constraints; scikit-learn is imported only here.

    Raises:
        ValueError: An unknown name, one that is the engine's, or a value that the estimator does not take.
    """
    from inspect import signature

    from sklearn.utils._param_validation import InvalidParameterError

    name = public_name(task, name)
    made = estimator_class(task, name)
    known = [parameter for parameter in signature(made).parameters if parameter not in OWN]
    for parameter in params:
        if parameter in OWN:
            raise ValueError(f"{parameter} is set by the engine; leave it out")
        if parameter not in known:
            raise ValueError(f"{name} has no parameter {parameter}; {did_you_mean(parameter, known, limit=40)}")
    try:
        made(**params)._validate_params()
    except InvalidParameterError as error:
        raise ValueError(str(error)) from error
