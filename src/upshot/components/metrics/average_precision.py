"""Average precision: the precision at each threshold, weighted by the recall gained there.

Higher is better; a model without skill has the share of positives. The step form without interpolation, as scikit-learn has it
(`average_precision_score`); Davis & Goadrich (2006), "The relationship between precision-recall and ROC curves", ICML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Ranked, Scorer, dot, probabilities, undefined
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class AveragePrecisionParams(Params):
    """No parameters."""


class AveragePrecision:
    """Area under the precision-recall steps, 0 to 1; cases with equal scores are called together."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: AveragePrecisionParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to average precision; NaN without a positive."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        ranked = Ranked.of(at, y, p)

        def score(weights: np.ndarray) -> float:
            counts = ranked.counts(weights)
            if counts is None or counts.true[-1] <= 0:
                return float("nan")
            called = counts.true + counts.false
            precision = np.divide(counts.true, called, out=np.zeros_like(called), where=called > 0)
            return dot(counts.gained, precision) / float(counts.true[-1])

        return score
