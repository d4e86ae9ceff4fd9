"""Most popular items: the same list for everybody, less what each has had already. The list that every other has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.model._roles import clock, entity_column, time_column
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class PopularityParams(Params):
    """Items by their count, or by their sum of the weight role, in the history."""

    k: int = Field(10, ge=1, description="Items a case.")
    window: float | None = Field(
        None, gt=0, description="Only events of the last so many days count (units of the time column if it is a number); null counts all."
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

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Check that training rows have a user and an item; nothing is learnt.

        Raises:
            DataError: There is no training row, or no entity role.
        """
        entity_column(train.cases)
        if not train.cases.size:
            raise DataError("there is nothing to learn from", [Problem("split", "needs at least one training row", "none")])

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank` from 1, and `score` (the count or sum of weights); fewer than k rows where items run out.

        Raises:
            DataError: The history has no event that counts.
        """
        import numpy as np
        import pandas as pd

        codes, items = pd.factorize(history.labels.frame["label"], sort=True)
        score = np.bincount(codes, weights=self._weights(history), minlength=len(items)) if len(items) else np.empty(0)
        if not (score > 0).any():
            raise DataError("there is nothing popular yet", [Problem("history", "needs an event that counts", f"{history.size} rows")])
        order = np.lexsort((np.arange(len(items)), -score))
        order = order[score[order] > 0]
        place = np.full(len(items), -1)
        place[order] = np.arange(len(order))
        case, at = self._places(examples.cases, history, place[codes], len(order))
        rank = np.arange(len(case)) - np.searchsorted(case, case) + 1
        return pd.DataFrame({"case": case, "item": items[order[at]], "rank": rank, "score": score[order[at]]})

    def state(self) -> Mapping[str, bytes]:
        """Nothing: the list is made from the history."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""

    def _weights(self, history: Cases) -> np.ndarray:
        import numpy as np

        weight = history.roles.weight
        weights = history.rows.frame[weight].to_numpy(dtype=np.float64) if weight is not None else np.ones(history.size)
        if self.params.window is None or not history.size:
            return weights
        times = clock(history.rows.frame[time_column(history)])
        age = times.max() - times
        days = age / np.timedelta64(1, "D") if times.dtype.kind == "M" else age
        inside: np.ndarray = days < self.params.window
        return np.where(inside, weights, 0.0)

    def _places(self, cases: Cases, history: Cases, places: np.ndarray, ranked: int) -> tuple[np.ndarray, np.ndarray]:
        """Case and place in the list of the first k items that each may have.

        The j-th item that a user has not had stands at place j + (had items whose place less their number is <= j), so one sorted array
        and one search do it for all users.
        """
        import numpy as np
        import pandas as pd

        wanted = np.tile(np.arange(self.params.k), cases.size)
        case = np.repeat(np.arange(cases.size), self.params.k)
        if self.params.exclude_seen:
            users = pd.Index(pd.unique(history.rows.frame[entity_column(history)]))
            seen = users.get_indexer(pd.Index(history.rows.frame[entity_column(history)])) * (ranked + 1) + places
            seen = np.unique(seen[places >= 0])  # user * (ranked + 1) + place
            first = np.searchsorted(seen, np.arange(len(users) + 1) * (ranked + 1))
            free_before = seen - (np.arange(len(seen)) - first[seen // (ranked + 1)])
            user = users.get_indexer(pd.Index(cases.rows.frame[entity_column(cases)]))[case]
            upto = np.searchsorted(free_before, user * (ranked + 1) + np.minimum(wanted, ranked), side="right")
            wanted = wanted + np.where(user >= 0, upto - first[user], 0)
        there = wanted < ranked
        return case[there], wanted[there]
