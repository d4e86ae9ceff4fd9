"""What most people take: items by their count over a window that ends with the history, and the filling of lists that came out short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.lists.best import Best

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

    from upshot.components.lists.asked import Asked


def most_taken(item: np.ndarray, items: int, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Items that were taken at all, most often first, and how often (or the sum of weights); equal ones in the order of their codes.

    Example:
        >>> import numpy as np
        >>> order, counts = most_taken(np.array([2, 0, 2, 1]), 4)
        >>> order.tolist(), counts.tolist()
        ([2, 0, 1], [2.0, 1.0, 1.0])
    """
    import numpy as np

    counts = np.bincount(item, weights=weights, minlength=items).astype(np.float64)
    order = np.lexsort((np.arange(items), -counts))
    order = order[counts[order] > 0]
    return order, counts[order]


def first_free(taken: csr_matrix, order: np.ndarray, level: np.ndarray, wanted: np.ndarray) -> Best:
    """For each row the first items of an order that the row does not hold.

    The j-th free item stands at place j + (held items whose place less their number is <= j), so one sorted array and one search serve
    all rows.

    Args:
        taken: Rows x items: what each row holds already.
        order: Items, the best first.
        level: How good each of the order is, falling.
        wanted: How many each row wants, shape (rows,); it gets fewer where the order ends.

    Example:
        >>> import numpy as np
        >>> from scipy.sparse import csr_matrix
        >>> holds = csr_matrix(np.array([[1, 0, 0], [0, 0, 0]]))
        >>> found = first_free(holds, np.array([0, 2, 1]), np.array([9.0, 4.0, 4.0]), np.array([1, 2]))
        >>> found.row.tolist(), found.item.tolist(), found.rank.tolist(), found.worst.tolist()
        ([0, 1, 1], [2, 0, 2], [1, 1, 2], [2, 1, 3])
    """
    import numpy as np

    places = len(order)
    place_of = np.full(taken.shape[1], -1, dtype=np.int64)
    place_of[order] = np.arange(places)
    holder = np.repeat(np.arange(taken.shape[0]), np.diff(taken.indptr))
    place = place_of[taken.indices]
    held = np.unique(holder[place >= 0] * (places + 1) + place[place >= 0])
    first = np.searchsorted(held, np.arange(taken.shape[0] + 1) * (places + 1))
    free_before = held - (np.arange(len(held)) - first[held // (places + 1)])
    row = np.repeat(np.arange(len(wanted)), wanted)
    number = np.arange(len(row)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    upto = np.searchsorted(free_before, row * (places + 1) + np.minimum(number, places), side="right")
    at = number + upto - first[row]
    there = at < places
    row, number, at = row[there], number[there], at[there]
    last = np.searchsorted(-level, -level[at], side="right") - 1  # of those that are as good
    held_before = np.searchsorted(held, row * (places + 1) + last, side="right") - first[row]
    return Best(row, order[at], level[at].astype(np.float32), number + 1, last + 1 - held_before)


def filled(best: Best, asked: Asked, k: int, order: np.ndarray, level: np.ndarray, *, without_had: bool) -> Best:
    """Lists of fewer than k items, filled with the first items of an order that they do not hold yet.

    What is filled in stands behind the rest, with scores below 0 that only keep the order: -1, -2, ...

    Args:
        best: The lists as the model left them.
        asked: What was asked for.
        k: Items a list should have.
        order: Items to fill with, the best first.
        level: How good each of them is, falling.
        without_had: Whether items that the user has had stay out.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    missing = k - np.bincount(best.row, minlength=asked.size)
    short = np.flatnonzero(missing > 0)
    if not len(short) or not len(order):
        return best
    items = len(asked.events.items)
    place = np.full(asked.size, -1, dtype=np.int64)
    place[short] = np.arange(len(short))
    mine = place[best.row] >= 0
    taken = csr_matrix((np.ones(int(mine.sum()), dtype=np.float32), (place[best.row[mine]], best.item[mine])), shape=(len(short), items))
    if without_had:
        taken = (taken + asked.had[short]).tocsr()
    free = first_free(taken, order, level, missing[short])
    before = (k - missing[short])[free.row]
    added = Best(short[free.row], free.item, -free.rank.astype(np.float32), before + free.rank, before + free.worst)
    both = Best.joined([best, added])
    at = np.lexsort((both.rank, both.row))
    return Best(both.row[at], both.item[at], both.score[at], both.rank[at], both.worst[at])
