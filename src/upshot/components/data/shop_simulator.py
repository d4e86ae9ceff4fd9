"""A simulated shop: visits of its users, what they took, and the side tables that go with it. The best lists are known.

Users visit the shop at their own pace with a weekly rhythm, and take one item or none. What they take depends on habits, taste, season,
promotions, on what goes with the last purchase and on what has been used up; items come new, age and run out of stock. Nothing here is
of a real shop; sizes are round. The source gives one of four tables, all of one world: the recipe takes the events as its data and the
others as side tables with the same parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from upshot.components.data._shop_world import ACCESSORY, ACCESSORY_WEEKS, KINDS, REPEAT, World, build_world
from upshot.contracts.params import SourceParams
from upshot.contracts.records import Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_WEEK = (0.9, 0.9, 0.95, 1.0, 1.1, 1.25, 0.9)
"""Visits on Monday to Sunday, against the mean."""
_DAY = 86_400
_MEMORY = 3
"""Used-up items that a user may take again: the last so many."""
SEGMENTS = ("new", "occasional", "regular", "frequent")


class ShopSimulatorParams(SourceParams):
    """A simulated shop of users, items and days."""

    gives: Literal["events", "items", "users", "stock"] = Field(
        "events",
        description="events: visits with what was taken (item_id null for nothing); items: kind, price, cost, since; users: segment, since; stock: what can be had from a day on.",
    )
    users: int = Field(3_000, ge=1, le=5_000_000, description="Users; each visits about once in ten days.")
    items: int = Field(600, ge=100, le=200_000, description="Items of ten kinds; a quarter of them comes new during the days.")
    days: int = Field(182, ge=14, le=3_650, description="Days of visits.")
    start: Annotated[date, Field(strict=False)] = Field(date(2025, 6, 2), description="First day.")
    seed: int = Field(42, ge=0, description="The same seed and parameters give the same rows.")


class ShopSimulator:
    """Gives one table of the world; what stands behind it stays in `simulate`."""

    spec: Spec

    def __init__(self, params: ShopSimulatorParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table: `events` in the order of time, the others in the order of their keys."""
        import pyarrow as pa

        shop = simulate(self.params) if self.params.gives == "events" else untouched(self.params)
        frame: pd.DataFrame = getattr(shop, self.params.gives)
        yield pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


@dataclass(frozen=True)
class Shop:
    """What happened, and the world in which it did.

    Attributes:
        world: The truth.
        user: User of each visit, in the order of time, shape (visits,).
        second: Second since the start, shape (visits,).
        item: Item that was taken, -1 for nothing, shape (visits,).
        start: First day.
    """

    world: World
    user: np.ndarray
    second: np.ndarray
    item: np.ndarray
    start: date

    @property
    def events(self) -> pd.DataFrame:
        """`visit_id`, `user_id`, `item_id` (null where nothing was taken), `at`, `price` (EUR, as paid; null without an item)."""
        import numpy as np
        import pandas as pd

        week = self.second // (7 * _DAY)
        taken = self.item >= 0
        item = np.maximum(self.item, 0)
        price = np.round(self.world.price[item] * (1 - self.world.cheaper[week, self.world.kind[item]]), 2)
        return pd.DataFrame(
            {
                "visit_id": np.arange(len(self.user)),
                "user_id": self.user,
                "item_id": pd.Series(names_of(item), dtype="str").where(pd.Series(taken)),
                "at": np.datetime64(self.start, "us") + self.second * np.timedelta64(1_000_000, "us"),
                "price": np.where(taken, price, np.nan),
            }
        )

    @property
    def items(self) -> pd.DataFrame:
        """`item_id`, `kind`, `price` (list price, EUR), `cost` (EUR), `since` (day from which it can be had)."""
        import numpy as np
        import pandas as pd

        world = self.world
        since = np.datetime64(self.start, "us") + np.where(world.since > 0, world.since * 7, -365) * np.timedelta64(1, "D")
        return pd.DataFrame(
            {
                "item_id": pd.Series(names_of(np.arange(len(world.kind))), dtype="str"),
                "kind": pd.Series(np.array(list(KINDS), dtype=object)[world.kind], dtype="str"),
                "price": world.price,
                "cost": world.cost,
                "since": since.astype("datetime64[us]"),
            }
        )

    @property
    def users(self) -> pd.DataFrame:
        """`user_id`, `segment` (by visits a week)."""
        import numpy as np
        import pandas as pd

        segment = np.searchsorted([0.2, 0.6, 1.2], self.world.visits)
        return pd.DataFrame(
            {"user_id": np.arange(len(segment)), "segment": pd.Series(np.array(SEGMENTS, dtype=object)[segment], dtype="str")}
        )

    @property
    def stock(self) -> pd.DataFrame:
        """`item_id`, `day`, `stock` (0 or 1): one row for each day on which an item runs out or comes back, and one before all."""
        import numpy as np
        import pandas as pd

        stocked = self.world.stocked
        before = np.vstack([np.zeros((1, stocked.shape[1]), dtype=bool), stocked[:-1]])
        changed = stocked != before
        changed[0] = True
        week, item = np.nonzero(changed)
        order = np.lexsort((week, item))
        week, item = week[order], item[order]
        day = np.datetime64(self.start, "us") + week * np.timedelta64(7, "D")
        return pd.DataFrame(
            {
                "item_id": pd.Series(names_of(item), dtype="str"),
                "day": day.astype("datetime64[us]"),
                "stock": stocked[week, item].astype(np.int64),
            }
        )

    def memory(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """What each user may want to go with or again at the beginning of a day: the last item, and the used-up ones; -1 for none."""
        import numpy as np

        last = np.full(len(self.world.visits), -1)
        again = np.full((len(self.world.visits), _MEMORY), -1)
        for place in np.flatnonzero((self.second < day * _DAY) & (self.item >= 0)):
            who, what = self.user[place], self.item[place]
            last[who] = what if day * _DAY - self.second[place] <= ACCESSORY_WEEKS * 7 * _DAY else -1
            if self.world.used_up[what]:
                again[who] = _remember(again[who], what)
        return last, again

    def best_lists(self, users: np.ndarray, day: int, days: int, *, k: int, slot_cost: float) -> pd.DataFrame:
        """The lists that earn most in expectation for whoever knows the world: `user_id`, `item_id`, `rank`, `worth` (EUR).

        An item is worth the chance that the user takes it in the days that follow times its margin, less its slot. What a user takes in
        these days changes what is taken next; that is left out, so a lucky list may still earn more.

        Args:
            users: For whom, shape (n,).
            day: First day, counted from the start.
            days: For how many days the list stands.
            k: Most items a list.
            slot_cost: EUR for each.
        """
        import numpy as np
        import pandas as pd

        world, week = self.world, day // 7
        last, again = self.memory(day)
        expected = np.zeros((len(users), len(world.kind)))
        for ahead in range(0, days, 7):
            share = min(7, days - ahead) / 7
            at = min(week + ahead // 7, world.weeks - 1)
            chances = world.chances(users, at, last[users], again[users])
            expected += chances * (world.visits[users] * world.buys[users] * share)[:, None]
        price = world.price * (1 - world.cheaper[week, world.kind])
        worth = -np.expm1(-expected) * np.round(price - world.cost, 2) - slot_cost
        worth = np.where(world.stocked[week], worth, -np.inf)
        order = np.argsort(-worth, axis=1, kind="stable")[:, :k]
        row, item = np.repeat(np.arange(len(users)), order.shape[1]), order.ravel()
        found = pd.DataFrame({"user_id": users[row], "item_id": names_of(item), "worth": worth[row, item]})
        found["rank"] = np.tile(np.arange(1, order.shape[1] + 1), len(users))
        return found[found["worth"] > 0].reset_index(drop=True)


def names_of(items: np.ndarray) -> np.ndarray:
    """Names of items by number, dtype object."""
    import numpy as np

    found: np.ndarray = np.array([f"item-{item:05d}" for item in range(int(items.max(initial=-1)) + 1)], dtype=object)[items]
    return found


def untouched(params: ShopSimulatorParams) -> Shop:
    """The world before anybody came."""
    import numpy as np

    world = build_world(params.seed, params.users, params.items, -(-params.days // 7), params.start.timetuple().tm_yday)
    nothing = np.zeros(0, dtype=np.int64)
    return Shop(world, nothing, nothing, nothing, params.start)


def simulate(params: ShopSimulatorParams) -> Shop:
    """Visits, what was taken, and the world behind them; visit by visit of each user, all users at once."""
    import numpy as np

    world = untouched(params).world
    rng = np.random.default_rng([params.seed, 1])
    user, second = _visits(rng, params, world)
    order = np.lexsort((second, user))
    user, second = user[order], second[order]
    number = np.arange(len(user)) - np.searchsorted(user, user)
    item = np.full(len(user), -1, dtype=np.int64)
    last, since = np.full(params.users, -1), np.full(params.users, -(10**9))
    again = np.full((params.users, _MEMORY), -1)
    for turn in range(int(number.max(initial=-1)) + 1):
        rows = np.flatnonzero(number == turn)
        rows = rows[rng.random(len(rows)) < world.buys[user[rows]]]
        if len(rows):
            who = user[rows]
            fresh = np.where(second[rows] - since[who] <= ACCESSORY_WEEKS * 7 * _DAY, last[who], -1)
            item[rows] = _take(rng, world, who, second[rows] // (7 * _DAY), fresh, again[who])
            last[who], since[who] = item[rows], second[rows]
            used = world.used_up[item[rows]]
            again[who[used]] = _remember_all(again[who[used]], item[rows][used])
    by_time = np.lexsort((user, second))
    return Shop(world, user[by_time], second[by_time], item[by_time], params.start)


def _visits(rng: np.random.Generator, params: ShopSimulatorParams, world: World) -> tuple[np.ndarray, np.ndarray]:
    """User and second since the start of each visit."""
    import numpy as np

    share = np.array(_WEEK)[(params.start.weekday() + np.arange(params.days)) % 7]
    counts = rng.poisson(world.visits * share.sum() / 7)
    user = np.repeat(np.arange(params.users), counts)
    day = np.searchsorted(np.cumsum(share), rng.random(len(user)) * share.sum(), side="right")
    hour = np.clip(rng.normal(15.0, 4.0, len(user)), 0, 23.99)
    return user, np.minimum(day, params.days - 1) * _DAY + (hour * 3_600).astype(np.int64)


def _take(rng: np.random.Generator, world: World, user: np.ndarray, week: np.ndarray, last: np.ndarray, again: np.ndarray) -> np.ndarray:
    """The item of each purchase."""
    import numpy as np

    found = _by_taste(rng, world, user, week)
    goes_with = np.where(last >= 0, world.accessory[np.maximum(last, 0)], -1)
    accessory = (goes_with >= 0) & world.stocked[week, np.maximum(goes_with, 0)] & (rng.random(len(user)) < ACCESSORY)
    choices = (again >= 0).sum(axis=1)
    repeat = (choices > 0) & (rng.random(len(user)) < REPEAT)
    chosen = np.floor(rng.random(len(user)) * np.maximum(choices, 1)).astype(np.int64)
    of_memory = again[np.arange(len(user)), chosen]
    there = (of_memory >= 0) & world.stocked[week, np.maximum(of_memory, 0)]
    return np.where(accessory, goes_with, np.where(repeat & there, of_memory, found))


def _by_taste(rng: np.random.Generator, world: World, user: np.ndarray, week: np.ndarray) -> np.ndarray:
    """An item of a kind that is looked for, by the liking of one of the user's tastes."""
    import numpy as np

    wanted = np.cumsum(world.habits[user] * world.season[week], axis=1)
    kind = (rng.random(len(user))[:, None] * wanted[:, -1:] > wanted).sum(axis=1)
    taste = (rng.random(len(user))[:, None] > np.cumsum(world.taste[user], axis=1)).sum(axis=1)
    taste = np.minimum(taste, world.taste.shape[1] - 1)
    found = np.empty(len(user), dtype=np.int64)
    table = week * world.taste.shape[1] + taste
    order = np.argsort(table, kind="stable")
    draw = rng.random(len(user))
    for rows in np.split(order, np.flatnonzero(np.diff(table[order])) + 1):
        cumulated = world.cumulated[week[rows[0]], taste[rows[0]]]
        low, high = cumulated[world.first[kind[rows]]], cumulated[world.first[kind[rows] + 1]]
        at = np.searchsorted(cumulated, low + draw[rows] * (high - low), side="right") - 1
        found[rows] = np.clip(at, world.first[kind[rows]], world.first[kind[rows] + 1] - 1)
    return found


def _remember(again: np.ndarray, item: int) -> np.ndarray:
    import numpy as np

    one: np.ndarray = _remember_all(again[None, :], np.array([item]))[0]
    return one


def _remember_all(again: np.ndarray, item: np.ndarray) -> np.ndarray:
    """The memory of used-up items with one more in front, each once; shape (n, memory)."""
    import numpy as np

    kept = np.where(again == item[:, None], -1, again)
    kept = np.take_along_axis(kept, np.argsort(kept < 0, axis=1, kind="stable"), axis=1)
    return np.concatenate([item[:, None], kept[:, : again.shape[1] - 1]], axis=1)
