"""How far a reading lies from how healthy units vary: principal components, T2 within their plane and Q beside it.

T2 is large where a unit is further out than usual in a direction in which healthy units vary too; Q (squared prediction error) where
sensors no longer move together as they used to, which a broken sensor or a new fault does. Each is told as a multiple of its control limit, so
an anomaly of 1 is the limit and needs no tuning.

Source:
    Jackson and Mudholkar (1979), Control procedures for residuals associated with principal component analysis, Technometrics 21(3);
    MacGregor and Kourti (1995), Statistical process control of multivariate processes, Control Engineering Practice 3(3). Limits here are
    quantiles of the healthy rows, which need no normal distribution.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.model._columns import Columns
from upshot.components.model._healthy import HealthyParams, healthy_rows
from upshot.components.model._linear import gapless_numbers
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NAME = "model pca_monitor"


class PcaMonitorParams(HealthyParams):
    """The plane of healthy variation, and where its limits lie."""

    explained: float = Field(0.9, gt=0, lt=1, description="Share of the healthy variance that the kept components explain, at least.")
    statistic: Literal["t2", "q", "both"] = Field("both", description="t2, q, or the larger of both, each over its limit.")
    confidence: float = Field(0.99, gt=0.5, lt=1, description="Share of the healthy rows within each limit.")


class PcaMonitor:
    """Gives an anomaly >= 0; above 1 a row lies outside of the control limit."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind = "anomaly"
    takes_censored = True

    def __init__(self, params: PcaMonitorParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Find the components and the limits on healthy training rows.

        Raises:
            DataError: A category or a gap, or too few rows count as healthy.
        """
        import numpy as np
        from threadpoolctl import threadpool_limits

        self.columns_ = Columns.of(train.X)
        X = gapless_numbers(self.columns_, train.X, NAME)[healthy_rows(train, self.params, NAME)]
        self.mean_, deviation = X.mean(axis=0), X.std(axis=0)
        self.scale_ = np.where(deviation > 0, deviation, 1.0)
        scaled = (X - self.mean_) / self.scale_
        with threadpool_limits(1):
            variances, axes = np.linalg.eigh(scaled.T @ scaled / len(scaled))
        falling = np.argsort(-variances, kind="stable")
        variances, axes = np.maximum(variances[falling], 0.0), axes[:, falling]
        kept = 1 + int(np.searchsorted(np.cumsum(variances), self.params.explained * variances.sum() * (1 - 1e-12)))
        kept = min(kept, max(int((variances > 1e-10 * variances[0]).sum()), 1))
        self.variances_, self.axes_ = variances[:kept], axes[:, :kept].T
        self.limits_ = np.ones(2)
        self.limits_ = np.maximum(np.quantile(np.column_stack(self._statistics(X)), self.params.confidence, axis=0), 1e-12)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `anomaly`, one row a case."""
        import numpy as np
        import pandas as pd

        t2, q = self._statistics(gapless_numbers(self.columns_, examples.X, NAME))
        anomaly = {"t2": t2, "q": q, "both": np.maximum(t2, q)}[self.params.statistic]
        return pd.DataFrame({"anomaly": anomaly})

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the plane with its limits as JSON."""
        names = ("mean_", "scale_", "variances_", "axes_", "limits_")
        plane = {name.rstrip("_"): getattr(self, name).tolist() for name in names}
        return {"columns.json": self.columns_.to_json(), "plane.json": json.dumps(plane).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import numpy as np

        self.columns_ = Columns.from_json(files["columns.json"])
        for name, values in json.loads(files["plane.json"]).items():
            setattr(self, f"{name}_", np.asarray(values, dtype=np.float64))

    def _statistics(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """T2 and Q over their limits, shape (rows,) each; summed column by column, so that a row alone gets the same digits."""
        import numpy as np

        scaled = (X - self.mean_) / self.scale_
        t2, inside = np.zeros(len(X)), np.zeros_like(scaled)
        for variance, axis in zip(self.variances_, self.axes_, strict=True):
            score = np.zeros(len(X))
            for column, weight in zip(scaled.T, axis, strict=True):
                score += column * weight
            t2 += score**2 / variance
            inside += score[:, None] * axis
        return t2 / self.limits_[0], ((scaled - inside) ** 2).sum(axis=1) / self.limits_[1]
