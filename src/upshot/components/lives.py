"""Cases as lives: which unit a row belongs to, how old it is, how long it was still seen, and whether that end was a failure.

Models, policies, rollouts, baselines and metrics of things that wear out all read these facts here, from labels made by a rule on
lives (`age`, `remaining`, `fails`), or from a plain column of remaining life.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.faults import rows_problem
from upshot.components.times import DAY, is_clock, ticks
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


def moments(cases: Cases, asker: str) -> pd.Series:
    """When each case falls.

    Args:
        cases: The cases; may be blind.
        asker: Who asks, for the message: "policy service_age".

    Raises:
        DataError: The cases have no time.
    """
    if "as_of" not in cases.labels.columns:
        rule = f"{asker} follows the cases in time: name the column under data.roles.time"
        raise DataError("the cases have no time", [Problem("data.roles.time", rule)])
    return cases.labels.frame["as_of"]


def unit_codes(cases: Cases, asker: str) -> np.ndarray:
    """The unit of each case (the first entity role), coded by first appearance, shape (n,).

    Raises:
        DataError: No column plays the role of an entity.
    """
    import numpy as np
    import pandas as pd

    if not cases.roles.entities:
        rule = f"{asker} follows each unit by itself: name the column under data.roles.entities"
        raise DataError("the cases have no units", [Problem("data.roles.entities", rule)])
    return np.asarray(pd.factorize(cases.rows.frame[cases.roles.entities[0]])[0])


def ages(cases: Cases, asker: str) -> np.ndarray:
    """The age of each case's unit, float64, shape (n,): as the labels have it, else the counter itself.

    Raises:
        DataError: The cases have timestamps, and labels that know no age.
    """
    import numpy as np
    import pandas as pd

    if "age" in cases.labels.columns:
        return cases.labels.frame["age"].to_numpy(dtype=np.float64)
    at = moments(cases, asker)
    if not pd.api.types.is_numeric_dtype(at):
        rule = f"{asker} needs each unit's age: count the time in cycles, or take labels made from lives"
        raise DataError("the cases have no age", [Problem(cases.roles.time or "data.roles.time", rule, str(at.dtype))])
    return at.to_numpy(dtype=np.float64)


def remaining(cases: Cases, asker: str) -> np.ndarray:
    """How long each case's unit was still seen, float64, shape (n,), >= 0; not capped where the labels know better.

    No longer than was known at the last moment at which an outcome of these cases was known: whoever learns or chooses from the rows of
    spring does not know which of their units failed in autumn.

    Raises:
        DataError: A label that stands for it is no finite number >= 0.
    """
    import numpy as np

    left = _remaining(cases, asker)
    known = _known(cases)
    return left if known is None else np.minimum(left, known)


def fails(cases: Cases) -> np.ndarray:
    """Whether the end of each case's unit is a failure that was known with the last outcome of these cases, bool, shape (n,)."""
    import numpy as np

    ends = np.ones(cases.size, dtype=bool)
    for name, turned in (("fails", False), ("censored", True)):
        if name in cases.labels.columns:
            flags = cases.labels.frame[name].to_numpy(dtype=bool)
            ends = np.logical_not(flags) if turned else flags
            break
    known = _known(cases)
    return ends if known is None else ends & (cases.labels.frame["remaining"].to_numpy(dtype=np.float64) <= known + ROUNDING)


ROUNDING = 1e-9
"""Days, or steps, within which two moments are one."""


def _known(cases: Cases) -> np.ndarray | None:
    """Time from each case to the last moment at which an outcome of the cases was known; None where nobody says."""
    if not {"remaining", "label_known_at", "as_of"} <= set(cases.labels.columns) or not cases.size:
        return None
    now, known = ticks(cases.labels.frame["as_of"]), ticks(cases.labels.frame["label_known_at"])
    spans: np.ndarray = (known.max() - now) / (DAY if is_clock(cases.labels.frame["as_of"]) else 1)
    return spans


def _remaining(cases: Cases, asker: str) -> np.ndarray:
    import numpy as np
    import pandas as pd

    if "remaining" in cases.labels.columns:
        return cases.labels.frame["remaining"].to_numpy(dtype=np.float64)
    rule = f"{asker} needs the remaining life: a finite number >= 0"
    where, label = cases.roles.target or "label", cases.labels.frame["label"]
    headline = "the outcome is no remaining life"
    if not pd.api.types.is_numeric_dtype(label):
        raise DataError(headline, [Problem(where, rule, str(label.dtype))])
    values = label.to_numpy(dtype=np.float64, na_value=np.nan)
    broken = ~(np.isfinite(values) & (values >= 0))
    if broken.any():
        raise DataError(headline, [rows_problem(where, rule, broken, label, "see labels.remaining_life and labels.failure_within")])
    return values


@dataclass(frozen=True)
class LifeOrder:
    """The cases sorted by unit and time, and where each unit's begin and end among them.

    Attributes:
        order: Positions of the cases, sorted, shape (n,).
        first: Place of each unit's first case in `order`, shape (units,).
        last: Place of each unit's last case, shape (units,).

    Example:
        >>> import numpy as np
        >>> LifeOrder.of(np.array([0, 1, 0]), np.array([5, 1, 2])).order.tolist()
        [2, 0, 1]
    """

    order: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, unit: np.ndarray, time: np.ndarray) -> LifeOrder:
        """Sort once.

        Args:
            unit: Unit of each case, integers >= 0.
            time: Time or age of each case.
        """
        import numpy as np

        order = np.lexsort((time, unit))
        first = np.flatnonzero(np.diff(unit[order], prepend=-1))
        return cls(order, first, np.append(first[1:], len(order)) - 1)

    def watched(self, time: np.ndarray, left: np.ndarray, fails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Until when each unit was watched, and whether it was seen to fail then; shape (units,).

        A failure is seen if it comes within the longest time between two cases of a unit after its last one. One that comes later, as
        where test units were cut off and only their end was told, is not: nobody decided on the unit until then.

        Args:
            time: Time of each case, in the order of `order`, in ticks.
            left: Ticks that each unit still lived after its last case.
            fails: Whether that end is a failure.
        """
        import numpy as np

        last, inner = time[self.last], np.ones(len(time), dtype=bool)
        inner[self.first] = False
        steps = np.diff(time, prepend=0)[inner]
        seen = left <= (steps.max() if len(steps) else np.inf)
        return np.where(seen, last + left, last), fails & seen

    def first_true(self, flags: np.ndarray) -> np.ndarray:
        """Place in `order` of each unit's first True among `flags` (in the order of `order`), or of its last case + 1 without one."""
        import numpy as np

        true_at = np.append(np.flatnonzero(flags), len(flags))
        found: np.ndarray = np.minimum(true_at[np.searchsorted(true_at, self.first)], self.last + 1)
        return found
