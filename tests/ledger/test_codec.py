from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from upshot.contracts.records import Checked, Finding, Fitted, Money, Roles, Snapshot, Spec, Tuned
from upshot.contracts.sections import Column
from upshot.contracts.tables import Blob, Map, Table
from upshot.errors import IntegrityError
from upshot.ledger.artefacts import Artefacts
from upshot.ledger.codec import Codec


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Profile:
    shape: tuple[int, float]
    seen: datetime
    colour: Colour
    frame: Table


class Mean:
    """A fitted component: its state is one number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def state(self) -> dict[str, bytes]:
        return {"mean.json": json.dumps(self.value).encode()}


class Lake:
    """The rows of one snapshot, counting how often they are read."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.reads = 0

    def read(self, table: str, version: int, digest: str | None = None) -> pd.DataFrame:
        assert (table, version, digest) == ("sales", 3, "5e")
        self.reads += 1
        return self.frame.copy()


def revive(fitted: Fitted) -> Mean:
    return Mean(json.loads(fitted.files["mean.json"].content))


def codec(root: Path, types: tuple[type, ...] = (), lake: Lake | None = None) -> Codec:
    return Codec(Artefacts(root), lake or Lake(pd.DataFrame()), revive, types)


def every_dtype() -> pd.DataFrame:
    times = pd.to_datetime(["2026-01-02 03:04:05.123456", None, "1960-01-01"], format="ISO8601")
    return pd.DataFrame(
        {
            "int8": np.array([-1, 0, 127], "int8"),
            "uint64": np.array([0, 1, 2**64 - 1], "uint64"),
            "float64": [0.1, np.nan, -0.0],
            "float32": np.array([1e-45, np.inf, 3], "float32"),
            "bool": [True, False, True],
            "str": ["a", None, "ünï"],
            "us": times.astype("datetime64[us]"),
            "ns": times.astype("datetime64[ns]"),
            "zoned": times.tz_localize("Europe/Berlin"),
            "delta": pd.to_timedelta([1, None, 3], unit="s"),
            "category": pd.Categorical(["b", None, "a"], categories=["b", "a", "never"], ordered=True),
            "codes": pd.Categorical([7, 7, 9]),
            "Int64": pd.array([1, None, 2**60], dtype="Int64"),
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "object": pd.Series([date(2026, 1, 1), None, date(2026, 1, 3)], dtype=object),
            "words": pd.Series(["x", None, "y"], dtype=object),
        }
    )


def test_a_frame_comes_back_with_the_same_values_and_dtypes(tmp_path):
    frame = every_dtype()
    table = Table.of(frame)

    digest = codec(tmp_path).store(Tuned(Map(), curve=table))
    loaded = codec(tmp_path).load(digest).curve

    assert (loaded.rows, loaded.columns, loaded.is_loaded, loaded.stored) == (3, tuple(frame.columns), False, table.stored)
    assert_frame_equal(loaded.frame, frame)
    assert np.signbit(loaded.frame["float64"][2])


@pytest.mark.parametrize(
    "frame", [every_dtype().iloc[:0], pd.DataFrame(index=range(4)), pd.DataFrame()], ids=["no rows", "no columns", "nothing"]
)
def test_an_empty_frame_comes_back_empty(tmp_path, frame):
    digest = codec(tmp_path).store(Tuned(Map(), curve=Table.of(frame)))

    loaded = codec(tmp_path).load(digest).curve.frame

    assert_frame_equal(loaded, frame, check_index_type=False, check_column_type=False)


def test_equal_frames_give_one_digest_however_they_were_made(tmp_path):
    frame = every_dtype()
    sliced = pd.concat([frame, frame, frame], ignore_index=True).iloc[3:6].reset_index(drop=True)
    joined = pd.concat([frame.iloc[:1], frame.iloc[1:]], ignore_index=True)
    taken = frame.iloc[[2, 1, 0]].iloc[[2, 1, 0]].reset_index(drop=True)

    digests = {codec(tmp_path).store(Tuned(Map(), curve=Table.of(made))) for made in (frame, sliced, joined, taken)}
    other = codec(tmp_path).store(Tuned(Map(), curve=Table.of(frame.iloc[::-1])))

    assert len(digests) == 1
    assert other not in digests


def test_equal_values_give_one_digest_in_two_processes(tmp_path):
    program = (
        "import sys, pathlib, numpy as np, pandas as pd\n"
        "from upshot.contracts.records import Tuned\n"
        "from upshot.contracts.tables import Map, Table\n"
        "from upshot.ledger.artefacts import Artefacts\n"
        "from upshot.ledger.codec import Codec\n"
        "frame = pd.DataFrame({'x': np.arange(1000) / 7, 'c': pd.Categorical(['a', 'b'] * 500), 's': ['p', None] * 500})\n"
        "print(Codec(Artefacts(pathlib.Path(sys.argv[1])), None, None).store(Tuned(Map({'k': 0.1}), curve=Table.of(frame))))\n"
    )

    digests = [
        subprocess.run([sys.executable, "-c", program, str(tmp_path / name)], capture_output=True, text=True, check=True).stdout
        for name in ("a", "b")
    ]

    assert digests[0] == digests[1]


def test_a_record_comes_back_equal_with_floats_exact(tmp_path):
    money = Money(0.1 + 0.2, "EUR", low=-0.0, high=math.inf, valid_until=date(2027, 1, 31))
    spec = Spec("model", "mean", Map({"nested": (1, (2.5, None), Map({"$": True})), "tiny": 5e-324}))

    loaded = [codec(tmp_path).load(codec(tmp_path).store(value)) for value in (money, spec, Tuned(Map({"x": math.nan})))]

    assert loaded[:2] == [money, spec]
    assert math.copysign(1, loaded[0].low) == -1
    assert math.isnan(loaded[2].values["x"])


def test_a_plugin_may_bring_its_own_records_and_nobody_else_can(tmp_path):
    frame = pd.DataFrame({"x": [1.0]})
    profile = Profile((1, 2.0), datetime(2026, 1, 2, 3), Colour.RED, Table.of(frame))
    types = (Profile, Colour)

    digest = codec(tmp_path, types).store(profile)
    loaded = codec(tmp_path, types).load(digest)

    assert (loaded.shape, loaded.seen, loaded.colour) == (profile.shape, profile.seen, Colour.RED)
    with pytest.raises(IntegrityError, match="not a known record") as caught:
        codec(tmp_path).load(digest)
    assert caught.value.problems[0].got == "'Colour'" or caught.value.problems[0].got == "'Profile'"
    with pytest.raises(TypeError, match="Profile cannot be stored"):
        codec(tmp_path).store(profile)


def test_two_result_types_of_one_name_are_refused(tmp_path):
    twin = type("Money", (), {})

    with pytest.raises(ValueError, match="'Money'"):
        codec(tmp_path, (twin,))


@pytest.mark.parametrize("manifest", [{"$": "Path"}, {"$": "Fitted"}, {"$": "Money", "amount": 1}, {"$call": "os.system"}, {}])
def test_a_manifest_cannot_name_anything_but_a_record(tmp_path, manifest):
    digest = Artefacts(tmp_path).write(json.dumps(manifest).encode())

    with pytest.raises(IntegrityError):
        codec(tmp_path).load(digest)


def test_what_has_no_exact_form_is_refused_with_the_path_to_it(tmp_path):
    with pytest.raises(TypeError, match=r"Spec.params\['depths'\] cannot be stored: list"):
        codec(tmp_path).store(Spec("model", "mean", Map({"depths": [1, 2]})))
    with pytest.raises(TypeError, match="column 'x' of dtype object") as caught:
        codec(tmp_path).store(Tuned(Map(), curve=Table.of(pd.DataFrame({"x": pd.Series([1, "a"], dtype=object)}))))
    assert caught.value.__notes__ == ["in Tuned.curve"]


def test_a_fitted_component_is_made_again_when_somebody_looks(tmp_path):
    fitted = Fitted(Spec("model", "mean", Map()), live=Mean(0.1))

    digest = codec(tmp_path).store(fitted)
    loaded = codec(tmp_path).load(digest)

    assert loaded.spec == fitted.spec
    assert loaded.live.value == 0.1
    assert codec(tmp_path).store(loaded) == digest


def test_a_table_that_lies_in_the_lake_is_named_and_not_written(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    lake = Lake(frame)
    data = Table(2, ("x",), lambda: frame, Map({"delta": "sales", "version": 3, "digest": "5e"}))
    checked = Checked(Snapshot("sales", 3, 2, "5e", Map({"x": "double"}), Roles(), data), data, (Finding("null", "x", "no nulls", 0),))

    made = codec(tmp_path, lake=lake)
    digest = made.store(checked)
    loaded = made.load(digest)

    assert dict(made.files(digest)) == {digest: len(made.artefacts.read(digest))}
    assert_frame_equal(loaded.data.frame, frame)
    assert loaded.snapshot.data.frame is loaded.data.frame
    assert lake.reads == 1


def test_a_value_knows_its_files_and_whether_they_are_all_there(tmp_path):
    made = codec(tmp_path)
    odd_names = Map({"blob": 1, "bytes": 2, "$blob": 3})
    digest = made.store((Blob(b"seven"), Tuned(odd_names, curve=Table.of(pd.DataFrame({"x": [1.0]})))))

    files = made.files(digest)
    whole = made.is_whole(digest)
    blob = next(name for name, size in files.items() if size == 5)
    made.artefacts.path(blob).write_bytes(b"six")

    assert len(files) == 3
    assert all(made.artefacts.has(name) for name in files)
    assert (whole, made.is_whole(digest), made.is_whole("0" * 64)) == (True, False, False)


def test_a_damaged_table_is_found_before_it_is_parsed(tmp_path):
    made = codec(tmp_path)
    digest = made.store(Tuned(Map(), curve=Table.of(pd.DataFrame({"x": np.arange(100.0)}))))
    (arrow,) = (name for name in made.files(digest) if name != digest)
    content = bytearray(made.artefacts.path(arrow).read_bytes())
    content[len(content) // 2] ^= 1
    made.artefacts.path(arrow).write_bytes(content)

    loaded = codec(tmp_path).load(digest)

    with pytest.raises(IntegrityError, match=arrow):
        _ = loaded.curve.frame


def test_a_field_that_came_with_a_default_is_filled_in_where_the_value_was_stored_before_it(tmp_path):
    before = Artefacts(tmp_path).write(json.dumps({"$": "Column", "name": "score", "title": "Score", "style": "share"}).encode())

    assert codec(tmp_path).load(before) == Column("score", "Score", "share", unit="", low="", high="")


@pytest.mark.parametrize("manifest", [{"$": "Column", "name": "score"}, {"$": "Column", "name": "score", "title": "", "color": "red"}])
def test_a_field_that_is_needed_and_missing_or_unknown_is_refused(tmp_path, manifest):
    digest = Artefacts(tmp_path).write(json.dumps(manifest).encode())

    with pytest.raises(IntegrityError, match="must fit Column"):
        codec(tmp_path).load(digest)
