"""Most popular items: the same list for everybody, less what each has had already. The list that every other has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.durations import Duration
from upshot.components.model._lists import lately, learnt_events
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class PopularityParams(Params):
    """Items by their count, or by their sum of the weight role, in the history."""

    k: int = Field(10, ge=1, le=10_000, description="Items a list.")
    window: Duration | None = Field(
        None, description="Only events so long before the end of the history count ('28 days', '5 steps'); null counts all."
    )
    exclude_seen: bool = Field(True, description="Whether items that the user has had are left out.")


class Popularity:
    """Gives the k items with the highest count before the cases; ties go to the smaller item.

    The history given at prediction is all that it looks at, so its list is as fresh as that history and it learns nothing at `fit`. The
    list is one for all cases of a call: split by time where later events of other users must not count.
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "ranking"

    def __init__(self, params: PopularityParams) -> None:
        self.params = params
        self.depth = params.k

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Check that training rows have a user and items enough; nothing is learnt.

        Raises:
            DataError: There is no training row, no entity role, or fewer items than k.
        """
        learnt_events(train, self.params.k)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank` from 1, `score` (the count or sum of weights), `worst_rank`; fewer than k where items run out.

        Raises:
            DataError: The history has no event that counts.
        """
        import numpy as np
        import pandas as pd
        from scipy.sparse import csr_matrix

        from upshot.components.lists.asked import Asked
        from upshot.components.lists.popular import first_free, most_taken

        asked = Asked.of(examples.cases, history, pd.Index([]))
        events = asked.events
        counted = lately(history, self.params.window, "model.window")[events.row]
        order, level = most_taken(events.item[counted], len(events.items), self._weights(history, events.row[counted]))
        if not len(order):
            raise DataError("there is nothing popular yet", [Problem("history", "needs an event that counts", f"{history.size} rows")])
        had = asked.had if self.params.exclude_seen else csr_matrix(asked.had.shape)
        return asked.frame(first_free(had, order, level, np.full(asked.size, self.params.k)))

    def state(self) -> Mapping[str, bytes]:
        """Nothing: the list is made from the history."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
        """How often each item was taken within the window."""
        from upshot.components.lists.reasons import taken_by_many

        counted = lately(history, self.params.window, "model.window")
        return taken_by_many(lists, history.labels.frame["label"][counted].value_counts(), self.params.window)

    def _weights(self, history: Cases, rows: np.ndarray) -> np.ndarray | None:
        weight = history.roles.weight
        return None if weight is None else history.rows.frame[weight].to_numpy(dtype="float64")[rows]
