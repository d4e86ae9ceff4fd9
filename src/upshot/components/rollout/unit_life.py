"""A unit runs until it is taken out for service or breaks down.

Each unit is played over the cases at hand, one a cycle: it begins at its first case and ends at its first service, at its breakdown,
or, where it never failed, at its last case. What comes after the end is another life and not counted, so KPIs are ratios: cost per
cycle that was run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


class UnitLifeParams(Params):
    """There is nothing to set."""


class UnitLife:
    """Flows of one unit: breakdowns, services, cycles run, cycles wasted by a service before the breakdown.

    The label is the number of cycles until the failure. A service at the failing cycle itself (label 0) comes too late. Of a unit that
    was never seen to fail (censored) the wasted cycles are those up to its last observation, the least that was wasted.

    Args:
        params: Nothing.
    """

    spec: Spec
    accepts: DecisionKind = "schedule"
    columns: Mapping[str, str]

    def __init__(self, params: UnitLifeParams) -> None:
        self.params = params
        self.columns = {"units": "unit", "breakdowns": "breakdown", "services": "service", "cycles": "cycle", "wasted_cycles": "cycle"}

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a unit (first entity role); `case` is its first case.

        Args:
            decisions: `case`, `service` (bool).
            outcomes: Cases whose label is the remaining life in cycles, >= 0, and whose time is the cycle.
            history: Not looked at.

        Raises:
            DataError: The time is no number of cycles, or a remaining life is negative or not finite.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.rollout._outcomes import in_order, units

        decisions = in_order(decisions, outcomes.size)
        cycle, remaining = _cycles(outcomes), _remaining(outcomes)
        unit = units(outcomes, "unit_life")
        order = np.lexsort((cycle, unit))
        first = np.flatnonzero(np.diff(unit[order], prepend=-1))
        last = np.append(first[1:], len(order)) - 1
        failed = ~_censored(outcomes)[order]
        in_time = decisions["service"].to_numpy(dtype=bool)[order] & ~(failed & (remaining[order] == 0))
        end = _first_true(in_time, first, last)
        serviced = in_time[end] if len(end) else np.zeros(0, dtype=bool)
        ran = cycle[order]
        return pd.DataFrame(
            {
                "case": order[first],
                "units": 1.0,
                "breakdowns": (~serviced & failed[end]).astype("float64"),
                "services": serviced.astype("float64"),
                "cycles": ran[end] - ran[first] + 1.0,
                "wasted_cycles": np.where(serviced, remaining[order][end], 0.0),
            }
        ).sort_values("case", ignore_index=True)


def _first_true(flags: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Position of the first True in each stretch first..last, or of its last element where there is none."""
    import numpy as np

    true_at = np.append(np.flatnonzero(flags), len(flags))
    found: np.ndarray = np.minimum(true_at[np.searchsorted(true_at, first)], last)
    return found


def _cycles(outcomes: Cases) -> np.ndarray:
    import pandas as pd

    from upshot.components.rollout._outcomes import moments

    cycle = moments(outcomes, "unit_life")
    if not pd.api.types.is_numeric_dtype(cycle):
        rule = "rollout unit_life counts cycles, so the time of a case must be a number"
        raise DataError("the cases have no cycles", [Problem(outcomes.roles.time or "data.roles.time", rule, str(cycle.dtype))])
    return cycle.to_numpy(dtype="float64")


def _remaining(outcomes: Cases) -> np.ndarray:
    from upshot.components.rollout._outcomes import numbers, refuse

    rule = "must be the remaining life in cycles: a finite number >= 0"
    remaining = numbers(outcomes, rule)
    refuse(remaining < 0, remaining, outcomes.roles.target or "label", rule, "the outcome does not fit the rollout")
    return remaining


def _censored(outcomes: Cases) -> np.ndarray:
    import numpy as np

    if "censored" not in outcomes.labels.columns:
        return np.zeros(outcomes.size, dtype=bool)
    return outcomes.labels.frame["censored"].to_numpy(dtype=bool)
