"""What is known of an item or a user beside its events: columns of side tables, or the last value that the history shows.

A side table that is keyed by the item speaks of items, one keyed by the user of users. With a time role, its latest row up to a moment
holds; what is written after it is not looked at. Without one it holds always.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from upshot.components.lists.events import moments, user_column
from upshot.components.times import ticks, times
from upshot.contracts.records import Cases, SideTable
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    At = int | np.ndarray | None


def item_values(history: Cases, name: str, items: pd.Index, where: str, *, at: int | np.ndarray | None = None) -> pd.Series:
    """A column of items, in the order of `items`, which may repeat; null where nothing is known.

    Args:
        history: Rows before the cases, with their side tables.
        name: The column: of a side table of items, else of the history's rows.
        items: Names of the items, shape (n,).
        where: Recipe key that asked, for the message.
        at: Ticks up to which rows count, one for all or shape (n,); the last moment of the history where left out.

    Raises:
        DataError: Neither a side table of items nor the history has such a column.
    """
    return _values(history, str(history.roles.item), history.labels.frame["label"], name, items, (where, "items"), at)


def user_values(history: Cases, name: str, users: pd.Index, where: str, *, at: int | np.ndarray | None = None) -> pd.Series:
    """A column of users, in the order of `users`; as `item_values`.

    Raises:
        DataError: There is no such column.
    """
    key = user_column(history)
    return _values(history, key, history.rows.frame[key], name, users, (where, "users"), at)


def with_sides(cases: Cases, names: Iterable[str]) -> pd.DataFrame:
    """The rows of the cases, with those of the columns that only a side table has: of whatever a column of the rows names in it.

    Args:
        cases: Rows and their side tables.
        names: Columns that are asked for; what no side table has is left out.
    """
    import numpy as np
    import pandas as pd

    frame = cases.rows.frame
    for name in names:
        table = next((table for table in cases.tables.values() if _tells(table, name, frame)), None)
        if name not in frame.columns and table is not None:
            side, key, time = table.rows.frame, table.roles.key[0], table.roles.time
            since = np.full(len(side), _ALWAYS) if time is None else ticks(times(side[time], f"data.tables: {time}"))
            found = _latest(side[key], since, side[name], pd.Index(frame[key]), moments(cases))
            frame = frame.assign(**{name: found.set_axis(frame.index)})
    return frame


def _tells(table: SideTable, name: str, rows: pd.DataFrame) -> bool:
    key = table.roles.key
    return len(key) == 1 and key[0] in rows.columns and name in table.rows.columns and name != key[0]


def keyed_by(cases: Cases, column: str | None) -> dict[str, SideTable]:
    """The side tables whose key is this column, by name."""
    return {name: table for name, table in cases.tables.items() if column is not None and table.roles.key == (column,)}


def _values(history: Cases, key: str, own: pd.Series, name: str, asked: pd.Index, told: tuple[str, str], at: At) -> pd.Series:
    import numpy as np

    where, noun = told
    tables = keyed_by(history, key)
    now = moments(history)
    until = (int(now.max()) if len(now) else 0) if at is None else at
    for table in tables.values():
        if name in table.rows.columns and name != key:
            frame, time = table.rows.frame, table.roles.time
            since = np.full(len(frame), _ALWAYS) if time is None else ticks(times(frame[time], f"data.tables: {time}"))
            return _latest(frame[key], since, frame[name], asked, until)
    if name not in history.rows.columns:
        known = [*(column for table in tables.values() for column in table.rows.columns), *history.rows.columns]
        problem = Problem(where, f"no such column of {noun}", repr(name), did_you_mean(name, known))
        raise DataError("a column is missing", [problem])
    return _latest(own, now, history.rows.frame[name], asked, until)


_ALWAYS = -(2**60)


def _latest(owner: pd.Series, since: np.ndarray, values: pd.Series, asked: pd.Index, until: int | np.ndarray) -> pd.Series:
    """The value of the latest row of each asked owner up to a moment; index 0..n-1, null without one.

    Args:
        owner: Whom each row speaks of, shape (rows,).
        since: Ticks from which it holds, shape (rows,).
        values: What it says, shape (rows,); nulls say nothing.
        asked: Owners, shape (n,).
        until: Ticks, one or shape (n,).
    """
    import numpy as np
    import pandas as pd

    rows = np.flatnonzero(owner.notna().to_numpy() & values.notna().to_numpy())
    codes, names = pd.factorize(owner.iloc[rows])
    order = np.lexsort((since[rows], codes))
    rows, codes, since = rows[order], codes[order].astype(np.int64), since[rows][order]
    wanted = pd.Index(names).get_indexer(asked)
    moments_known, place = np.unique(since, return_inverse=True)
    span = len(moments_known) + 1
    upto = np.searchsorted(moments_known, until, side="right") - 1
    at = np.searchsorted(codes * span + place, wanted * span + upto, side="right") - 1
    found = (wanted >= 0) & (at >= 0)
    found &= codes[np.maximum(at, 0)] == wanted if len(codes) else False
    taken = values.iloc[rows[np.maximum(at, 0)]] if len(rows) else values.iloc[np.zeros(0, dtype=np.int64)].reindex(range(len(asked)))
    return taken.reset_index(drop=True).where(pd.Series(found))
