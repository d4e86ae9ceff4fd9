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
    frame, cases = tested_rows(predictions, folds)
    return Evaluation(Map({name: _measure(metric, frame, cases, seed) for name, metric in metrics.items()}), cases.size, folds.cases.block)


def tested_rows(predictions: Predictions, folds: Folds) -> tuple[pd.DataFrame, Cases]:
    """The predictions of all folds' test rows with their cases; `case` counts through the folds."""
    import numpy as np
    import pandas as pd

    positions = [folds.positions(fold.name, "test") for fold in folds.folds]
    starts = np.cumsum([0, *map(len, positions)])
    frames = []
    for fold, start in zip(folds.folds, starts, strict=False):
        frame = predictions.frames[f"{fold.name}/test"].frame
        frames.append(frame.assign(case=frame["case"] + start))
    return pd.concat(frames, ignore_index=True), folds.cases.take(np.concatenate(positions))


def _measure(metric: Metric, frame: pd.DataFrame, cases: Cases, seed: Seed) -> Measured:
    import numpy as np

    scorer = metric.scorer(frame, cases)
    blocks = cases.labels.frame["block"].to_numpy()
    count = len(np.unique(blocks))
    interval = interval_of_score(scorer, blocks, seed=seed, resamples=RESAMPLES)
    low, high = interval if interval is not None else (None, None)
    method = f"95 % percentile interval, {RESAMPLES} resamples of {count} blocks ({cases.block})"
    return Measured(float(scorer(np.ones(cases.size))), low, high, cases.size, count, metric.unit, metric.direction, method)
