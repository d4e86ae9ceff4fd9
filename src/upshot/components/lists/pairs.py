"""What is known of a user and an item together, as of the moment at which the list is shown: the columns that a ranking model looks at.

Everything is counted up to the list's own moment and never beyond it, also where the history of other users goes on. Events are sorted by
item and time once; a count over a window is then two binary searches for all pairs together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from upshot.components.lists.facts import item_values, user_values

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.asked import Asked


@dataclass(frozen=True)
class Wanted:
    """Which columns beside counts and recencies.

    Attributes:
        windows: Name -> ticks: windows over which an item is counted.
        item_columns: Columns of items, numbers or categories.
        user_columns: Columns of users, numbers or categories.
        category: Column of items by which a user's taste is counted.
        price: Column of money of the history's rows.
    """

    windows: dict[str, int]
    item_columns: tuple[str, ...] = ()
    user_columns: tuple[str, ...] = ()
    category: str | None = None
    price: str | None = None


@dataclass(frozen=True)
class Pairs:
    """Pairs of list and item, and the earlier events that speak of them.

    Attributes:
        asked: The lists.
        row: List of each pair, int64, shape (n,).
        item: Code of the item among `asked.events.items`, int64, shape (n,).
    """

    asked: Asked
    row: np.ndarray
    item: np.ndarray

    def columns(self, wanted: Wanted) -> pd.DataFrame:
        """One row a pair; numbers are float32, NaN where nothing is known; categories are categorical."""
        import numpy as np
        import pandas as pd

        found = {**self._of_items(wanted), **self._of_users(), **self._of_both()}
        if wanted.price is not None:
            found |= self._prices(wanted.price)
        frame = pd.DataFrame({name: np.asarray(values, dtype=np.float32) for name, values in found.items()})
        return self._with_columns(frame, wanted)

    @cached_property
    def _by_item(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sort key of every event by item and time, the order, and the first place of each item."""
        import numpy as np

        events = self.asked.events
        order = np.lexsort((events.time, events.item))
        return (
            self._key(events.item[order], events.time[order]),
            order,
            np.searchsorted(events.item[order], np.arange(len(events.items) + 1)),
        )

    @cached_property
    def _span(self) -> tuple[int, int]:
        events, as_of = self.asked.events, self.asked.groups.as_of
        first = min(int(events.time.min(initial=0)), int(as_of.min(initial=0)))
        return first, max(int(events.time.max(initial=0)), int(as_of.max(initial=0))) - first + 2

    def _key(self, code: np.ndarray, time: np.ndarray) -> np.ndarray:
        import numpy as np

        first, span = self._span
        key: np.ndarray = code * span + np.clip(time - first, -1, span - 1)
        return key

    @cached_property
    def _now(self) -> np.ndarray:
        now: np.ndarray = self.asked.groups.as_of[self.row]
        return now

    def _until(self, ticks: int) -> np.ndarray:
        """Place after the last event of the pair's item up to so many ticks before its list."""
        import numpy as np

        key, _, _ = self._by_item
        return np.searchsorted(key, self._key(self.item, self._now - ticks), side="right")

    def _of_items(self, wanted: Wanted) -> dict[str, np.ndarray]:
        import numpy as np

        _, order, first = self._by_item
        events, start, upto = self.asked.events, first[self.item], self._until(0)
        count = np.maximum(upto - start, 0)
        found: dict[str, np.ndarray] = {"item_count": count}
        for name, ticks in wanted.windows.items():
            found[f"item_count_{name}"] = upto - np.maximum(self._until(ticks), start)
        time = events.time[order] if len(order) else np.zeros(1, dtype=np.int64)
        seen = count > 0
        found["item_age"] = np.where(seen, (self._now - time[np.minimum(start, len(time) - 1)]) / self.asked.tick, np.nan)
        found["item_since"] = np.where(seen, (self._now - time[np.maximum(upto - 1, 0)]) / self.asked.tick, np.nan)
        takers = np.concatenate([[0], np.cumsum(self._is_first[order])])
        found["item_repeats"] = np.where(seen, count / np.maximum(takers[np.maximum(upto, start)] - takers[start], 1), np.nan)
        return found

    @cached_property
    def _is_first(self) -> np.ndarray:
        """Whether an event is its user's first of the item; events stand by user and time."""
        import numpy as np

        events = self.asked.events
        first = np.zeros(events.size, dtype=bool)
        first[np.unique(events.user * max(len(events.items), 1) + events.item, return_index=True)[1]] = True
        return first

    def _of_users(self) -> dict[str, np.ndarray]:
        import numpy as np

        of_list, event = self.asked.pairs
        lists, events = self.asked.size, self.asked.events
        count = np.bincount(of_list, minlength=lists).astype(np.float64)
        last = np.full(lists, -np.inf)
        np.maximum.at(last, of_list, events.time[event].astype(np.float64))
        visits = np.zeros(lists)
        np.maximum.at(visits, of_list, events.visit[event] + 1.0)
        since = np.where(count > 0, (self.asked.groups.as_of - last) / self.asked.tick, np.nan)
        different = np.diff(self.asked.had.indptr)
        per_list = {"user_count": count, "user_visits": visits, "user_items": different, "user_since": since}
        return {name: values[self.row] for name, values in per_list.items()}

    def _of_both(self) -> dict[str, np.ndarray]:
        import numpy as np

        of_list, event = self.asked.pairs
        events = self.asked.events
        size = max(len(events.items), 1)
        key = of_list * size + events.item[event]
        order = np.lexsort((events.time[event], key))
        pairs, first, count = np.unique(key[order], return_index=True, return_counts=True)
        wanted = self.row * size + self.item
        at = np.minimum(np.searchsorted(pairs, wanted), max(len(pairs) - 1, 0))
        had = (pairs[at] == wanted) if len(pairs) else np.zeros(len(wanted), dtype=bool)
        if not len(pairs):
            nothing = np.full(len(wanted), np.nan)
            return {
                "own_count": np.zeros(len(wanted)),
                "own_since": nothing,
                "own_visits_ago": nothing,
                "own_gap": nothing,
                "own_due": nothing,
            }
        newest, oldest = event[order][first + count - 1], event[order][first]
        since = (self._now - events.time[newest][at]) / self.asked.tick
        gap = (events.time[newest] - events.time[oldest])[at] / self.asked.tick / np.maximum(count[at] - 1, 1)
        again = had & (count[at] > 1) & (gap > 0)
        return {
            "own_count": np.where(had, count[at], 0),
            "own_since": np.where(had, since, np.nan),
            "own_visits_ago": np.where(had, events.visits_ago[newest][at], np.nan),
            "own_gap": np.where(again, gap, np.nan),
            "own_due": np.where(again, since / np.where(gap > 0, gap, 1.0), np.nan),
        }

    def _prices(self, name: str) -> dict[str, np.ndarray]:
        import numpy as np

        _, order, first = self._by_item
        events = self.asked.events
        price = self.asked.history.rows.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)[events.row]
        upto = self._until(0)
        latest = np.where(upto > first[self.item], price[order][np.maximum(upto - 1, 0)] if len(order) else np.nan, np.nan)
        of_list, event = self.asked.pairs
        known = np.isfinite(price[event])
        total = np.bincount(of_list[known], weights=price[event][known], minlength=self.asked.size)
        mean = total / np.maximum(np.bincount(of_list[known], minlength=self.asked.size), 1)
        own = np.where(mean > 0, mean, np.nan)[self.row]
        return {"item_price": latest, "price_to_own": latest / own}

    def _with_columns(self, frame: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        history, items = self.asked.history, self.asked.events.items
        for name in wanted.item_columns:
            frame[f"item.{name}"] = _plain(item_values(history, name, items, "model.item_columns").iloc[self.item])
        for name in wanted.user_columns:
            values = user_values(history, name, pd.Index(self.asked.groups.user), "model.user_columns")
            frame[f"user.{name}"] = _plain(values.iloc[self.row])
        if wanted.category is not None:
            kind, names = pd.factorize(item_values(history, wanted.category, items, "model.category"))
            of_list, event = self.asked.pairs
            of_kind = kind[self.asked.events.item[event]]
            known = of_kind >= 0
            table = np.zeros((self.asked.size, len(names) + 1), dtype=np.float32)
            np.add.at(table, (of_list[known], of_kind[known]), 1.0)
            share = table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
            frame["own_category"] = np.where(kind[self.item] >= 0, share[self.row, kind[self.item]], np.nan).astype(np.float32)
        return frame


def _plain(values: pd.Series) -> pd.Series:
    """Numbers as float32, anything else as categories; index 0..n-1."""
    import pandas as pd

    values = values.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("float32")
    return values.astype(str).astype("category")
