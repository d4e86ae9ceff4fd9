"""Delta tables of somebody else, at any version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from upshot.components.data.delta import Delta, DeltaParams
from upshot.engine.files import FileDigests
from upshot.errors import DataError


def delta(path: Path, **params: Any) -> Delta:
    return Delta(DeltaParams.model_validate({"table": "t", "path": str(path)} | params))


def rows(path: Path, **params: Any) -> list[dict[str, Any]]:
    return [row for table in delta(path, **params).read() for row in table.to_pylist()]


def refused(path: Path, **params: Any) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, **params)
    return caught.value.problems[0].sentence()


def test_the_last_version_and_any_earlier_one_are_read(tmp_path: Path) -> None:
    write_deltalake(tmp_path, pa.table({"id": [1, 2], "shop": ["a", "b"]}))
    write_deltalake(tmp_path, pa.table({"id": [3], "shop": ["c"]}), mode="append")
    write_deltalake(tmp_path, pa.table({"id": [9], "shop": ["z"]}), mode="overwrite")

    assert rows(tmp_path) == [{"id": 9, "shop": "z"}]
    assert rows(tmp_path, version=1) == [{"id": 1, "shop": "a"}, {"id": 2, "shop": "b"}, {"id": 3, "shop": "c"}]
    assert rows(tmp_path, version=0, keep=["id"]) == [{"id": 1}, {"id": 2}]


def test_columns_that_a_table_is_partitioned_by_are_read_too(tmp_path: Path) -> None:
    write_deltalake(tmp_path, pa.table({"id": [1, 2], "shop": ["a", "b"]}), partition_by=["shop"])

    assert sorted((row["id"], row["shop"]) for row in rows(tmp_path)) == [(1, "a"), (2, "b")]


def test_a_missing_table_a_missing_version_and_an_empty_log_entry_are_refused(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "t", pa.table({"id": [1]}))
    write_deltalake(tmp_path / "t", pa.table({"id": [2]}), mode="append")

    assert refused(tmp_path / "none") == "no Delta table is there"
    assert "7" in refused(tmp_path / "t", version=7)
    (tmp_path / "t" / "_delta_log" / f"{1:020d}.json").write_bytes(b"")
    assert DeltaTable(tmp_path / "t").version() == 1
    assert refused(tmp_path / "t") == f"log entry {1:020d}.json must not be empty"


def test_declared_types_are_held(tmp_path: Path) -> None:
    write_deltalake(tmp_path, pa.table({"id": [1]}))

    assert refused(tmp_path, columns={"id": "string"}) == "column 'id' must be string; got int64"


def test_a_table_that_grew_gives_its_new_files_and_a_rewritten_one_is_refused(tmp_path: Path) -> None:
    write_deltalake(tmp_path, pa.table({"id": [1]}))
    source = delta(tmp_path, append_only=True)
    assert [row for table in source.read_after(None) for row in table.to_pylist()] == [{"id": 1}]
    mark = source.mark()
    write_deltalake(tmp_path, pa.table({"id": [2]}), mode="append")

    assert [row for table in source.read_after(mark) for row in table.to_pylist()] == [{"id": 2}]
    write_deltalake(tmp_path, pa.table({"id": [3]}), mode="overwrite")
    with pytest.raises(DataError, match="rows that were read before must stay as they are"):
        list(source.read_after(mark))


def test_a_plan_knows_a_table_by_its_log_alone(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "t", pa.table({"id": [1]}))
    digests = FileDigests(tmp_path / "memory.json")
    before = digests.of(str(tmp_path / "t"))
    (tmp_path / "t" / "stray.parquet").write_bytes(b"not of the table")

    same = digests.of(str(tmp_path / "t"))
    write_deltalake(tmp_path / "t", pa.table({"id": [2]}), mode="append")

    assert (same == before, digests.of(str(tmp_path / "t")) == before) == (True, False)
