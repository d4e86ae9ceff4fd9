"""Frames that travel: pandas in hand, Arrow on disk, and not read before somebody looks.

A `Table` knows its rows and columns without being loaded, so a plan, a repeat or a run that starts in the middle touches only the
frames that it needs. Frames are read-only by agreement: whoever changes one takes a copy first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

V = TypeVar("V")


class Map(Mapping[str, V], Generic[V]):
    """An immutable mapping that keeps its order, compares by content and can be hashed.

    Example:
        >>> Map({"a": 1}) == Map({"a": 1}), Map({"a": 1})["a"]
        (True, 1)
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return f"Map({self._items!r})"


def freeze(value: Any) -> Any:
    """Maps and lists as immutable maps and tuples, all the way down.

    Example:
        >>> freeze({"a": [1, {"b": 2}]})
        Map({'a': (1, Map({'b': 2}))})
    """
    if isinstance(value, Mapping):
        return Map({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """The opposite of `freeze`: dicts and lists, as JSON and YAML take them."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [thaw(item) for item in value]
    return value


def texts_within(value: Any) -> Iterator[str]:
    """All texts inside a value, at any depth; keys are not among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_within(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_within(item)


class Table:
    """A frame in hand, or the promise of one on disk.

    Args:
        rows: Number of rows.
        columns: Column names, in order.
        load: Reads the frame; called once, when `frame` is first asked for.
        stored: Where the content already lies, as the ledger wrote it (opaque here); None while it lives in memory only.

    Example:
        >>> import pandas as pd
        >>> table = Table.of(pd.DataFrame({"amount": [3.0, 5.0]}))
        >>> table.rows, table.columns, float(table.frame["amount"].sum())
        (2, ('amount',), 8.0)
    """

    __slots__ = ("_frame", "_load", "_view", "columns", "rows", "stored")

    def __init__(
        self,
        rows: int,
        columns: tuple[str, ...],
        load: Callable[[], pd.DataFrame] | None = None,
        stored: Map[str | int] | None = None,
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.stored = stored
        self._load = load
        self._frame: pd.DataFrame | None = None
        self._view: tuple[Table, np.ndarray, tuple[str, ...]] | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Table:
        """A table over a frame in memory, with a plain 0..n-1 index."""
        table = cls(len(frame), tuple(str(name) for name in frame.columns))
        table._frame = frame.reset_index(drop=True)
        return table

    @classmethod
    def lazy(cls, rows: int, columns: tuple[str, ...], load: Callable[[], pd.DataFrame]) -> Table:
        """A table that is computed when somebody looks."""
        return cls(rows, columns, load)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a pandas frame with a 0..n-1 index; read-only by agreement."""
        if self._frame is None:
            assert self._load is not None
            self._frame = self._load()
            self._load = self._view = None
        return self._frame

    def column(self, name: str) -> pd.Series:
        """One column as in `frame`; of rows of a table nothing but this column is read.

        Raises:
            KeyError: There is none of this name.
        """
        if self._view is None or self._frame is not None:
            return self.frame[name]
        source, positions, columns = self._view
        if name not in columns:
            raise KeyError(name)
        return rows_at(source.column(name).to_frame(), positions)[name]

    @property
    def is_loaded(self) -> bool:
        """Whether the frame is in memory."""
        return self._frame is not None

    def take(self, positions: np.ndarray) -> Table:
        """The rows at these positions, read only when looked at; rows of rows are taken at once from where the first lie."""
        if self._view is None or self._frame is not None:
            return self._viewed(self, positions, self.columns)
        source, own, columns = self._view
        return self._viewed(source, own[positions], columns)

    def without(self, names: tuple[str, ...]) -> Table:
        """The same rows without some columns."""
        kept = tuple(name for name in self.columns if name not in names)
        if kept == self.columns:
            return self
        if self._view is None or self._frame is not None:
            return Table.lazy(self.rows, kept, lambda: self.frame[list(kept)])
        source, own, _ = self._view
        return self._viewed(source, own, kept)

    @staticmethod
    def _viewed(source: Table, positions: np.ndarray, columns: tuple[str, ...]) -> Table:
        def load() -> pd.DataFrame:
            return rows_at(source.frame if columns == source.columns else source.frame[list(columns)], positions)

        table = Table.lazy(len(positions), columns, load)
        table._view = (source, positions, columns)
        return table

    def __repr__(self) -> str:
        return f"Table({self.rows} rows x {len(self.columns)} columns)"


def rows_at(frame: pd.DataFrame, positions: np.ndarray) -> pd.DataFrame:
    """Rows of a frame with a plain 0..n-1 index; rows that lie together in order are not copied.

    Example:
        >>> import numpy as np, pandas as pd
        >>> rows_at(pd.DataFrame({"day": [1, 2, 3]}), np.array([1, 2]))["day"].tolist()
        [2, 3]
    """
    first, last = (int(positions[0]), int(positions[-1])) if len(positions) else (0, -1)
    if last - first + 1 == len(positions) and (positions[1:] > positions[:-1]).all():
        return frame.iloc[first : last + 1].reset_index(drop=True)
    return frame.iloc[positions].reset_index(drop=True)


class Blob:
    """The bytes of one file: in hand, or on disk under the SHA-256 of its content.

    Args:
        load: Reads and verifies the bytes.
        stored: Where the content already lies, as the ledger wrote it; None while it lives in memory only.
    """

    __slots__ = ("_content", "_load", "stored")

    def __init__(
        self,
        content: bytes | None = None,
        load: Callable[[], bytes] | None = None,
        stored: Map[str | int] | None = None,
    ) -> None:
        self._content = content
        self._load = load
        self.stored = stored

    @property
    def content(self) -> bytes:
        """The bytes."""
        if self._content is None:
            assert self._load is not None
            self._content = self._load()
        return self._content
