"""Matthews correlation: the correlation of the call with what happened.

Higher is better; 0 is chance, 1 perfect, -1 all wrong; it is high only where both classes are called well. Matthews (1975), BBA 405(2), 442-451;
Chicco & Jurman (2020), BMC Genomics 21, 6.
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


class MatthewsCorrelationParams(Params):
    """The threshold of the positive call."""

    threshold: float = Field(0.5, ge=0, le=1, description="A case counts as positive above this probability.")


class MatthewsCorrelation:
    """(TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)), -1 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: MatthewsCorrelationParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where there is one class only, or one kind of call."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        called = (p > self.params.threshold).astype(np.float64)

        def score(weights: np.ndarray) -> float:
            drawn = weights[at]
            n, positives, calls, both = float(drawn.sum()), dot(drawn, y), dot(drawn, called), dot(drawn, called * y)
            spread = positives * (n - positives) * calls * (n - calls)
            return (n * both - positives * calls) / float(np.sqrt(spread)) if spread > 0 else float("nan")

        return score
