"""Parquet files are read as they are, or refused with file and column."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from upshot.components.data.parquet import Parquet, ParquetParams
from upshot.errors import DataError


def read(path: Path, **params: Any) -> pa.Table:
    return pa.concat_tables(Parquet(ParquetParams.model_validate({"table": "t", "path": str(path)} | params)).read())


def refused(path: Path, **params: Any) -> list[tuple[str, str]]:
    with pytest.raises(DataError) as caught:
        read(path, **params)
    return [(Path(problem.where).name, problem.sentence()) for problem in caught.value.problems]


def test_a_folder_is_read_in_the_order_of_file_names_and_rows(tmp_path: Path) -> None:
    pq.write_table(pa.table({"b": [5], "a": ["z"]}), tmp_path / "2.parquet")
    pq.write_table(pa.table({"a": ["x", "y"], "b": [3, 4]}), tmp_path / "1.parquet", row_group_size=1)
    pq.write_table(pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.int64())}), tmp_path / "0.parquet")
    (tmp_path / "_SUCCESS").touch()

    folder, by_glob = read(tmp_path), read(tmp_path / "[12].parquet", keep=["b"])

    assert folder.to_pydict() == {"a": ["x", "y", "z"], "b": [3, 4, 5]}
    assert by_glob.to_pydict() == {"b": [3, 4, 5]}


def test_types_are_widened_exactly_and_leave_no_trace_of_the_writer(tmp_path: Path) -> None:
    at = datetime(2025, 1, 2, 3, 4, 5, 6)
    table = pa.table(
        {
            "i": pa.array([1, None], pa.int8()),
            "f": pa.array([0.5, None], pa.float32()),
            "c": pa.array(["x", None]).dictionary_encode(),
            "t": pa.array([at, None], pa.timestamp("ns")),
        }
    )
    pq.write_table(table.replace_schema_metadata({"made by": "somebody"}), tmp_path / "a.parquet")

    there = read(tmp_path / "a.parquet", columns={"i": "int64", "f": "float64", "c": "string", "t": "timestamp"})

    assert there.schema.metadata is None
    assert there.to_pydict() == {"i": [1, None], "f": [0.5, None], "c": ["x", None], "t": [at, None]}


def test_another_schema_is_refused_with_file_and_diff(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "amount": [1.0]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"id": ["1"], "amuont": [1.0]}), tmp_path / "2.parquet")

    problems = refused(tmp_path)

    assert [place for place, _ in problems] == ["2.parquet", "2.parquet"]
    assert problems[0][1] == "column 'amount' is missing; 'amuont' stands there instead"
    assert problems[1][1].startswith("column 'id' must be int64, as in ")


def test_declared_types_and_roles_must_be_there(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "seen": [[1, 2]]}), tmp_path / "a.parquet")

    problems = refused(tmp_path, columns={"id": "string"}, roles={"target": "y"})

    assert [sentence for _, sentence in problems] == [
        "column 'y' is missing; options: id, seen",
        "column 'id' must be string; got int64",
        "column 'seen' must be text, number, bool, time or date; got list<element: int64>; leave it out with keep",
    ]


def test_a_value_that_would_change_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": pa.array([2**63], pa.uint64())}), tmp_path / "a.parquet")

    problems = refused(tmp_path)

    assert problems[0][1].startswith("column 'n' cannot become int64 without a change")


def test_no_file_no_parquet_and_no_rows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("a,b\n1,2\n")
    empty = tmp_path / "empty"
    empty.mkdir()

    assert refused(tmp_path / "test.parquet")[0][1].startswith("no such file; in ")
    assert refused(tmp_path / "text.parquet")[0][1].startswith("must be a Parquet file")
    assert refused(empty)[0][1].startswith("no .parquet file in this folder")
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), empty / "a.parquet")
    assert refused(empty)[0][1] == "must have rows; got none"
