"""Mean average precision at k: the precision at each hit, over the most hits that k places could hold.

Higher is better. Baeza-Yates & Ribeiro-Neto (1999), Modern Information Retrieval, chapter 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lists import AtKParams, judged, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class MapAtKParams(AtKParams):
    """The length of the list."""


class MapAtK:
    """Mean over lists of the average precision, 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: MapAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where nothing was taken."""
        import numpy as np

        found = judged(predictions, cases)
        k = self.params.k
        hits = np.cumsum(found.hit & (found.rank <= k))
        begins = np.searchsorted(found.entry, found.entry)  # entries stand list by list
        so_far: np.ndarray = hits - np.where(begins > 0, hits[begins - 1], 0)
        sums = found.sums(k, so_far / found.rank)
        return over_lists(found.groups, sums / np.maximum(np.minimum(found.wanted, k), 1), found.wanted > 0)
