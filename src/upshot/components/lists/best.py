"""The best items of each list by score, over all items, in blocks of lists.

A row of scores is never sorted whole. Sparse scores are sorted as 64-bit keys that hold list, score and item together, which is one pass
of a vectorised sort; dense ones are cut at their k-th score first. Equal scores stand in the order of the items' names, and `worst` says
where an item would stand if all that score as it does stood before it: that is the rank that honest figures are made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

CELLS = 2**23
"""Scores that are in memory at once, whatever the number of lists and items: 32 MB of them."""


@dataclass(frozen=True)
class Best:
    """Entries of lists, by list and then by rank.

    Attributes:
        row: The list, ascending, int64.
        item: Code of the item, int64.
        score: Higher is better, float32.
        rank: From 1, int64.
        worst: Rank if items of equal score stand before it, int64.
    """

    row: np.ndarray
    item: np.ndarray
    score: np.ndarray
    rank: np.ndarray
    worst: np.ndarray

    @classmethod
    def joined(cls, parts: list[Best]) -> Best:
        """Several after each other; their lists must follow each other too."""
        import numpy as np

        if not parts:
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none.astype(np.float32), none, none)
        names = ("row", "item", "score", "rank", "worst")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def shifted(self, by: int) -> Best:
        """The same lists under later numbers."""
        return Best(self.row + by, self.item, self.score, self.rank, self.worst)

    def first(self, k: int) -> Best:
        """The first k of each list."""
        keep = self.rank <= k
        return Best(self.row[keep], self.item[keep], self.score[keep], self.rank[keep], self.worst[keep])


def blocks(rows: int, items: int) -> Iterator[slice]:
    """Slices of lists such that a block of scores stays within `CELLS`.

    Example:
        >>> [(part.start, part.stop) for part in blocks(5, CELLS // 2)]
        [(0, 2), (2, 4), (4, 5)]
    """
    step = max(1, min(CELLS // max(items, 1), 65_536))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def best_of_sparse(scores: csr_matrix, k: int) -> Best:
    """The k highest entries above 0 of each row.

    Args:
        scores: Rows x items; what is not stored, or not above 0, is on no list.
        k: Items a list.

    Example:
        >>> import numpy as np
        >>> from scipy.sparse import csr_matrix
        >>> found = best_of_sparse(csr_matrix(np.array([[0.0, 2.0, 5.0, 2.0]])), 2)
        >>> found.item.tolist(), found.rank.tolist(), found.worst.tolist()
        ([2, 1], [1, 2], [1, 3])
    """
    import numpy as np

    row = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    above = scores.data > 0
    return best_of_entries(row[above], scores.indices[above].astype(np.int64), scores.data[above].astype(np.float32), scores.shape[1], k)


def best_of_dense(scores: np.ndarray, k: int) -> Best:
    """The k highest finite entries of each row.

    Args:
        scores: Shape (rows, items), float32; -inf is on no list.
        k: Items a list.

    Example:
        >>> import numpy as np
        >>> found = best_of_dense(np.array([[-1.0, -3.0, -np.inf], [4.0, 4.0, 4.0]], dtype=np.float32), 2)
        >>> found.row.tolist(), found.item.tolist(), found.worst.tolist()
        ([0, 0, 1, 1], [0, 1, 0, 1], [1, 2, 3, 3])
    """
    import numpy as np

    items = scores.shape[1]
    least = np.full(len(scores), -np.inf, dtype=scores.dtype) if items <= k else np.partition(scores, items - k, axis=1)[:, items - k]
    row, item = np.nonzero((scores >= least[:, None]) & (scores > -np.inf))
    return best_of_entries(row, item, scores[row, item].astype(np.float32), items, k)


def best_of_entries(row: np.ndarray, item: np.ndarray, score: np.ndarray, items: int, k: int) -> Best:
    """The k highest of each list, from one entry a list, item and score; lists are numbered from 0 and may be empty."""
    import numpy as np

    if not len(row):
        return Best.joined([])
    item_bits = max(int(items - 1).bit_length(), 1)
    rows = int(row.max()) + 1
    if rows.bit_length() + 32 + item_bits > 64:
        middle = rows // 2
        low = row < middle
        return Best.joined(
            [
                best_of_entries(row[low], item[low], score[low], items, k),
                best_of_entries(row[~low] - middle, item[~low], score[~low], items, k).shifted(middle),
            ]
        )
    falling = np.uint64(0xFFFFFFFF) - _ordered(score).astype(np.uint64)
    key = (row.astype(np.uint64) << np.uint64(32 + item_bits)) | (falling << np.uint64(item_bits)) | item.astype(np.uint64)
    key.sort()
    row = (key >> np.uint64(32 + item_bits)).astype(np.int64)
    starts = np.searchsorted(row, np.arange(rows + 1))
    rank = np.arange(len(key)) - starts[row] + 1
    kept = np.flatnonzero(rank <= k)
    level = key >> np.uint64(item_bits)
    worst = np.searchsorted(level, level[kept], side="right") - starts[row[kept]]
    bits = (np.uint64(0xFFFFFFFF) - (level[kept] & np.uint64(0xFFFFFFFF))).astype(np.uint32)
    found = (key[kept] & np.uint64((1 << item_bits) - 1)).astype(np.int64)
    return Best(row[kept], found, _restored(bits), rank[kept], worst)


def _ordered(score: np.ndarray) -> np.ndarray:
    """Floats as unsigned integers in the same order, by their bits.

    Example:
        >>> import numpy as np
        >>> numbers = np.array([-2.0, -0.0, 0.0, 1e-30, 3.0], dtype=np.float32)
        >>> bool((np.diff(_ordered(numbers).astype(np.int64)) >= 0).all()), _restored(_ordered(numbers)).tolist()[::2]
        (True, [-2.0, 0.0, 3.0])
    """
    import numpy as np

    bits = (score + np.float32(0.0)).view(np.uint32)  # adding 0 makes -0.0 equal 0.0
    return np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(0x80000000))


def _restored(bits: np.ndarray) -> np.ndarray:
    import numpy as np

    floats: np.ndarray = np.where(bits >> np.uint32(31), bits ^ np.uint32(0x80000000), ~bits).astype(np.uint32).view(np.float32)
    return floats
