"""What every model of lists is asked, and how its lists are finished: length, what is left out, and what stands in where it has nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.durations import Duration
from upshot.components.lists.events import Events, moments, tick_of
from upshot.components.times import span_ticks
from upshot.contracts.components import Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.best import Best


class FallbackParams(Params):
    """What a user gets of whom too little is known, and what fills a list that came out short."""

    by: Literal["popularity", "nothing"] = Field(
        "popularity", description="popularity: what most people took lately; nothing: the list stays short, or empty."
    )
    window: Duration | None = Field(None, description="How long lately is ('28 days', '5 steps'); null counts the whole history.")


class ListParams(Params):
    """What every model of lists is asked."""

    k: int = Field(10, ge=1, le=10_000, description="Items a list; policies that leave items out need more than they show.")
    fallback: FallbackParams = Field(default_factory=FallbackParams, description="What stands in for new users and fills short lists.")


class NewItemsParams(ListParams):
    """What a model is asked that may show what a user has not had yet."""

    exclude_seen: bool = Field(True, description="Whether items that the user has had are left out.")


def learnt_events(train: Examples, k: int) -> Events:
    """The training events, of which there must be enough items for a list.

    Raises:
        DataError: There is no event, or there are fewer items than a list should have.
    """
    events = Events.of(train.cases)
    if not events.size:
        raise DataError("there is nothing to learn from", [Problem("split", "needs at least one training row with an item", "none")])
    refuse_longer(k, len(events.items))
    return events


def refuse_longer(k: int, items: int) -> None:
    """Refuse lists that are longer than the catalogue.

    Raises:
        DataError: They are.
    """
    if k > items:
        hint = f"set model.k={items} or less; metrics and policy must not ask for more either"
        raise DataError(
            "a list cannot be so long", [Problem("model.k", f"must not exceed the {items:,} items that training knows", str(k), hint)]
        )


def lately(history: Cases, window: str | None, where: str) -> np.ndarray:
    """Which rows count for a window that ends with the last row of the history, bool, shape (rows,).

    Raises:
        DataError: The window is in days where the cases count steps, or the other way round.
    """
    import numpy as np

    if window is None or not history.size:
        return np.ones(history.size, dtype=bool)
    now = moments(history)
    recent: np.ndarray = now > now.max() - span_ticks(window, tick_of(history) > 1, where)
    return recent


def finished(best: Best, asked: Asked, params: ListParams, *, without_had: bool) -> pd.DataFrame:
    """The lists as predictions, filled by the fallback where they are short."""
    from upshot.components.lists.popular import filled, most_taken

    if params.fallback.by == "popularity" and len(best.row) < params.k * asked.size:
        events = asked.events
        recent = lately(asked.history, params.fallback.window, "model.fallback.window")[events.row]
        order, level = most_taken(events.item[recent], len(events.items))
        best = filled(best, asked, params.k, order, level, without_had=without_had)
    return asked.frame(best)
