"""What is known of an item or a user beside its events: columns of side tables, or the last value that the history shows.

A side table that is keyed by the item speaks of items, one keyed by the user of users. With a time role, its latest row up to a moment
holds; what is written after it is not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.lists.events import moments, user_column
from upshot.components.times import ticks, times
from upshot.contracts.records import Cases, SideTable
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


def item_values(history: Cases, name: str, items: pd.Index, where: str, *, at: int | None = None) -> pd.Series:
    """A column of every item, in the order of `items`; null where nothing is known.

    Args:
        history: Rows before the cases, with their side tables.
        name: The column: of a side table of items, else of the history's rows.
        items: Names of the items.
        where: Recipe key that asked, for the message.
        at: Ticks; later rows of a side table with a time role do not count. The last moment of the history where left out.

    Raises:
        DataError: Neither a side table of items nor the history has such a column.
    """
    import pandas as pd

    key = history.roles.item
    tables = keyed_by(history, key)
    for table in tables.values():
        if name in table.rows.columns and name != key:
            rows = latest(table, at if at is not None else _last(history), where)
            return pd.Series(rows.drop_duplicates(str(key), keep="last").set_index(str(key))[name].reindex(items).to_numpy())
    if name not in history.rows.columns:
        known = [*(c for table in tables.values() for c in table.rows.columns), *history.rows.columns]
        raise DataError("an item's column is missing", [Problem(where, "no such column of items", repr(name), did_you_mean(name, known))])
    frame = pd.DataFrame({"item": history.labels.frame["label"], "value": history.rows.frame[name], "at": moments(history)})
    known_rows = frame.dropna(subset=["item", "value"]).sort_values("at", kind="stable").drop_duplicates("item", keep="last")
    return pd.Series(known_rows.set_index("item")["value"].reindex(items).to_numpy())


def user_values(history: Cases, name: str, users: pd.Index, where: str, *, at: int | None = None) -> pd.Series:
    """A column of every user, in the order of `users`, from a side table keyed by the user, else the last value of the history.

    Raises:
        DataError: There is no such column.
    """
    import pandas as pd

    key = user_column(history)
    tables = keyed_by(history, key)
    for table in tables.values():
        if name in table.rows.columns and name != key:
            rows = latest(table, at if at is not None else _last(history), where)
            return pd.Series(rows.drop_duplicates(key, keep="last").set_index(key)[name].reindex(users).to_numpy())
    if name not in history.rows.columns:
        known = [*(c for table in tables.values() for c in table.rows.columns), *history.rows.columns]
        raise DataError("a user's column is missing", [Problem(where, "no such column of users", repr(name), did_you_mean(name, known))])
    frame = pd.DataFrame({"user": history.rows.frame[key], "value": history.rows.frame[name], "at": moments(history)})
    known_rows = frame.dropna().sort_values("at", kind="stable").drop_duplicates("user", keep="last")
    return pd.Series(known_rows.set_index("user")["value"].reindex(users).to_numpy())


def keyed_by(cases: Cases, column: str | None) -> dict[str, SideTable]:
    """The side tables whose key is this column, by name."""
    return {name: table for name, table in cases.tables.items() if column is not None and table.roles.key == (column,)}


def latest(table: SideTable, at: int | None, where: str) -> pd.DataFrame:
    """The rows of a side table that hold at a moment, oldest first; all of a table without a time role."""
    import numpy as np

    frame = table.rows.frame
    if table.roles.time is None:
        return frame
    now = ticks(times(frame[table.roles.time], f"{where}: {table.roles.time}"))
    order = np.argsort(now, kind="stable")
    return frame.iloc[order if at is None else order[now[order] <= at]]


def _last(history: Cases) -> int | None:
    return int(moments(history).max()) if history.size else None
