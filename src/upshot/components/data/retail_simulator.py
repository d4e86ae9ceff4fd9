"""A simulated retailer: daily sales of items in stores, with seasons, promotions, new items, and empty shelves that hide demand.

Customers want what price, promotion, weekday and season make them want; what is sold is no more than lies on the shelf, which an ordinary
rule of thumb fills: so many days of recent sales, ordered twice a week, there after the lead time. An item that was sold out has sales
and a mark, and no record of what customers would have bought. `simulate` gives that beside the rows, for whoever wants to know.

Source:
    The mechanisms are those of the retail competitions (M5: Makridakis, Spiliotis & Assimakopoulos 2022, International Journal of
    Forecasting 38(4)): many slow items, weekly and yearly seasons, prices and promotions known ahead. Negative binomial demand:
    Agrawal & Smith (1996), Naval Research Logistics 43(6), who fit it to lost sales.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from upshot.components.data._retail_world import CATEGORIES, World, build_world
from upshot.contracts.params import SourceParams
from upshot.contracts.records import Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

Category = Literal["bakery", "fresh", "drinks", "household", "garden", "gifts"]
_ORDER_DAYS = (0, 3)
"""Monday and Thursday."""


class RetailSimulatorParams(SourceParams):
    """How large the retailer is, and how its shelves are filled."""

    stores: int = Field(4, ge=1, le=5_000, description="Stores; each sells every item.")
    items: int = Field(40, ge=1, le=100_000, description="Items.")
    days: int = Field(730, ge=28, le=3_650, description="Days of sales.")
    start: Annotated[date, Field(strict=False)] = Field(date(2024, 1, 1), description="First day.")
    seed: int = Field(42, ge=0, description="The same seed and parameters give the same rows.")
    categories: Annotated[tuple[Category, ...], Field(strict=False)] = Field((), description="Categories that are sold; all when empty.")
    promo_rate: float = Field(0.08, ge=0, le=1, description="Share of the weeks in which an item is promoted.")
    promo_lift: float = Field(1.9, ge=1, description="How many times more is sold at a promotion, in the mean.")
    new_items: float = Field(0.1, ge=0, le=1, description="Share of the items that are launched after the first day.")
    lead_time: int = Field(2, ge=0, le=60, description="Days from order to arrival.")
    cover_days: float = Field(
        9.0, gt=0, le=365, description="Days of recent sales that the retailer's rule fills shelves up to; fewer empty more shelves."
    )


class RetailSimulator:
    """Gives the sales; what customers would have bought stays in `simulate`."""

    spec: Spec

    def __init__(self, params: RetailSimulatorParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table: a row a store, item and day from the item's launch on, by store, item and date."""
        import pyarrow as pa

        sales, _ = simulate(self.params)
        table = pa.Table.from_pandas(sales, preserve_index=False).replace_schema_metadata(None)
        for name in ("store_id", "item_id", "category"):
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].cast(pa.string()))
        yield table


def simulate(params: RetailSimulatorParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sales, and what customers would have bought.

    Returns:
        Sales: `store_id`, `item_id`, `category` (text), `date`, `price` (EUR), `promo` (0 or 1), both known weeks ahead, `sales` (whole
        units), `sold_out` (whether the shelf was empty at closing and somebody went without). And the truth, aligned: `demand`, `stock`
        (units on the shelf at opening).
    """
    import numpy as np
    import pandas as pd

    first = np.datetime64(params.start, "D")
    weekday, year_day = params.start.weekday(), params.start.timetuple().tm_yday - 1
    world = build_world(
        params.seed,
        stores=params.stores,
        items=params.items,
        days=params.days,
        categories=params.categories,
        weekday=weekday,
        year_day=year_day,
        promo_rate=params.promo_rate,
        promo_lift=params.promo_lift,
        new_items=params.new_items,
    )
    demand = _demand(np.random.default_rng([params.seed, 1]), world)
    stock, sales = _shelves(world, demand, params, weekday)
    series, day = np.nonzero(np.arange(params.days)[None, :] >= world.launch[world.item][:, None])
    item = world.item[series]
    names = np.asarray(list(CATEGORIES), dtype=object)
    rows = pd.DataFrame(
        {
            "store_id": _named("store", params.stores)[world.store[series]],
            "item_id": _named("item", params.items)[item],
            "category": names[world.category[item]],
            "date": (first + day).astype("datetime64[us]"),
            "price": world.price[item, day],
            "promo": world.promo[item, day].astype(np.int64),
            "sales": sales[series, day].astype(np.int64),
            "sold_out": (demand > sales)[series, day],
        }
    )
    truth = pd.DataFrame({"demand": demand[series, day].astype(np.int64), "stock": stock[series, day].astype(np.int64)})
    return rows, truth


def _demand(rng: np.random.Generator, world: World) -> np.ndarray:
    """Whole units, negative binomial round the mean; shape (series, days)."""
    import numpy as np

    shape = world.mean / np.maximum(world.clump, 1e-9)[:, None]
    rate = rng.gamma(np.maximum(shape, 1e-9), world.clump[:, None])
    demand: np.ndarray = np.where(world.mean > 0, rng.poisson(rate), 0)
    return demand


def _shelves(world: World, demand: np.ndarray, params: RetailSimulatorParams, weekday: int) -> tuple[np.ndarray, np.ndarray]:
    """Stock at opening and sales of each day under the retailer's rule; shape (series, days) each."""
    import numpy as np

    series, days = demand.shape
    launch = world.launch[world.item]
    stock, sales = np.zeros((series, days)), np.zeros((series, days))
    coming = np.zeros((series, days + params.lead_time + 1))
    shelf = np.zeros(series)
    for day in range(days):
        shelf += coming[:, day]
        begins = launch == day
        shelf[begins] = np.ceil(world.mean[begins, day] * params.cover_days)  # a new item begins with what the buyer expects
        if (day + weekday) % 7 in _ORDER_DAYS:
            known = np.maximum(np.minimum(day - launch, 28), 0)
            recent = sales[:, max(day - 28, 0) : day].sum(axis=1) / np.maximum(known, 1)
            wanted = np.where(known > 0, np.ceil(recent * params.cover_days), 0.0)
            missing = np.maximum(wanted - shelf - coming[:, day + 1 :].sum(axis=1), 0.0)
            coming[:, day + params.lead_time] += np.where(day >= launch, missing, 0.0) if params.lead_time else 0.0
            shelf += missing if params.lead_time == 0 else 0.0
        stock[:, day] = shelf
        sales[:, day] = np.minimum(shelf, demand[:, day])
        shelf = shelf - sales[:, day]
    return stock, sales


def _named(word: str, count: int) -> np.ndarray:
    """Names that sort as numbers: item_007."""
    import numpy as np

    width = len(str(count))
    return np.asarray([f"{word}_{number + 1:0{width}d}" for number in range(count)], dtype=object)
