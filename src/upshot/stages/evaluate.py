"""Evaluate: statistical scores on the test rows, each with an interval by blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.contracts.components import Metric
from upshot.contracts.records import Cases, Evaluation, Folds, Measured, Predictions, Seed
from upshot.contracts.tables import Map
from upshot.value.intervals import interval_of_score

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 200


def evaluate(predictions: Predictions, folds: Folds, metrics: Mapping[str, Metric], seed: Seed) -> Evaluation:
    """Score the predictions on the test rows of all folds together."""
    frame, cases = predictions.tested(folds)
    return Evaluation(Map({name: _measure(metric, frame, cases, seed) for name, metric in metrics.items()}), cases.size, folds.cases.block)


def _measure(metric: Metric, frame: pd.DataFrame, cases: Cases, seed: Seed) -> Measured:
    import numpy as np

    scorer = metric.scorer(frame, cases)
    blocks = cases.labels.frame["block"].to_numpy()
    count = len(np.unique(blocks))
    interval = interval_of_score(scorer, blocks, seed=seed, resamples=RESAMPLES)
    low, high = interval if interval is not None else (None, None)
    method = f"95 % percentile interval, {RESAMPLES} resamples of {count} blocks ({cases.block})"
    return Measured(float(scorer(np.ones(cases.size))), low, high, cases.size, count, metric.unit, metric.direction, method)
