"""Rows of a database, exactly and in order; SQLite stands for every database that SQLAlchemy knows."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from upshot.components.data._cells import column
from upshot.components.data.sql import Sql, SqlParams
from upshot.errors import DataError


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    script = """
        create table orders (id integer, at text, price real, name text, paid boolean, note text);
        insert into orders values (3, '2026-01-03 10:00:00', 2.5, 'c', 1, null), (1, '2026-01-01 10:00:00', null, 'a', 0, null),
            (9007199254740993, '2026-01-09 10:00:00', 1.5, 'b', 1, null);
    """
    run(path, script)
    return path


def run(path: Path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def sql(path: Path, **params: Any) -> Sql:
    return Sql(SqlParams.model_validate({"table": "t", "url": f"sqlite:///{path}", "from_table": "orders", "order_by": ["id"]} | params))


TYPES = {"at": "timestamp", "paid": "bool", "note": "string", "price": "float64"}


def rows(path: Path, **params: Any) -> pa.Table:
    return pa.concat_tables(sql(path, **{"columns": TYPES, **params}).read())


def refused(path: Path, **params: Any) -> list[tuple[str, str]]:
    with pytest.raises(DataError) as caught:
        rows(path, **params)
    return [(problem.where, problem.sentence()) for problem in caught.value.problems]


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_a_table_is_read_in_order_with_exact_types_whatever_the_chunks(base: Path, chunk_rows: int) -> None:
    read = rows(base, chunk_rows=chunk_rows)

    assert [str(field.type) for field in read.schema] == ["int64", "timestamp[us]", "double", "string", "bool", "string"]
    assert read.to_pydict() == {
        "id": [1, 3, 9007199254740993],
        "at": [datetime(2026, 1, day, 10) for day in (1, 3, 9)],
        "price": [None, 2.5, 1.5],
        "name": ["a", "c", "b"],
        "paid": [False, True, True],
        "note": [None, None, None],
    }


def test_a_query_is_one_select_and_can_change_nothing(base: Path) -> None:
    query = {"from_table": None, "columns": {}}

    assert rows(base, query="select id, name from orders where id < 5;", **query).to_pydict() == {"id": [1, 3], "name": ["a", "c"]}
    assert "syntax error" in refused(base, query="delete from orders", **query)[0][1]
    assert refused(base, query="select id from orders; drop table orders", **query)[0][1] != ""
    assert rows(base).num_rows == 3


def test_a_type_that_cannot_be_told_and_a_value_of_another_are_refused(base: Path) -> None:
    assert refused(base, columns={}) == [
        ("column 'note'", "its type cannot be told from its values; got none; declare it: columns: {note: float64}")
    ]
    run(base, "insert into orders values (5, '2026-01-05 10:00:00', 'dear', 'd', 1, null)")
    assert refused(base) == [("column 'price'", "must be float64; got row 3: 'dear'")]


def test_values_become_columns_exactly_or_are_refused_by_row() -> None:
    tens = [Decimal("0.10"), None]
    assert column("x", tens, "float64", 1)[0] == pa.array([0.1, None])
    assert column("x", tens, "string", 1)[0] == pa.array(["0.10", None])
    assert column("x", [datetime(2026, 1, 1, tzinfo=UTC)], "timestamp_utc", 1)[0].to_pylist() == [datetime(2026, 1, 1, tzinfo=UTC)]
    assert column("x", [date(2026, 1, 2), "2026-01-03"], "date", 1)[0].to_pylist() == [date(2026, 1, 2), date(2026, 1, 3)]

    def wrong(values: list[Any], kind: Any) -> str:
        return column("x", values, kind, 11)[1][0].sentence()

    assert wrong([1, 2**63], "int64") == "must be int64; got row 12: 9223372036854775808"
    assert wrong([2**53 + 1], "float64") == "must be float64; got row 11: 9007199254740993"
    assert wrong(tens, "int64") == "must be int64; got row 11: Decimal('0.10'); declare it float64 or string"
    assert wrong([True], "int64") == "must be int64; got row 11: True"
    assert wrong([datetime(2026, 1, 1, 2)], "date") == "must be date; got row 11: datetime.datetime(2026, 1, 1, 2, 0)"
    assert wrong([datetime(2026, 1, 1)], "timestamp_utc") == "must be timestamp_utc; got row 11: datetime.datetime(2026, 1, 1, 0, 0)"


def test_rows_without_a_fixed_order_are_refused(base: Path) -> None:
    assert refused(base, order_by=["paid"]) == [("order_by paid", "must name a row, or the order is left to chance; got row 3: (1,)")]
    assert refused(base, order_by=["price"])[0][1] == "must have a value in every row; got row 1: (None,)"
    with pytest.raises(ValueError, match="rows need an order: set order_by"):
        sql(base, order_by=[])


def test_a_missing_table_and_a_missing_column_are_told(base: Path) -> None:
    assert refused(base, from_table="order")[0][1] == "no such table: order"
    assert refused(base, columns={**TYPES, "sent": "bool"}) == [
        ("table orders", "column 'sent' is missing; options: at, id, name, note, paid, price")
    ]


def test_a_password_stands_in_no_message() -> None:
    source = Sql(
        SqlParams.model_validate({"table": "t", "url": "mysql+nodriver://me:hush-hush@host/base", "from_table": "t", "order_by": ["id"]})
    )

    with pytest.raises(DataError) as caught:
        list(source.read())

    assert "hush-hush" not in str(caught.value)
    assert "hush-hush" not in repr(source.params)


def test_the_fingerprint_is_what_the_query_answers_or_new_each_time(base: Path) -> None:
    declared = sql(base, fingerprint="select max(id), count(*) from orders")
    before = declared.fingerprint()
    run(base, "insert into orders values (4, null, null, null, null, null)")

    assert (before, declared.fingerprint()) == ("9007199254740993, 3", "9007199254740993, 4")
    assert sql(base).fingerprint() != sql(base).fingerprint()


def test_of_an_append_only_table_only_new_rows_are_read_and_lost_ones_are_found(base: Path) -> None:
    source = sql(base, columns=TYPES, append_only=True)
    assert sum(table.num_rows for table in source.read_after(None)) == 3
    mark = source.mark()
    run(base, "insert into orders values (9007199254740999, null, null, 'new', 1, null)")

    assert [row["name"] for table in source.read_after(mark) for row in table.to_pylist()] == ["new"]
    run(base, "delete from orders where id = 3")
    with pytest.raises(DataError, match="rows that were read before must stay as they are: 3 of them; got 2"):
        list(source.read_after(mark))
