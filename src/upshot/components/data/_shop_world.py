"""The world that a simulated shop stands in: items with a life of their own, users with tastes, seasons, promotions and empty shelves.

A user looks for a kind of goods (own habits times the season) and then takes an item that people of the same taste like. Two things cut
across taste: what goes with the last purchase (an accessory), and what has been used up (a repeat). All chances are kept, so that the
best possible list of a user on a day is known and can be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

KINDS = {
    "groceries": (7.0, 0.15, None, True),
    "household": (12.0, 0.25, None, True),
    "care": (15.0, 0.35, None, True),
    "toys": (25.0, 0.45, 350, False),
    "garden": (30.0, 0.40, 135, False),
    "sports": (45.0, 0.40, 160, False),
    "clothing": (40.0, 0.50, 290, False),
    "books": (14.0, 0.35, 345, False),
    "kitchen": (35.0, 0.40, 340, False),
    "electronics": (90.0, 0.25, 335, False),
}
"""Kind of goods -> typical price in EUR, margin as a share of the price, day of the year of its season (None without), used up or not."""

TASTES = 6
ACCESSORY, REPEAT = 0.22, 0.30
"""Chance that a purchase is what goes with the last one, or a repeat, where there is one to go by."""
ACCESSORY_WEEKS = 4
PROMOTION, CHEAPER, DRAW = 0.06, 0.2, 1.8
"""Share of the weeks in which a kind is on promotion, how much cheaper it is then, and how much more often it is looked for."""
EMPTY = 0.04
"""Share of its weeks in which an item is out of stock."""


@dataclass(frozen=True)
class World:
    """All that does not depend on what happens.

    Attributes:
        kind: Kind code of each item, ascending, shape (items,).
        price: List price, EUR, shape (items,).
        cost: What the shop pays, EUR, shape (items,).
        since: First week in which an item can be had, shape (items,); 0 or less for those that were there before.
        accessory: Item that goes with each, shape (items,).
        liking: How much each taste likes each item, shape (tastes, items).
        habits: How often each user looks for each kind, rows sum to 1, shape (users, kinds).
        taste: How much of each taste a user has, rows sum to 1, shape (users, tastes).
        visits: Visits a week, shape (users,).
        buys: Chance that a visit ends in a purchase, shape (users,).
        season: How often a kind is looked for in each week, shape (weeks, kinds); promotions included.
        cheaper: Share that a kind is cheaper in a week, shape (weeks, kinds).
        stocked: Whether an item can be had in a week: it exists and is not out of stock, shape (weeks, items).
    """

    kind: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    since: np.ndarray
    accessory: np.ndarray
    liking: np.ndarray
    habits: np.ndarray
    taste: np.ndarray
    visits: np.ndarray
    buys: np.ndarray
    season: np.ndarray
    cheaper: np.ndarray
    stocked: np.ndarray

    @property
    def weeks(self) -> int:
        """Number of weeks."""
        return len(self.season)

    @cached_property
    def used_up(self) -> np.ndarray:
        """Whether an item is of a kind that is used up and taken again."""
        import numpy as np

        flags: np.ndarray = np.array([again for *_, again in KINDS.values()])[self.kind]
        return flags

    @cached_property
    def first(self) -> np.ndarray:
        """First item of each kind, and the number of items; shape (kinds + 1,)."""
        import numpy as np

        first: np.ndarray = np.searchsorted(self.kind, np.arange(len(KINDS) + 1))
        return first

    @cached_property
    def cumulated(self) -> np.ndarray:
        """Cumulative liking over items, from 0, for each week and taste; shape (weeks, tastes, items + 1)."""
        import numpy as np

        age = np.arange(self.weeks)[:, None] - self.since[None, :]
        life = np.where(age >= 0, (0.3 + np.minimum(age, 8) / 8) * 0.985 ** np.maximum(age - 20, 0), 0.0) * self.stocked
        found = np.zeros((self.weeks, TASTES, len(self.kind) + 1))
        np.cumsum(life[:, None, :] * self.liking[None, :, :], axis=2, out=found[:, :, 1:])
        return found

    def chances(self, users: np.ndarray, week: int, last: np.ndarray, again: np.ndarray) -> np.ndarray:
        """Chance that a purchase in a week is of each item, shape (users, items): what only the simulator knows.

        Args:
            users: Users, shape (n,).
            week: The week.
            last: Item whose accessory they may want, -1 for none, shape (n,).
            again: Items that they may take again, -1 for none, shape (n, memory).
        """
        import numpy as np

        cumulated = self.cumulated[week]
        wanted = self.habits[users] * self.season[week]
        wanted /= wanted.sum(axis=1, keepdims=True)
        weight = np.diff(cumulated, axis=1)
        total = cumulated[:, self.first[1:]] - cumulated[:, self.first[:-1]]
        within = weight / np.maximum(total[:, self.kind], 1e-12)
        found = (self.taste[users] @ within) * wanted[:, self.kind]
        rows = np.arange(len(users))
        goes_with = np.where(last >= 0, self.accessory[np.maximum(last, 0)], -1)
        has_accessory = (goes_with >= 0) & self.stocked[week, np.maximum(goes_with, 0)]
        share = np.where(has_accessory, ACCESSORY, 0.0)
        there = (again >= 0) & self.stocked[week, np.maximum(again, 0)]
        each = REPEAT / np.maximum((again >= 0).sum(axis=1), 1) * (1.0 - share)
        found *= (1.0 - share - each * there.sum(axis=1))[:, None]
        found[rows, np.maximum(goes_with, 0)] += share
        for place in range(again.shape[1]):
            found[rows[there[:, place]], again[there[:, place], place]] += each[there[:, place]]
        whole: np.ndarray = found
        return whole


def build_world(seed: int, users: int, items: int, weeks: int, first_day: int) -> World:
    """Draw a world; the same arguments give the same one.

    Args:
        seed: Seed of this world alone; what happens draws from other streams.
        users: Number of users.
        items: Number of items.
        weeks: Number of weeks.
        first_day: Day of the year of the first one.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 0])
    typical, margin, peak, _ = zip(*KINDS.values(), strict=True)
    kinds = len(KINDS)
    kind = np.sort(rng.integers(0, kinds, items))
    price = np.round(np.array(typical)[kind] * rng.lognormal(0.0, 0.5, items), 2)
    share = np.clip(np.array(margin)[kind] + rng.normal(0, 0.08, items), 0.05, 0.8)
    since = np.where(rng.random(items) < 0.75, 0, rng.integers(1, max(weeks, 2), items))
    quality = rng.lognormal(0.0, 1.0, items)
    liking = quality * rng.lognormal(0.0, 1.4, (TASTES, items))
    habits = rng.dirichlet(np.full(kinds, 0.5), users)
    taste = rng.dirichlet(np.full(TASTES, 0.25), users)
    day = (first_day + 7 * np.arange(weeks) + 3) % 365
    season = np.ones((weeks, kinds))
    for place, at in enumerate(peak):
        if at is not None:
            away = np.minimum(np.abs(day - at), 365 - np.abs(day - at))
            season[:, place] = 0.6 + 2.4 * np.exp(-0.5 * (away / 25.0) ** 2)
    promoted = rng.random((weeks, kinds)) < PROMOTION
    stocked = (rng.random((weeks, items)) >= EMPTY) & (np.arange(weeks)[:, None] >= since[None, :])
    return World(
        kind=kind,
        price=price,
        cost=np.round(price * (1 - share), 2),
        since=since,
        accessory=_accessories(rng, kind, liking),
        liking=liking,
        habits=habits,
        taste=taste,
        visits=rng.gamma(2.0, 0.35, users),
        buys=rng.uniform(0.3, 0.8, users),
        season=season * np.where(promoted, DRAW, 1.0),
        cheaper=np.where(promoted, CHEAPER, 0.0),
        stocked=stocked,
    )


def _accessories(rng: np.random.Generator, kind: np.ndarray, liking: np.ndarray) -> np.ndarray:
    """For each item another one that is liked by the taste that likes the item most, drawn by that liking."""
    import numpy as np

    favourite = liking.argmax(axis=0)
    found = np.empty(len(kind), dtype=np.int64)
    for taste in range(len(liking)):
        mine = np.flatnonzero(favourite == taste)
        chances = np.cumsum(liking[taste])
        drawn = np.searchsorted(chances, rng.random(len(mine)) * chances[-1], side="right")
        found[mine] = np.where(drawn == mine, (drawn + 1) % len(kind), drawn)
    return found
