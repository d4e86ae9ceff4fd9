"""Items like those that a user took, the latest counting most: item neighbours over the order of visits.

Plain, fast, and on sparse logs better than many deep models (Ferrari Dacrema et al. 2019, Are We Really Making Much Progress?, RecSys).
What decides is recency: with equal weights a user's first purchase speaks as loudly as the last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.model._choice import Chosen, Setting, is_choice, several
from upshot.components.model._lists import NewItemsParams, finished, learnt_events
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.best import Best
    from upshot.components.lists.events import Events

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Power = Annotated[float, Field(ge=0, le=2)]
CHOSEN = ("decay", "pair_decay", "backward", "target_power", "user_power")


class ItemKnnParams(NewItemsParams):
    """Item neighbours. Parameters that take a list choose from it on validation rows."""

    decay: several(Share) = Field(  # type: ignore[valid-type]
        0.8, description="Weight of what was taken one visit earlier; 1 counts the whole history alike, 0 the last visit only."
    )
    pair_decay: several(Share) = Field(  # type: ignore[valid-type]
        1.0, description="Weight of a pair of items for each visit that lies between them; 1 does not look at the distance."
    )
    backward: several(Share) = Field(  # type: ignore[valid-type]
        1.0, description="Weight of a pair in the opposite order; 1 does not look at the order."
    )
    target_power: several(Share) = Field(  # type: ignore[valid-type]
        0.5, description="How far a popular item is held back: 0 not at all, 0.5 as in cosine, 1 fully."
    )
    user_power: several(Power) = Field(  # type: ignore[valid-type]
        0.0, description="How far a user of many visits is held back: v visits count v ** -user_power."
    )
    shrink: float = Field(0.0, ge=0, allow_inf_nan=False, description="Added to the denominator: pairs seen seldom count less.")
    neighbours: int = Field(200, ge=1, le=10_000, description="Most similar items that are kept of each item.")
    reach: int = Field(50, ge=1, le=10_000, description="Visits apart from which on a pair does not count.")
    half_life: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Days (or steps) after which what was taken counts half, beside decay; null leaves age out.",
    )


class ItemKnn:
    """Gives the k items with the highest sum of similarities to what the user took, each weighted by its recency; higher is better.

    Similarities are learnt from training rows; the user's own rows are those of the history given at prediction.
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "ranking"

    def __init__(self, params: ItemKnnParams) -> None:
        self.params = params
        self.tunes = is_choice(params, CHOSEN)
        self.depth = params.k

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Count what is taken together, and choose by validation where lists were given.

        Raises:
            DataError: There is no event, or fewer items than k.
            RecipeError: A list was given, and there is no validation part.
        """
        from upshot.components.model._trial import chosen_on_validation

        events = learnt_events(train, self.params.k)
        self.items_ = events.items
        counted: dict[tuple[float, ...], csr_matrix] = {}

        def best(asked: Asked, setting: Setting) -> Best:
            shape = tuple(setting[name] for name in CHOSEN[1:])
            if shape not in counted:
                counted.clear()
                counted[shape] = self._similar(events, setting)
            return self._best(asked, counted[shape], setting["decay"])

        self.chosen_ = chosen_on_validation(self.params, CHOSEN, best, train, validation, history, self.items_)
        self.similar_ = self._similar(events, self.chosen_.setting)

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Count again on these rows; what was chosen stays."""
        events = learnt_events(train, self.params.k)
        self.items_ = events.items
        self.similar_ = self._similar(events, self.chosen_.setting)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`, `score`, `worst_rank`; where similar items run out the fallback fills, with scores below 0."""
        from upshot.components.lists.asked import Asked

        asked = Asked.of(examples.cases, history, self.items_)
        return finished(
            self._best(asked, self.similar_, self.chosen_.setting["decay"]), asked, self.params, without_had=self.params.exclude_seen
        )

    def state(self) -> Mapping[str, bytes]:
        """Items and similarities as Arrow, what was chosen as JSON."""
        from upshot.components.model._factors import matrix_files

        return {**matrix_files(self.items_, self.similar_), "chosen.json": json.dumps(self.chosen_.as_json()).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        from upshot.components.model._factors import matrix_of

        self.items_, self.similar_ = matrix_of(files)
        self.chosen_ = Chosen.from_json(json.loads(files["chosen.json"]))

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
        """The items of the user's history whose similarity adds most to each item."""
        from upshot.components.lists.reasons import because_of
        from upshot.components.model._factors import column_of_sparse

        decay = self.chosen_.setting["decay"]
        return because_of(lists, cases, history, self.items_, lambda asked: self._weights(asked, decay), column_of_sparse(self.similar_))

    def _similar(self, events: Events, setting: Setting) -> csr_matrix:
        import numpy as np

        from upshot.components.lists.together import similar, taken_together

        pairs = {name: setting[name] for name in ("pair_decay", "backward", "user_power")}
        counts = taken_together(events, reach=self.params.reach, **pairs)
        taken = np.bincount(events.item, minlength=len(events.items))
        return similar(counts, taken, target_power=setting["target_power"], shrink=self.params.shrink, neighbours=self.params.neighbours)

    def _best(self, asked: Asked, similar: csr_matrix, decay: float) -> Best:
        profile = asked.profile(self._weights(asked, decay), asked.known)
        return asked.best(self.params.k, lambda part: (profile[part] @ similar).tocsr(), without_had=self.params.exclude_seen)

    def _weights(self, asked: Asked, decay: float) -> np.ndarray:
        weights: np.ndarray = float(decay) ** asked.visits_ago
        return weights if self.params.half_life is None else weights * 0.5 ** (asked.age / self.params.half_life)
