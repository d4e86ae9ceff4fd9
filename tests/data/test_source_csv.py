"""CSV files are read exactly, or refused with file, line and column."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from upshot.components.data.csv import Csv, CsvParams
from upshot.errors import DataError


def source(path: Path | str, **params: Any) -> Csv:
    return Csv(CsvParams.model_validate({"table": "t", "path": str(path)} | params))


def read(path: Path | str, **params: Any) -> pa.Table:
    return pa.concat_tables(source(path, **params).read())


def written(folder: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path: Path | str, **params: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read(path, **params)
    return caught.value


def told(error: DataError) -> list[tuple[str, str]]:
    """File name with line, and the sentence."""
    return [(Path(problem.where).name, problem.sentence()) for problem in error.problems]


def test_declared_columns_keep_leading_zeros_and_every_digit(tmp_path: Path) -> None:
    path = written(tmp_path, "zip,id,share,seen,paid,born\n00123,9007199254740993,0.5,true,2025-01-02 03:04:05.000006,1990-12-31\n,,,,,\n")
    columns = {"zip": "string", "id": "int64", "share": "float64", "seen": "bool", "paid": "timestamp", "born": "date"}

    table = read(path, columns=columns)

    assert [str(kind) for kind in table.schema.types] == ["string", "int64", "double", "bool", "timestamp[us]", "date32[day]"]
    row = ["00123", 9007199254740993, 0.5, True, datetime(2025, 1, 2, 3, 4, 5, 6), date(1990, 12, 31)]
    assert [list(values) for values in zip(*table.to_pydict().values(), strict=True)] == [row, [None] * 6]


PIECES = 'id,said,n\n1,"a\nb",1\n2,"c ""d""\n",2\n\n3,e,3\n4,"f",4\n'


@pytest.mark.parametrize("size", range(8, len(PIECES) + 1))
def test_a_file_in_pieces_is_the_file_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    path, packed = written(tmp_path, PIECES), written(tmp_path, gzip.compress(PIECES.encode()), "b.csv.gz")
    whole = read(path)
    monkeypatch.setattr("upshot.components.data.csv.PIECE", size)

    tables = list(source(path).read())

    assert pa.concat_tables(tables).equals(whole)
    assert len(tables) > 1 or size > 20
    assert read(packed).equals(whole)


@pytest.mark.parametrize(
    ("row", "place", "said"),
    [
        ("x,4", "a.csv:5", "column 'a' must be int64, as in the files before; got 'x'"),
        ("4,5,6", "a.csv:5", "must have 2 values, as the header; got 3"),
        ('4,"5', "a.csv:5", "quotes must open and close a value; got a quote that is never closed"),
        (
            "4,\udcff",
            "a.csv:5",
            "must be utf-8; got byte 0xff at offset 18, byte 3 of the line; it reads as cp1252: set encoding: cp1252, or save it as UTF-8",
        ),
    ],
)
def test_a_fault_in_a_later_piece_is_told_with_its_line_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, place: str, said: str
) -> None:
    path = written(tmp_path, f"a,b\n1,2\n2,3\n3,4\n{row}\n5,6\n".encode("utf-8", "surrogateescape"))
    monkeypatch.setattr("upshot.components.data.csv.PIECE", 8)

    assert told(refused(path)) == [(place, said)]


def test_undeclared_columns_are_inferred_and_only_declared_texts_are_null(tmp_path: Path) -> None:
    path = written(tmp_path, "country,n,x,at,time\nNA,1,0.5,2025-01-02T03:04:05,12:30\n?,2,?,2025-01-03T00:00:00,13:00\n")

    table = read(path, null_values=["?"])

    assert [str(kind) for kind in table.schema.types] == ["string", "int64", "double", "timestamp[us]", "string"]
    assert table["country"].to_pylist() == ["NA", None]
    assert table["time"].to_pylist() == ["12:30", "13:00"]


def test_separator_decimal_mark_encoding_and_kept_columns_are_as_declared(tmp_path: Path) -> None:
    path = written(tmp_path, "ort;betrag;rest\nKöln;1,5;x\n".encode("cp1252"))

    table = read(path, separator=";", decimal=",", encoding="cp1252", keep=["ort", "betrag"])

    assert table.to_pydict() == {"ort": ["Köln"], "betrag": [1.5]}


def test_byte_order_mark_crlf_gzip_and_quoted_line_breaks_are_fine(tmp_path: Path) -> None:
    text = '\ufeffa,b\r\n1,"x\r\ny"\r\n2,z\r\n'.encode()
    path = written(tmp_path, gzip.compress(text), "a.csv.gz")

    table = read(path)

    assert table.to_pydict() == {"a": [1, 2], "b": ["x\r\ny", "z"]}


def test_dates_are_read_by_the_declared_formats(tmp_path: Path) -> None:
    path = written(tmp_path, "at,day\n31/12/2024 10:00,01/02/2025\n2025-01-01,28/02/2025\n,\n")
    columns = {"at": "timestamp", "day": "date"}

    table = read(path, columns=columns, formats={"at": ["%d/%m/%Y %H:%M", "%Y-%m-%d"], "day": ["%d/%m/%Y"]})

    assert table["at"].to_pylist() == [datetime(2024, 12, 31, 10), datetime(2025, 1, 1), None]
    assert table["day"].to_pylist() == [date(2025, 2, 1), date(2025, 2, 28), None]


def test_timestamps_with_an_offset_are_kept_in_utc(tmp_path: Path) -> None:
    path = written(tmp_path, "at\n2025-01-01T12:00:00+02:00\n2025-01-01T12:00:00Z\n")

    table = read(path, columns={"at": "timestamp_utc"})

    assert table["at"].cast(pa.timestamp("us")).to_pylist() == [datetime(2025, 1, 1, 10), datetime(2025, 1, 1, 12)]


def test_files_of_a_glob_come_in_the_order_of_their_names_and_by_column_name(tmp_path: Path) -> None:
    written(tmp_path, "b,a\n4.5,2\n", "2.csv")
    written(tmp_path, "a,b\n1,3\n", "1.csv")
    written(tmp_path, "a,b\n", "0.csv")

    table = read(tmp_path / "*.csv", columns={"b": "float64"})

    assert table.to_pydict() == {"a": [1, 2], "b": [3.0, 4.5]}


def test_a_missing_file_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    written(tmp_path, "a\n1\n", "transactions.csv")

    error = refused(tmp_path / "transaction.csv")
    no_match = refused(tmp_path / "transaction*.tsv")

    assert (error.exit_code, error.problems[0].rule) == (3, "no such file")
    assert "did you mean 'transactions.csv'?" in str(error.problems[0].hint)
    assert no_match.problems[0].rule == "no file matches"


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("", "a.csv", "must have a header and rows; got an empty file"),
        ("a,b\n", "a.csv", "must have rows; got a header only"),
        ("a,,a\n1,2,3\n", "a.csv:1", "every column must have a name; got column 2 without one"),
        (
            b"a,b\n1,caf\xe9\n",
            "a.csv:2",
            "must be utf-8; got byte 0xe9 at offset 9, byte 6 of the line; it reads as cp1252: set encoding: cp1252, or save it as UTF-8",
        ),
        ("a,b\n1,x\n2,\0\n", "a.csv:3", "text holds no NUL byte; got one at offset 10"),
        (
            "a\n1\n".encode("utf-16"),
            "a.csv:1",
            "must be utf-8; got the byte order mark of utf-16; set encoding: utf-16, or save it as UTF-8",
        ),
        ('a,b\n1,"x\n2,y\n3,z\n', "a.csv:2", "quotes must open and close a value; got a quote that is never closed"),
        ('a,b\n1,"x\n2,y\n3,"z\n', "a.csv:2", "quotes must open and close a value; got ',' expected after '\"'"),
        (
            "a,b\n1,NaN\n2,1e999\n",
            "a.csv:2",
            "column 'b' must be float64 and finite; got 'NaN'; add 'NaN' to null_values if it means that nothing is known",
        ),
    ],
)
def test_a_broken_file_is_refused_with_line_and_column(tmp_path: Path, text: str | bytes, place: str, sentence: str) -> None:
    path = written(tmp_path, text)

    error = refused(path)

    assert error.exit_code == 3
    assert told(error)[0] == (place, sentence)


def test_rows_longer_or_shorter_than_the_header_are_all_named_by_line(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n1,2,3\n"x\ny",2\n\n5\n6,7\n')

    error = refused(path)

    assert told(error) == [("a.csv:2", "must have 2 values, as the header; got 3"), ("a.csv:6", "must have 2 values, as the header; got 1")]


def test_values_that_do_not_fit_are_all_named_by_line_and_column(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'n,x,at,s\n1,"1,5",01/02/2025,ok\n\n1.5,2.5,2025-02-30,ok\nx,0.5,2025-01-01,"two\nlines"\n' + "y" * 60 + ",1,,ok\n"
    )

    error = refused(path, columns={"n": "int64", "x": "float64", "at": "timestamp"})

    iso = "write it as 2025-01-31 12:00:00, or set formats.at, such as ['%d/%m/%Y']"
    assert told(error) == [
        ("a.csv:4", "column 'n' must be int64; got '1.5'"),
        ("a.csv:5", "column 'n' must be int64; got 'x'"),
        ("a.csv:7", f"column 'n' must be int64; got '{'y' * 37}...'"),
        ("a.csv:2", "column 'x' must be float64; got '1,5'; set decimal: ',' if that is its decimal mark"),
        ("a.csv:2", f"column 'at' must be timestamp; got '01/02/2025'; {iso}"),
        ("a.csv:4", f"column 'at' must be timestamp; got '2025-02-30'; {iso}"),
    ]


def test_a_date_that_does_not_exist_fits_no_format(tmp_path: Path) -> None:
    path = written(tmp_path, "at\n28/02/2025\n31/02/2025\n")

    error = refused(path, columns={"at": "date"}, formats={"at": ["%d/%m/%Y"]})

    assert told(error)[0][0] == "a.csv:3"
    assert told(error)[0][1].startswith("column 'at' must be date written as %d/%m/%Y; got '31/02/2025'")


def test_many_wrong_values_are_found_where_they_are_and_five_are_shown(tmp_path: Path) -> None:
    wrong = [17, 18, 900, 901, 1500, 1999]
    path = written(tmp_path, "n\n" + "".join(f"{'x' if row in wrong else row}\n" for row in range(2000)))

    error = refused(path, columns={"n": "int64"})

    assert [place for place, _ in told(error)] == [f"a.csv:{row + 2}" for row in wrong[:5]]


def test_a_wrong_header_is_refused_as_a_diff(tmp_path: Path) -> None:
    path = written(tmp_path, "id,amuont,note\n1,2,x\n")

    error = refused(path, columns={"id": "int64", "amount": "float64", "when": "timestamp"}, undeclared="refuse")

    assert told(error) == [
        ("a.csv:1", "column 'amount' is missing; 'amuont' stands there instead"),
        ("a.csv:1", "column 'when' is missing; options: amuont, id, note"),
        ("a.csv:1", "column 'note' was not declared"),
    ]


def test_a_role_without_its_column_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "id,is_fraude\n1,0\n")

    error = refused(path, roles={"target": "is_fraud"})

    assert told(error) == [("a.csv:1", "column 'is_fraud' is missing; 'is_fraude' stands there instead")]


def test_files_with_different_headers_or_types_are_refused(tmp_path: Path) -> None:
    written(tmp_path, "a,b\n1,2\n", "1.csv")
    written(tmp_path, "a,c\n1,2\n", "2.csv")
    other = tmp_path / "types"
    other.mkdir()
    written(other, "a\n1\n", "1.csv")
    written(other, "a\n1.5\n", "2.csv")

    error, types = refused(tmp_path / "*.csv"), refused(other / "*.csv")

    assert told(error) == [("2.csv:1", "column 'b' is missing; options: a, c"), ("2.csv:1", "column 'c' was not declared")]
    assert told(types) == [("2.csv:2", "column 'a' must be int64, as in the files before; got '1.5'")]


DOUBTFUL: Mapping[str, str] = {
    "00123": "column 'v' has leading zeros that a number would lose",
    "0x1A": "column 'v' has leading zeros that a number would lose",
    "99999999999999999999": "column 'v' has more digits than a float64 holds",
    "01/02/2024": "column 'v' was read as text but looks like something else",
    '"1.234,5"': "column 'v' was read as text but looks like something else",
    "€ 15": "column 'v' was read as text but looks like something else",
    "": "column 'v' has no value, so its type is unknown",
}


@pytest.mark.parametrize("value", DOUBTFUL)
def test_a_type_that_could_change_a_value_is_not_inferred_but_can_be_declared(tmp_path: Path, value: str) -> None:
    path = written(tmp_path, f"k,v\n1,{value}\n")

    error = refused(path)
    declared = read(path, columns={"v": "string"})

    assert [problem.rule for problem in error.problems] == [DOUBTFUL[value]]
    assert declared["v"].to_pylist() == [value.strip('"') or None]


def test_hexadecimal_is_no_int64(tmp_path: Path) -> None:
    path = written(tmp_path, "n\n7\n0x1A\n")

    error = refused(path, columns={"n": "int64"})

    assert told(error) == [("a.csv:3", "column 'n' must be int64; got '0x1A'")]


@pytest.mark.parametrize(
    "params",
    [
        {"encoding": "utf-9"},
        {"separator": ",", "decimal": ","},
        {"keep": ["a"], "roles": {"time": "b"}},
        {"formats": {"a": ["%Y"]}},
        {"columns": {"a": "integer"}},
        {"undeclared": "refuse", "roles": {"time": "b"}},
    ],
)
def test_parameters_that_do_not_fit_together_are_refused_before_anything_is_read(params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="CsvParams"):
        source("nowhere.csv", **params)
