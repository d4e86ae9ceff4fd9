"""The validation cases that a calibration is fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEAST = 10
"""Fewest cases of each class: with fewer, the curve is made of chance."""


def fitting_data(predictions: pd.DataFrame, cases: Cases) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels (0.0 or 1.0), each of shape (n,).

    Raises:
        DataError: A label is neither 0 nor 1, or a class has fewer than `LEAST` cases.
    """
    import numpy as np

    p = predictions["probability"].to_numpy(dtype=np.float64)
    y = cases.labels.frame["label"].to_numpy(dtype=np.float64)
    where = cases.roles.target or "label"
    other = np.unique(y[(y != 0.0) & (y != 1.0)])
    if len(other):
        got = ", ".join(f"{value:g}" for value in other[:5])
        raise DataError("the calibration cannot be fitted", [Problem(where, "must be 0 or 1 in validation", got)])
    positives = int(y.sum())
    if min(positives, len(y) - positives) < LEAST:
        rule = f"needs at least {LEAST} validation cases of each class"
        got = f"{positives} positive and {len(y) - positives} negative"
        raise DataError(
            "the calibration cannot be fitted", [Problem(where, rule, got, "widen the validation part, or use calibration=none")]
        )
    return p, y
