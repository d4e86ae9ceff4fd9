"""Histogram gradient boosting of scikit-learn, saved by skops.

The parameters and their defaults are scikit-learn's. Where early stopping is on and the split gives a validation part, that part is
used; scikit-learn's own random share of the training rows is drawn only without one, because it ignores time and entities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from upshot.components.model._columns import Columns
from upshot.components.model._constraints import GROUPS_SENTENCE, MONOTONE_SENTENCE, Groups, Monotone, directions, groups
from upshot.components.model._skops import dump_stable, load_trusted
from upshot.components.model._task import TASK_SENTENCE, Task, kind_of, outcomes
from upshot.components.model._weights import ClassWeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

LOSSES = ("AbsoluteError", "HalfBinomialLoss", "HalfGammaLoss", "HalfPoissonLoss", "HalfSquaredError", "PinballLoss")
ENSEMBLE = "sklearn.ensemble._hist_gradient_boosting"
TRUSTED = (
    *(f"sklearn._loss.loss.{name}" for name in LOSSES),
    *(f"sklearn._loss.link.{name}" for name in ("IdentityLink", "Interval", "LogLink", "LogitLink")),
    f"{ENSEMBLE}.binning._BinMapper",
    f"{ENSEMBLE}.gradient_boosting.HistGradientBoostingClassifier",
    f"{ENSEMBLE}.gradient_boosting.HistGradientBoostingRegressor",
    f"{ENSEMBLE}.predictor.TreePredictor",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.compose._column_transformer.ColumnTransformer",  # this and the rest come with categorical columns
    "sklearn.preprocessing._encoders.OrdinalEncoder",
    "sklearn.preprocessing._function_transformer.FunctionTransformer",
    "sklearn.utils.validation.check_array",
    "functools.partial",  # of check_array above; any other function in its place would have to be listed
)
"""All types that a saved model may hold, besides plain Python and numpy values."""


class HistGradientBoostingParams(ClassWeightedParams):
    """HistGradientBoostingClassifier or -Regressor of scikit-learn, with its defaults."""

    task: Task = Field("classification", description=TASK_SENTENCE)
    loss: Literal["squared_error", "absolute_error", "poisson", "gamma", "quantile"] = Field(
        "squared_error", description="Loss of a point; a classification always has log loss."
    )
    quantile: float | None = Field(None, ge=0, le=1, description="Which quantile is the point, for loss quantile only.")
    learning_rate: float = Field(0.1, gt=0, description="Shrinkage of each tree.")
    max_iter: int = Field(100, ge=1, le=100_000, description="Boosting rounds; the most, where early stopping is on.")
    max_leaf_nodes: int | None = Field(31, ge=2, description="Most leaves of a tree; null is without limit.")
    max_depth: int | None = Field(None, ge=1, description="Deepest tree; null is without limit.")
    min_samples_leaf: int = Field(20, ge=1, description="Least rows in a leaf.")
    l2_regularization: float = Field(0.0, ge=0, description="L2 penalty on leaf values.")
    max_features: float = Field(1.0, gt=0, le=1, description="Share of columns drawn for each split.")
    max_bins: int = Field(255, ge=2, le=255, description="Bins of a number, and most values of a category.")
    early_stopping: bool | Literal["auto"] = Field("auto", description="auto: on above 10,000 training rows.")
    scoring: Literal["loss"] = Field("loss", description="What early stopping watches.")
    validation_fraction: float = Field(0.1, gt=0, lt=1, description="Share of training rows to stop by, where the split has no validation.")
    n_iter_no_change: int = Field(10, ge=1, description="Rounds without a better loss before it stops.")
    tol: float = Field(1e-7, ge=0, description="What counts as better.")
    monotonic_cst: Monotone = Field(default_factory=dict, description=MONOTONE_SENTENCE)
    interaction_cst: Groups = Field((), description=GROUPS_SENTENCE)

    @model_validator(mode="after")
    def _quantile_goes_with_its_loss(self) -> HistGradientBoostingParams:
        if (self.quantile is not None) != (self.loss == "quantile"):
            raise ValueError("loss quantile needs a quantile, and no other loss takes one")
        return self


class HistGradientBoosting:
    """Gives the probability of label 1, or a point. Missing values and categories are handled by the trees."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind

    def __init__(self, params: HistGradientBoostingParams) -> None:
        self.params = params
        self.gives = kind_of(params.task)

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Grow the trees on the training rows.

        Raises:
            DataError: Columns or labels that cannot be learnt, or a category with more values than `max_bins`.
        """
        from threadpoolctl import threadpool_limits

        self.columns_ = Columns.of(train.X)
        self._check_categories()
        y = outcomes(train, self.params.task)
        self.estimator_ = self._estimator(compute)
        stop: dict[str, object] = {}
        weights = row_weights(train, self.params, self.gives)
        if validation is not None and self._stops_early(len(y)):
            stop = {"X_val": self.columns_.matrix(validation.X), "y_val": validation.y.astype(y.dtype)}
            stop["sample_weight_val"] = row_weights(validation, self.params, self.gives)
        with threadpool_limits(compute.threads):
            self.estimator_.fit(self.columns_.matrix(train.X), y, sample_weight=weights, **stop)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `probability` or `point`, one row a case."""
        import numpy as np
        import pandas as pd

        X = self.columns_.matrix(examples.X)
        if not len(X):
            return pd.DataFrame({self.gives: np.empty(0)})
        scores = self.estimator_.predict_proba(X)[:, 1] if self.gives == "probability" else self.estimator_.predict(X)
        return pd.DataFrame({self.gives: scores})

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the estimator as a skops archive."""
        return {"columns.json": self.columns_.to_json(), "model.skops": dump_stable(self.estimator_)}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`.

        Raises:
            IntegrityError: The archive holds a type that is not on the list of trusted ones.
        """
        self.columns_ = Columns.from_json(files["columns.json"])
        self.estimator_ = load_trusted(files["model.skops"], TRUSTED)

    def _stops_early(self, rows: int) -> bool:
        return rows > 10_000 if self.params.early_stopping == "auto" else self.params.early_stopping

    def _estimator(self, compute: Compute) -> HistGradientBoostingClassifier | HistGradientBoostingRegressor:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        p = self.params
        apart = {"task", "loss", "quantile", "monotonic_cst", "interaction_cst", *ClassWeightedParams.model_fields}
        settings = {**p.model_dump(exclude=apart), "random_state": compute.seed}
        settings["categorical_features"] = list(self.columns_.categorical) or None
        settings["monotonic_cst"] = directions(self.columns_, p.monotonic_cst, "monotonic_cst")
        settings["interaction_cst"] = groups(self.columns_, p.interaction_cst, "interaction_cst")
        if self.gives == "probability":
            return HistGradientBoostingClassifier(**settings)
        return HistGradientBoostingRegressor(**settings, loss=p.loss, quantile=p.quantile)

    def _check_categories(self) -> None:
        most = self.params.max_bins
        problems = [
            Problem(name, f"a category may have at most {most} values here", str(len(known)), "raise its `min_count`, or use lightgbm")
            for name, known in self.columns_.categories.items()
            if len(known) > most
        ]
        if problems:
            raise DataError("the model cannot be fitted on these columns", problems)
