from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pandas.testing import assert_frame_equal

from upshot.contracts.records import Roles
from upshot.contracts.tables import Map
from upshot.errors import DataError, IntegrityError
from upshot.ledger.snapshots import Lake, Pin
from upshot.ledger.verification import verified

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 123456)


def lake(root: Path) -> Lake:
    return Lake(root, lambda pin: None)


def sales() -> pa.Table:
    return pa.table(
        {
            "id": pa.array([9007199254740993, 2, 3], pa.int64()),
            "gaps": pa.array([1, None, 3], pa.int32()),
            "long_gaps": pa.array([9007199254740993, None, 3], pa.int64()),
            "price": pa.array([0.1, None, float("nan")], pa.float64()),
            "name": pa.array(["b", None, "ünï"], pa.string()),
            "shop": pa.array(["x", "y", "x"]).dictionary_encode(),
            "sold": pa.array([True, False, True]),
            "known": pa.array([True, None, False]),
            "at": pa.array([MOMENT, None, MOMENT], pa.timestamp("ns")),
            "zoned": pa.array([0, 1, None], pa.timestamp("s", "Europe/Berlin")),
            "day": pa.array([date(2026, 1, 2), None, date(1960, 1, 1)]),
            "cents": pa.array([Decimal("1.25"), Decimal("2.50"), None], pa.decimal128(9, 2)),
            "count": pa.array([0, 200, 255], pa.uint8()),
            "ratio": pa.array([1.5, 2.5, None], pa.float32()),
        }
    )


def rows(*values: float) -> Iterator[pa.Table]:
    return iter([pa.table({"x": [float(value) for value in values]})])


def test_the_frame_in_hand_equals_the_frame_read_again(tmp_path):
    snapshot = lake(tmp_path).pin("sales", iter([sales()]), Roles(key=("id",)))

    again = lake(tmp_path).read("sales", snapshot.version, snapshot.digest)

    assert_frame_equal(snapshot.data.frame, again)
    assert dict(again.dtypes.astype(str)) == {
        "id": "int64",
        "gaps": "float64",
        "long_gaps": "Int64",
        "price": "float64",
        "name": "str",
        "shop": "str",
        "sold": "bool",
        "known": "boolean",
        "at": "datetime64[us]",
        "zoned": "datetime64[us, UTC]",
        "day": "datetime64[us]",
        "cents": "float64",
        "count": "int16",
        "ratio": "float32",
    }
    assert [again["id"][0], again["long_gaps"][0], again["cents"][0], again["at"][0]] == [2**53 + 1, 2**53 + 1, 1.25, pd.Timestamp(MOMENT)]


def test_a_snapshot_says_what_it_holds_and_where_it_lies(tmp_path):
    remembered: list[Pin] = []

    snapshot = Lake(tmp_path, remembered.append).pin("sales", iter([sales().select(["id", "name", "zoned"])]), Roles(key=("id",)))

    assert (snapshot.table, snapshot.version, snapshot.rows, snapshot.roles) == ("sales", 0, 3, Roles(key=("id",)))
    assert dict(snapshot.columns) == {"id": "int64", "name": "string", "zoned": "timestamp[us, tz=UTC]"}
    assert snapshot.data.stored == Map({"delta": "sales", "version": 0, "digest": snapshot.digest})
    assert [(pin.table, pin.version, pin.rows, pin.digest) for pin in remembered] == [("sales", 0, 3, snapshot.digest)]


def test_every_tool_that_knows_delta_reads_the_same_rows(tmp_path):
    lake(tmp_path).pin("sales", iter([sales()]), Roles())

    read = DeltaTable(tmp_path / "sales").to_pyarrow_table()

    assert read.column("id").to_pylist() == [9007199254740993, 2, 3]
    assert read.column("shop").to_pylist() == ["x", "y", "x"]
    assert read.column("day").to_pylist() == [date(2026, 1, 2), None, date(1960, 1, 1)]


def test_unchanged_data_adds_no_version_and_changed_data_adds_one(tmp_path):
    pinned = [lake(tmp_path).pin("t", rows(*values), Roles()) for values in ((1, 2), (1, 2), (1, 3), (1, 2))]

    assert [snapshot.version for snapshot in pinned] == [0, 0, 1, 0]
    assert lake(tmp_path).versions("t") == (0, 1)
    assert [lake(tmp_path).read("t", version)["x"].tolist() for version in (0, 1)] == [[1, 2], [1, 3]]


def test_the_digest_is_that_of_the_content_not_of_its_chunks_or_encoding(tmp_path):
    table = sales()
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1, 2)])
    padded = pa.concat_tables([table, table, table]).combine_chunks().slice(3, 3)
    wide = table.set_column(4, "name", table["name"].cast(pa.large_string())).set_column(5, "shop", table["shop"].cast(pa.string()))

    pinned = [lake(tmp_path).pin("sales", made, Roles()) for made in (iter([table]), iter([chunked]), iter([padded]), iter([wide]))]
    pinned.append(lake(tmp_path).pin("sales", iter([table.slice(0, 1), table.slice(1, 0), table.slice(1)]), Roles()))
    changed = lake(tmp_path).pin("sales", iter([table.set_column(6, "sold", pa.array([True, True, True]))]), Roles())

    assert {(snapshot.version, snapshot.digest) for snapshot in pinned} == {(0, pinned[0].digest)}
    assert changed.version == 1


def test_columns_may_come_and_go_between_versions(tmp_path):
    first = lake(tmp_path).pin("t", iter([pa.table({"x": [1]})]), Roles())
    second = lake(tmp_path).pin("t", iter([pa.table({"x": ["a"], "at": pa.array([MOMENT])})]), Roles())

    assert lake(tmp_path).read("t", first.version)["x"].tolist() == [1]
    assert lake(tmp_path).read("t", second.version).columns.tolist() == ["x", "at"]
    assert [verified(lake(tmp_path), "t", version).version for version in (0, 1)] == [0, 1]


def test_what_cannot_be_kept_exactly_is_refused_by_column_and_row_all_at_once(tmp_path):
    bad = pa.table(
        {
            "big": pa.array([1, 2**63], pa.uint64()),
            "fine": pa.array([1_001, 1_002], pa.timestamp("ns")),
            "Void": pa.nulls(2),
            "void": pa.array([[1], [2]]),
        }
    )

    with pytest.raises(DataError) as caught:
        lake(tmp_path).pin("t", iter([bad]), Roles())

    assert caught.value.exit_code == 3
    assert [(problem.where, problem.rule, problem.got) for problem in caught.value.problems] == [
        ("column 'Void'", "must differ from the others in more than case", None),
        ("column 'void'", "must differ from the others in more than case", None),
        ("column 'big', row 2", "cannot be kept exactly as int64", "9223372036854775808"),
        (
            "column 'fine', rows 1, 2",
            "cannot be kept exactly as timestamp[us]",
            "1970-01-01 00:00:00.000001001, 1970-01-01 00:00:00.000001002",
        ),
        ("column 'Void'", "holds no value at all", None),
        ("column 'void'", "list<item: int64> is not kept", None),
    ]
    assert not (tmp_path / "t").exists()


def test_of_many_refused_rows_five_are_shown(tmp_path):
    times = pa.table({"at": pa.array([0, *range(1, 1999, 2)], pa.timestamp("ns"))})

    with pytest.raises(DataError) as caught:
        lake(tmp_path).pin("t", iter([times]), Roles())

    (problem,) = caught.value.problems
    assert problem.where == "column 'at', rows 2, 3, 4, 5, 6 and 994 more"
    assert (problem.got or "").count("1970") == 5


def test_no_rows_are_refused(tmp_path):
    for tables in ([], [pa.table({"x": pa.array([], pa.int64())})]):
        with pytest.raises(DataError, match="no rows"):
            lake(tmp_path).pin("t", iter(tables), Roles())


def test_a_damaged_data_file_is_found_before_it_is_parsed(tmp_path):
    snapshot = lake(tmp_path).pin("t", rows(*range(1000)), Roles())
    (path,) = (tmp_path / "t").glob("*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1

    path.write_bytes(content)

    with pytest.raises(IntegrityError, match=path.name) as caught:
        lake(tmp_path).read("t", snapshot.version)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("length", [0, 100])
def test_a_damaged_log_is_found_and_the_pinned_rows_are_still_read(tmp_path, length):
    for values in ((1, 2), (1, 2, 3)):
        lake(tmp_path).pin("t", rows(*values), Roles())
    last = tmp_path / "t" / "_delta_log" / "00000000000000000001.json"

    last.write_bytes(last.read_bytes()[:length])

    with pytest.raises(IntegrityError, match="its log entry must be the one that was written"):
        verified(lake(tmp_path), "t", 1)
    assert lake(tmp_path).read("t", 1)["x"].tolist() == [1, 2, 3]


def test_a_version_that_was_never_pinned_or_means_other_data_is_refused(tmp_path):
    snapshot = lake(tmp_path).pin("t", rows(1), Roles())

    with pytest.raises(IntegrityError, match=r"t version 7 .*pinned: 0"):
        lake(tmp_path).read("t", 7)
    with pytest.raises(IntegrityError, match=f"must be {'0' * 64}; got {snapshot.digest}"):
        lake(tmp_path).read("t", 0, "0" * 64)


def test_an_edited_pin_is_refused(tmp_path):
    lake(tmp_path).pin("t", rows(1), Roles())
    pin = tmp_path / "_pins" / "t" / "0.json"
    sealed = json.loads(pin.read_text())
    sealed["body"]["rows"] = 2
    pin.write_text(json.dumps(sealed))

    with pytest.raises(IntegrityError, match="pin of a snapshot is damaged"):
        lake(tmp_path).read("t", 0)


def test_a_commit_whose_pin_was_lost_is_passed_over(tmp_path):
    lake(tmp_path).pin("t", rows(1), Roles())
    lake(tmp_path).pin("t", rows(2), Roles())
    (tmp_path / "_pins" / "t" / "1.json").unlink()

    snapshot = lake(tmp_path).pin("t", rows(2), Roles())

    assert (snapshot.version, lake(tmp_path).versions("t")) == (2, (0, 2))


def pin_in_process(root: Path, value: int) -> int:
    return lake(root).pin("t", rows(value % 2), Roles()).version


def test_processes_that_pin_at_once_get_versions_of_their_own_content(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        versions = pool.starmap(pin_in_process, [(tmp_path, value) for value in range(8)])

    read = [lake(tmp_path).read("t", version)["x"].tolist() for version in versions]
    assert read == [[0.0], [1.0]] * 4
    assert lake(tmp_path).versions("t") == tuple(range(max(versions) + 1))


def test_a_large_random_table_comes_back_equal(tmp_path):
    rng = np.random.default_rng(3)
    names = np.array(["", "a", "bb", "c" * 40])
    table = pa.table({"n": rng.normal(size=5000), "i": rng.integers(-9, 9, 5000, "int8"), "s": pa.array(names[rng.integers(0, 4, 5000)])})
    parts = [table.slice(start, 701) for start in range(0, 5000, 701)]

    snapshot = lake(tmp_path).pin("t", iter(parts), Roles())

    assert_frame_equal(lake(tmp_path).read("t", 0), snapshot.data.frame)
    assert snapshot.data.frame["s"].tolist() == table["s"].to_pylist()
    assert verified(lake(tmp_path), "t", 0).rows == 5000
