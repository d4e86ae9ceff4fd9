"""Evaluate: statistical scores on the test rows, each with an interval by blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.contracts.components import InformedMetric, Metric
from upshot.contracts.records import Cases, Evaluation, Folds, Measured, Predictions, Seed
from upshot.contracts.tables import Map, Table
from upshot.value.intervals import intervals_of_scores
from upshot.value.studentised import MIN_BLOCKS, Interval

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 200


def evaluate(predictions: Predictions, folds: Folds, metrics: Mapping[str, Metric], seed: Seed) -> Evaluation:
    """Score the predictions on the test rows of all folds together."""
    import numpy as np

    _, cases = predictions.tested(folds)
    scorers = [scorer_of(metric, predictions, folds) for metric in metrics.values()]
    blocks = cases.labels.frame["block"].to_numpy()
    intervals = intervals_of_scores(scorers, blocks, seed=seed, resamples=RESAMPLES)
    count = len(np.unique(blocks))
    measured = [_measured(*each, cases, count) for each in zip(metrics.values(), scorers, intervals, strict=True)]
    return Evaluation(Map(dict(zip(metrics, measured, strict=True))), cases.size, folds.cases.block)


def scorer_of(metric: Metric, predictions: Predictions, folds: Folds) -> Callable[[np.ndarray], float]:
    """Weights of the test cases of all folds together to the metric's score, told of the rows before where it asks for them."""
    if isinstance(metric, InformedMetric):
        informed = {}
        for fold in folds.tested():
            place = f"{fold.name}/test"
            before = folds.history(fold.name, "test")
            informed[place] = Table.of(metric.inform(predictions.frames[place].frame, folds.part(fold.name, "test"), before))
        predictions = replace(predictions, frames=Map(informed))
    return metric.scorer(*predictions.tested(folds))


def _measured(metric: Metric, scorer: Callable[[np.ndarray], float], interval: Interval | None, cases: Cases, count: int) -> Measured:
    import numpy as np

    low, high = interval if interval is not None else (None, None)
    method = f"95 % percentile interval, {RESAMPLES} resamples of {count:,} blocks ({cases.block})"
    if interval is None:
        few = f"{count} {cases.block} blocks, at least {MIN_BLOCKS} are needed"
        method = f"no interval: {few if count < MIN_BLOCKS else 'the score has no value when blocks are drawn again and again'}"
    return Measured(float(scorer(np.ones(cases.size))), low, high, cases.size, count, metric.unit, metric.direction, method)
