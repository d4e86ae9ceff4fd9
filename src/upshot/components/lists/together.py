"""Which items are taken together, and which follow each other: the similarity behind item neighbours.

Cosine of co-occurrence forgets the order in which things were taken. Here a pair counts less the further its visits lie apart, and a
step back counts less than a step forward: what follows a stroller is not what comes before it. With `pair_decay` 1, `backward` 1 and
`target_power` 0.5 it is the cosine of visits again.

Source:
    Sarwar et al. (2001), Item-based collaborative filtering recommendation algorithms, WWW; with order and distance as in Garg et al.
    (2019), Sequence and Time Aware Neighborhood for Session-based Recommendations, SIGIR.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from upshot.components.lists.best import best_of_sparse, blocks

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

    from upshot.components.lists.events import Events

VISITS_AT_ONCE = 200_000
"""Visits whose pairs are in memory at once."""
LEAST = 0.01
"""Pairs that would count less than this are left out."""


def taken_together(events: Events, *, pair_decay: float, backward: float, user_power: float, reach: int) -> csr_matrix:
    """How often the second item (column) was taken with or after the first (row), weighted; float32, items x items, diagonal empty.

    Args:
        events: Sorted events.
        pair_decay: Weight of a pair whose visits lie d apart: pair_decay ** d.
        backward: Weight of a pair in the opposite order.
        user_power: A user of v visits counts v ** -user_power: those who take everything say little.
        reach: Visits apart from which on pairs do not count.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, diags

    items = len(events.items)
    if not events.size:
        return csr_matrix((items, items), dtype=np.float32)
    visit = np.cumsum(np.r_[True, (np.diff(events.user) != 0) | (np.diff(events.visit) != 0)]) - 1
    user = events.user[np.r_[0, np.flatnonzero(np.diff(visit)) + 1]]
    counts = np.bincount(user, minlength=len(events.users))
    weight = counts[user].astype(np.float32) ** np.float32(-user_power)
    held = csr_matrix((np.ones(events.size, dtype=np.float32), (visit, events.item)), shape=(len(user), items))
    held.data[:] = 1.0
    together = csr_matrix((items, items), dtype=np.float32)
    after = csr_matrix((items, items), dtype=np.float32)
    for part in _by_users(user):
        first = held[part].T.tocsr().multiply(weight[part]).tocsr()
        together = together + first @ held[part]
        steps = _steps(user[part], pair_decay, reach)
        if steps.nnz:
            after = after + first @ (steps @ held[part])
    found = together + after + (after.T * np.float32(backward))
    found = (found - diags(found.diagonal())).tocsr()
    found.eliminate_zeros()
    return found.astype(np.float32)


def similar(counts: csr_matrix, taken: np.ndarray, *, target_power: float, shrink: float, neighbours: int) -> csr_matrix:
    """Counts over the items' own: row = item that was had, column = item that may be shown; the best `neighbours` of each row.

    similarity = count / (taken[row] ** (1 - target_power) * taken[column] ** target_power + shrink)

    Args:
        counts: From `taken_together`.
        taken: How often each item was taken, shape (items,).
        target_power: 0 favours popular items, 0.5 is cosine, 1 favours rare ones.
        shrink: Added below: pairs seen seldom count less.
        neighbours: Most entries a row.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    own = np.maximum(taken, 1).astype(np.float64)
    below = own[row] ** (1.0 - target_power) * own[counts.indices] ** target_power + shrink
    scaled = csr_matrix(((counts.data / below).astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)
    kept = [best_of_sparse(scaled[part], neighbours).shifted(part.start) for part in blocks(*counts.shape)]
    data, rows, columns = (np.concatenate([getattr(best, name) for best in kept] or [np.zeros(0)]) for name in ("score", "row", "item"))
    return csr_matrix((data.astype(np.float32), (rows.astype(np.int64), columns.astype(np.int64))), shape=counts.shape)


def _by_users(user: np.ndarray) -> list[slice]:
    """Slices of visits that part no user, of about `VISITS_AT_ONCE`."""
    import numpy as np

    borders = np.r_[0, np.flatnonzero(np.diff(user)) + 1, len(user)]
    cuts = [0]
    while cuts[-1] < len(user):
        cuts.append(int(borders[max(np.searchsorted(borders, cuts[-1] + VISITS_AT_ONCE, side="right") - 1, 0)]))
        if cuts[-1] == cuts[-2]:  # one user alone is longer
            cuts[-1] = int(borders[np.searchsorted(borders, cuts[-2], side="right")])
    return [slice(start, end) for start, end in pairwise(cuts)]


def _steps(user: np.ndarray, pair_decay: float, reach: int) -> csr_matrix:
    """Visits x visits: pair_decay ** d where the second is d >= 1 visits of the same user later."""
    import math

    import numpy as np
    from scipy.sparse import csr_matrix

    longest = int(np.bincount(user - user.min()).max()) - 1
    far = math.inf if pair_decay >= 1 else 0 if pair_decay <= 0 else math.log(LEAST) / math.log(pair_decay)
    rows, columns, data = [], [], []
    for apart in range(1, int(min(longest, reach, far)) + 1):
        first = np.flatnonzero(user[:-apart] == user[apart:])
        rows.append(first)
        columns.append(first + apart)
        data.append(np.full(len(first), pair_decay**apart, dtype=np.float32))
    if not rows:
        return csr_matrix((len(user), len(user)), dtype=np.float32)
    return csr_matrix((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=(len(user), len(user)))
