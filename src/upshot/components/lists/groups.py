"""Which cases share a list: those of one user at one moment. The list is shown once, and stands at the first of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.lists.events import moments, user_column
from upshot.contracts.records import Cases

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Groups:
    """The lists that cases ask for.

    Attributes:
        code: The list of each case, numbered by first appearance, int64, shape (cases,).
        first: Position of the first case of each list, ascending, int64, shape (lists,).
        user: Name of the user of each list.
        as_of: Ticks at which each list is shown, int64, shape (lists,).
    """

    code: np.ndarray
    first: np.ndarray
    user: pd.Series
    as_of: np.ndarray

    @classmethod
    def of(cls, cases: Cases) -> Groups:
        """Find them; without an entity role each case has a list of its own."""
        import numpy as np
        import pandas as pd

        if not cases.roles.entities:
            every = np.arange(cases.size, dtype=np.int64)
            return cls(every, every, pd.Series(every), moments(cases))
        who = cases.rows.frame[user_column(cases)]
        now = moments(cases)
        users, times = pd.factorize(who)[0].astype(np.int64), pd.factorize(now)[0].astype(np.int64)
        if "as_of" not in cases.labels.columns:
            times = np.zeros(cases.size, dtype=np.int64)  # without a time a user has one list
        code, _ = pd.factorize(users * (int(times.max(initial=0)) + 1) + times)
        code = code.astype(np.int64)
        first = np.full(int(code.max(initial=-1)) + 1, cases.size, dtype=np.int64)
        np.minimum.at(first, code, np.arange(cases.size))
        return cls(code, first, who.iloc[first].reset_index(drop=True), now[first])

    @property
    def size(self) -> int:
        """Number of lists."""
        return len(self.first)
