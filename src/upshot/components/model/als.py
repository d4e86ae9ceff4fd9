"""Users and items as factors, by alternating least squares on implicit feedback; fitted by the library implicit.

Source:
    Hu, Koren & Volinsky (2008), Collaborative Filtering for Implicit Feedback Datasets, ICDM; solved by conjugate gradients as in
    Takacs, Pilaszy & Tikk (2011), Applications of the conjugate gradient method for implicit feedback collaborative filtering, RecSys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from upshot.components.model._choice import Chosen, Setting, is_choice, several
from upshot.components.model._factorised import FactorParams, Factors, Positive, lists_of, one_pool, profile_of, training_matrix
from upshot.components.model._lists import finished, learnt_events
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.best import Best

CHOSEN = ("factors", "alpha", "regularization")


class AlsParams(FactorParams):
    """Alternating least squares. Parameters that take a list choose from it on validation rows."""

    factors: several(Factors) = Field(64, description="Length of the factors.")  # type: ignore[valid-type]
    alpha: several(Positive) = Field(10.0, description="How much more what was taken counts than what was not.")  # type: ignore[valid-type]
    regularization: several(Positive) = Field(0.01, description="Penalty on the size of factors.")  # type: ignore[valid-type]
    iterations: int = Field(15, ge=1, le=1_000, description="Rounds of the solver.")


class Als:
    """Gives the k items with the highest product of user and item factors; higher is better.

    A user's factors are made of what the history holds of them when lists are made, so users that training did not know get their own
    list as soon as they took one known item.
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "ranking"

    def __init__(self, params: AlsParams) -> None:
        self.params = params
        self.tunes = is_choice(params, CHOSEN)
        self.depth = params.k

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Fit the factors, and choose by validation where lists were given.

        Raises:
            DataError: There is no event, fewer items than k, or a weight that is no confidence.
            RecipeError: A list was given, and there is no validation part.
        """
        from upshot.components.model._trial import chosen_on_validation

        self.threads_ = int(compute.threads)
        fitted: dict[tuple[Any, ...], np.ndarray] = {}

        def factors(setting: Setting) -> np.ndarray:
            key = tuple(setting.values())
            if key not in fitted:
                fitted.clear()
                fitted[key] = self._factors(train, setting, compute)
            return fitted[key]

        def best(asked: Asked, setting: Setting) -> Best:
            return self._best(asked, factors(setting), setting)

        self.items_ = learnt_events(train, self.params.k).items
        self.chosen_ = chosen_on_validation(self.params, CHOSEN, best, train, validation, history, self.items_)
        self.factors_ = factors(self.chosen_.setting)

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Fit again on these rows; what was chosen stays."""
        self.items_ = learnt_events(train, self.params.k).items
        self.factors_ = self._factors(train, self.chosen_.setting, compute)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`, `score`, `worst_rank`; who took nothing known gets the fallback, with scores below 0."""
        from upshot.components.lists.asked import Asked

        asked = Asked.of(examples.cases, history, self.items_)
        best = self._best(asked, self.factors_, self.chosen_.setting)
        return finished(best, asked, self.params, without_had=self.params.exclude_seen)

    def state(self) -> Mapping[str, bytes]:
        """Items and their factors as Arrow, what was chosen and the thread count as JSON."""
        from upshot.components.model._factors import factors_file, names_file

        chosen = json.dumps({**self.chosen_.as_json(), "threads": self.threads_}).encode()
        return {"items.arrow": names_file(self.items_), "item_factors.arrow": factors_file(self.factors_), "chosen.json": chosen}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        from upshot.components.model._factors import factors_of, names_of

        self.items_, self.factors_ = names_of(files["items.arrow"]), factors_of(files["item_factors.arrow"])
        chosen = json.loads(files["chosen.json"])
        self.chosen_, self.threads_ = Chosen.from_json(chosen), int(chosen["threads"])

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
        """The items of the user's history whose factors are most like those of each item."""
        from upshot.components.model._factorised import reasons_of

        return reasons_of(lists, cases, history, self.items_, self.factors_)

    def _factors(self, train: Examples, setting: Setting, compute: Compute) -> np.ndarray:
        import numpy as np

        matrix = training_matrix(train.cases, learnt_events(train, self.params.k), self.params)
        factorised = self._library(setting, int(compute.seed))
        with one_pool():
            factorised.fit(matrix, show_progress=False)
        return np.ascontiguousarray(factorised.item_factors)

    def _best(self, asked: Asked, factors: np.ndarray, setting: Setting) -> Best:
        factorised = self._library(setting, 0)
        factorised.item_factors = factors
        profile = profile_of(asked, self.params)
        return lists_of(factorised, asked, profile, self.params.k, None, without_had=self.params.exclude_seen)

    def _library(self, setting: Setting, seed: int) -> Any:
        from implicit.cpu.als import AlternatingLeastSquares

        with one_pool():
            return AlternatingLeastSquares(
                **setting, iterations=self.params.iterations, num_threads=self.threads_, random_state=seed, calculate_training_loss=False
            )
