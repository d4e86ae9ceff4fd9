"""Hit rate at k: the share of lists with something that was taken among the first k.

Higher is better. Over all items, never sampled ones. Where one item is wanted a list it equals recall at k.
Deshpande & Karypis (2004), ACM Transactions on Information Systems 22(1), 143-177.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lists import AtKParams, judged, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class HitRateAtKParams(AtKParams):
    """The length of the list."""


class HitRateAtK:
    """Share of lists with a hit."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: HitRateAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where nothing was taken."""
        found = judged(predictions, cases)
        return over_lists(found.groups, (found.hits(self.params.k) > 0).astype("float64"), found.wanted > 0)
