"""Evaluate: statistical scores on the test rows, each with an interval by blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.contracts.components import InformedMetric, Metric
from upshot.contracts.records import Evaluation, Folds, Predictions, Seed
from upshot.contracts.tables import Map, Table
from upshot.value.scores import Score, measured_scores

if TYPE_CHECKING:
    import numpy as np


def evaluate(predictions: Predictions, folds: Folds, metrics: Mapping[str, Metric], seed: Seed) -> Evaluation:
    """Score the predictions on the test rows of all folds together."""
    _, cases = predictions.tested(folds)
    scores = {name: Score(scorer_of(metric, predictions, folds), metric.unit, metric.direction) for name, metric in metrics.items()}
    return Evaluation(Map(measured_scores(scores, cases, seed=seed)), cases.size, folds.cases.block)


def scorer_of(metric: Metric, predictions: Predictions, folds: Folds) -> Callable[[np.ndarray], float]:
    """Weights of the test cases of all folds together to the metric's score, told of the rows before where it asks for them."""
    return metric.scorer(*informed(metric, predictions, folds).tested(folds))


def informed(metric: Metric, predictions: Predictions, folds: Folds) -> Predictions:
    """The predictions of the test rows, with the columns that a metric needs which asks for the rows before."""
    if not isinstance(metric, InformedMetric):
        return predictions
    frames = {}
    for fold in folds.tested():
        place = f"{fold.name}/test"
        before = folds.history(fold.name, "test")
        frames[place] = Table.of(metric.inform(predictions.frames[place].frame, folds.part(fold.name, "test"), before))
    return replace(predictions, frames=Map(frames))
