"""Alarms of units: when a prediction passes a threshold, whether a failure followed, and how long before.

An alarm is a stretch of cases of one unit that pass, so that a unit that stays bad for a week is one alarm and not seven. It is true when
the unit fails within a horizon of it, and in time when it was raised long enough before to do something. Where watching ended within the
horizon nobody knows, and the alarm is neither. Policies, metrics and sections all read alarms here.

Source:
    Precision and recall by event rather than by row, after Tatbul, Lee, Zdonik, Alam and Gottschlich (2018), Precision and recall for time
    series, NeurIPS; lead time as in Saxena, Celaya, Saha, Saha and Goebel (2010), Metrics for offline evaluation of prognostic
    performance, International Journal of Prognostics and Health Management 1(1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.lives import LifeOrder, fails, moments, remaining, unit_codes
from upshot.components.times import DAY, is_clock, ticks
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


def looked_at(predictions: pd.DataFrame, level: float, where: str) -> tuple[np.ndarray, int]:
    """The number of each case that a threshold is held against, and whether more of it is more urgent (1) or less (-1).

    Args:
        predictions: Of kind probability, anomaly, point (remaining life) or quantiles (of it).
        level: Which quantile is looked at.
        where: Key of the level, for the message.

    Raises:
        DataError: There is no such quantile.
    """
    import numpy as np

    wanted: Sequence[tuple[str, int]] = (("probability", 1), ("anomaly", 1), ("point", -1), (f"q{level:g}", -1))
    for name, sign in wanted:
        if name in predictions.columns:
            return predictions[name].to_numpy(dtype=np.float64), sign
    known = ", ".join(name[1:] for name in predictions.columns if str(name).startswith("q"))
    problem = Problem(where, "must be one of the predicted levels", f"{level:g}", f"they are {known}")
    raise DataError("the predictions cannot be held against a threshold", [problem])


def held(urgency: np.ndarray, first: np.ndarray, unit: np.ndarray, confirm: int) -> np.ndarray:
    """The lowest urgency among the last `confirm` cases of the unit; minus infinity before there are so many.

    Args:
        urgency: Of cases in the order of unit and time, shape (n,).
        first: Where each unit begins.
        unit: Unit of each case, 0, 1, ...
        confirm: Cases in a row.

    Example:
        >>> import numpy as np
        >>> held(np.array([3.0, 5.0, 4.0]), np.array([0]), np.array([0, 0, 0]), 2).tolist()
        [-inf, 3.0, 4.0]
    """
    import numpy as np

    rank = np.arange(len(urgency)) - first[unit]
    lowest = urgency.copy()
    for back in range(1, confirm):
        lowest[back:] = np.minimum(lowest[back:], urgency[:-back])
    found: np.ndarray = np.where(rank >= confirm - 1, lowest, -np.inf)
    return found


@dataclass(frozen=True)
class Watch:
    """Units as they were watched, in order; times in ticks from the first moment at hand, shape (units,).

    Attributes:
        order: The cases by unit and time.
        time: Time of each case in that order, shape (n,).
        unit: Unit of each case in that order.
        begin: First case of each unit.
        until: When it failed, or was no longer watched.
        fails: Whether it failed.
        scale: Ticks in a step, or in a day.
    """

    order: LifeOrder
    time: np.ndarray
    unit: np.ndarray
    begin: np.ndarray
    until: np.ndarray
    fails: np.ndarray
    scale: int

    @classmethod
    def of(cls, cases: Cases, asker: str) -> Watch:
        """Read it from the outcomes.

        Raises:
            DataError: The cases have no unit, time or remaining life.
        """
        import numpy as np

        at = moments(cases, asker)
        scale = DAY if is_clock(at) else 1
        now = ticks(at)
        now = now - now.min(initial=2**62)
        lives = LifeOrder.of(unit_codes(cases, asker), now)
        order, last = lives.order, lives.last
        left = np.rint(remaining(cases, asker)[order][last] * scale).astype(np.int64)
        unit = np.repeat(np.arange(len(last)), last - lives.first + 1)
        time = now[order]
        until, seen = lives.watched(time, left, fails(cases)[order][last])
        return cls(lives, time, unit, time[lives.first], until, seen, scale)

    def alarms(self, passes: np.ndarray, horizon: int, lead: int) -> Alarms:
        """The alarms of cases that pass.

        Args:
            passes: Bool, in the order of `order`, shape (n,).
            horizon: Ticks before a failure from which on an alarm is true.
            lead: Ticks before a failure up to which it is in time.
        """
        import numpy as np

        before = np.append(False, passes[:-1] & (self.unit[1:] == self.unit[:-1])) if len(passes) else passes
        starts = np.flatnonzero(passes & ~before)
        after = np.append(passes[1:] & (self.unit[1:] == self.unit[:-1]), False) if len(passes) else passes
        ends = np.flatnonzero(passes & ~after)
        unit = self.unit[starts]
        begin, end, until = self.time[starts], self.time[ends], self.until[unit]
        near = end >= until - horizon
        true, unknown = near & self.fails[unit], near & ~self.fails[unit]
        in_time = true & (begin <= until - lead)
        return Alarms(starts, unit, begin, end, true, unknown, in_time)


@dataclass(frozen=True)
class Alarms:
    """One entry an alarm, in the order of unit and time.

    Attributes:
        place: Where it begins among the sorted cases.
        unit: Whose it is.
        begin: When it was raised, in ticks from the first moment at hand.
        end: The last case that passes.
        true: Whether the unit failed within the horizon of it.
        unknown: Whether watching ended within the horizon of it, without a failure.
        in_time: Whether it is true and was raised long enough before the failure.
    """

    place: np.ndarray
    unit: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    true: np.ndarray
    unknown: np.ndarray
    in_time: np.ndarray

    def leads(self, watch: Watch) -> np.ndarray:
        """Ticks from the first alarm in time to the failure of each unit, -1 for a unit without; shape (units,)."""
        import numpy as np

        found = np.full(len(watch.until), -1, dtype=np.int64)
        units, first = np.unique(self.unit[self.in_time], return_index=True)
        found[units] = watch.until[units] - self.begin[self.in_time][first]
        return found
