"""Rows in the order of (entity, time), and where each case's windows begin and end among them.

One sort serves all windows: the rows of a window of one entity are neighbours, so a window is two positions, and an aggregate over
it is a difference of two cumulative sums. Work grows as n log n, and no window is looped over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Timeline:
    """History rows sorted by entity and time, and cases that look back at them.

    Attributes:
        order: Positions of the history rows, sorted; shape (n,).
        keys: Entity and rank of the time in one number, sorted; shape (n,).
        moments: Distinct times of the history, ascending.
        entity: Entity code of each sorted case, -1 for none; shape (m,).
        now: Time of each case in ticks, in the order in which the cases came; shape (m,).
        cases: Positions of the cases, sorted by entity and time; shape (m,). All answers are in this order: neighbours look at
            neighbours, which is several times faster than looking all over the memory.
    """

    order: np.ndarray
    keys: np.ndarray
    moments: np.ndarray
    entity: np.ndarray
    now: np.ndarray
    cases: np.ndarray

    @classmethod
    def of(cls, row_entity: np.ndarray, row_time: np.ndarray, case_entity: np.ndarray, case_time: np.ndarray) -> Timeline:
        """Sort once.

        Args:
            row_entity: Entity code of each history row, >= 0; shape (n,).
            row_time: Time of each history row in ticks; shape (n,).
            case_entity: Entity code of each case in the same coding, -1 for none; shape (m,).
            case_time: Time of each case in ticks; shape (m,).
        """
        import numpy as np

        moments = _distinct(row_time)
        keys = row_entity * (len(moments) + 1) + np.searchsorted(moments, row_time)
        order = np.argsort(keys, kind="stable")
        cases = np.argsort(case_entity * (len(moments) + 1) + np.searchsorted(moments, case_time), kind="stable")
        return cls(order, keys[order], moments, case_entity[cases], case_time, cases)

    def until(self, back: int, *, strictly: bool = False) -> np.ndarray:
        """Per case the position after its entity's last row at or before `now - back` (before it, when strictly); shape (m,)."""
        import numpy as np

        rank = np.searchsorted(self.moments, self.now - back, side="left" if strictly else "right")
        after: np.ndarray = np.searchsorted(self.keys, self.entity * (len(self.moments) + 1) + rank[self.cases])
        return after

    def first(self) -> np.ndarray:
        """Per case the position of its entity's first row; shape (m,)."""
        import numpy as np

        start: np.ndarray = np.searchsorted(self.keys, self.entity * (len(self.moments) + 1))
        return start

    def row_times(self) -> np.ndarray:
        """Times of the sorted rows in ticks; shape (n,)."""
        times: np.ndarray = self.moments[self.keys % (len(self.moments) + 1)]
        return times


def _distinct(values: np.ndarray) -> np.ndarray:
    """Distinct values, ascending. `np.unique` hashes first, which for millions of distinct times is many times slower."""
    import numpy as np

    ascending = np.sort(values)
    is_new = np.ones(len(ascending), dtype=bool)
    is_new[1:] = ascending[1:] != ascending[:-1]
    return ascending[is_new]
