"""Diversity at k: how different the items of one list are from each other.

Higher is more diverse; 1 where no two are alike. With `by` two items are alike when the column says so (their category); without, as far
as the same users took them (cosine). Intra-list diversity: Ziegler et al. (2005), Improving recommendation lists through topic
diversification, WWW.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._lists import AtKParams, over_lists
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class DiversityAtKParams(AtKParams):
    """The length of the list, and what makes two items alike."""

    by: str | None = Field(
        None, description="Column of items whose equal values make two alike, such as category; null goes by who took them."
    )


class DiversityAtK:
    """One less the mean likeness of two items of a list, mean over lists of at least two items."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: DiversityAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with the likeness of each entry to those above it on its list, summed."""
        from upshot.components.lists.groups import Groups

        within = predictions["rank"].to_numpy() <= self.params.k
        shown = predictions[within]
        entry = Groups.of(cases).code[shown["case"].to_numpy()]
        alike = predictions.assign(alike=0.0)
        alike.loc[within, "alike"] = self._alike(shown, entry, history)
        return alike

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the mean; NaN where no list has two items."""
        import numpy as np

        from upshot.components.lists.groups import Groups

        groups = Groups.of(cases)
        shown = predictions[predictions["rank"].to_numpy() <= self.params.k]
        entry = groups.code[shown["case"].to_numpy()]
        items = np.bincount(entry, minlength=groups.size)
        alike = np.bincount(entry, weights=shown["alike"].to_numpy(), minlength=groups.size)
        return over_lists(groups, 1.0 - alike / np.maximum(items * (items - 1) / 2, 1), items > 1)

    def _alike(self, shown: pd.DataFrame, entry: np.ndarray, history: Cases) -> np.ndarray:
        """Sum of the likeness to the entries before it in the same list, one for each entry."""
        import numpy as np
        import pandas as pd

        from upshot.components.lists.events import Events
        from upshot.components.lists.facts import item_values

        if self.params.by is not None:
            items = pd.Index(pd.unique(shown["item"]))
            values = item_values(history, self.params.by, items, "metrics.diversity_at_k.by")
            kind = pd.factorize(values)[0][items.get_indexer(pd.Index(shown["item"]))]
            before: np.ndarray = pd.DataFrame({"list": entry, "kind": kind}).groupby(["list", "kind"]).cumcount().to_numpy()
            return np.where(kind >= 0, before, 0).astype(np.float64)
        events = Events.of(history)
        takers = events.matrix().T.tocsr()
        norm = np.sqrt(np.maximum(np.diff(takers.indptr), 1))
        at = events.items.get_indexer(pd.Index(shown["item"]))
        alike = np.zeros(len(at))
        start = np.searchsorted(entry, entry)
        place = np.arange(len(entry)) - start
        for apart in range(1, int(place.max(initial=0)) + 1):
            later = np.flatnonzero((place >= apart) & (at >= 0))
            later = later[at[later - apart] >= 0]
            one, other = at[later], at[later - apart]
            pairs, back = np.unique(one * len(events.items) + other, return_inverse=True)  # many lists hold the same pair
            first, second = np.divmod(pairs, len(events.items))
            shared = np.asarray(takers[first].multiply(takers[second]).sum(axis=1)).ravel()
            alike[later] += (shared / (norm[first] * norm[second]))[back]
        return alike
