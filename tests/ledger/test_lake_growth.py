"""Tables that stream, tables that grow, and tables that come back to what they were."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pandas.testing import assert_frame_equal

from upshot.contracts.records import Roles, Spec
from upshot.contracts.tables import Map
from upshot.errors import DataError
from upshot.ledger._blocks import BLOCK
from upshot.ledger.snapshots import Lake
from upshot.ledger.verification import verified


def lake(root: Path, **options: int) -> Lake:
    return Lake(root, lambda pin: None, **options)


def numbers(start: int, stop: int) -> pa.Table:
    texts = pa.array([str(i) if i % 3 else None for i in range(start, stop)], pa.string())
    return pa.table({"n": pa.array(range(start, stop)), "t": texts})


class Counter:
    """Gives the numbers below a limit that grows; remembers what was asked of it."""

    def __init__(self, limit: int, step: int = 1000, name: str = "counter") -> None:
        self.spec = Spec("data", name, Map({"limit": "grows"}))
        self.table, self.roles, self.append_only = "t", Roles(key=("n",)), True
        self.limit, self.step = limit, step
        self.given = 0

    def read(self) -> Iterator[pa.Table]:
        return self.read_after(None)

    def read_after(self, mark: Mapping[str, Any] | None) -> Iterator[pa.Table]:
        for start in range(mark["limit"] if mark else 0, self.limit, self.step):
            part = numbers(start, min(start + self.step, self.limit))
            self.given += part.num_rows
            yield part

    def mark(self) -> dict[str, Any]:
        return {"limit": self.limit}


@pytest.mark.parametrize("limits", [(10, 25), (BLOCK - 1, BLOCK + 1), (BLOCK, 2 * BLOCK), (3, BLOCK + 5, BLOCK + 6)])
def test_a_table_that_grew_equals_the_table_read_whole(tmp_path, limits):
    for limit in limits:
        grown = lake(tmp_path / "grown").grow(Counter(limit, step=40_000))
    whole = lake(tmp_path / "whole").pin("t", iter([numbers(0, limits[-1])]), Roles())

    assert (grown.version, grown.rows, grown.digest) == (len(limits) - 1, limits[-1], whole.digest)
    assert_frame_equal(grown.data.frame, whole.data.frame)
    assert verified(lake(tmp_path / "grown"), "t", grown.version).rows == limits[-1]


def test_only_new_rows_are_read_and_written(tmp_path):
    lake(tmp_path).grow(Counter(1000))
    source = Counter(1300, step=100)

    grown = lake(tmp_path).grow(source)

    assert source.given == 300
    pin = lake(tmp_path).find("t", grown.version)
    assert [file.rows for file in pin.files] == [1000, 300]
    assert [len(DeltaTable(tmp_path / "t", version=version).file_uris()) for version in (0, 1)] == [1, 2]
    assert lake(tmp_path).read("t", 0)["n"].tolist() == list(range(1000))


def test_a_source_without_new_rows_adds_no_version(tmp_path):
    first = lake(tmp_path).grow(Counter(100))
    again = lake(tmp_path).grow(Counter(100))

    assert (again.version, again.digest) == (first.version, first.digest)
    assert again.data.frame["n"].tolist() == list(range(100))


def test_a_table_that_another_source_wrote_meanwhile_still_grows(tmp_path):
    lake(tmp_path).grow(Counter(100))
    lake(tmp_path).pin("t", iter([numbers(500, 510)]), Roles())

    grown = lake(tmp_path).grow(Counter(120))

    assert (grown.version, grown.rows) == (2, 120)
    assert [verified(lake(tmp_path), "t", version).rows for version in (0, 1, 2)] == [100, 10, 120]
    assert sorted(DeltaTable(tmp_path / "t").to_pyarrow_table()["n"].to_pylist()) == list(range(120))


def test_a_source_that_is_declared_otherwise_is_read_whole(tmp_path):
    lake(tmp_path).grow(Counter(100))
    other = Counter(120, name="another")

    grown = lake(tmp_path).grow(other)

    assert (other.given, grown.version, grown.rows) == (120, 1, 120)


def test_appended_rows_of_other_columns_are_refused_by_column(tmp_path):
    class Changed(Counter):
        def read_after(self, mark: Mapping[str, Any] | None) -> Iterator[pa.Table]:
            yield pa.table({"n": [1.5], "u": ["x"]})

    lake(tmp_path).grow(Counter(100))

    with pytest.raises(DataError) as caught:
        lake(tmp_path).grow(Changed(120))

    assert [(p.where, p.rule, p.got) for p in caught.value.problems] == [
        ("column 'n'", "must be int64, as in version 0", "double"),
        ("column 't'", "must be string, as in version 0", "none"),
        ("column 'u'", "must be left out, as in version 0", "string"),
    ]
    assert lake(tmp_path).versions("t") == (0,)
    assert len(list((tmp_path / "t").glob("*.parquet"))) == 1


def test_content_that_comes_back_is_the_version_that_it_was(tmp_path):
    a, b = numbers(0, 5), numbers(0, 6)

    versions = [lake(tmp_path).pin("t", iter([table]), Roles()).version for table in (a, b, a, b, a)]

    assert versions == [0, 1, 0, 1, 0]
    assert lake(tmp_path).versions("t") == (0, 1)


def test_a_table_too_large_for_the_hand_is_streamed_and_reads_the_same(tmp_path):
    parts = [numbers(start, start + 30_000) for start in range(0, 300_000, 30_000)]

    held = lake(tmp_path / "held").pin("t", iter(parts), Roles())
    streamed = lake(tmp_path / "streamed", in_hand=100_000).pin("t", iter(parts), Roles())
    again = lake(tmp_path / "streamed", in_hand=100_000).pin("t", iter(parts), Roles())

    assert (streamed.digest, streamed.rows, again.version) == (held.digest, 300_000, 0)
    assert_frame_equal(streamed.data.frame, held.data.frame)
    assert len(list((tmp_path / "streamed" / "t").glob("*.parquet"))) == 1


def test_a_fault_late_in_a_stream_is_told_with_its_row_and_leaves_nothing(tmp_path):
    def parts() -> Iterator[pa.Table]:
        yield pa.table({"n": pa.array(range(200_000), pa.uint64())})
        yield pa.table({"n": pa.array([1, 2**63], pa.uint64())})

    with pytest.raises(DataError) as caught:
        lake(tmp_path, in_hand=1000).pin("t", parts(), Roles())

    assert caught.value.problems[0].where == "column 'n', row 200002"
    assert list((tmp_path / "t").iterdir()) == []


MEMORY = """
import json, resource, sys
import numpy as np, pyarrow as pa
from pathlib import Path
import deltalake, pyarrow.parquet
from upshot.contracts.records import Roles
from upshot.ledger.snapshots import Lake

def parts():
    rng = np.random.default_rng(7)
    for _ in range(50):
        yield pa.table({f"c{i}": rng.normal(size=100_000) for i in range(6)})

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

Lake(Path(sys.argv[1]) / "warm", lambda pin: None).pin("t", iter([pa.table({"x": [1.0]})]), Roles())
before = peak()
snapshot = Lake(Path(sys.argv[1]), lambda pin: None, in_hand=16 << 20).pin("t", parts(), Roles())
print(json.dumps([snapshot.rows, peak() - before]))
"""


def test_five_million_rows_are_pinned_in_a_third_of_their_memory(tmp_path):
    done = subprocess.run([sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=True)

    rows, grown = json.loads(done.stdout)
    table = 5_000_000 * 6 * 8
    assert rows == 5_000_000
    assert grown < table / 3, f"{grown / 1e6:.0f} MB for a table of {table / 1e6:.0f} MB"
