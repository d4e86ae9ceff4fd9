"""Stock on a shelf, from period to period.

A quantity is what one wants on the shelf when the period begins (an order-up-to level); what is missing to it is ordered and there
at once. Demand that is not met is lost. Series are played side by side: the loop runs over the periods, not over the series.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


class StockParams(Params):
    """What happens to stock between the periods."""

    carry_over: bool = Field(True, description="Whether stock that is left is there in the next period; false wastes it.")
    initial_stock: float = Field(0.0, ge=0, allow_inf_nan=False, description="Units of each series on the shelf before the first period.")
    period: Literal["day", "week", "month", "period"] = Field("day", description="Time between two cases of a series; unit of held stock.")


class Stock:
    """Flows of one series in one period: sold, unmet, held, wasted, ordered, orders.

    Args:
        params: What happens to stock between the periods.
    """

    spec: Spec
    accepts: DecisionKind = "quantity"
    columns: Mapping[str, str]

    def __init__(self, params: StockParams) -> None:
        self.params = params
        self.columns = {
            "demand": "unit",
            "sold": "unit",
            "unmet": "unit",
            "held": f"unit*{params.period}",
            "wasted": "unit",
            "ordered": "unit",
            "orders": "order",
        }

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a case: a series (first entity role) at a time.

        Args:
            decisions: `case`, `quantity`: units wanted on the shelf when the period begins, >= 0.
            outcomes: Cases whose label is the demand in units, >= 0.
            history: Not looked at.

        Raises:
            DataError: Demand or quantity is negative or not finite, or a series has two cases at one time.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.rollout._outcomes import in_order, refuse

        decisions = in_order(decisions, outcomes.size)
        demand = _demand(outcomes)
        wanted = decisions["quantity"].to_numpy(dtype="float64")
        refuse(~(np.isfinite(wanted) & (wanted >= 0)), wanted, "quantity", "must be a finite number >= 0", "a policy gave no quantity")
        series, period = _periods(outcomes)
        before, shelf = self._carry(wanted, demand, series, period)
        sold = np.minimum(shelf, demand)
        left = shelf - sold
        ordered = shelf - before
        return pd.DataFrame(
            {
                "case": decisions["case"].to_numpy(),
                "demand": demand,
                "sold": sold,
                "unmet": demand - sold,
                "held": left,
                "wasted": np.zeros(len(left)) if self.params.carry_over else left,
                "ordered": ordered,
                "orders": (ordered > 0).astype("float64"),
            }
        )

    def _carry(self, wanted: np.ndarray, demand: np.ndarray, series: np.ndarray, period: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Units on the shelf before and after the order of each case, both of shape (n,)."""
        import numpy as np

        stock = np.full(int(series.max(initial=-1)) + 1, self.params.initial_stock)
        before, shelf = np.empty(len(wanted)), np.empty(len(wanted))
        by_period = np.argsort(period, kind="stable")
        for rows in np.split(by_period, np.flatnonzero(np.diff(period[by_period])) + 1):
            here = series[rows]
            before[rows] = stock[here]
            shelf[rows] = np.maximum(wanted[rows], stock[here])
            stock[here] = np.maximum(shelf[rows] - demand[rows], 0.0) if self.params.carry_over else 0.0
        return before, shelf


def _demand(outcomes: Cases) -> np.ndarray:
    from upshot.components.rollout._outcomes import numbers, refuse

    rule = "must be the demand of the period: a finite number >= 0"
    demand = numbers(outcomes, rule)
    refuse(demand < 0, demand, outcomes.roles.target or "label", rule, "the outcome does not fit the rollout")
    return demand


def _periods(outcomes: Cases) -> tuple[np.ndarray, np.ndarray]:
    """Series of each case, and its place among the cases of its series in time order, 0, 1, ..."""
    import numpy as np

    from upshot.components.rollout._outcomes import moments, units

    series = units(outcomes, "stock")
    time = moments(outcomes, "stock").to_numpy()
    order = np.lexsort((time, series))
    sorted_series, sorted_time = series[order], time[order]
    twice = (np.diff(sorted_series) == 0) & (sorted_time[1:] == sorted_time[:-1])
    if twice.any():
        names = outcomes.rows.frame[outcomes.roles.entities[0]].iloc[order[1:][twice]].unique()
        shown = ", ".join(repr(str(name)) for name in names[:5])
        where = outcomes.roles.time or "as_of"
        rule = "a series must have one case a period"
        raise DataError("stock cannot be carried from case to case", [Problem(where, rule, f"{int(twice.sum())} more, in series {shown}")])
    period = np.empty(len(order), dtype="int64")
    period[order] = np.arange(len(order)) - np.searchsorted(sorted_series, sorted_series)
    return series, period
