"""What a user had before, again: the list to beat wherever people buy the same things over and over.

On repeat purchases counting is hard to beat (Hu et al. 2020, Modeling Personalized Item Frequency Information for Next-basket
Recommendation, SIGIR); recency says which of the old things are still wanted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.durations import Duration
from upshot.components.model._choice import Chosen, Setting, is_choice, several
from upshot.components.model._lists import ListParams, finished, lately, learnt_events
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.best import Best

Share = Annotated[float, Field(gt=0, le=1)]
Age = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Power = Annotated[float, Field(ge=0, le=2)]
CHOSEN = ("decay", "half_life", "popular_power")


class OwnHistoryParams(ListParams):
    """A user's own items by how often and how lately. Parameters that take a list choose from it on validation rows."""

    decay: several(Share) = Field(  # type: ignore[valid-type]
        1.0, description="Weight of what was taken one visit earlier; 1 only counts."
    )
    half_life: several(Age | None) = Field(  # type: ignore[valid-type]
        None, description="Days (or steps) after which what was taken counts half; null leaves age out."
    )
    popular_power: several(Power) = Field(  # type: ignore[valid-type]
        0.1,
        description="How far an item is favoured that many take now: times their number ** popular_power. A little tells apart what the user took equally often.",
    )
    popular_window: Duration | None = Field(None, description="How long now is ('28 days', '5 steps'); null counts the whole history.")


class OwnHistory:
    """Gives the k items that the user took most, each time weighted by its recency, those that others take now before the rest."""

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "ranking"

    def __init__(self, params: OwnHistoryParams) -> None:
        self.params = params
        self.tunes = is_choice(params, CHOSEN)
        self.depth = params.k

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Learn nothing but what validation says of recency, where lists were given.

        Raises:
            DataError: There is no event, or fewer items than k.
            RecipeError: A list was given, and there is no validation part.
        """
        from upshot.components.model._trial import chosen_on_validation

        items = learnt_events(train, self.params.k).items
        self.chosen_ = chosen_on_validation(self.params, CHOSEN, self._best, train, validation, history, items)

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Nothing: the rows of the history are looked at when lists are made."""

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`, `score`, `worst_rank`; behind a user's own items the fallback fills, with scores below 0."""
        import pandas as pd

        from upshot.components.lists.asked import Asked

        asked = Asked.of(examples.cases, history, pd.Index([]))
        return finished(self._best(asked, self.chosen_.setting), asked, self.params, without_had=False)

    def state(self) -> Mapping[str, bytes]:
        """What was chosen, as JSON."""
        return {"chosen.json": json.dumps(self.chosen_.as_json()).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.chosen_ = Chosen.from_json(json.loads(files["chosen.json"]))

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
        """How often and how lately the user had each item."""
        from upshot.components.lists.reasons import had_before

        return had_before(lists, cases, history)

    def _best(self, asked: Asked, setting: Setting) -> Best:
        import numpy as np
        from scipy.sparse import diags

        from upshot.components.lists.best import best_of_sparse

        weights = float(setting["decay"]) ** asked.visits_ago
        if setting["half_life"] is not None:
            weights = weights * 0.5 ** (asked.age / float(setting["half_life"]))
        events = asked.events
        now = lately(asked.history, self.params.popular_window, "model.popular_window")[events.row]
        favour = (1.0 + np.bincount(events.item[now], minlength=len(events.items))) ** float(setting["popular_power"])
        own = asked.profile(weights, len(events.items)) @ diags(favour.astype(np.float32))
        return best_of_sparse(own.tocsr(), self.params.k)
