"""Files behind URLs are read as files are, and a plan knows when they were written again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from upshot.components.data.csv import Csv, CsvParams
from upshot.components.data.parquet import Parquet, ParquetParams
from upshot.engine.files import FileDigests
from upshot.errors import DataError, RecipeError


@pytest.fixture
def bucket() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/bucket", recursive=True)


def write(system: Any, name: str, table: pa.Table) -> None:
    with system.open(name, "wb") as file:
        pq.write_table(table, file)


def read_csv(url: str, **params: Any) -> list[dict[str, Any]]:
    return pa.concat_tables(Csv(CsvParams.model_validate({"table": "t", "path": url} | params)).read()).to_pylist()


def read_parquet(url: str) -> list[dict[str, Any]]:
    return pa.concat_tables(Parquet(ParquetParams.model_validate({"table": "t", "path": url})).read()).to_pylist()


def test_a_file_a_glob_and_a_folder_are_read_from_memory(bucket: Any) -> None:
    bucket.pipe("/bucket/b.csv", b"id\n3\n")
    bucket.pipe("/bucket/a.csv", b"id\n1\n2\n")
    write(bucket, "/bucket/p/2.parquet", pa.table({"id": [2]}))
    write(bucket, "/bucket/p/1.parquet", pa.table({"id": [1]}))
    bucket.pipe("/bucket/p/_SUCCESS", b"")

    assert read_csv("memory://bucket/b.csv") == [{"id": 3}]
    assert read_csv("memory://bucket/*.csv") == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert read_parquet("memory://bucket/p") == [{"id": 1}, {"id": 2}]
    assert read_parquet("memory://bucket/p/2.parquet") == [{"id": 2}]


def test_a_file_url_is_read_like_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    pq.write_table(pa.table({"id": [2]}), tmp_path / "a.parquet")

    assert read_csv(f"file://{tmp_path}/a.csv") == [{"id": 1}]
    assert read_csv(f"file://{tmp_path}/*.csv") == [{"id": 1}]
    assert read_parquet(f"file://{tmp_path}/a.parquet") == [{"id": 2}]
    digests = FileDigests(tmp_path / "memory.json")
    assert digests.of(f"file://{tmp_path}/a.csv") == digests.of(f"{tmp_path}/a.csv")


def test_a_plan_sees_that_a_file_behind_a_url_was_written_again(bucket: Any, tmp_path: Path) -> None:
    digests = FileDigests(tmp_path / "memory.json")
    bucket.pipe("/bucket/a.csv", b"id\n1\n")
    before = digests.of("memory://bucket/*.csv")

    same = digests.of("memory://bucket/*.csv")
    bucket.pipe("/bucket/a.csv", b"id\n2\n")
    after = digests.of("memory://bucket/*.csv")

    assert (before == same, before == after) == (True, False)
    assert digests.of("memory://bucket/none/*.csv") == "absent"


def test_nothing_behind_a_url_a_folder_and_an_unknown_driver_are_refused(bucket: Any) -> None:
    bucket.pipe("/bucket/a.csv", b"id\n1\n")

    def refused(url: str) -> str:
        with pytest.raises((DataError, RecipeError)) as caught:
            read_csv(url)
        return f"{caught.value.exit_code} {caught.value.problems[0].sentence()}"

    assert refused("memory://bucket/b.csv") == "3 no such file"
    assert refused("memory://bucket") == "3 must be a file; got a folder; write a glob, such as memory://bucket/*.csv"
    assert refused("nowhere://bucket/a.csv").startswith("2 Protocol not known: nowhere")


def test_what_is_appended_behind_a_url_is_read_alone(bucket: Any) -> None:
    bucket.pipe("/bucket/a.csv", b"id\n1\n")
    source = Csv(CsvParams.model_validate({"table": "t", "path": "memory://bucket/*.csv", "append_only": True}))
    assert [row for table in source.read_after(None) for row in table.to_pylist()] == [{"id": 1}]
    mark = source.mark()
    bucket.pipe("/bucket/a.csv", b"id\n1\n2\n")

    assert [row for table in source.read_after(mark) for row in table.to_pylist()] == [{"id": 2}]


def test_a_file_rewritten_with_its_old_size_and_times_while_it_is_read_is_refused(tmp_path: Path) -> None:
    import os

    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1, 2]}), path, row_group_size=1, compression="none", use_dictionary=False)
    rows = Parquet(ParquetParams.model_validate({"table": "t", "path": str(path)})).read()
    next(rows)
    stat, content = path.stat(), bytearray(path.read_bytes())

    content[4] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    with pytest.raises(DataError, match="changed while it was read"):
        list(rows)
