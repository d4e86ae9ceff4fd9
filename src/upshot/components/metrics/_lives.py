"""Which cases a score of predicted remaining lives is of, and which truth they are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.lives import LifeOrder, ages, fails, remaining, unit_codes
from upshot.components.metrics._scores import point
from upshot.contracts.params import Params

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


class PointParams(Params):
    """Which cases are scored, and against what."""

    at: Literal["all", "last"] = Field(
        "all", description="all cases, or the last case of each unit (first entity), as published remaining-life scores have it."
    )
    truth: Literal["label", "remaining"] = Field(
        "label", description="The label, capped where the labels cap it, or the remaining life of units that failed as it was."
    )


def judged(predictions: pd.DataFrame, cases: Cases, params: PointParams, metric: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the scored cases, the truth, and the point or, among quantiles, the median.

    Raises:
        DataError: The cases have no unit or remaining life where they are asked for, or the quantiles no median.
    """
    import numpy as np

    asker, found = f"metric {metric}", point(predictions)
    if params.truth == "label":
        at = cases.seen()
        y = cases.labels.frame["label"].to_numpy(dtype=np.float64)
    else:
        at = np.flatnonzero(fails(cases))
        y = remaining(cases, asker)
    if params.at == "last":
        lives = LifeOrder.of(unit_codes(cases, asker), ages(cases, asker))
        at = at[np.isin(at, lives.order[lives.last])]
    return at, y[at], found[at]
