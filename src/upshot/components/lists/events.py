"""Who took what, and when, as codes: the rows of a use case in the order in which each user took them.

Rows of one user at one moment are one visit, because nobody knows which of them came first. Recency is counted in visits, so that an
invoice of fifty lines does not push everything before it fifty places back. Rows without an item are visits on which nothing was taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from upshot.components.times import DAY, is_clock, ticks
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Events:
    """Events sorted by user and time; those of one moment keep the order of the data.

    Attributes:
        users: Names of the users, by code.
        items: Names of the items, by code.
        user: Code of the user, int64, shape (n,).
        item: Code of the item, int64, shape (n,).
        time: Ticks, int64, shape (n,).
        row: Position among the cases that they come from, int64, shape (n,).
    """

    users: pd.Index
    items: pd.Index
    user: np.ndarray
    item: np.ndarray
    time: np.ndarray
    row: np.ndarray

    @classmethod
    def of(cls, cases: Cases, *, users: pd.Index | None = None, items: pd.Index | None = None) -> Events:
        """Read the events of cases that are not blind.

        Args:
            cases: One row an event; the first entity is the user, the label is the item.
            users: Only events of these users count, in their codes; all in the order of their names where left out.
            items: Known items, whose codes stay; others are added behind them.

        Raises:
            DataError: No role names the user.
        """
        import numpy as np
        import pandas as pd

        labels = cases.labels.frame["label"]
        taken = np.flatnonzero(labels.notna().to_numpy())
        codes, names = _coded(labels, taken)
        if items is not None:
            codes, names = _added(items, names)[codes], items.append(names[items.get_indexer(names) < 0])
        who = cases.rows.frame[user_column(cases)]
        if users is None:
            user, users = _coded(who, taken)
        else:
            user = users.get_indexer(pd.Index(who.iloc[taken]))
        mine = user >= 0
        row, user, codes = taken[mine], user[mine].astype(np.int64), codes[mine].astype(np.int64)
        time = moments(cases)[row]
        order = np.lexsort((time, user))
        return cls(users, names, user[order], codes[order], time[order], row[order])

    @property
    def size(self) -> int:
        """Number of events."""
        return len(self.user)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each user's events begin, and where the last one's end; shape (users + 1,)."""
        import numpy as np

        return np.searchsorted(self.user, np.arange(len(self.users) + 1))

    @cached_property
    def visit(self) -> np.ndarray:
        """Number of the visit among its user's, from 0, shape (n,).

        Example:
            >>> import numpy as np, pandas as pd
            >>> one = pd.Index(["a"])
            >>> events = Events(one, one, np.zeros(4, int), np.zeros(4, int), np.array([3, 3, 5, 9]), np.arange(4))
            >>> events.visit.tolist(), events.visits_ago.tolist()
            ([0, 0, 1, 2], [2, 2, 1, 0])
        """
        import numpy as np

        if not self.size:
            return np.zeros(0, dtype=np.int64)
        begins = np.ones(self.size, dtype=bool)
        begins[1:] = (np.diff(self.user) != 0) | (np.diff(self.time) != 0)
        number = np.cumsum(begins) - 1
        visit: np.ndarray = number - number[self.starts[self.user]]
        return visit

    @cached_property
    def visits_ago(self) -> np.ndarray:
        """Visits from this one to the last of its user, 0 for the last, shape (n,)."""
        last: np.ndarray = self.visit[self.starts[self.user + 1] - 1] - self.visit
        return last

    def take(self, chosen: np.ndarray) -> Events:
        """Some of the events, in their order; users and items keep their codes."""
        return Events(self.users, self.items, self.user[chosen], self.item[chosen], self.time[chosen], self.row[chosen])

    def matrix(self, weights: np.ndarray | None = None) -> csr_matrix:
        """Users x items, float32: the sum of the weights of a pair's events, or 1 for each pair without weights."""
        import numpy as np
        from scipy.sparse import csr_matrix

        data = np.ones(self.size, dtype=np.float32) if weights is None else weights.astype(np.float32)
        found = csr_matrix((data, (self.user, self.item)), shape=(len(self.users), len(self.items)))
        if weights is None:
            found.data[:] = 1.0
        return found


def together(first: Cases, second: Cases) -> Cases:
    """The rows of both, the second behind the first."""
    if not first.size or not second.size:
        return second if second.size else first
    from dataclasses import replace

    import pandas as pd

    from upshot.contracts.tables import Table

    def both(name: str) -> Table:
        one, other = getattr(first, name), getattr(second, name)
        return Table.lazy(one.rows + other.rows, one.columns, lambda: pd.concat([one.frame, other.frame], ignore_index=True))

    return replace(first, rows=both("rows"), labels=both("labels"))


def user_column(cases: Cases) -> str:
    """The column of the user: the first of the entities.

    Raises:
        DataError: No role names it.
    """
    if not cases.roles.entities:
        problem = Problem("data.roles.entities", "must name the column of the user", "none")
        raise DataError("a ranking needs to know whom a row belongs to", [problem])
    return cases.roles.entities[0]


def moments(cases: Cases) -> np.ndarray:
    """When each case is decided on, int64 ticks, shape (n,); the position of the row where the cases have no time."""
    import numpy as np

    if "as_of" not in cases.labels.columns:
        return np.arange(cases.size, dtype=np.int64)
    return ticks(cases.labels.frame["as_of"])


def tick_of(cases: Cases) -> int:
    """Ticks of one unit of age: a day where the cases have a clock, else 1."""
    return DAY if "as_of" in cases.labels.columns and is_clock(cases.labels.frame["as_of"]) else 1


def _coded(values: pd.Series, rows: np.ndarray) -> tuple[np.ndarray, pd.Index]:
    """Codes of the values at these rows, in the order of the names, and the names."""
    import pandas as pd

    codes, names = pd.factorize(values.iloc[rows], sort=True)
    return codes, pd.Index(names)


def _added(known: pd.Index, names: pd.Index) -> np.ndarray:
    """Code of each name: that of the known one, or the next free one."""
    import numpy as np

    codes = known.get_indexer(names)
    new = codes < 0
    codes[new] = len(known) + np.arange(int(new.sum()))
    return codes
