"""Scores of predictions as measured numbers: with an interval by blocks, alone or as what one set of predictions loses to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.contracts.records import Cases, Direction, Measured
from upshot.value.intervals import intervals_of_scores
from upshot.value.studentised import MIN_BLOCKS, Interval

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Scorer = Callable[["np.ndarray"], float]
SCORE_RESAMPLES = 200


@dataclass(frozen=True)
class Score:
    """A score ready to be drawn again and again.

    Attributes:
        of: One weight a case to the score; NaN where it is undefined.
        unit: Its unit.
        direction: Whether more is better.
        what: Said before the method: "mean of 3, paired ".
        n: Cases that it is of, where it looks at some of them only.
    """

    of: Scorer
    unit: str
    direction: Direction
    what: str = ""
    n: int | None = None


def measured_scores(scores: Mapping[str, Score], cases: Cases, *, seed: int) -> dict[str, Measured]:
    """Scores of the same cases with their intervals, by the same draws of their blocks.

    Args:
        scores: Name -> score.
        cases: What they are of.
        seed: Of the resampling.
    """
    import numpy as np

    blocks = cases.labels.frame["block"].to_numpy()
    count, every = len(np.unique(blocks)), np.ones(cases.size)
    intervals = intervals_of_scores([score.of for score in scores.values()], blocks, seed=seed, resamples=SCORE_RESAMPLES)
    return {
        name: _measured(score, float(score.of(every)), interval, cases, count)
        for (name, score), interval in zip(scores.items(), intervals, strict=True)
    }


def lost(before: Scorer, after: Sequence[Scorer], unit: str, direction: Direction) -> Score:
    """What a score loses from one set of predictions to the mean of others, paired by block; positive is worse.

    Args:
        before: The score of the predictions as they were.
        after: The same of predictions that take their place, several where they were drawn several times.
        unit: Unit of the score.
        direction: Whether more of the score is better.
    """
    better = 1.0 if direction == "maximize" else -1.0

    def loss(weights: np.ndarray) -> float:
        return better * (before(weights) - sum(scorer(weights) for scorer in after) / len(after))

    return Score(loss, unit, "minimize", f"{f'mean of {len(after)}, ' if len(after) > 1 else ''}paired ")


def subset(predictions: pd.DataFrame, chosen: np.ndarray) -> pd.DataFrame:
    """The predictions of some cases, with `case` counted anew.

    Args:
        predictions: With `case` 0..n-1.
        chosen: True for the cases to keep, shape (n,).

    Example:
        >>> import numpy as np, pandas as pd
        >>> subset(pd.DataFrame({"case": [0, 1, 2], "point": [5.0, 6.0, 7.0]}), np.array([True, False, True])).values.tolist()
        [[0.0, 5.0], [1.0, 7.0]]
    """
    import numpy as np

    case = predictions["case"].to_numpy()
    numbers = np.cumsum(chosen) - 1
    kept = chosen[case]
    found: pd.DataFrame = predictions[kept].assign(case=numbers[case[kept]]).reset_index(drop=True)
    return found


def _measured(score: Score, value: float, interval: Interval | None, cases: Cases, count: int) -> Measured:
    low, high = interval if interval is not None else (None, None)
    method = f"{score.what}95 % percentile interval, {SCORE_RESAMPLES} resamples of {count:,} blocks ({cases.block})"
    if interval is None:
        few = f"{count} {cases.block} blocks, at least {MIN_BLOCKS} are needed"
        method = f"no interval: {few if count < MIN_BLOCKS else 'the score has no value when blocks are drawn again and again'}"
    return Measured(value, low, high, cases.size if score.n is None else score.n, count, score.unit, score.direction, method)


__all__ = ["SCORE_RESAMPLES", "Score", "Scorer", "lost", "measured_scores", "subset"]
