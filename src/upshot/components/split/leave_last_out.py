"""Leave one out: each user's last row tests, the one before tunes, the rest train.

The protocol of sequential recommendation. It mixes calendar times: one user's training rows may be later than another's test row,
so a model that learns what is popular today has seen a little of the future; `by_time` does not.

Source:
    Kang & McAuley (2018), Self-Attentive Sequential Recommendation, ICDM, section IV-B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.faults import column_of
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import as_of, codes_for, one_fold
from upshot.components.times import ticks
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np

LEAST_ROWS = 3


class LeaveLastOutParams(SplitParams):
    """By user, in the order of time."""

    entity: str | None = Field(None, description="Column of the user; none for the first of data.roles.entities.")


class LeaveLastOut:
    """One fold: per user the last row tests, the second last tunes; users with fewer than three rows only train.

    Rows of one user at one moment keep the order of the data.
    """

    spec: Spec
    parts: tuple[Part, ...] = ("train", "validation", "test")

    def __init__(self, params: LeaveLastOutParams) -> None:
        self.params = params

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            RecipeError: The recipe names no user or no time.
            DataError: No user has three rows.
        """
        name = self.params.entity or next(iter(cases.roles.entities), None)
        if name is None:
            raise RecipeError("the split needs a user", [Problem("split.entity", "must name a column", hint="or data.roles.entities")])
        users = column_of(cases.rows.frame, name, "split.entity")
        if users.isna().any():
            raise DataError("the split cannot be used", [Problem(name, "must not be null", f"{int(users.isna().sum())} null")])
        left, size = _rows_after(users.factorize()[0], ticks(as_of(cases)))
        long = size >= LEAST_ROWS
        if not long.any():
            most = int(size.max()) if len(size) else 0
            raise DataError("the split cannot be used", [Problem(name, f"some must have {LEAST_ROWS} rows", f"at most {most}")])
        codes = codes_for(cases, "train")
        codes[long & (left == 1)] = PARTS.index("validation")
        codes[long & (left == 0)] = PARTS.index("test")
        return one_fold(cases, codes, self.parts, self.params)


def _rows_after(users: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per row, how many rows of its user come later, and how many rows the user has; shape (n,) each.

    Example:
        >>> import numpy as np
        >>> _rows_after(np.array([0, 1, 0]), np.array([5, 1, 2]))
        (array([0, 0, 1]), array([2, 1, 2]))
    """
    import numpy as np

    order = np.lexsort((now, users))
    sizes = np.bincount(users)
    ends = np.cumsum(sizes)[users[order]]
    left = np.empty(len(users), dtype=np.int64)
    left[order] = ends - 1 - np.arange(len(users))
    return left, sizes[users]
