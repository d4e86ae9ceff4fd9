"""Area under the ROC curve: how often a positive scores higher than a negative, ties counted half.

Higher is better; 0.5 is without skill. Hanley & McNeil (1982), Radiology 143(1), 29-36; equal to scikit-learn's `roc_auc_score`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Ranked, Scorer, dot, probabilities, undefined
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class RocAucParams(Params):
    """No parameters."""


class RocAuc:
    """Probability that a random positive outranks a random negative, 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: RocAucParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the area; NaN with one class."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        ranked = Ranked.of(at, y, p)

        def score(weights: np.ndarray) -> float:
            counts = ranked.counts(weights)
            if counts is None or counts.true[-1] <= 0 or counts.negatives <= 0:
                return float("nan")
            outranked = counts.negatives - (counts.false + counts.false_before) / 2.0  # of a group of equal scores one half is below
            return dot(counts.gained, outranked) / (float(counts.true[-1]) * counts.negatives)

        return score
