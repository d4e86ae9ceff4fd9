"""Logistic regression over standardised columns: scikit-learn fits, the scores are our own sum over columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.model._columns import Columns
from upshot.components.model._linear import LinearSum, gapless_numbers
from upshot.components.model._task import outcomes
from upshot.components.model._weights import ClassWeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression


NAME = "logistic regression"


class LogisticRegressionParams(ClassWeightedParams):
    """Logistic regression of scikit-learn, columns standardised by the training rows."""

    C: float = Field(1.0, gt=0, description="Inverse strength of the regularisation; smaller is stronger.")
    l1_ratio: float = Field(0.0, ge=0, le=1, description="Share of L1 in the penalty: 0 is ridge, 1 is lasso. Above 0 needs solver saga.")
    fit_intercept: bool = Field(True, description="Whether a constant is learnt.")
    solver: Literal["lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"] = Field("lbfgs", description="Algorithm of the fit.")
    max_iter: int = Field(1000, ge=1, description="Most iterations of the solver.")
    tol: float = Field(1e-4, gt=0, description="Gradient norm at which the solver stops.")


class LogisticRegression:
    """Gives the probability of label 1; higher is more likely.

    Columns must be numbers without gaps: a linear model has no way to see that a value is missing.
    """

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind = "probability"

    def __init__(self, params: LogisticRegressionParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Learn means, scales and coefficients from the training rows.

        Raises:
            DataError: A category or a gap among the columns, one class only, or a solver that did not converge.
        """
        import numpy as np
        from sklearn.preprocessing import StandardScaler

        columns = Columns.of(train.X)
        y = outcomes(train, "classification")
        X = gapless_numbers(columns, train.X, NAME)
        scaler = StandardScaler().fit(X)
        estimator = self._solve(scaler.transform(X), y, row_weights(train, self.params, "probability"), compute)
        mean, scale, coef = (np.asarray(numbers, dtype=np.float64) for numbers in (scaler.mean_, scaler.scale_, estimator.coef_[0]))
        self.sum_ = LinearSum(columns, mean, scale, coef, float(np.ravel(estimator.intercept_)[0]))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `probability`, one row a case."""
        import numpy as np
        import pandas as pd

        odds = self.sum_.of(gapless_numbers(self.sum_.columns, examples.X, NAME))
        return pd.DataFrame({"probability": np.exp(-np.logaddexp(0.0, -odds))})

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the numbers of the model as JSON."""
        return self.sum_.state()

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.sum_ = LinearSum.from_files(files)

    def _solve(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, compute: Compute) -> SklearnLogisticRegression:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression as Estimator
        from threadpoolctl import threadpool_limits

        estimator = Estimator(**self.params.model_dump(exclude=set(ClassWeightedParams.model_fields)), random_state=compute.seed)
        with threadpool_limits(compute.threads), warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                return estimator.fit(X, y, sample_weight=weights)
            except ConvergenceWarning as warning:
                got = f"{self.params.max_iter} iterations"
                problem = Problem("model.max_iter", "the solver did not converge", got, "raise max_iter, or regularise with a smaller C")
                raise DataError("logistic regression did not converge", [problem]) from warning
