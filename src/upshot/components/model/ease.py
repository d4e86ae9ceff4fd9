"""A linear model of every item from all others, solved in one step: EASE.

Source:
    Steck (2019), Embarrassingly Shallow Autoencoders for Sparse Data, WWW.
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
CHOSEN = ("decay", "l2")


class EaseParams(NewItemsParams):
    """EASE. Parameters that take a list choose from it on validation rows."""

    l2: several(Positive) = Field(300.0, description="Ridge penalty; higher for few data.")  # type: ignore[valid-type]
    decay: several(Share) = Field(  # type: ignore[valid-type]
        1.0, description="Weight of what a user took one visit earlier when lists are made; 1 counts all alike, as the paper does."
    )
    max_items: int = Field(
        5_000,
        ge=2,
        le=30_000,
        description="Most items that are modelled, the most taken first: memory grows with their square, time with their cube.",
    )
    neighbours: int = Field(500, ge=1, le=30_000, description="Weights that are kept of each item, the largest first, whatever their sign.")


class Ease:
    """Gives the k items with the highest score, the sum of learned weights from what the user took; higher is better.

    Items beyond `max_items` are scored by nobody; the fallback may still show them.
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "ranking"

    def __init__(self, params: EaseParams) -> None:
        self.params = params
        self.tunes = is_choice(params, CHOSEN)
        self.depth = params.k

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Solve for the weights, and choose by validation where lists were given.

        Raises:
            DataError: There is no event, or fewer items than k.
            RecipeError: A list was given, and there is no validation part.
        """
        from upshot.components.model._trial import chosen_on_validation

        events = learnt_events(train, self.params.k)
        self.items_ = events.items
        gram = self._gram(events)
        solved: dict[float, csr_matrix] = {}

        def weights(l2: float) -> csr_matrix:
            if l2 not in solved:
                solved.clear()
                solved[l2] = self._solve(gram, l2, compute)
            return solved[l2]

        def best(asked: Asked, setting: Setting) -> Best:
            return self._best(asked, weights(setting["l2"]), setting["decay"])

        self.chosen_ = chosen_on_validation(self.params, CHOSEN, best, train, validation, history, self.items_)
        self.weights_ = weights(self.chosen_.setting["l2"])

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Solve again on these rows; what was chosen stays."""
        events = learnt_events(train, self.params.k)
        self.items_ = events.items
        self.weights_ = self._solve(self._gram(events), self.chosen_.setting["l2"], compute)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`, `score`, `worst_rank`; where scores above 0 run out the fallback fills, with scores below 0."""
        from upshot.components.lists.asked import Asked

        asked = Asked.of(examples.cases, history, self.items_)
        best = self._best(asked, self.weights_, self.chosen_.setting["decay"])
        return finished(best, asked, self.params, without_had=self.params.exclude_seen)

    def state(self) -> Mapping[str, bytes]:
        """Items and weights as Arrow, what was chosen as JSON."""
        from upshot.components.model._factors import matrix_files

        return {**matrix_files(self.items_, self.weights_), "chosen.json": json.dumps(self.chosen_.as_json()).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        from upshot.components.model._factors import matrix_of

        self.items_, self.weights_ = matrix_of(files)
        self.chosen_ = Chosen.from_json(json.loads(files["chosen.json"]))

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
        """The items of the user's history whose weight adds most to each item."""
        from upshot.components.lists.reasons import because_of
        from upshot.components.model._factors import column_of_sparse

        decay = float(self.chosen_.setting["decay"])
        return because_of(lists, cases, history, self.items_, lambda asked: decay**asked.visits_ago, column_of_sparse(self.weights_))

    def _gram(self, events: Events) -> csr_matrix:
        """Users that took both, items x items; rows and columns of items beyond `max_items` are empty."""
        import numpy as np

        from upshot.components.lists.popular import most_taken

        matrix = events.matrix().tocsc()
        order, _ = most_taken(events.item, len(events.items))
        kept = np.zeros(len(events.items), dtype=np.float32)
        kept[order[: self.params.max_items]] = 1.0
        matrix = matrix.multiply(kept).tocsc()
        matrix.eliminate_zeros()
        return (matrix.T @ matrix).tocsr()

    def _solve(self, gram: csr_matrix, l2: float, compute: Compute) -> csr_matrix:
        import numpy as np
        from scipy.linalg import inv
        from scipy.sparse import csr_matrix
        from threadpoolctl import threadpool_limits

        modelled = np.flatnonzero(gram.diagonal() > 0)
        dense = gram[modelled][:, modelled].toarray().astype(np.float64)
        dense[np.diag_indices_from(dense)] += l2
        with threadpool_limits(compute.threads):
            inverse = inv(dense, overwrite_a=True, check_finite=False)
        inverse /= -np.diag(inverse)
        inverse[np.diag_indices_from(inverse)] = 0.0
        return _largest(inverse.astype(np.float32), modelled, gram.shape, self.params.neighbours, csr_matrix)

    def _best(self, asked: Asked, weights: csr_matrix, decay: float) -> Best:
        profile = asked.profile(float(decay) ** asked.visits_ago, asked.known)
        return asked.best(self.params.k, lambda part: (profile[part] @ weights).tocsr(), without_had=self.params.exclude_seen)


def _largest(dense: np.ndarray, names: np.ndarray, shape: tuple[int, int], most: int, make: type[csr_matrix]) -> csr_matrix:
    """The entries of each row that are largest without their sign, at the places of the modelled items."""
    import numpy as np

    if dense.shape[1] > most:
        least = np.partition(np.abs(dense), dense.shape[1] - most, axis=1)[:, dense.shape[1] - most]
        dense[np.abs(dense) < least[:, None]] = 0.0
    row, column = np.nonzero(dense)
    return make((dense[row, column], (names[row], names[column])), shape=shape)
