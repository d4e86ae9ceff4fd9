"""Drivers by permutation: a feature matters as much as is lost without it, and it is "without it" once its values stand at other cases.

By default a whole feature is shuffled at once, all its columns by one permutation: shuffling one of three windows of the same history loses
little, because the other two still tell, and three columns that look unimportant can be the most important feature. What is lost is told in
scores and in money: predicted, decided, played and valued again.

Source:
    Breiman (2001), Random Forests, Machine Learning 45(1), 5-32; Fisher, Rudin & Dominici (2019), All Models are Wrong, but Many are
    Useful, JMLR 20(177).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.probes._losses import Losses, LossParams, rows_text
from upshot.contracts.components import Bench, Trial
from upshot.contracts.records import Breakdown, DecisionKind, Entry, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class PermutationParams(LossParams):
    """What is shuffled, and how often."""

    by: Literal["feature", "column"] = Field(
        "feature", description="feature: all columns of a feature of the recipe together; column: each encoded column alone."
    )
    repeats: int = Field(3, ge=1, le=100, description="Shuffles of each; what is lost is their mean.")


class Permutation:
    """One entry a feature, what costs most first.

    Args:
        params: What is shuffled, and what is measured.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    uses: tuple[str, ...] = ("features",)
    asks: tuple[str, ...] = ()

    def __init__(self, params: PermutationParams) -> None:
        self.params = params
        self.wants = params.wanted()

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """What is lost of each metric and of the objective."""
        return self.params.names(declared)

    def inspect(self, bench: Bench) -> Breakdown:
        """Shuffle each feature and measure what is lost."""
        import numpy as np

        trial = bench.trial(self.params.rows)
        losses = Losses(bench, trial, self.params)
        entries = []
        for number, (name, columns) in enumerate(self._shuffled(trial).items()):
            draw = np.random.default_rng([bench.tested.seed, 5, number])
            entries.append(losses.entry(name, [shuffled(trial.encoded, columns, draw) for _ in range(self.params.repeats)]))
        by = next(reversed(self.params.names({"metrics": tuple(bench.metrics)})), "")  # money where it is measured
        what = "feature's" if self.params.by == "feature" else "column's"
        title = f"what is lost when a {what} values are shuffled, {rows_text(trial, bench)}"
        return Breakdown("drivers", title, tuple(sorted(entries, key=lambda entry: _rank(entry, by))), block=trial.cases.block)

    def _shuffled(self, trial: Trial) -> Mapping[str, tuple[str, ...]]:
        return trial.features if self.params.by == "feature" else {str(name): (str(name),) for name in trial.encoded}


def shuffled(X: pd.DataFrame, columns: tuple[str, ...], draw: np.random.Generator) -> pd.DataFrame:
    """X with some columns in another order of the rows, the same for all of them.

    Example:
        >>> import numpy as np, pandas as pd
        >>> X = pd.DataFrame({"a": [1, 2, 3], "b": [10, 20, 30], "c": [7, 8, 9]})
        >>> found = shuffled(X, ("a", "b"), np.random.default_rng(0))
        >>> (found["b"] == 10 * found["a"]).all(), found["c"].tolist(), sorted(found["a"])
        (np.True_, [7, 8, 9], [1, 2, 3])
    """
    order = draw.permutation(len(X))
    return X.assign(**{name: X[name].array.take(order) for name in columns})


def _rank(entry: Entry, measure: str) -> float:
    """The largest loss first, the undefined ones before."""
    found = entry.measures.get(measure)
    return float("-inf") if found is None or found.value != found.value else -found.value
