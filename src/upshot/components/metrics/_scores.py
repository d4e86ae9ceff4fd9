"""Outcomes beside predictions, and the weighted sums that scores are made of.

A censored case has no outcome to be right about, so it is left out of every score. Rank-based scores sort once; a resample then costs a
few passes over the cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Scorer = Callable[["np.ndarray"], float]
"""One weight a case to the score; NaN where it is undefined."""

MEDIAN = "q0.5"


def probabilities(predictions: pd.DataFrame, cases: Cases) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the seen cases, their labels (0.0 or 1.0) and probabilities.

    Raises:
        DataError: A label is neither 0 nor 1.
    """
    import numpy as np

    at = cases.seen()
    y = cases.labels.frame["label"].to_numpy(dtype=np.float64)[at]
    other = np.unique(y[(y != 0.0) & (y != 1.0)])
    if len(other):
        got = ", ".join(f"{value:g}" for value in other[:5])
        raise DataError("the score is not defined", [Problem(cases.roles.target or "label", "must be 0 or 1 for this metric", got)])
    return at, y, predictions["probability"].to_numpy(dtype=np.float64)[at]


def points(predictions: pd.DataFrame, cases: Cases) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the seen cases, their labels, and the point or, among quantiles, the median.

    Raises:
        DataError: The predictions are quantiles without the level 0.5.
    """
    import numpy as np

    at = cases.seen()
    return at, cases.labels.frame["label"].to_numpy(dtype=np.float64)[at], point(predictions)[at]


def point(predictions: pd.DataFrame) -> np.ndarray:
    """The point of each case or, among quantiles, the median; shape (n,).

    Raises:
        DataError: The predictions are quantiles without the level 0.5.
    """
    import numpy as np

    name = "point" if "point" in predictions.columns else MEDIAN
    if name not in predictions.columns:
        got = ", ".join(str(column) for column in predictions.columns if column != "case")
        raise DataError("the score is not defined", [Problem("model.levels", "must hold 0.5 for a metric of the point forecast", got)])
    return predictions[name].to_numpy(dtype=np.float64)


def quantiles(predictions: pd.DataFrame, cases: Cases) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the seen cases, their labels, the levels (ascending) and the quantiles, shape (n, levels)."""
    import numpy as np

    at = cases.seen()
    y = cases.labels.frame["label"].to_numpy(dtype=np.float64)[at]
    names = sorted((name for name in predictions.columns if str(name).startswith("q")), key=lambda name: float(name[1:]))
    levels = np.array([float(name[1:]) for name in names])
    return at, y, levels, predictions[names].to_numpy(dtype=np.float64)[at]


def dot(weights: np.ndarray, values: np.ndarray) -> float:
    """Sum of the products, without BLAS: its last digits and its time depend on threads.

    Example:
        >>> import numpy as np
        >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        11.0
    """
    return float((weights * values).sum())


def drawn_of(weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The weights of the seen cases; the same array where all are seen, because `at` is ascending and without repeats."""
    return weights if len(at) == len(weights) else weights[at]


def mean_scorer(at: np.ndarray, values: np.ndarray) -> Scorer:
    """The weighted mean of one value a case; NaN where no case has weight."""

    def score(weights: np.ndarray) -> float:
        drawn = drawn_of(weights, at)
        total = drawn.sum()
        return dot(drawn, values) / float(total) if total > 0 else float("nan")

    return score


def ratio_scorer(at: np.ndarray, above: np.ndarray, below: np.ndarray) -> Scorer:
    """Weighted sum over weighted sum; NaN where the lower one is 0."""

    def score(weights: np.ndarray) -> float:
        drawn = drawn_of(weights, at)
        total = dot(drawn, below)
        return dot(drawn, above) / total if total > 0 else float("nan")

    return score


@dataclass(frozen=True)
class Counts:
    """Weights down the ranking, one entry for each group of equal scores that holds a positive.

    Attributes:
        gained: Of the group's positives.
        true: Of all positives down to and with the group.
        false: Of all negatives down to and with the group.
        false_before: Of all negatives above the group.
        negatives: Of all negatives.
    """

    gained: np.ndarray
    true: np.ndarray
    false: np.ndarray
    false_before: np.ndarray
    negatives: float


@dataclass(frozen=True)
class Ranked:
    """Cases from the highest score down. Only groups with a positive move a rank score, so a resample costs two passes over the cases.

    Attributes:
        order: Case at each place, the highest score first.
        positives: Places of the positives.
        first: Where each group begins among the positives.
        start: First place of each group.
        end: Last place of each group.
    """

    order: np.ndarray
    positives: np.ndarray
    first: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, at: np.ndarray, y: np.ndarray, scores: np.ndarray) -> Ranked:
        """Sort once."""
        import numpy as np

        order = np.argsort(-scores, kind="stable")
        down = -scores[order]
        positives = np.flatnonzero(y[order] == 1.0)
        levels, first = np.unique(down[positives], return_index=True)
        return cls(at[order], positives, first, np.searchsorted(down, levels), np.searchsorted(down, levels, side="right") - 1)

    def counts(self, weights: np.ndarray) -> Counts | None:
        """Weights of positives and negatives down the ranking; None without a positive."""
        import numpy as np

        if not len(self.positives):
            return None
        drawn = weights.take(self.order)
        called = np.cumsum(drawn)
        gained = np.add.reduceat(drawn[self.positives], self.first)
        true = np.cumsum(gained)
        above = np.where(self.start > 0, called[self.start - 1], 0.0)
        return Counts(gained, true, called[self.end] - true, above - (true - gained), float(called[-1] - true[-1]))


def undefined(weights: np.ndarray) -> float:
    """The score of predictions that are not finite."""
    return float("nan")
