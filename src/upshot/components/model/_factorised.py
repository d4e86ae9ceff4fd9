"""What the factor models of `implicit` share: confidence of what was taken, and lists from factors.

The library's own thread pool is used; that of the linear algebra below it must be still meanwhile, or both fight for the same cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from upshot.components.lists.best import Best, best_of_entries
from upshot.components.lists.events import tick_of
from upshot.components.model._lists import NewItemsParams
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.events import Events

Factors = Annotated[int, Field(ge=1, le=2_000)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LISTS_AT_ONCE = 8_192


class FactorParams(NewItemsParams):
    """What every factor model is asked."""

    confidence: Literal["once", "count", "weight"] = Field(
        "once", description="What a pair of user and item counts: once, how often it was taken, or the sum of data.roles.weight."
    )
    half_life: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Days (or steps) after which what was taken counts half; null leaves age out."
    )


@contextmanager
def one_pool() -> Iterator[None]:
    """The linear algebra below the library kept to one thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        yield


def training_matrix(cases: Cases, events: Events, params: FactorParams) -> csr_matrix:
    """Users x items: the confidence of each pair, ages counted back from the last event."""
    if is_plain(params):
        return events.matrix()
    age = (events.time.max() - events.time) / tick_of(cases)
    return events.matrix(_aged(_weights(cases, events, params), age, params))


def profile_of(asked: Asked, params: FactorParams) -> csr_matrix:
    """Lists x known items: the confidence of what each list's user took, ages counted back from the list."""
    import numpy as np

    if is_plain(params):
        profile = asked.profile(np.ones(len(asked.pairs[0])), asked.known)
        profile.data[:] = 1.0
        return profile
    weights = _weights(asked.history, asked.events, params)[asked.pairs[1]]
    return asked.profile(_aged(weights, asked.age, params), asked.known)


def is_plain(params: FactorParams) -> bool:
    """Whether a pair counts 1, however often and whenever it was taken."""
    return params.confidence == "once" and params.half_life is None


def _aged(weights: np.ndarray, age: np.ndarray, params: FactorParams) -> np.ndarray:
    return weights if params.half_life is None else weights * 0.5 ** (age / params.half_life)


def _weights(cases: Cases, events: Events, params: FactorParams) -> np.ndarray:
    """How much each event says by itself, float64, shape (events,).

    Raises:
        DataError: The weight is asked for, and no role names it or some are not above 0.
    """
    import numpy as np

    weights = np.ones(events.size)
    if params.confidence == "weight":
        name = cases.roles.weight
        if name is None:
            raise DataError(
                "confidence is not known", [Problem("data.roles.weight", "must name a column for model.confidence: weight", "none")]
            )
        weights = cases.rows.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)[events.row]
        wrong = np.flatnonzero(~(weights > 0))
        if len(wrong):
            rows = ", ".join(f"row {events.row[at]}: {weights[at]:g}" for at in wrong[:5])
            raise DataError(
                "confidence is not known", [Problem(name, "must be above 0 in every event", rows, "or set model.confidence=once")]
            )
    return weights


def lists_of(factorised: Any, asked: Asked, profile: Any, k: int, users: np.ndarray | None, *, without_had: bool) -> Best:
    """The k best items of every list of which the model knows something.

    Args:
        factorised: The library's model.
        asked: The lists.
        profile: Lists x items: what each list's user took.
        k: Items a list.
        users: The model's number of each list's user, -1 for one that it does not know; None to make factors of the profile instead.
        without_had: Whether what the profile holds is left out.
    """
    import numpy as np

    known = np.flatnonzero(np.diff(profile.indptr) > 0 if users is None else users >= 0)
    found = []
    for start in range(0, len(known), LISTS_AT_ONCE):
        rows = known[start : start + LISTS_AT_ONCE]
        who = rows if users is None else users[rows]
        with one_pool():
            items, scores = factorised.recommend(
                who, profile[rows], N=min(k, asked.known), filter_already_liked_items=without_had, recalculate_user=users is None
            )
        row = np.repeat(rows, items.shape[1])
        there = (scores.ravel() > -1e38) & (items.ravel() >= 0)
        found.append(
            best_of_entries(row[there], items.ravel()[there].astype(np.int64), scores.ravel()[there].astype(np.float32), asked.known, k)
        )
    return Best.joined(found)


def reasons_of(lists: pd.DataFrame, cases: Cases, history: Cases, items: pd.Index, factors: np.ndarray) -> list[str]:
    """The items of each user's history whose factors are most like those of an item that is shown, by cosine; see `because_of`.

    Args:
        lists: Columns `case` and `item`.
        cases: Blind cases.
        history: All rows before them.
        items: Items that the model knows.
        factors: Theirs, shape (items, factors).
    """
    import numpy as np

    from upshot.components.lists.reasons import because_of

    length = np.linalg.norm(factors, axis=1)
    unit = factors / np.where(length > 0, length, 1.0)[:, None]
    return because_of(lists, cases, history, items, lambda asked: np.ones(len(asked.pairs[0])), lambda had, item: unit[had] @ unit[item])
