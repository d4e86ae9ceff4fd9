"""The lists that are asked for, with what their users took before, and the one way in which every model of lists fills them.

Lists are made in blocks: the scores of a block are made, what the user has had is taken out, and the best are kept. Nothing of the size
users x items is ever held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from upshot.components.lists.best import Best, best_of_dense, best_of_sparse, blocks
from upshot.components.lists.events import Events, tick_of
from upshot.components.lists.groups import Groups
from upshot.contracts.records import Cases

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Asked:
    """Lists and what is known of their users.

    Attributes:
        groups: The lists.
        history: The rows before the cases.
        events: All earlier events; items are the known ones, then those that only the history has.
        user: Code of each list's user, -1 where the history does not know it, int64, shape (lists,).
        known: Number of items that the model knows: codes below it are its own.
        tick: Ticks of one unit of age: a day on a clock, 1 on a counter.
    """

    groups: Groups
    history: Cases
    events: Events
    user: np.ndarray
    known: int
    tick: int

    @classmethod
    def of(cls, cases: Cases, history: Cases, items: pd.Index) -> Asked:
        """Find the lists and the earlier events of their users.

        Args:
            cases: Blind cases.
            history: All rows before them.
            items: Items that the model knows.
        """
        import pandas as pd

        groups = Groups.of(cases)
        events = Events.of(history, items=items)
        user = events.users.get_indexer(pd.Index(groups.user)).astype("int64")
        return cls(groups, history, events, user, len(items), tick_of(cases))

    @property
    def size(self) -> int:
        """Number of lists."""
        return self.groups.size

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """List, ascending, and position of an earlier event of its user; one entry for each event up to the list's moment."""
        import numpy as np

        start, end = self.events.starts[self.user], self.events.starts[self.user + 1]
        end = np.where(self.user >= 0, end, start)
        of_list = np.repeat(np.arange(self.size), end - start)
        offset = np.arange(len(of_list)) - np.repeat(np.cumsum(end - start) - (end - start), end - start)
        event = start[of_list] + offset
        before = self.events.time[event] <= self.groups.as_of[of_list]
        return of_list[before], event[before]

    @cached_property
    def age(self) -> np.ndarray:
        """Days, or steps, from each event of `pairs` to its list, float64."""
        of_list, event = self.pairs
        age: np.ndarray = (self.groups.as_of[of_list] - self.events.time[event]) / self.tick
        return age

    @cached_property
    def visits_ago(self) -> np.ndarray:
        """Visits from each event of `pairs` to the last one of its user."""
        ago: np.ndarray = self.events.visits_ago[self.pairs[1]]
        return ago

    def profile(self, weights: np.ndarray, items: int) -> csr_matrix:
        """Lists x the first `items` items, float32: the sum of the weights of the events of each pair.

        Args:
            weights: One for each entry of `pairs`.
            items: Items from here on are left out.
        """
        import numpy as np
        from scipy.sparse import csr_matrix

        of_list, event = self.pairs
        item = self.events.item[event]
        inside = (item < items) & (weights > 0)
        return csr_matrix((weights[inside].astype(np.float32), (of_list[inside], item[inside])), shape=(self.size, items))

    @cached_property
    def had(self) -> csr_matrix:
        """Lists x all items: 1 where the user has had the item."""
        import numpy as np
        from scipy.sparse import csr_matrix

        of_list, event = self.pairs
        ones = np.ones(len(of_list), dtype=np.float32)
        found = csr_matrix((ones, (of_list, self.events.item[event])), shape=(self.size, len(self.events.items)))
        found.data[:] = 1.0
        return found

    def best(self, k: int, score: Callable[[slice], csr_matrix | np.ndarray], *, without_had: bool) -> Best:
        """The k best items of every list.

        Args:
            k: Items a list.
            score: Scores of a slice of lists over the model's items: sparse, where only what is above 0 counts, or dense float32.
            without_had: Whether items that the user has had are left out.
        """
        import numpy as np

        found = []
        for part in blocks(self.size, self.known):
            scores = score(part)
            row, item = _entries(self.had[part]) if without_had else (np.zeros(0, dtype=np.int64),) * 2
            inside = item < self.known
            row, item = row[inside], item[inside]
            if isinstance(scores, np.ndarray):
                scores[row, item] = -np.inf
                found.append(best_of_dense(scores, k).shifted(part.start))
            else:
                hidden = np.zeros(scores.shape, dtype=bool)
                hidden[row, item] = True
                scores.data[hidden[_entries(scores)]] = 0.0
                found.append(best_of_sparse(scores, k).shifted(part.start))
        return Best.joined(found)

    def frame(self, best: Best) -> pd.DataFrame:
        """The lists as predictions: `case`, `item`, `rank`, `score` and `worst_rank`."""
        import numpy as np
        import pandas as pd

        return pd.DataFrame(
            {
                "case": self.groups.first[best.row],
                "item": self.events.items[best.item],
                "rank": best.rank,
                "score": best.score.astype(np.float64),
                "worst_rank": best.worst,
            }
        )


def _entries(matrix: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every stored entry, in the order of the data."""
    import numpy as np

    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices
