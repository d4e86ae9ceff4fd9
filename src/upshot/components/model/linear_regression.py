"""Linear regression over standardised columns, plain or with a penalty: ridge, lasso, and the elastic net between them.

Zou & Hastie (2005), "Regularization and variable selection via the elastic net", JRSS B 67. One pair of parameters says which:
alpha 0 is least squares, l1_ratio 0 is ridge, 1 is lasso.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.model._columns import Columns
from upshot.components.model._linear import LinearSum, gapless_numbers
from upshot.components.model._task import outcomes
from upshot.components.model._weights import WeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.linear_model import ElasticNet, LinearRegression, Ridge

NAME = "linear regression"


class LinearRegressionParams(WeightedParams):
    """LinearRegression, Ridge, Lasso or ElasticNet of scikit-learn, columns standardised by the training rows.

    Minimised: mean squared error / 2 + alpha * (l1_ratio * sum of |coef| + (1 - l1_ratio) / 2 * sum of coef squared).
    """

    alpha: float = Field(0.0, ge=0, description="Strength of the penalty, per training row; 0 is least squares.")
    l1_ratio: float = Field(0.0, ge=0, le=1, description="Share of L1 in the penalty: 0 is ridge, 1 is lasso.")
    fit_intercept: bool = Field(True, description="Whether a constant is learnt.")
    positive: bool = Field(False, description="Whether coefficients are held at or above 0.")
    max_iter: int = Field(10_000, ge=1, description="Most iterations, where the penalty holds L1.")
    tol: float = Field(1e-6, gt=0, description="Accuracy at which an iteration stops.")


class LinearModel:
    """Gives a point. Columns must be numbers without gaps."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind = "point"

    def __init__(self, params: LinearRegressionParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Learn means, scales and coefficients from the training rows.

        Raises:
            DataError: A category or a gap among the columns, labels that are no numbers, or a solver that did not converge.
        """
        import warnings

        import numpy as np
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        columns = Columns.of(train.X)
        y = outcomes(train, "regression")
        X = gapless_numbers(columns, train.X, NAME)
        scaler = StandardScaler().fit(X)
        with threadpool_limits(compute.threads), warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                estimator = self._estimator(len(y), compute).fit(
                    scaler.transform(X), y, sample_weight=row_weights(train, self.params, "point")
                )
            except ConvergenceWarning as warning:
                got = f"{self.params.max_iter} iterations"
                problem = Problem("model.max_iter", "the solver did not converge", got, "raise max_iter, alpha or tol")
                raise DataError("linear regression did not converge", [problem]) from warning
        mean, scale, coef = (np.asarray(numbers, dtype=np.float64) for numbers in (scaler.mean_, scaler.scale_, estimator.coef_))
        self.sum_ = LinearSum(columns, mean, scale, coef, float(estimator.intercept_))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `point`, one row a case."""
        import pandas as pd

        return pd.DataFrame({"point": self.sum_.of(gapless_numbers(self.sum_.columns, examples.X, NAME))})

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the numbers of the model as JSON."""
        return self.sum_.state()

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.sum_ = LinearSum.from_files(files)

    def _estimator(self, rows: int, compute: Compute) -> LinearRegression | Ridge | ElasticNet:
        from sklearn.linear_model import ElasticNet, LinearRegression, Ridge

        p = self.params
        common = {"fit_intercept": p.fit_intercept, "positive": p.positive, "tol": p.tol}
        if p.alpha == 0.0:
            return LinearRegression(**common)
        if p.l1_ratio == 0.0:
            return Ridge(alpha=p.alpha * rows, random_state=compute.seed, **common)  # scikit-learn's ridge penalty is per sum, not per row
        return ElasticNet(alpha=p.alpha, l1_ratio=p.l1_ratio, max_iter=p.max_iter, random_state=compute.seed, **common)
