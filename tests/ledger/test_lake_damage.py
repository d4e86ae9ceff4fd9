"""What can happen to a table behind our back, and that it is found with table and version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from upshot.contracts.records import Roles
from upshot.ledger.ledger import Ledger
from upshot.ledger.snapshots import Lake
from upshot.ledger.verification import table_problems

THOUSAND = pa.table({"x": pa.array(range(1000), pa.int64())})


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A table of two versions: 1,000 rows, then 1,000 others."""
    ledger = Ledger(tmp_path / "ledger.db")
    for table in (THOUSAND, pa.table({"x": pa.array(range(1000, 2000), pa.int64())})):
        Lake(tmp_path, ledger.remember).pin("sales", iter([table]), Roles())
    return tmp_path


def found(root: Path) -> list[tuple[str, str]]:
    lake = Lake(root, lambda pin: None)
    return [(problem.where, problem.sentence()) for problem in table_problems(lake, "sales", Ledger(root / "ledger.db").snapshots("sales"))]


def entry(root: Path, version: int) -> Path:
    return root / "sales" / "_delta_log" / f"{version:020d}.json"


def test_an_untouched_table_is_sound(stored):
    assert found(stored) == []


def test_a_last_entry_cut_to_nothing_is_found_though_delta_opens_the_same_version(stored):
    entry(stored, 1).write_bytes(b"")
    assert DeltaTable(stored / "sales").version() == 1

    problems = found(stored)

    assert [where for where, _ in problems] == ["sales version 1"]
    assert problems[0][1].startswith("its log entry must be the one that was written; got 0 bytes")
    assert problems[0][1].endswith("by it 0 of 1,000 rows are there")
    assert Lake(stored, lambda pin: None).read("sales", 1)["x"].tolist() == list(range(1000, 2000))


def test_an_entry_cut_in_half_is_found(stored):
    whole = entry(stored, 1).read_bytes()
    entry(stored, 1).write_bytes(whole[: len(whole) // 2])

    problems = found(stored)

    assert [where for where, _ in problems] == ["sales version 1"]
    assert f"got {len(whole) // 2:,} bytes" in problems[0][1]


def test_a_lost_entry_is_found(stored):
    entry(stored, 1).unlink()

    assert found(stored)[0] == ("sales version 1", "its log entry must be the one that was written; got no entry")


def test_a_flipped_bit_in_any_of_twenty_places_of_a_parquet_file_is_found(stored):
    pin = Lake(stored, lambda pin: None).find("sales", 0)
    path = stored / "sales" / pin.files[0].name
    whole = path.read_bytes()

    for place in range(20):
        content = bytearray(whole)
        content[place * (len(whole) - 1) // 19] ^= 1 << place % 8
        path.write_bytes(content)
        assert [(where, sentence.partition(" must")[0]) for where, sentence in found(stored)] == [("sales version 0", f"file {path.name}")]


def test_rows_that_were_doubled_under_the_same_transaction_are_found(stored):
    ours = CommitProperties(app_transactions=[Transaction("upshot", 1)])
    write_deltalake(stored / "sales", THOUSAND, mode="append", commit_properties=ours)
    assert DeltaTable(stored / "sales").to_pyarrow_table().num_rows == 2000

    assert found(stored) == [("sales version 2", "the write of version 1 stands in the log twice; only version 1 is pinned")]


def test_a_commit_that_somebody_else_made_is_found(stored):
    write_deltalake(stored / "sales", THOUSAND, mode="append")

    assert found(stored) == [("sales version 2", "was not written by upshot and is not pinned; runs read pinned versions only")]


def test_a_commit_of_a_process_that_died_before_it_could_pin_is_no_fault(stored):
    (stored / "_pins" / "sales" / "1.json").unlink()

    assert found(stored) == [("sales version 1", "is in the ledger and must be pinned; got no pin")]
    without_ledger = table_problems(Lake(stored, lambda pin: None), "sales", [])
    assert without_ledger == []


def test_a_pin_that_was_swapped_for_another_is_found_by_the_ledger(stored):
    pins = stored / "_pins" / "sales"
    other = Lake(stored / "other", lambda pin: None)
    other.pin("sales", iter([pa.table({"x": [1]})]), Roles())
    shutil.copy(stored / "other" / "_pins" / "sales" / "0.json", pins / "0.json")

    problems = found(stored)

    assert problems[0][0] == "sales version 0"
    assert problems[0][1].startswith("the ledger holds 1,000 rows with digest ")
