"""Hit rate at k: the share of cases whose item stands among the first k.

Higher is better. One item is wanted a case, so it equals recall at k; over all items, never sampled ones (Krichene & Rendle 2020, KDD).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, hits, mean_scorer
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class HitRateAtKParams(Params):
    """The length of the list."""

    k: int = Field(10, ge=1, description="Items looked at; must not exceed what the model gives.")


class HitRateAtK:
    """Share of cases with a hit."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: HitRateAtKParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, rank = hits(predictions, cases, self.params.k)
        return mean_scorer(at, np.isfinite(rank).astype(np.float64))
