"""Trial lists on validation rows: what a setting is worth, as the discounted gain of the lists that it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from upshot.components.model._choice import Chosen, Setting, axes, choose, is_choice, need_validation
from upshot.components.model._lists import ListParams
from upshot.contracts.components import Examples
from upshot.contracts.records import Cases

if TYPE_CHECKING:
    import pandas as pd

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.best import Best

MOST_LISTS = 5_000
"""Validation lists that a setting is tried on; drawn evenly where there are more."""


def chosen_on_validation(
    params: ListParams,
    names: tuple[str, ...],
    best: Callable[[Asked, Setting], Best],
    train: Examples,
    validation: Examples | None,
    history: Cases,
    items: pd.Index,
) -> Chosen:
    """The setting whose lists have the highest mean NDCG at k on validation rows.

    Args:
        params: Holds the values to choose from.
        names: Parameters that may hold a list.
        best: Lists of a setting, learnt from the training rows.
        train: Training rows, the users' own rows among them.
        validation: Rows to choose by.
        history: Rows before the training rows.
        items: Items that training knows.

    Raises:
        RecipeError: There is something to choose, and no validation row.
    """
    if not is_choice(params, names):
        return choose(axes(params, names), lambda _: 0.0)
    if validation is None or not validation.cases.size:
        raise need_validation(params, names)
    from upshot.components.lists.asked import Asked
    from upshot.components.lists.events import together
    from upshot.components.lists.judged import Judged

    cases = some_lists(validation.cases, MOST_LISTS)
    asked = Asked.of(cases.blind(), together(history, train.cases), items)

    def score(setting: Setting) -> float:
        judged = Judged.of(asked.frame(best(asked, setting)), cases)
        return float(judged.gain(params.k)[judged.wanted > 0].mean()) if (judged.wanted > 0).any() else 0.0

    return choose(axes(params, names), score)


def some_lists(cases: Cases, most: int) -> Cases:
    """The cases of at most so many lists, evenly chosen."""
    import numpy as np

    from upshot.components.lists.groups import Groups

    groups = Groups.of(cases)
    if groups.size <= most:
        return cases
    chosen = np.zeros(groups.size, dtype=bool)
    chosen[(np.arange(most) * (groups.size / most)).astype(np.int64)] = True
    return cases.take(np.flatnonzero(chosen[groups.code]))
