"""The score that a policy ranks cases by: the one column beside `case` in predictions with one number a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def scores(predictions: pd.DataFrame) -> np.ndarray:
    """Score of each case in order, float64, shape (n,); higher means more reason to act.

    Args:
        predictions: Columns `case` (0..n-1) and `probability`, `anomaly` or `uplift`.
    """
    name = next(kind for kind in ("probability", "anomaly", "uplift") if kind in predictions.columns)
    return predictions[name].to_numpy(dtype="float64")
