"""What each user takes in the window that follows a cutoff, decided on at the cutoff: the global time split of recommendation.

All rows of a scored window are moved to the moment at which it begins, because that is when its lists are shown; one list a user. Nothing
of the window is known then, neither a user's first purchase in it nor what became popular. Meng et al. (2020), Exploring Data Splitting
Strategies for the Evaluation of Recommendation Models, RecSys.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.split._folds import one_fold
from upshot.components.split._users import item_of, unknown_notes, user_of
from upshot.components.split._windows import TimeWindowsParams
from upshot.components.split.by_time import cut
from upshot.components.times import is_clock
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class NextWindowParams(TimeWindowsParams):
    """Windows as in by_time: shares (`test: 0.2`), dates (`test_from: "2011-11-10"`) or windows; and which of their rows are asked for."""

    users: Literal["all", "known"] = Field(
        "all", description="known leaves out scored rows of users whom no earlier part has; all lets the model's fallback serve them."
    )
    items: Literal["all", "known", "new_to_user"] = Field(
        "all",
        description="known leaves out scored rows of items that no earlier part has, new_to_user also those that the user has had.",
    )


class NextWindow:
    """One fold by time, in which the rows of a scored window are decided on at its beginning."""

    spec: Spec

    def __init__(self, params: NextWindowParams) -> None:
        self.params = params
        self.parts = params.parts()

    def split(self, cases: Cases) -> Folds:
        """Give each case its part, and the scored ones their moment.

        Raises:
            RecipeError: The recipe names no time, user or item.
            DataError: A part is empty, or its dates do not fit the time column.
        """
        _, users = user_of(cases, None)
        items = item_of(cases).factorize()[0].astype("int64")
        codes, parts, gap = cut(cases, self.params)
        asked = self._asked(codes, users, items, "validation") & self._asked(codes, users, items, "test")
        codes[~asked & (codes == PARTS.index("test"))] = PARTS.index("unused")
        notes = unknown_notes(cases, users, codes)
        starts: dict[Part, int] = {part: interval.start for part, interval in parts.items() if part != "train"}
        return one_fold(_moved(cases, codes, starts, asked), codes, self.parts, self.params, gap=gap, in_time=True, notes=notes)

    def _asked(self, codes: np.ndarray, users: np.ndarray, items: np.ndarray, part: Part) -> np.ndarray:
        """False for rows of the part that are not asked for, bool, shape (n,). On validation they stay: they are history for the test."""
        import numpy as np

        earlier = np.isin(codes, range(PARTS.index(part)))
        scored = codes == PARTS.index(part)
        out = np.zeros(len(codes), dtype=bool)
        if self.params.users == "known":
            out |= ~np.isin(users, users[earlier])
        if self.params.items != "all":
            out |= (items >= 0) & ~np.isin(items, items[earlier])
        if self.params.items == "new_to_user":
            pair = users * (int(items.max(initial=0)) + 2) + items + 1
            out |= np.isin(pair, pair[earlier & (items >= 0)])
        asked: np.ndarray = ~(scored & out)
        return asked


def _moved(cases: Cases, codes: np.ndarray, starts: dict[Part, int], asked: np.ndarray) -> Cases:
    """The cases with the scored ones decided on when their window begins, and a column that says which are asked for."""
    import numpy as np

    labels = cases.labels.frame
    moments: pd.Series = labels["as_of"]
    moved = moments.to_numpy().copy()
    for part, start in starts.items():
        rows = codes == PARTS.index(part)
        moved[rows] = np.datetime64(start, "us") if is_clock(moments) else start
    asking = {} if asked.all() else {"asked": asked}
    return replace(cases, labels=Table.of(labels.assign(as_of=moved, **asking)))
