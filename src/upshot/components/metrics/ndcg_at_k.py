"""Normalised discounted cumulative gain at k: hits count less the lower they stand.

Higher is better. A hit at rank r is worth 1 / log2(1 + r), over what the best possible list of k would be worth. Jarvelin & Kekalainen
(2002), ACM TOIS 20(4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lists import AtKParams, judged, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class NdcgAtKParams(AtKParams):
    """The length of the list."""


class NdcgAtK:
    """Mean over lists of the discounted gain, 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: NdcgAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where nothing was taken."""
        found = judged(predictions, cases)
        return over_lists(found.groups, found.gain(self.params.k), found.wanted > 0)
