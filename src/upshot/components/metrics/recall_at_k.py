"""Recall at k: of what was taken, the share that stood among the first k.

Higher is better. Nobody can find 30 items with 10 places, so `of: reachable` divides by the smaller of k and what was taken.
Herlocker, Konstan, Terveen & Riedl (2004), ACM Transactions on Information Systems 22(1), 5-53.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.metrics._lists import AtKParams, judged, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class RecallAtKParams(AtKParams):
    """The length of the list, and what a full score is."""

    of: Literal["taken", "reachable"] = Field("taken", description="Divide by all that was taken, or by the most that k places could hold.")


class RecallAtK:
    """Mean over lists of the share of taken items that were shown."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: RecallAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where nothing was taken."""
        import numpy as np

        found = judged(predictions, cases)
        most = found.wanted if self.params.of == "taken" else np.minimum(found.wanted, self.params.k)
        return over_lists(found.groups, found.hits(self.params.k) / np.maximum(most, 1), found.wanted > 0)
