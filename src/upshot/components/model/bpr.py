"""Users and items as factors, learned from pairs: what was taken should score higher than what was not. Fitted by the library implicit.

Source:
    Rendle et al. (2009), BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from upshot.components.model._choice import Chosen, Setting, is_choice, several
from upshot.components.model._factorised import Factors, Positive, lists_of, one_pool
from upshot.components.model._lists import NewItemsParams, finished, learnt_events
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.best import Best

Penalty = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CHOSEN = ("factors", "learning_rate", "regularization")


class BprParams(NewItemsParams):
    """Bayesian personalised ranking. Parameters that take a list choose from it on validation rows."""

    factors: several(Factors) = Field(64, description="Length of the factors.")  # type: ignore[valid-type]
    learning_rate: several(Positive) = Field(0.05, description="Step of the gradient descent.")  # type: ignore[valid-type]
    regularization: several(Penalty) = Field(0.01, description="Penalty on the size of factors.")  # type: ignore[valid-type]
    iterations: int = Field(100, ge=1, le=10_000, description="Rounds over the events.")


class Bpr:
    """Gives the k items with the highest product of user and item factors; higher is better.

    One thread, whatever the recipe allows: the library's threads write over each other, and no two runs would agree. A user whom training
    did not know has no factors and gets the fallback.
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "ranking"

    def __init__(self, params: BprParams) -> None:
        self.params = params
        self.tunes = is_choice(params, CHOSEN)
        self.depth = params.k

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Learn the factors, and choose by validation where lists were given.

        Raises:
            DataError: There is no event, or fewer items than k.
            RecipeError: A list was given, and there is no validation part.
        """
        from upshot.components.model._trial import chosen_on_validation

        learnt: dict[tuple[Any, ...], tuple[np.ndarray, np.ndarray]] = {}

        def best(asked: Asked, setting: Setting) -> Best:
            key = tuple(setting.values())
            if key not in learnt:
                learnt.clear()
                learnt[key] = self._learn(train, setting, compute)
            return self._best(asked, *learnt[key])

        events = learnt_events(train, self.params.k)
        self.items_, self.users_ = events.items, events.users
        self.chosen_ = chosen_on_validation(self.params, CHOSEN, best, train, validation, history, self.items_)
        key = tuple(self.chosen_.setting.values())
        self.user_factors_, self.item_factors_ = learnt[key] if key in learnt else self._learn(train, self.chosen_.setting, compute)

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Learn again on these rows; what was chosen stays."""
        events = learnt_events(train, self.params.k)
        self.items_, self.users_ = events.items, events.users
        self.user_factors_, self.item_factors_ = self._learn(train, self.chosen_.setting, compute)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`, `score`, `worst_rank`; who was not known in training gets the fallback, with scores below 0."""
        from upshot.components.lists.asked import Asked

        asked = Asked.of(examples.cases, history, self.items_)
        best = self._best(asked, self.user_factors_, self.item_factors_)
        return finished(best, asked, self.params, without_had=self.params.exclude_seen)

    def state(self) -> Mapping[str, bytes]:
        """Users, items and their factors as Arrow, what was chosen as JSON."""
        from upshot.components.model._factors import factors_file, names_file

        return {
            "users.arrow": names_file(self.users_),
            "user_factors.arrow": factors_file(self.user_factors_),
            "items.arrow": names_file(self.items_),
            "item_factors.arrow": factors_file(self.item_factors_),
            "chosen.json": json.dumps(self.chosen_.as_json()).encode(),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        from upshot.components.model._factors import factors_of, names_of

        self.users_, self.items_ = names_of(files["users.arrow"]), names_of(files["items.arrow"])
        self.user_factors_, self.item_factors_ = factors_of(files["user_factors.arrow"]), factors_of(files["item_factors.arrow"])
        self.chosen_ = Chosen.from_json(json.loads(files["chosen.json"]))

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
        """The items of the user's history whose factors are most like those of each item."""
        from upshot.components.model._factorised import reasons_of

        return reasons_of(lists, cases, history, self.items_, self.item_factors_)

    def _learn(self, train: Examples, setting: Setting, compute: Compute) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        library = self._library(setting, int(compute.seed))
        with one_pool():
            library.fit(learnt_events(train, self.params.k).matrix(), show_progress=False)
        return np.ascontiguousarray(library.user_factors), np.ascontiguousarray(library.item_factors)

    def _best(self, asked: Asked, user_factors: np.ndarray, item_factors: np.ndarray) -> Best:
        import numpy as np
        import pandas as pd

        library = self._library({}, 0)  # only its lists are asked for
        library.user_factors, library.item_factors = user_factors, item_factors
        users = self.users_.get_indexer(pd.Index(asked.groups.user))
        profile = asked.profile(np.ones(len(asked.pairs[0])), asked.known)
        return lists_of(library, asked, profile, self.params.k, users, without_had=self.params.exclude_seen)

    def _library(self, setting: Setting, seed: int) -> Any:
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        with one_pool():
            return BayesianPersonalizedRanking(**setting, iterations=self.params.iterations, num_threads=1, random_state=seed)
