"""F1: the harmonic mean of precision and recall at a threshold.

Higher is better. van Rijsbergen (1979), "Information retrieval", chapter 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, dot, probabilities, undefined
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class F1Params(Params):
    """The threshold of the positive call."""

    threshold: float = Field(0.5, ge=0, le=1, description="A case counts as positive above this probability.")


class F1:
    """2 TP / (2 TP + FP + FN), 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: F1Params) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN with neither a positive nor a positive call."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        called = (p > self.params.threshold).astype(np.float64)
        true, either = called * y, called + y

        def score(weights: np.ndarray) -> float:
            drawn = weights[at]
            total = dot(drawn, either)
            return 2.0 * dot(drawn, true) / total if total > 0 else float("nan")

        return score
