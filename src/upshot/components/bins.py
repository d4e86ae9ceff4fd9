"""Bins of probabilities: as many cases in each, equal probabilities never parted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def equal_mass(p: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each number, coded in ascending order from 0, with about as many in each; fewer bins where many are equal.

    Args:
        p: Numbers, shape (n,).
        bins: How many at most.

    Example:
        >>> import numpy as np
        >>> equal_mass(np.array([0.9, 0.2, 0.2, 0.1]), 2).tolist()
        [1, 0, 0, 0]
    """
    import numpy as np

    if not len(p):
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(p, np.arange(1, bins) / bins, method="inverted_cdf"))
    return np.unique(np.searchsorted(edges, p, side="left"), return_inverse=True)[1].astype(np.int64)
