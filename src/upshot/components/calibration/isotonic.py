"""Isotonic regression: the rising curve that fits validation outcomes best, by pooling adjacent violators.

Zadrozny & Elkan (2002), "Transforming classifier scores into accurate multiclass probability estimates", KDD. It can take any rising
shape and makes ties; with few positives its ends reach 0 and 1. Stored as the corners of the curve, not as a library's object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.components.calibration._validation import fitting_data
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class IsotonicParams(Params):
    """No parameters."""


class Isotonic:
    """Maps probabilities along straight lines between the corners; flat outside what validation has seen."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    gives: PredictionKind | None = None
    fits = True

    def __init__(self, params: IsotonicParams) -> None:
        self.params = params

    def fit(self, predictions: pd.DataFrame, cases: Cases) -> None:
        """Learn the corners.

        Raises:
            DataError: Labels that are not 0 or 1, or fewer than ten of a class.
        """
        import numpy as np
        from sklearn.isotonic import IsotonicRegression

        p, y = fitting_data(predictions, cases)
        curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(p, y)
        self.from_ = np.asarray(curve.X_thresholds_, dtype=np.float64)
        self.to_ = np.asarray(curve.y_thresholds_, dtype=np.float64)

    def apply(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """The frame with its `probability` mapped."""
        import numpy as np

        return predictions.assign(probability=np.interp(predictions["probability"].to_numpy(dtype=np.float64), self.from_, self.to_))

    def state(self) -> Mapping[str, bytes]:
        """The corners as JSON."""
        return {"calibration.json": json.dumps({"from": self.from_.tolist(), "to": self.to_.tolist()}).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import numpy as np

        corners = json.loads(files["calibration.json"])
        self.from_, self.to_ = np.asarray(corners["from"], dtype=np.float64), np.asarray(corners["to"], dtype=np.float64)
