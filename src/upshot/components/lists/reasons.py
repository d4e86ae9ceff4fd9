"""Why an item stands on a list, in words: what the user had that speaks for it, how often they had it, how many others took it.

Told for the few lists that a report shows, row by row; nothing here is on the path that makes lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from upshot.components.lists.asked import Asked
from upshot.contracts.records import Cases

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Links = Callable[["np.ndarray", int], "np.ndarray"]
"""Codes of items that were had, shape (n,), and the code of one that is shown, to how strongly each speaks for it, shape (n,)."""
MOST_NAMED = 2


def because_of(
    lists: pd.DataFrame, cases: Cases, history: Cases, items: pd.Index, weigh: Callable[[Asked], np.ndarray], links: Links
) -> list[str]:
    """The items of the user's history that speak most for each that is shown: "goes with tea, milk"; "" where none does.

    Args:
        lists: Columns `case` and `item`.
        cases: Blind cases.
        history: All rows before them.
        items: Items that the model knows.
        weigh: How much each event of `Asked.pairs` counts.
        links: What the model has learnt between two items.
    """
    import numpy as np

    asked = Asked.of(cases, history, items)
    profile = asked.profile(weigh(asked), asked.known)
    told = []
    for row, item in _rows(lists, asked):
        of_list = profile[row]
        had, weights = of_list.indices, of_list.data
        strength = weights * links(had, item) if 0 <= item < asked.known else np.zeros(len(had))
        best = [place for place in np.argsort(-strength, kind="stable")[:MOST_NAMED] if strength[place] > 0 and had[place] != item]
        told.append("goes with " + ", ".join(str(items[had[place]]) for place in best) if best else "")
    return told


def had_before(lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
    """How often and how lately the user had each item: "had 3 times, 2 visits before the last"; "" where never."""
    import numpy as np
    import pandas as pd

    asked = Asked.of(cases, history, pd.Index([]))
    of_list, event = asked.pairs
    item, ago = asked.events.item[event], asked.visits_ago
    told = []
    for row, code in _rows(lists, asked):
        start, end = np.searchsorted(of_list, [row, row + 1])
        mine = np.flatnonzero(item[start:end] == code) + start
        if not len(mine):
            told.append("")
            continue
        times, last = len(mine), int(ago[mine].min())
        often = _times(times)
        told.append(f"had {often}, {'on the last visit' if last == 0 else f'{_visits(last)} before the last'}")
    return told


def taken_by_many(lists: pd.DataFrame, counts: pd.Series, window: str | None) -> list[str]:
    """How often each item was taken by all: "taken 120 times in 28 days".

    Args:
        lists: Column `item`.
        counts: Events by item.
        window: What they were counted over; None for the whole history.
    """
    found = counts.reindex(lists["item"]).fillna(0).astype("int64")
    return [f"taken {_times(count)}" + ("" if window is None else f" in {window}") for count in found]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _visits(count: int) -> str:
    return "1 visit" if count == 1 else f"{count} visits"


def _rows(lists: pd.DataFrame, asked: Asked) -> list[tuple[int, int]]:
    """List and code of the item of every row."""
    import pandas as pd

    codes = asked.events.items.get_indexer(pd.Index(lists["item"]))
    rows = asked.groups.code[lists["case"].to_numpy()]
    return list(zip(rows.tolist(), codes.tolist(), strict=True))
