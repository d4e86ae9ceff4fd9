"""Logistic regression over standardised columns.

scikit-learn fits; the scores are our own sum over columns. A matrix product would give other last digits for one row than for many, and
one scoring path has to answer alike in batch and alone. The state is therefore a JSON of plain numbers, without a library's object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.model._columns import MAX_EXAMPLES, Columns
from upshot.components.model._task import outcomes
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression


class LogisticRegressionParams(Params):
    """Logistic regression of scikit-learn, columns standardised by the training rows."""

    C: float = Field(1.0, gt=0, description="Inverse strength of the regularisation; smaller is stronger.")
    l1_ratio: float = Field(0.0, ge=0, le=1, description="Share of L1 in the penalty: 0 is ridge, 1 is lasso. Above 0 needs solver saga.")
    fit_intercept: bool = Field(True, description="Whether a constant is learnt.")
    class_weight: Literal["balanced"] | None = Field(None, description="balanced: both classes weigh alike in sum.")
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

        self.columns_ = Columns.of(train.X)
        y = outcomes(train, "classification")
        X = self._numbers(train.X)
        scaler = StandardScaler().fit(X)
        estimator = self._solve(scaler.transform(X), y, compute)
        self.mean_ = np.asarray(scaler.mean_, dtype=np.float64)
        self.scale_ = np.asarray(scaler.scale_, dtype=np.float64)
        self.coef_ = np.asarray(estimator.coef_[0], dtype=np.float64)
        self.intercept_ = float(np.ravel(estimator.intercept_)[0])

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `probability`, one row a case."""
        import numpy as np
        import pandas as pd

        X = self._numbers(examples.X)
        odds = np.full(len(X), self.intercept_)
        for column, mean, scale, weight in zip(X.T, self.mean_, self.scale_, self.coef_, strict=True):
            odds += (column - mean) / scale * weight
        return pd.DataFrame({"probability": np.exp(-np.logaddexp(0.0, -odds))})

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the numbers of the model as JSON."""
        numbers = {
            "mean": self.mean_.tolist(),
            "scale": self.scale_.tolist(),
            "coef": self.coef_.tolist(),
            "intercept": self.intercept_,
        }
        return {"columns.json": self.columns_.to_json(), "model.json": json.dumps(numbers).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import numpy as np

        numbers = json.loads(files["model.json"])
        self.columns_ = Columns.from_json(files["columns.json"])
        self.mean_, self.scale_, self.coef_ = (np.asarray(numbers[name], dtype=np.float64) for name in ("mean", "scale", "coef"))
        self.intercept_ = float(numbers["intercept"])

    def _solve(self, X: np.ndarray, y: np.ndarray, compute: Compute) -> SklearnLogisticRegression:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression as Estimator
        from threadpoolctl import threadpool_limits

        estimator = Estimator(**self.params.model_dump(), random_state=compute.seed)
        with threadpool_limits(compute.threads), warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                return estimator.fit(X, y)
            except ConvergenceWarning as warning:
                got = f"{self.params.max_iter} iterations"
                problem = Problem("model.max_iter", "the solver did not converge", got, "raise max_iter, or regularise with a smaller C")
                raise DataError("logistic regression did not converge", [problem]) from warning

    def _numbers(self, X: pd.DataFrame) -> np.ndarray:
        import numpy as np

        matrix = self.columns_.matrix(X)
        problems = [
            Problem(name, "logistic regression takes numbers only", "a category", "encode it with `encoding: one_hot`")
            for name in self.columns_.categories
        ]
        for position in np.flatnonzero(np.isnan(matrix).any(axis=0)):
            rows = np.flatnonzero(np.isnan(matrix[:, position]))
            if (name := self.columns_.names[position]) not in self.columns_.categories:
                got = f"{len(rows)} missing values, rows {', '.join(str(int(row)) for row in rows[:MAX_EXAMPLES])}"
                problems.append(Problem(name, "logistic regression takes no gaps", got, "give its feature `impute: median`"))
        if problems:
            raise DataError("logistic regression cannot use these columns", problems)
        return matrix
