"""Leave one out: each user's last row tests, the one before tunes, the rest train.

The protocol of sequential recommendation. It mixes calendar times: one user's training rows may be later than another's test row,
so a model that learns what is popular today has seen a little of the future; the split says how much. `next_window` does not.

Source:
    Kang & McAuley (2018), Self-Attentive Sequential Recommendation, ICDM, section IV-B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.faults import shorten
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import as_of, codes_for, one_fold
from upshot.components.split._users import calendar_note, item_of, refuse_same_again, unknown_notes, user_of
from upshot.components.times import ticks
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np

LEAST_ROWS = 3


class LeaveLastOutParams(SplitParams):
    """By user, in the order of time."""

    entity: str | None = Field(None, description="Column of the user; none for the first of data.roles.entities.")


class LeaveLastOut:
    """One fold: per user the last row tests, the second last tunes; users with fewer than three rows only train.

    Rows of one user at one moment keep the order of the data. Rows on which nothing was taken are left out.
    """

    spec: Spec
    parts: tuple[Part, ...] = ("train", "validation", "test")

    def __init__(self, params: LeaveLastOutParams) -> None:
        self.params = params

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            RecipeError: The recipe names no user or no time.
            DataError: No user has three rows, or a scored row stands among the earlier ones too.
        """
        import numpy as np

        name, users = user_of(cases, self.params.entity)
        taken = cases.labels.frame["label"].notna().to_numpy()
        rows = np.flatnonzero(taken)
        left, size = _rows_after(users[rows], ticks(as_of(cases))[rows])
        long = size >= LEAST_ROWS
        if not long.any():
            most = int(size.max()) if len(size) else 0
            raise DataError("the split cannot be used", [Problem(name, f"some must have {LEAST_ROWS} rows", f"at most {most}")])
        codes = codes_for(cases, "train")
        codes[~taken] = PARTS.index("unused")
        codes[rows[long & (left == 1)]] = PARTS.index("validation")
        codes[rows[long & (left == 0)]] = PARTS.index("test")
        notes: tuple[str, ...] = ()
        if cases.roles.item is not None and cases.roles.target in (None, cases.roles.item):
            item_of(cases)
            refuse_same_again(cases, users, codes, self.parts)
            notes = (*_short_note(cases, name, rows[~long], users), calendar_note(cases, codes, "split=next_window keeps them apart"))
            notes = (*notes, *unknown_notes(cases, users, codes))
        return one_fold(cases, codes, self.parts, self.params, in_order=(name,), notes=notes)


def _short_note(cases: Cases, name: str, rows: np.ndarray, users: np.ndarray) -> tuple[str, ...]:
    import numpy as np

    if not len(rows):
        return ()
    few, all_users = len(np.unique(users[rows])), len(np.unique(users))
    shown = shorten(cases.rows.frame[name].iloc[int(rows[0])])
    return (
        f"short: {few:,} of {all_users:,} users have fewer than {LEAST_ROWS} rows and only train, such as {shown} in row {int(rows[0])}; "
        "split=by_user tests users with one row too",
    )


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
