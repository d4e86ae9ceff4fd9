"""The world that card payments happen in: customers, merchants and terminals in a square of 100 x 100."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_SIDE = 100.0
_SHOP = 0.5
"""Deviation of a terminal's place from its merchant's."""

_CATEGORIES = {
    "groceries": (0.30, 0.8),
    "restaurants": (0.20, 0.7),
    "clothing": (0.14, 1.2),
    "fuel": (0.12, 0.9),
    "services": (0.10, 1.0),
    "electronics": (0.08, 1.4),
    "travel": (0.06, 1.5),
}
"""Category -> its share of the merchants, and how much dearer than usual customers pay there."""


@dataclass(frozen=True)
class World:
    """Who may pay where, and how much.

    Attributes:
        per_day: Mean number of payments a day, shape (customers,); 0 for customers without a terminal in reach.
        mean_amount: EUR, shape (customers,).
        merchant: Merchant of each terminal, shape (terminals,).
        category: Category code of each merchant, shape (merchants,).
        categories: Names by code.
        price: Factor on amounts by category code.
        near: Terminals in reach, customer by customer.
        starts: Where each customer's terminals begin in `near`, shape (customers + 1,).
    """

    per_day: np.ndarray
    mean_amount: np.ndarray
    merchant: np.ndarray
    category: np.ndarray
    categories: tuple[str, ...]
    price: np.ndarray
    near: np.ndarray
    starts: np.ndarray

    def terminal_of(self, customer: np.ndarray, draw: np.ndarray) -> np.ndarray:
        """A terminal in reach of each customer; `draw` in [0, 1) says which."""
        import numpy as np

        reach = self.starts[customer + 1] - self.starts[customer]
        chosen: np.ndarray = self.near[self.starts[customer] + np.floor(draw * reach).astype(np.int64)]
        return chosen


def build_world(seed: int, customers: int, merchants: int, terminals: int, radius: float) -> World:
    """Draw a world; the same arguments give the same one.

    Args:
        seed: Seed of this world alone; payments draw from another stream.
        customers: Number of customers.
        merchants: Number of merchants; no more than terminals are used.
        terminals: Number of terminals; the first one of each merchant, then others at merchants drawn at random.
        radius: How far a customer goes.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 0])
    merchants = min(merchants, terminals)
    shares, price = np.asarray(list(_CATEGORIES.values())).T
    home = rng.uniform(0, _SIDE, (customers, 2))
    merchant = np.concatenate([np.arange(merchants), rng.integers(merchants, size=terminals - merchants)])
    shop = rng.uniform(0, _SIDE, (merchants, 2))
    place = np.clip(shop[merchant] + _SHOP * rng.standard_normal((terminals, 2)), 0, _SIDE)
    near, starts = within(home, place, radius)
    mean_amount = rng.uniform(5, 100, customers)
    per_day = np.where(np.diff(starts) > 0, rng.uniform(0, 4, customers), 0.0)
    category = rng.choice(len(shares), size=merchants, p=shares)
    return World(per_day, mean_amount, merchant, category, tuple(_CATEGORIES), price, near, starts)


def within(here: np.ndarray, there: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Points within a radius of each of some others, without comparing all with all.

    `there` is sorted into cells as wide as the radius; each point of `here` is compared with the nine cells round it.

    Args:
        here: Shape (n, 2), coordinates in [0, 100].
        there: Shape (m, 2), likewise.
        radius: Largest distance.

    Returns:
        Positions in `there`, point by point of `here` and ascending within one, and where each point's begin, shape (n + 1,).

    Example:
        >>> import numpy as np
        >>> near, starts = within(np.array([[1.0, 1.0], [50.0, 50.0]]), np.array([[2.0, 1.0], [1.0, 0.0], [9.0, 9.0]]), 3.0)
        >>> near.tolist(), starts.tolist()
        ([0, 1], [0, 2, 2])
    """
    import numpy as np

    width = int(_SIDE // radius) + 3  # cells in a row, with an empty one on either side
    cell = (there // radius).astype(np.int64) + 1
    code = cell[:, 0] * width + cell[:, 1]
    by_cell = np.argsort(code, kind="stable")
    sorted_code = code[by_cell]
    mine = (here // radius).astype(np.int64) + 1
    pairs = []
    for row in (-1, 0, 1):  # three cells that lie side by side are one range
        middle = (mine[:, 0] + row) * width + mine[:, 1]
        low, high = np.searchsorted(sorted_code, middle - 1, "left"), np.searchsorted(sorted_code, middle + 1, "right")
        who = np.repeat(np.arange(len(here)), high - low)
        what = by_cell[np.arange(len(who)) - np.repeat(np.cumsum(high - low) - high, high - low)]
        close = ((here[who] - there[what]) ** 2).sum(axis=1) <= radius**2
        pairs.append((who[close], what[close]))
    who, what = (np.concatenate(side) for side in zip(*pairs, strict=True))
    order = np.lexsort((what, who))
    return what[order], np.concatenate([[0], np.cumsum(np.bincount(who, minlength=len(here)))])
