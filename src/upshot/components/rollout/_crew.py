"""Services that wait for a spare part and for a crew: when each is done, or whether the unit fails first.

Time goes by periods. In each, the crew does as many services as it has hands for: those whose part is there, the most urgent first,
then those that have waited longest. A unit that fails while it waits needs no service any more. All times are ticks of one clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np

NEVER = 2**62
"""A tick after all others."""
MOST_PERIODS = 100_000


@dataclass(frozen=True)
class Crew:
    """How many services are done in a period, and what else the crew is called to.

    Attributes:
        size: Services a period; None for no limit.
        period: Ticks of a period, counted from the first moment at hand.
        repairs: Whether units that broke down are repaired by the same crew, before any service.
    """

    size: int | None
    period: int
    repairs: bool = False

    def serve(self, ready: np.ndarray, until: np.ndarray, fails: np.ndarray, priority: np.ndarray) -> np.ndarray:
        """When each unit is served, `NEVER` where it is not; int64, shape (units,).

        Args:
            ready: When its service can be done at the earliest, in ticks from the first moment at hand; `NEVER` where none was asked for.
            until: When it fails, or is no longer watched, likewise.
            fails: Whether it fails then; a service at that moment comes too late.
            priority: Higher is served first.

        Raises:
            DataError: The period is so short that it would be looked at more than 100,000 times.

        Example:
            >>> import numpy as np
            >>> ready, until = np.array([0, 0, 1]), np.array([9, 9, 9])
            >>> Crew(1, 2).serve(ready, until, np.ones(3, bool), np.zeros(3)).tolist()
            [0, 2, 4]
        """
        import numpy as np

        last = until - fails  # the last tick at which a service is in time
        if self.size is None:
            return np.where(ready <= last, ready, NEVER)
        served = np.full(len(ready), NEVER, dtype=np.int64)
        ends, asked = until // self.period, np.flatnonzero(ready <= last)
        arrivals = asked[np.argsort(ready[asked], kind="stable")]
        periods = int(ends.max(initial=0)) + 1
        _check_periods(periods)
        come = np.searchsorted(ready[arrivals] // self.period, np.arange(periods), side="right")
        failing = np.bincount(ends[fails], minlength=periods) if self.repairs else np.zeros(periods, dtype=np.int64)
        waiting, backlog = arrivals[:0], 0
        for now in range(periods):
            waiting = np.concatenate([waiting, arrivals[come[now - 1] if now else 0 : come[now]]])
            waiting = waiting[np.maximum(ready[waiting], now * self.period) <= last[waiting]]
            in_danger = waiting[fails[waiting] & (ends[waiting] == now)]
            work = backlog + int(failing[now]) - (len(in_danger) if self.repairs else 0)
            hands, backlog = max(0, self.size - work), max(0, work - self.size)
            if len(waiting):
                first = waiting[np.lexsort((ready[waiting], -priority[waiting]))[:hands]]
                served[first] = np.maximum(ready[first], now * self.period)
                if self.repairs:
                    np.subtract.at(failing, ends[first[fails[first]]], 1)
                    backlog += int((served[in_danger] == NEVER).sum())
                waiting = waiting[served[waiting] == NEVER]
        return served


def _check_periods(periods: int) -> None:
    if periods > MOST_PERIODS:
        rule = f"must not divide the time at hand into more than {MOST_PERIODS:,} periods"
        raise DataError("the crew's time cannot be followed", [Problem("rollout.period", rule, f"{periods:,}", "take a longer period")])
