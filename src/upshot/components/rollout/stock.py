"""Stock on a shelf, from period to period: ordered, on its way, sold, missing, left over, spoilt.

A quantity is an order-up-to level: at each review what is missing to it, counting what is on its way, is ordered and comes after the lead
time. What the supply chain demands of every order (packs, a least and a largest order) is a fact of the world and not of a policy, so it
is stated here and holds for the candidate and all baselines alike. Series are played side by side: the loop runs over periods.

Source:
    Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains (4th ed.), chapter 6: (R, S) and (R, s, S) control.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


_MOST_REMEMBERED = 16


class StockParams(Params):
    """How orders arrive, what becomes of stock that is left, and of demand that is not met."""

    period: Literal["hour", "day", "week", "month", "period"] = Field(
        "day", description="Time between two cases of a series; unit of held stock."
    )
    lead_time: int = Field(0, ge=0, description="Periods from order to arrival; 0 is there before the period's demand.")
    review_every: int = Field(1, ge=1, description="Periods from one order to the next.")
    pack_size: float | None = Field(None, gt=0, allow_inf_nan=False, description="Units in a pack; orders are rounded up to full packs.")
    min_order: float = Field(0.0, ge=0, allow_inf_nan=False, description="Least order, in units; a smaller one is raised to it.")
    max_order: float | None = Field(None, gt=0, allow_inf_nan=False, description="Largest order, in units; a larger one is cut to it.")
    shelf_life: int | None = Field(
        None, ge=1, description="Periods in which a unit can be sold; what is then left is thrown away. 1 keeps nothing, null everything."
    )
    unmet: Literal["lost", "backorder"] = Field(
        "lost", description="Whether demand that is not met is lost, or waits for the next arrival."
    )
    returns: Literal["refuse", "restock", "ignore"] = Field(
        "refuse", description="Demand below zero: refused, put back on the shelf and taken off sales, or taken as none."
    )
    initial_stock: float = Field(0.0, ge=0, allow_inf_nan=False, description="Units of each series on the shelf before the first period.")
    initial_periods: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="The same in periods of the series' recent mean demand; added to initial_stock."
    )
    recent: int = Field(28, ge=1, description="Rows of the history over which recent mean demand is taken.")
    value: str | None = Field(
        None, description="Column with the money value of a unit, such as its price; adds the flows in money: sold_value, ..."
    )
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="Unit of the value column.")

    @model_validator(mode="after")
    def _orders_are_possible(self) -> StockParams:
        if self.max_order is not None and self.max_order < max(self.min_order, self.pack_size or 0.0):
            raise ValueError("max_order must not be below min_order or a full pack")
        return self


class Stock:
    """Flows of one series in one period: demand, sold, unmet, held, wasted, ordered, orders; with `value` also their money.

    Args:
        params: The supply chain.
    """

    spec: Spec
    accepts: DecisionKind = "quantity"
    columns: Mapping[str, str]

    def __init__(self, params: StockParams) -> None:
        self.params = params
        self._recent, self._places = _Remembered(self._recent_demand), _Remembered(_periods)
        self.columns = {
            "demand": "unit",
            "sold": "unit",
            "unmet": "unit",
            "held": f"unit*{params.period}",
            "wasted": "unit",
            "ordered": "unit",
            "orders": "order",
        }
        if params.unmet == "backorder":
            self.columns["waiting"] = f"unit*{params.period}"
        if params.value is not None:
            money = {"held": f"{params.currency}*{params.period}"}
            self.columns |= {f"{flow}_value": money.get(flow, params.currency) for flow in ("sold", "unmet", "held", "wasted")}

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a case: a series (first entity role) at a time.

        Args:
            decisions: `case`, `quantity`: units wanted on the shelf and on their way at the period's review, >= 0.
            outcomes: Cases whose label is the demand in units.
            history: Rows before; looked at for the recent mean demand only.

        Raises:
            DataError: Demand or quantity is not finite or negative where that is refused, or a series has two cases at one time.
        """
        import pandas as pd

        from upshot.components.rollout._outcomes import in_order

        decisions = in_order(decisions, outcomes.size)
        shelf = _Shelf.of(decisions, outcomes, self.params, self._places(outcomes))
        flows = shelf.play(self._initial(outcomes, history, shelf.names))
        played = {"case": decisions["case"].to_numpy(), **{name: flows[name] for name in self.columns if name in flows}}
        if self.params.value is not None:
            worth = _worth(outcomes, self.params.value)
            played |= {f"{flow}_value": flows[flow] * worth for flow in ("sold", "unmet", "held", "wasted")}
        return pd.DataFrame(played)

    def cautions(self, outcomes: Cases, decisions: pd.DataFrame) -> tuple[str, ...]:
        """Says how often an empty shelf hid demand when the outcomes were recorded."""
        if "censored" not in outcomes.labels.columns:
            return ()
        hidden = int(outcomes.labels.frame["censored"].sum())
        if not hidden:
            return ()
        share = f"{hidden:,} of {outcomes.size:,} test rows were sold out when they were recorded"
        return (f"{share}: demand beyond what was sold there is not seen, so unmet demand is understated, for all subjects alike.",)

    def _initial(self, outcomes: Cases, history: Cases, names: pd.Index) -> np.ndarray:
        """Units of each series before the first period."""
        import numpy as np

        start = np.full(len(names), self.params.initial_stock)
        if self.params.initial_periods == 0:
            return start
        recent = self._recent(history).reindex(names).fillna(0.0).clip(lower=0.0)
        initial: np.ndarray = start + self.params.initial_periods * recent.to_numpy()
        return initial

    def _recent_demand(self, history: Cases) -> pd.Series:
        """Mean outcome of each series over its last rows."""
        import pandas as pd

        series = pd.Categorical(history.rows.frame[history.roles.entities[0]])
        y = history.labels.frame["label"]
        recent = y.groupby(series.codes, sort=False).tail(self.params.recent)
        mean = recent.groupby(series.codes[recent.index]).mean()
        return mean.set_axis(series.categories[mean.index])


class _Remembered:
    """A function of cases that is asked again and again of the same few while a policy is chosen."""

    def __init__(self, ask: Callable[[Cases], Any]) -> None:
        self._ask = ask
        self._known: list[tuple[Cases, Any]] = []

    def __call__(self, cases: Cases) -> Any:
        for known, answer in self._known:
            if known is cases:
                return answer
        self._known = [(cases, self._ask(cases)), *self._known[:_MOST_REMEMBERED]]
        return self._known[0][1]


@dataclass(frozen=True)
class _Shelf:
    """Demand and levels by series and period; periods without a case have neither.

    Attributes:
        params: The supply chain.
        names: Series.
        series: Row of each case.
        period: Column of each case.
        demand: Shape (series, periods).
        wanted: Order-up-to levels, NaN where nothing is ordered; shape (series, periods).
    """

    params: StockParams
    names: pd.Index
    series: np.ndarray
    period: np.ndarray
    demand: np.ndarray
    wanted: np.ndarray

    @classmethod
    def of(cls, decisions: pd.DataFrame, outcomes: Cases, params: StockParams, places: tuple[pd.Index, np.ndarray, np.ndarray]) -> _Shelf:
        import numpy as np

        from upshot.components.rollout._outcomes import refuse

        level = decisions["quantity"].to_numpy(dtype="float64")
        refuse(~(np.isfinite(level) & (level >= 0)), level, "quantity", "must be a finite number >= 0", "a policy gave no quantity")
        names, series, period = places
        shape = (len(names), int(period.max(initial=-1)) + 1)
        demand, wanted = np.zeros(shape), np.full(shape, np.nan)
        demand[series, period] = _demand(outcomes, params)
        reviewed = period % params.review_every == 0
        wanted[series[reviewed], period[reviewed]] = level[reviewed]
        return cls(params, names, series, period, demand, wanted)

    def play(self, initial: np.ndarray) -> dict[str, np.ndarray]:
        """Flow -> its value in each case, shape (n,)."""
        import numpy as np

        p, shape = self.params, self.demand.shape
        ages = 1 if p.shelf_life is None else p.shelf_life
        stock = np.zeros((shape[0], ages))  # by periods since arrival, the youngest first; all alike where nothing spoils
        stock[:, 0] = initial
        coming = np.zeros((shape[0], shape[1] + p.lead_time))
        waiting = np.zeros(shape[0])
        flows = {name: np.zeros(shape) for name in ("sold", "unmet", "held", "wasted", "ordered", "waiting")}
        for now in range(shape[1]):
            position = stock.sum(axis=1) + coming[:, now:].sum(axis=1) - waiting
            ordered = self._order(self.wanted[:, now] - position)
            coming[:, now + p.lead_time] += ordered
            stock[:, 0] += coming[:, now]
            returned = np.maximum(-self.demand[:, now], 0.0)
            stock[:, 0] += returned
            asked = np.maximum(self.demand[:, now], 0.0)
            served = np.minimum(stock.sum(axis=1), asked + waiting)
            late = np.minimum(served, waiting)
            flows["unmet"][:, now] = asked - (served - late)
            waiting = waiting + asked - served if p.unmet == "backorder" else np.zeros(shape[0])
            _take(stock, served)
            flows["sold"][:, now], flows["ordered"][:, now], flows["waiting"][:, now] = served - returned, ordered, waiting
            flows["held"][:, now] = stock.sum(axis=1)
            if p.shelf_life is not None:
                flows["wasted"][:, now] = stock[:, -1]
                stock[:, 1:] = stock[:, :-1].copy()
                stock[:, 0] = 0.0
        found = {name: table[self.series, self.period] for name, table in flows.items()}
        return {**found, "demand": self.demand[self.series, self.period], "orders": (found["ordered"] > 0).astype("float64")}

    def _order(self, missing: np.ndarray) -> np.ndarray:
        """What is ordered where so much is missing; nothing where nothing is missing or no order falls."""
        import numpy as np

        p = self.params
        needed = np.where(missing > 1e-9, missing, 0.0)  # NaN, no order, is not above
        order = np.where(needed > 0, np.maximum(needed, p.min_order), 0.0)
        if p.pack_size is not None:
            order = np.ceil(order / p.pack_size - 1e-9) * p.pack_size
        if p.max_order is not None:
            most = p.max_order if p.pack_size is None else np.floor(p.max_order / p.pack_size + 1e-9) * p.pack_size
            order = np.minimum(order, most)
        return order


def _take(stock: np.ndarray, served: np.ndarray) -> None:
    """Take units off the shelf, the oldest first; in place."""
    import numpy as np

    rest = served.copy()
    for age in range(stock.shape[1] - 1, -1, -1):
        taken = np.minimum(stock[:, age], rest)
        stock[:, age] -= taken
        rest -= taken


def _demand(outcomes: Cases, params: StockParams) -> np.ndarray:
    import numpy as np

    from upshot.components.rollout._outcomes import numbers, refuse

    rule = "must be the demand of the period: a finite number >= 0"
    demand = numbers(outcomes, rule)
    if params.returns == "refuse":
        rule += "; say rollout.returns: restock or ignore for returns that exceed sales"
        refuse(demand < 0, demand, outcomes.roles.target or "label", rule, "the outcome does not fit the rollout")
    return np.maximum(demand, 0.0) if params.returns == "ignore" else demand


def _worth(outcomes: Cases, column: str) -> np.ndarray:
    import numpy as np
    import pandas as pd

    from upshot.components.faults import column_of
    from upshot.components.rollout._outcomes import refuse

    values = column_of(outcomes.rows.frame, column, "rollout.value")
    rule = "must be the value of a unit: a finite number >= 0"
    if not pd.api.types.is_numeric_dtype(values):
        raise DataError("stock cannot be valued", [Problem(column, rule, str(values.dtype))])
    worth = values.to_numpy(dtype="float64", na_value=np.nan)
    refuse(~(np.isfinite(worth) & (worth >= 0)), worth, column, rule, "stock cannot be valued")
    return worth


def _periods(outcomes: Cases) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """Names of the series, series of each case, and its period: its step from the first of all on, else its place in its series."""
    import numpy as np
    import pandas as pd

    from upshot.components.rollout._outcomes import moments, units

    series = units(outcomes, "stock")
    name = outcomes.roles.entities[0]
    names = pd.Index(outcomes.rows.frame[name].unique())
    time = moments(outcomes, "stock").to_numpy()
    order = np.lexsort((time, series))
    sorted_series, sorted_time = series[order], time[order]
    twice = (np.diff(sorted_series) == 0) & (sorted_time[1:] == sorted_time[:-1])
    if twice.any():
        again = outcomes.rows.frame[name].iloc[order[1:][twice]].unique()
        shown = ", ".join(repr(str(one)) for one in again[:5])
        where = outcomes.roles.time or "as_of"
        rule = "a series must have one case a period"
        raise DataError("stock cannot be carried from case to case", [Problem(where, rule, f"{int(twice.sum())} more, in series {shown}")])
    if "step" in outcomes.labels.columns:
        step = outcomes.labels.frame["step"].to_numpy(dtype=np.int64)
        return names, series, step - step.min(initial=2**62) if len(step) else step
    period = np.empty(len(order), dtype=np.int64)
    period[order] = np.arange(len(order)) - np.searchsorted(sorted_series, sorted_series)
    return names, series, period
