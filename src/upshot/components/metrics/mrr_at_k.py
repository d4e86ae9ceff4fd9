"""Mean reciprocal rank at k: how high the first hit stands.

Higher is better; 1 / rank of the first hit, 0 beyond k. Voorhees (1999), TREC-8 question answering track report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lists import AtKParams, judged, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class MrrAtKParams(AtKParams):
    """The length of the list."""


class MrrAtK:
    """Mean over lists of 1 / rank of the first hit."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: MrrAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where nothing was taken."""
        import numpy as np

        found = judged(predictions, cases)
        first = np.full(found.groups.size, np.inf)
        within = found.hit & (found.rank <= self.params.k)
        np.minimum.at(first, found.entry[within], found.rank[within].astype(np.float64))
        return over_lists(found.groups, 1.0 / first, found.wanted > 0)
