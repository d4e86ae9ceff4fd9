"""Lists held against what was taken: which entries are hits, and at which honest rank.

All items are ranked, never a sample of them (Krichene & Rendle 2020, On Sampled Metrics for Item Recommendation, KDD). Items of equal
score stand against the model: a hit counts at `worst_rank` where the model gives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.lists.groups import Groups
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Judged:
    """Lists beside their outcomes.

    Attributes:
        groups: The lists that the cases ask for.
        wanted: Number of different items taken, by list, shape (lists,).
        entry: The list of each entry, shape (entries,).
        rank: Honest rank of each entry, shape (entries,).
        hit: Whether the entry was taken, shape (entries,).
    """

    groups: Groups
    wanted: np.ndarray
    entry: np.ndarray
    rank: np.ndarray
    hit: np.ndarray

    @classmethod
    def of(cls, lists: pd.DataFrame, cases: Cases) -> Judged:
        """Match them.

        Args:
            lists: Columns `case`, `item`, `rank` and perhaps `worst_rank`.
            cases: What was taken, as their labels; censored cases, those that are not asked for, and nulls are no outcome.

        Raises:
            DataError: Items of the lists and of the outcomes are of different types, so that none could ever match.
        """
        import numpy as np
        import pandas as pd

        groups = Groups.of(cases)
        labels = cases.labels.frame["label"]
        seen = asked_for(cases) & labels.notna().to_numpy()
        of_one_type(lists["item"], labels, cases.roles.item or "label")
        code, items = pd.factorize(labels[seen])
        pairs = np.unique(groups.code[seen] * max(len(items), 1) + code)
        wanted = np.bincount(pairs // max(len(items), 1), minlength=groups.size)
        entry = groups.code[lists["case"].to_numpy()]
        shown = pd.Index(items).get_indexer(pd.Index(lists["item"]))
        key = entry * max(len(items), 1) + shown
        at = np.minimum(np.searchsorted(pairs, key), max(len(pairs) - 1, 0))
        hit = (shown >= 0) & (pairs[at] == key) if len(pairs) else np.zeros(len(entry), dtype=bool)
        rank = lists["worst_rank" if "worst_rank" in lists.columns else "rank"].to_numpy()
        return cls(groups, wanted, entry, rank, hit)

    def sums(self, k: int, values: np.ndarray) -> np.ndarray:
        """Sum over the hits of each list among its first k; shape (lists,).

        Args:
            k: Places that count.
            values: One for each entry.
        """
        import numpy as np

        within = self.hit & (self.rank <= k)
        sums: np.ndarray = np.bincount(self.entry[within], weights=values[within], minlength=self.groups.size)
        return sums

    def hits(self, k: int) -> np.ndarray:
        """Hits among the first k places, by list."""
        import numpy as np

        return self.sums(k, np.ones(len(self.entry)))

    def gain(self, k: int) -> np.ndarray:
        """Normalised discounted cumulative gain among the first k places, by list; 0 where nothing was taken."""
        import numpy as np

        discount = 1.0 / np.log2(np.arange(2, k + 2))
        ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(self.wanted, k)]
        return self.sums(k, 1.0 / np.log2(1.0 + self.rank)) / np.where(ideal > 0, ideal, 1.0)


def asked_for(cases: Cases) -> np.ndarray:
    """Cases whose outcome counts: seen to its end, and asked for; bool, shape (cases,)."""
    import numpy as np

    counts = np.zeros(cases.size, dtype=bool)
    counts[cases.seen()] = True
    return counts & cases.labels.frame["asked"].to_numpy(dtype=bool) if "asked" in cases.labels.columns else counts


def of_one_type(shown: pd.Series, taken: pd.Series, where: str) -> None:
    """Refuse lists whose items could never equal an outcome.

    Raises:
        DataError: One side is numbers, the other is not.
    """
    import pandas as pd

    known = taken.dropna()
    if len(shown) and len(known) and pd.api.types.is_numeric_dtype(shown) != pd.api.types.is_numeric_dtype(known):
        rule = "items of the ranking and of the outcomes must be of one type"
        raise DataError("rankings cannot be compared with outcomes", [Problem(where, rule, f"{shown.dtype} and {taken.dtype}")])
