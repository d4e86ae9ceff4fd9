"""Rows of a database, through SQLAlchemy: a table or a query, read in chunks in one fixed order.

A database says nothing of its own about whether data changed, so a plan asks the `fingerprint` query; without one the rows are read
anew by every run, and stages behind them are reused where they are the same. Queries stand inside a subselect: one statement, which
only reads. Nothing is ever committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from upshot.components.data._cells import column, told_type
from upshot.components.data._columns import ColumnType, header_problems, role_columns
from upshot.components.data._growth import HINT, RULE
from upshot.contracts.params import Names, Secret, SourceParams
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, Select


class SqlParams(SourceParams):
    """A table or query of a database."""

    url: Secret = Field(
        description="Where the database is, as SQLAlchemy writes it: postgresql+psycopg://me:${secret:DB_PASSWORD}@host/base."
    )
    query: str | None = Field(None, description="A SELECT that gives the rows; this or `from_table`.")
    from_table: str | None = Field(None, description="The table or view that holds the rows, with its schema if need be: sales.orders.")
    order_by: Names = Field((), description="Columns that put the rows in one order; the key when left out.")
    columns: dict[str, ColumnType] = Field(
        default_factory=dict,
        description="Column -> type: string, int64, float64, bool, timestamp, timestamp_utc or date; what the values are when left out.",
    )
    fingerprint: str | None = Field(
        None,
        description="A SELECT whose answer differs when the data does, such as select max(updated_at), count(*) from t; "
        "without it the rows are read anew by every run.",
    )
    append_only: bool = Field(
        False, description="Rows are only ever added, with a higher first column of order_by: only new ones are read."
    )
    chunk_rows: int = Field(65536, ge=1, description="Rows fetched at once.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.query is None) == (self.from_table is None):
            raise ValueError("give either query or from_table")
        if not self.order_by and not self.roles.key:
            raise ValueError("rows need an order: set order_by, or roles.key")
        return self


class Sql:
    """Reads a table or query. The columns of `order_by` together must name a row, or their order would be left to chance."""

    spec: Spec

    def __init__(self, params: SqlParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables
        self.append_only = params.append_only
        self._order = params.order_by or params.roles.key
        self._mark: dict[str, Any] = {}

    def fingerprint(self) -> str:
        """What the declared query answers; another text each time without one.

        Raises:
            DataError: The database cannot be reached, or refuses the query.
        """
        from uuid import uuid4

        if self.params.fingerprint is None:
            return f"not declared, so the rows are read again ({uuid4().hex[:8]})"
        with self._connected() as connection:
            rows = connection.execute(_all_of(self.params.fingerprint)).fetchmany(100)
        return "; ".join(", ".join(str(value) for value in row) for row in rows)

    def read(self) -> Iterator[pa.Table]:
        """The rows in order, a chunk at a time.

        Raises:
            DataError: The database cannot be reached or refuses; a column is missing; a value is not of its column's type; two rows
                share their place in the order.
        """
        return self.read_after(None)

    def read_after(self, mark: Mapping[str, Any] | None) -> Iterator[pa.Table]:
        """The rows behind a mark. Those before it are held to their number only: a database keeps no trace of a changed value.

        Raises:
            DataError: As `read`; or there are more or fewer rows before the mark than were read.
        """
        types: dict[str, ColumnType] = {**({} if mark is None else mark["columns"]), **self.params.columns}
        rows, last = (0, None) if mark is None else (int(mark["rows"]), mark["last"])
        with self._connected() as connection:
            if last is not None:
                self._hold_to_number(connection, last, rows)
            result = connection.execution_options(yield_per=self.params.chunk_rows).execute(self._rows_after(last))
            names = list(result.keys())
            problems = header_problems(self._where, names, [*self.params.columns, *self._order, *role_columns(self.roles)], closed=False)
            if problems:
                raise DataError("the columns are not what was declared", problems)
            places = [names.index(name) for name in self._order]
            before: tuple[Any, ...] | None = None
            for chunk in result.partitions():
                before = self._in_order([tuple(row[i] for i in places) for row in chunk], before, rows)
                types |= self._types(names, chunk, types)
                yield self._table(names, chunk, types, rows)
                rows += len(chunk)
        if rows == 0:
            raise DataError("the data is empty", [Problem(self._where, "must have rows", "none")])
        self._mark = {"rows": rows, "last": _plain(before[0]) if before else last, "columns": types}

    def mark(self) -> dict[str, Any]:
        """How many rows were read, and the place of the last one."""
        return self._mark

    @property
    def _where(self) -> str:
        return f"table {self.params.from_table}" if self.params.from_table else "query"

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            engine = create_engine(self.params.url, poolclass=NullPool)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            rule = "must be a URL of SQLAlchemy whose driver is installed"
            problem = Problem("data.url", rule, None, f"{type(error).__name__}: sqlite:///file.db, postgresql+psycopg://user@host/base")
            raise DataError("the database cannot be used", [problem]) from None
        where = engine.url.render_as_string(hide_password=True)
        password = str(engine.url.password or "")
        try:
            with engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            told = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
            told = told.replace(password, "***") if password else told
            raise DataError("the database cannot be read", [Problem(where, told)]) from None
        finally:
            engine.dispose()

    def _rows_after(self, last: Any) -> Select[Any]:
        from sqlalchemy import column as named

        rows = self._source()
        ordered = rows.order_by(*(named(name) for name in self._order))
        return ordered if last is None else ordered.where(named(self._order[0]) > last)

    def _source(self) -> Select[Any]:
        from sqlalchemy import select, table, text

        if self.params.query is not None:
            return _all_of(self.params.query)
        assert self.params.from_table is not None
        schema, _, name = self.params.from_table.rpartition(".")
        return select(text("*")).select_from(table(name, schema=schema or None))

    def _hold_to_number(self, connection: Connection, last: Any, rows: int) -> None:
        from sqlalchemy import column as named
        from sqlalchemy import func, select

        before = self._source().where(named(self._order[0]) <= last).subquery()
        found = int(connection.execute(select(func.count()).select_from(before)).scalar_one())
        if found != rows:
            where = f"{self._where}, {self._order[0]} up to {last}"
            raise DataError("an append-only source changed", [Problem(where, f"{RULE}: {rows:,} of them", f"{found:,}", HINT)])

    def _in_order(self, places: Sequence[tuple[Any, ...]], before: tuple[Any, ...] | None, row: int) -> tuple[Any, ...]:
        for number, place in enumerate(places, start=row + 1):
            if place == before or None in place:
                rule = "must have a value in every row" if None in place else "must name a row, or the order is left to chance"
                raise DataError(
                    "the rows have no fixed order", [Problem(f"order_by {', '.join(self._order)}", rule, f"row {number}: {place!r}")]
                )
            before = place
        assert before is not None
        return before

    def _types(self, names: Sequence[str], chunk: Sequence[Sequence[Any]], known: Mapping[str, ColumnType]) -> dict[str, ColumnType]:
        """Types of the columns that are not settled, from the first chunk."""
        found: dict[str, ColumnType] = {}
        problems = []
        for i, name in enumerate(names):
            if name not in known:
                kind = told_type([row[i] for row in chunk])
                if kind is None:
                    kinds = sorted({type(row[i]).__name__ for row in chunk if row[i] is not None})
                    hint = f"declare it: columns: {{{name}: float64}}"
                    problems.append(
                        Problem(f"column {name!r}", "its type cannot be told from its values", ", ".join(kinds) or "none", hint)
                    )
                else:
                    found[name] = kind
        if problems:
            raise DataError("a type must be declared", problems)
        return found

    def _table(self, names: Sequence[str], chunk: Sequence[Sequence[Any]], types: Mapping[str, ColumnType], row: int) -> pa.Table:
        import pyarrow as pa

        arrays, problems = [], []
        for i, name in enumerate(names):
            array, wrong = column(name, [cells[i] for cells in chunk], types[name], row + 1)
            arrays.append(array)
            problems += wrong
        if problems:
            raise DataError("the data cannot be read exactly", problems)
        return pa.table(dict(zip(names, arrays, strict=True)))


def _all_of(query: str) -> Select[Any]:
    """A query as one subselect."""
    from sqlalchemy import select, text

    return select(text("*")).select_from(text(f"({query.strip().rstrip(';')}) AS rows_of_query"))


def _plain(value: Any) -> Any:
    """A place in the order as JSON keeps it."""
    from datetime import date

    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, (int, float, str)) else str(value)
