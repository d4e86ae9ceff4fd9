"""Inductive Venn-Abers prediction: isotonic regression that knows what it does not know.

Vovk, Petej & Fedorova (2015), "Large-scale probabilistic predictors with and without guarantees of validity", NeurIPS, algorithms 1 to 4.
For a score s, isotonic regression is fitted on validation once with (s, 0) and once with (s, 1) added; of the two answers p0 <= p1 one is
calibrated, whatever the model. They are merged to p1 / (1 - p0 + p1), which loses least in log loss. With few rows p0 and p1 lie apart and
the result keeps away from 0 and 1, where isotonic regression would reach them. Both answers are step functions of s, so they are made
once for all scores of validation and looked up later.
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

Point = tuple[float, float]


class VennAbersParams(Params):
    """No parameters."""


class VennAbers:
    """Maps probabilities by two rising step functions, merged into one."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    gives: PredictionKind | None = None
    fits = True

    def __init__(self, params: VennAbersParams) -> None:
        self.params = params

    def fit(self, predictions: pd.DataFrame, cases: Cases) -> None:
        """Learn p0 and p1 at every distinct score.

        Raises:
            DataError: Labels that are not 0 or 1, or fewer than ten of a class.
        """
        import numpy as np

        p, y = fitting_data(predictions, cases)
        self.scores_, place, rows = np.unique(p, return_inverse=True, return_counts=True)
        positives = np.bincount(place, weights=y)
        self.p1_ = upper(rows, positives)
        self.p0_ = 1.0 - upper(rows[::-1], (rows - positives)[::-1])[::-1]

    def apply(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """The frame with its `probability` mapped."""
        import numpy as np

        p = predictions["probability"].to_numpy(dtype=np.float64)
        p1 = np.append(self.p1_, 1.0)[np.searchsorted(self.scores_, p, side="left")]
        p0 = np.append(0.0, self.p0_)[np.searchsorted(self.scores_, p, side="right")]
        return predictions.assign(probability=p1 / (1.0 - p0 + p1))

    def state(self) -> Mapping[str, bytes]:
        """The steps as JSON."""
        steps = {"scores": self.scores_.tolist(), "p0": self.p0_.tolist(), "p1": self.p1_.tolist()}
        return {"calibration.json": json.dumps(steps).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import numpy as np

        steps = json.loads(files["calibration.json"])
        self.scores_, self.p0_, self.p1_ = (np.asarray(steps[name], dtype=np.float64) for name in ("scores", "p0", "p1"))


def upper(rows: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Value of isotonic regression at each group when one row of label 1 is added to that group.

    The value is a slope of the greatest convex minorant of the points (rows so far, positives so far). The added row is a step (1, 1) before
    all groups; it is then exchanged with one group after the other, and the minorant is mended where it changed.

    Args:
        rows: Rows by group, groups by rising score, shape (k,).
        positives: Rows of label 1 among them, shape (k,).

    Returns:
        Shape (k,), never falling.

    Example:
        >>> import numpy as np
        >>> upper(np.array([1, 1]), np.array([0.0, 1.0])).tolist()
        [0.5, 1.0]
    """
    import numpy as np

    x = [-1.0, 0.0, *np.cumsum(rows, dtype=np.float64).tolist()]  # place i + 1 is after group i, place 0 before the added row
    y = [-1.0, 0.0, *np.cumsum(positives, dtype=np.float64).tolist()]
    corners: list[Point] = []
    for point in zip(reversed(x), reversed(y), strict=True):
        while len(corners) > 1 and _turn(point, corners[-1], corners[-2]) <= 0.0:
            corners.pop()
        corners.append(point)
    out = np.empty(len(rows))
    for group in range(len(rows)):
        (x0, y0), (x1, y1) = corners[-1], corners[-2]
        out[group] = (y1 - y0) / (x1 - x0)
        moved = (x[group] + x[group + 2] - x[group + 1], y[group] + y[group + 2] - y[group + 1])
        x[group + 1], y[group + 1] = moved
        if _turn(corners[-1], moved, corners[-2]) <= 0.0:
            continue
        corners.pop()
        while len(corners) > 1 and _turn(moved, corners[-1], corners[-2]) <= 0.0:
            corners.pop()
        corners.append(moved)
    return out


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0 where the path a, b, c turns left, so that b is a corner of a convex curve."""
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
