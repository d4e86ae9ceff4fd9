"""Novelty at k: how seldom what is shown was taken before, as self-information in bits.

Higher is newer, which is not always better. An item that u of U users of the history took is worth log2(U / u); one that nobody took as
much as one that half a user took. Castells, Hurley & Vargas (2015), Novelty and Diversity in Recommender Systems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lists import AtKParams, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class NoveltyAtKParams(AtKParams):
    """The length of the list."""


class NoveltyAtK:
    """Mean over lists of the mean self-information of their first k items, in bits."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "bit"

    def __init__(self, params: NoveltyAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with the self-information of each item."""
        import numpy as np
        import pandas as pd

        from upshot.components.lists.events import Events

        events = Events.of(history)
        takers = np.diff(events.matrix().tocsc().indptr)
        at = events.items.get_indexer(pd.Index(predictions["item"]))
        count = np.where(at >= 0, takers[at], 0) if len(takers) else np.zeros(len(at))
        return predictions.assign(bits=np.log2(max(len(events.users), 1) / np.maximum(count, 0.5)))

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the mean; lists without an item do not count."""
        import numpy as np

        from upshot.components.lists.groups import Groups

        groups = Groups.of(cases)
        shown = predictions[predictions["rank"].to_numpy() <= self.params.k]
        entry = groups.code[shown["case"].to_numpy()]
        items = np.bincount(entry, minlength=groups.size)
        bits = np.bincount(entry, weights=shown["bits"].to_numpy(), minlength=groups.size)
        return over_lists(groups, bits / np.maximum(items, 1), items > 0)
