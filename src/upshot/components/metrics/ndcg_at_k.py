"""Normalised discounted cumulative gain at k: hits count less the lower they stand.

Higher is better. One item is wanted a case, so a hit at rank r is worth 1 / log2(1 + r). Jarvelin & Kekalainen (2002), ACM TOIS 20(4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, hits, mean_scorer
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class NdcgAtKParams(Params):
    """The length of the list."""

    k: int = Field(10, ge=1, description="Items looked at; must not exceed what the model gives.")


class NdcgAtK:
    """Mean of 1 / log2(1 + rank) of the wanted item, 0 beyond k."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: NdcgAtKParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, rank = hits(predictions, cases, self.params.k)
        return mean_scorer(at, 1.0 / np.log2(1.0 + rank))
