"""Popularity bias at k: how much more popular what is shown is than what the same user took before.

0 is without bias, 1 is twice as popular; nearer to 0 is better, so lower is, down to it. Popularity is the number of users of the history
who took the item. Users without a history have no bias. Abdollahpouri et al. (2019), The Unfairness of Popularity Bias in Recommendation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lists import AtKParams, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class PopularityBiasAtKParams(AtKParams):
    """The length of the list."""


class PopularityBiasAtK:
    """Mean popularity of the first k items over that of the user's own, less 1; both are means over users."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: PopularityBiasAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with the popularity of each item, and the mean of that of the user's own."""
        import numpy as np
        import pandas as pd

        from upshot.components.lists.asked import Asked

        asked = Asked.of(cases, history, pd.Index([]))
        takers = np.diff(asked.events.matrix().tocsc().indptr).astype(np.float64)
        own = asked.had @ takers / np.maximum(np.diff(asked.had.indptr), 1)
        at = asked.events.items.get_indexer(pd.Index(predictions["item"]))
        shown = np.where(at >= 0, takers[at], 0.0) if len(takers) else np.zeros(len(at))
        return predictions.assign(popularity=shown, own_popularity=own[asked.groups.code[predictions["case"].to_numpy()]])

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the bias; NaN where no list has an item and a history."""
        import numpy as np

        from upshot.components.lists.groups import Groups

        groups = Groups.of(cases)
        first = predictions[predictions["rank"].to_numpy() <= self.params.k]
        entry = groups.code[first["case"].to_numpy()]
        items = np.maximum(np.bincount(entry, minlength=groups.size), 1)
        shown, own = (
            np.bincount(entry, weights=first[name].to_numpy(), minlength=groups.size) / items for name in ("popularity", "own_popularity")
        )
        above, below = over_lists(groups, shown, own > 0), over_lists(groups, own, own > 0)

        def score(weights: np.ndarray) -> float:
            return above(weights) / below(weights) - 1.0

        return score
