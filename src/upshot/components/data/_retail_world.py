"""The world that a retailer sells in: stores, items, prices, promotions, and what customers would buy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CATEGORIES = {
    "bakery": (0.10, 1.8, 0.05, 0.0, (0.85, 0.85, 0.9, 0.95, 1.15, 1.5, 0.8)),
    "fresh": (0.15, 2.5, 0.10, 0.15, (0.9, 0.9, 0.95, 1.0, 1.2, 1.35, 0.7)),
    "drinks": (0.20, 4.0, 0.35, 0.45, (0.85, 0.85, 0.9, 1.0, 1.3, 1.4, 0.7)),
    "household": (0.25, 9.0, 0.05, 0.0, (1.0, 1.0, 1.0, 1.0, 1.05, 1.25, 0.7)),
    "garden": (0.15, 18.0, 0.80, 0.35, (0.8, 0.8, 0.85, 0.9, 1.1, 1.6, 0.95)),
    "gifts": (0.15, 14.0, 0.45, 0.95, (0.9, 0.9, 0.9, 1.0, 1.15, 1.5, 0.65)),
}
"""Category -> share of the items, middle price in EUR, strength and place in the year (0 to 1) of its season, Monday to Sunday."""

_CHRISTMAS = 358 / 365.25


@dataclass(frozen=True)
class World:
    """Who sells what, when and at which price.

    Attributes:
        store: Store of each series, 0..stores-1; shape (series,).
        item: Item of each series; shape (series,).
        category: Category of each item, its place among `CATEGORIES`; shape (items,).
        launch: First day of each item; shape (items,).
        price: EUR, shape (items, days).
        promo: Whether an item is promoted, shape (items, days).
        mean: Units that customers would buy a day in the mean, shape (series, days).
        clump: How clumpy demand is: the variance is the mean * (1 + clump); shape (series,).
    """

    store: np.ndarray
    item: np.ndarray
    category: np.ndarray
    launch: np.ndarray
    price: np.ndarray
    promo: np.ndarray
    mean: np.ndarray
    clump: np.ndarray


def build_world(
    seed: int,
    *,
    stores: int,
    items: int,
    days: int,
    categories: tuple[str, ...],
    weekday: int,
    year_day: int,
    promo_rate: float,
    promo_lift: float,
    new_items: float,
) -> World:
    """Draw a world; the same arguments give the same one.

    Args:
        seed: Seed of this world alone; sales draw from another stream.
        stores: Number of stores.
        items: Number of items, each sold in every store.
        days: Number of days.
        categories: Those that are sold, all when empty.
        weekday: Day of the week of the first day, 0 for Monday.
        year_day: Day of the year of the first day, 0 for 1 January.
        promo_rate: Share of the weeks in which an item is promoted.
        promo_lift: How many times more is sold at a promotion in the mean.
        new_items: Share of the items that are launched after the first day.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 0])
    shares, middle, strength, place, week = (np.asarray(part) for part in zip(*CATEGORIES.values(), strict=True))
    sold = np.isin(list(CATEGORIES), categories) if categories else np.ones(len(shares), dtype=bool)
    category = rng.choice(len(shares), size=items, p=shares * sold / (shares * sold).sum())
    day = np.arange(days)
    launch = np.where(rng.random(items) < new_items, rng.integers(1, max(2, int(days * 0.95)), items), 0)
    list_price = np.round(middle[category] * np.exp(0.35 * rng.standard_normal(items)), 2)
    promo = _promotions(rng, items, days, promo_rate)
    price = np.round(list_price[:, None] * np.where(promo, 0.8, 1.0) * _steps_of_price(rng, items, days), 2)
    popular = np.exp(0.9 * rng.standard_normal(items)) * 3.0 / np.sqrt(middle[category] / middle.min())
    yearly = _season(day + year_day, strength[category], place[category])
    lift = 1.0 + (promo_lift - 1.0) * np.exp(0.4 * rng.standard_normal(items))
    of_item = popular[:, None] * yearly * week[category][:, (day + weekday) % 7] * np.where(promo, lift[:, None], 1.0)
    of_item = of_item * _wander(rng, items, days, 0.03) * (day >= launch[:, None])
    size = np.exp(0.5 * rng.standard_normal(stores))
    taste = np.exp(0.35 * rng.standard_normal((stores, items)))
    store, item = (part.ravel() for part in np.meshgrid(np.arange(stores), np.arange(items), indexing="ij"))
    mean = of_item[item] * (size[store] * taste[store, item])[:, None] * _wander(rng, len(item), days, 0.02)
    clump = rng.gamma(2.0, 0.25, len(item))
    return World(store, item, category, launch, price, promo, mean, clump)


def _promotions(rng: np.random.Generator, items: int, days: int, rate: float) -> np.ndarray:
    """Promotions last a week, from Thursday to Wednesday of the simulated calendar's weeks; shape (items, days)."""
    import numpy as np

    weekly = rng.random((items, days // 7 + 2)) < rate
    promoted: np.ndarray = weekly[:, (np.arange(days) + 4) // 7]
    return promoted


def _steps_of_price(rng: np.random.Generator, items: int, days: int) -> np.ndarray:
    """List prices rise a little about once a year; factor of shape (items, days)."""
    import numpy as np

    rises = (rng.random((items, days)) < 1 / 365) * rng.uniform(0.01, 0.06, (items, days))
    factor: np.ndarray = np.cumprod(1.0 + rises, axis=1)
    return factor


def _season(day: np.ndarray, strength: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The year of each item, and the weeks before Christmas of those that are bought for it; shape (items, days)."""
    import numpy as np

    turn = 2 * np.pi * (day[None, :] / 365.25 - place[:, None])
    wave = np.exp(strength[:, None] * np.cos(turn))
    before = (_CHRISTMAS - day / 365.25 % 1.0) % 1.0
    rush = np.exp(-before * 365.25 / 9.0)
    season: np.ndarray = wave * (1.0 + 2.0 * strength[:, None] * rush[None, :])
    return season


def _wander(rng: np.random.Generator, size: int, days: int, step: float) -> np.ndarray:
    """A level that drifts slowly and comes back, round 1; shape (size, days)."""
    import numpy as np

    weeks = days // 7 + 2
    shocks = step * np.sqrt(7.0) * rng.standard_normal((size, weeks))
    level = np.zeros((size, weeks))
    for week in range(1, weeks):
        level[:, week] = 0.97 * level[:, week - 1] + shocks[:, week]
    drift: np.ndarray = np.exp(level)[:, np.arange(days) // 7]
    return drift
