"""Scores of lists: one value for each list, and the mean over lists by the weights of their cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, dot
from upshot.contracts.params import Params

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.groups import Groups
    from upshot.components.lists.judged import Judged
    from upshot.contracts.records import Cases


class AtKParams(Params):
    """The length of the list."""

    k: int = Field(10, ge=1, description="Places looked at; must not exceed what the model gives.")


def judged(predictions: pd.DataFrame, cases: Cases) -> Judged:
    """The lists beside what was taken."""
    from upshot.components.lists.judged import Judged

    return Judged.of(predictions, cases)


def over_lists(groups: Groups, values: np.ndarray, defined: np.ndarray) -> Scorer:
    """The weighted mean of one value a list; NaN where no list has weight.

    Args:
        groups: The lists of the cases. A list weighs as the mean of its cases.
        values: Shape (lists,).
        defined: Whether the list has a value, shape (lists,): a list of which nothing was taken cannot hit.
    """
    import numpy as np

    cases = np.bincount(groups.code, minlength=groups.size)

    def score(weights: np.ndarray) -> float:
        weight = np.bincount(groups.code, weights=weights, minlength=groups.size) / cases
        weight = np.where(defined, weight, 0.0)
        total = float(weight.sum())
        return dot(weight, np.where(defined, values, 0.0)) / total if total > 0 else float("nan")

    return score
