"""Rows in the order of (entity, time), and where each case's windows begin and end among them.

One sort serves all windows: the rows of a window of one entity are neighbours, so a window is two positions, and an aggregate over
it comes from cumulative sums. Cases are sorted alike, so the windows' ends only ever rise. Work grows as n log n, and no window is
looped over.

Positions are 32 bits wide: half the memory, and two thousand million rows of one table do not fit elsewhere either.
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
        order: Positions of the history rows, sorted; int32, shape (n,).
        keys: Entity and rank of the time in one number, sorted; shape (n,).
        moments: Distinct times of the history, ascending.
        entity: Entity code of each sorted case, -1 for none; int32, shape (m,).
        came: Time of each case in ticks, in the order in which the cases came, mostly that of time; shape (m,).
        cases: Positions of the cases, sorted by entity and time; int32, shape (m,). All answers are in this order: neighbours look at
            neighbours, which is several times faster than looking all over the memory.
    """

    order: np.ndarray
    keys: np.ndarray
    moments: np.ndarray
    entity: np.ndarray
    came: np.ndarray
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
        order = _sorted(row_entity, row_time)
        keys = np.searchsorted(moments, row_time)[order]
        keys += row_entity[order].astype(np.int64) * (len(moments) + 1)
        cases = _sorted(case_entity, case_time)
        return cls(order, keys, moments, case_entity[cases], case_time, cases)

    def until(self, back: int, *, strictly: bool = False) -> np.ndarray:
        """Per case the position after its entity's last row at or before `now - back` (before it, when strictly); int32, never falling."""
        import numpy as np

        rank = np.searchsorted(self.moments, self.came - back, side="left" if strictly else "right")
        wanted = rank[self.cases]
        del rank
        wanted += self._base()
        after: np.ndarray = np.searchsorted(self.keys, wanted).astype(np.int32)
        return after

    def first(self) -> np.ndarray:
        """Per case the position of its entity's first row; int32, shape (m,)."""
        import numpy as np

        return np.searchsorted(self.keys, self._base()).astype(np.int32)

    @property
    def now(self) -> np.ndarray:
        """Time of each sorted case in ticks; shape (m,)."""
        now: np.ndarray = self.came[self.cases]
        return now

    def row_times(self) -> np.ndarray:
        """Times of the sorted rows in ticks; shape (n,)."""
        times: np.ndarray = self.moments[self.keys % (len(self.moments) + 1)]
        return times

    def row_entities(self) -> np.ndarray:
        """Entity codes of the sorted rows; shape (n,)."""
        entities: np.ndarray = self.keys // (len(self.moments) + 1)
        return entities

    def since(self, entity: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Position of the first sorted case of an entity at or after a moment, or of the case after its last one; shape of the two."""
        import numpy as np

        times = _distinct(self.came)
        keys = self.entity.astype(np.int64) * (len(times) + 1) + np.searchsorted(times, self.came)[self.cases]
        return np.searchsorted(keys, entity * (len(times) + 1) + np.searchsorted(times, moment))

    def _base(self) -> np.ndarray:
        """Key of each case's entity before all times."""
        import numpy as np

        return self.entity.astype(np.int64) * (len(self.moments) + 1)


def _sorted(entity: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Positions in the order of entity and time, equal ones as they came; rows that come in time order are not sorted by it again."""
    import numpy as np

    in_time = len(time) < 2 or bool((time[1:] >= time[:-1]).all())
    order = np.argsort(entity, kind="stable") if in_time else np.lexsort((time, entity))
    return order.astype(np.int32)


def _distinct(values: np.ndarray) -> np.ndarray:
    """Distinct values, ascending. `np.unique` hashes first, which for millions of distinct times is many times slower."""
    import numpy as np

    ascending = np.sort(values)
    is_new = np.ones(len(ascending), dtype=bool)
    is_new[1:] = ascending[1:] != ascending[:-1]
    return ascending[is_new]
