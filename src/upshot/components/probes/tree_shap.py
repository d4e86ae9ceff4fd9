"""Drivers by TreeSHAP: how much each column moves a prediction away from the mean, computed exactly by the tree library itself.

A contribution is in the unit of the raw prediction, before link and calibration: log-odds for a probability. It says what the model looks at,
not what would happen if the world changed, and nothing of money: `permutation` says that.

Source:
    Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees, Nature Machine Intelligence 2, 56-67.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.probes._losses import rows_text
from upshot.contracts.components import Bench, Trial
from upshot.contracts.params import Params
from upshot.contracts.records import Breakdown, DecisionKind, Entry, Measured, PredictionKind, Spec
from upshot.contracts.tables import Map
from upshot.value.intervals import interval_of_ratio

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SIZE, SHARE, SLOPE = "mean_abs_contribution", "share", "direction"


class TreeShapParams(Params):
    """How many rows, and what is counted together."""

    rows: int | None = Field(1_000, ge=100, description="So many test rows, drawn by the seed; all of them for null.")
    by: Literal["feature", "column"] = Field(
        "column", description="column: each encoded column; feature: the contributions of all columns of a feature, added up."
    )


class TreeShap:
    """One entry a column, the largest first.

    `mean_abs_contribution` is the mean size; `share` that of all of them; `direction` the rank correlation of value and contribution: 1
    where higher values always raise the prediction, -1 where they lower it, undefined for categories and for features of several columns.

    Args:
        params: How many rows, and what is counted together.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]] = Map()
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    uses: tuple[str, ...] = ("features",)
    asks: tuple[str, ...] = ("contributions",)

    def __init__(self, params: TreeShapParams) -> None:
        self.params = params

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Size, share and direction of each column."""
        return (SIZE, SHARE, SLOPE)

    def inspect(self, bench: Bench) -> Breakdown:
        """Explain the drawn rows."""
        trial = bench.trial(self.params.rows, whole_blocks=False)
        found, unit = trial.contributions()
        groups = trial.features if self.params.by == "feature" else {str(name): (str(name),) for name in trial.encoded}
        sizes = {name: found[list(columns)].sum(axis=1).abs().to_numpy() for name, columns in groups.items()}
        total = sum(float(size.mean()) for size in sizes.values())
        entries = [
            Entry(name, trial.cases.size, Map(self._measures(trial, found, groups[name], size, total, unit, bench.tested.seed)))
            for name, size in sizes.items()
        ]
        title = f"what each {self.params.by} adds to the raw prediction, in {unit}, {rows_text(trial, bench, whole=False)}"
        return Breakdown("drivers", title, tuple(sorted(entries, key=lambda e: -e.measures[SIZE].value)), block=trial.cases.block)

    def _measures(
        self, trial: Trial, found: pd.DataFrame, columns: tuple[str, ...], size: np.ndarray, total: float, unit: str, seed: int
    ) -> dict[str, Measured]:
        import numpy as np

        known, codes = np.unique(trial.cases.labels.frame["block"].to_numpy(), return_inverse=True)
        blocks, n = len(known), trial.cases.size
        ends = interval_of_ratio(np.bincount(codes, weights=size), np.bincount(codes).astype(float), seed=seed)
        low, high = ends if ends is not None else (None, None)
        mean, kind = float(size.mean()), f"{blocks:,} {trial.cases.block} blocks"
        method = f"studentised block bootstrap of {kind}, 95 %" if ends else f"no interval: {kind}"
        measures = {
            SIZE: Measured(mean, low, high, n, blocks, unit, "maximize", method),
            SHARE: Measured(mean / total if total else 0.0, None, None, n, 0, "share", "maximize", "of the sum over all"),
        }
        if len(columns) == 1:
            slope = _rank_correlation(trial.encoded[columns[0]], found[columns[0]])
            measures[SLOPE] = Measured(slope, None, None, n, 0, "1", "maximize", "Spearman's rank correlation of value and contribution")
        return measures


def _rank_correlation(values: pd.Series, contribution: pd.Series) -> float:
    """Spearman's correlation over the rows with a value; NaN where either is constant, or the values are categories."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(values):
        return float("nan")
    there = values.notna()
    left, right = values[there].rank(), contribution[there].rank()
    spread = float(left.std()) * float(right.std()) if there.sum() > 1 else 0.0
    return float(left.cov(right)) / spread if spread > 0 else float("nan")
