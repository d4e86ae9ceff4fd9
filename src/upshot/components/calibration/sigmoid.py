"""Platt scaling: probability = 1 / (1 + exp(-(slope * log-odds + offset))), two numbers fitted on validation.

Platt (1999), "Probabilistic outputs for support vector machines", with his targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2), which keep the
fit finite when the classes do not overlap. It asks for less data than isotonic regression, and can only bend one way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.components.calibration._validation import fitting_data
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

EDGE = 1e-12
"""Probabilities are held this far from 0 and 1, where log-odds are infinite."""


class SigmoidParams(Params):
    """No parameters."""


class Sigmoid:
    """Maps probabilities by a logistic curve; a slope below 1 takes overconfidence back."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    gives: PredictionKind | None = None
    fits = True

    def __init__(self, params: SigmoidParams) -> None:
        self.params = params

    def fit(self, predictions: pd.DataFrame, cases: Cases) -> None:
        """Learn slope and offset by maximum likelihood on Platt's targets.

        Raises:
            DataError: Labels that are not 0 or 1, or fewer than ten of a class.
        """
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        p, y = fitting_data(predictions, cases)
        target = np.where(y == 1.0, (y.sum() + 1.0) / (y.sum() + 2.0), 1.0 / (len(y) - y.sum() + 2.0))
        odds = log_odds(p)
        curve = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=1000)
        curve.fit(np.tile(odds, 2)[:, None], np.repeat([1, 0], len(p)), sample_weight=np.concatenate([target, 1.0 - target]))
        self.slope_, self.offset_ = float(curve.coef_[0, 0]), float(curve.intercept_[0])

    def apply(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """The frame with its `probability` mapped."""
        import numpy as np

        odds = self.slope_ * log_odds(predictions["probability"].to_numpy(dtype=np.float64)) + self.offset_
        return predictions.assign(probability=np.exp(-np.logaddexp(0.0, -odds)))

    def state(self) -> Mapping[str, bytes]:
        """The two numbers as JSON."""
        return {"calibration.json": json.dumps({"slope": self.slope_, "offset": self.offset_}).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        numbers = json.loads(files["calibration.json"])
        self.slope_, self.offset_ = float(numbers["slope"]), float(numbers["offset"])


def log_odds(p: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)).

    Example:
        >>> import numpy as np
        >>> log_odds(np.array([0.5, 1.0])).round(1).tolist()
        [0.0, 27.6]
    """
    import numpy as np

    inside = np.clip(p, EDGE, 1.0 - EDGE)
    odds: np.ndarray = np.log(inside) - np.log1p(-inside)
    return odds
