"""Log loss: minus the mean log probability of what happened, in nats.

Lower is better. Probabilities are held one float64 epsilon away from 0 and 1, as in scikit-learn (`log_loss`). Good (1952),
Journal of the Royal Statistical Society B 14(1), 107-114.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Scorer, mean_scorer, probabilities
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class LogLossParams(Params):
    """No parameters."""


class LogLoss:
    """Mean of -log(probability of the label), 0 or more."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: LogLossParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        inside = np.clip(p, np.finfo(np.float64).eps, 1.0 - np.finfo(np.float64).eps)
        return mean_scorer(at, -np.log(np.where(y == 1.0, inside, 1.0 - inside)))
