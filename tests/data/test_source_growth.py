"""Append-only files: only what came after is read, and a change before it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from upshot.components.data.csv import Csv, CsvParams
from upshot.components.data.parquet import Parquet, ParquetParams
from upshot.errors import DataError


def csv(path: Path, **params: Any) -> Csv:
    return Csv(CsvParams.model_validate({"table": "t", "path": str(path), "append_only": True} | params))


def parquet(path: Path) -> Parquet:
    return Parquet(ParquetParams.model_validate({"table": "t", "path": str(path), "append_only": True}))


def taken(source: Csv | Parquet, mark: dict[str, Any] | None = None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    rows = [row for table in source.read_after(mark) for row in table.to_pylist()]
    return rows, source.mark()


def refused(source: Csv | Parquet, mark: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(DataError) as caught:
        taken(source, mark)
    return [(Path(problem.where).name, problem.sentence()) for problem in caught.value.problems]


CHANGED = "rows that were read before must stay as they are; got other content; set append_only: false to read the source whole"


def test_of_a_csv_file_that_grew_only_new_rows_are_read_with_the_types_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,price,name\n1,0.5,x\n2,1.5,"y,\nz"\n')
    first, mark = taken(csv(path))
    with path.open("a") as file:
        file.write("3,2,7\n")

    second, later = taken(csv(path), mark)
    third, _ = taken(csv(path), later)

    assert first == [{"id": 1, "price": 0.5, "name": "x"}, {"id": 2, "price": 1.5, "name": "y,\nz"}]
    assert second == [{"id": 3, "price": 2.0, "name": "7"}]
    assert third == []


def test_files_that_came_behind_the_others_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("id\n1\n")
    pq.write_table(pa.table({"id": [1]}), tmp_path / "1.parquet")
    marks = [taken(csv(tmp_path / "*.csv"))[1], taken(parquet(tmp_path))[1]]
    (tmp_path / "2.csv").write_text("id\n2\n")
    pq.write_table(pa.table({"id": [2]}), tmp_path / "2.parquet")

    assert taken(csv(tmp_path / "*.csv"), marks[0])[0] == [{"id": 2}]
    assert taken(parquet(tmp_path), marks[1])[0] == [{"id": 2}]


def test_a_changed_value_in_old_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n2\n")
    pq.write_table(pa.table({"id": [1, 2]}), tmp_path / "a.parquet")
    marks = [taken(csv(path))[1], taken(parquet(tmp_path))[1]]
    path.write_text("id\n1\n9\n3\n")
    pq.write_table(pa.table({"id": [1, 9]}), tmp_path / "a.parquet")

    assert refused(csv(path), marks[0]) == [("a.csv", CHANGED)]
    assert refused(parquet(tmp_path), marks[1]) == [("a.parquet", CHANGED)]


def test_a_missing_file_a_shorter_one_and_one_in_between_are_refused_at_once(tmp_path: Path) -> None:
    for name in ("1", "3", "5"):
        (tmp_path / f"{name}.csv").write_text("id\n1\n2\n")
    _, mark = taken(csv(tmp_path / "*.csv"))
    (tmp_path / "1.csv").unlink()
    (tmp_path / "3.csv").write_text("id\n1\n")
    (tmp_path / "4.csv").write_text("id\n9\n")

    assert refused(csv(tmp_path / "*.csv"), mark) == [
        ("1.csv", CHANGED.replace("other content", "no file")),
        ("3.csv", CHANGED),
        (
            "4.csv",
            "a new file must come after those that were read before; name files so that later ones sort behind earlier ones",
        ),
    ]


def test_a_last_row_that_went_on_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n2")
    _, mark = taken(csv(path))
    path.write_text("id\n1\n23\n")

    assert [sentence.partition(";")[2] for _, sentence in refused(csv(path), mark)] == [
        " got a last row that was not finished; set append_only: false to read the source whole"
    ]
    path.write_text("id\n1\n2\n3\n")
    assert taken(csv(path), mark)[0] == [{"id": 3}]


def test_a_fault_in_new_rows_is_told_with_its_line_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n2\n")
    _, mark = taken(csv(path, columns={"id": "int64"}))
    path.write_text("id\n1\n2\n3\nfour\n")

    assert refused(csv(path, columns={"id": "int64"}), mark) == [("a.csv:5", "column 'id' must be int64; got 'four'")]


def test_an_encoding_whose_lines_cannot_be_cut_at_a_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="append_only needs an encoding in which a line can be cut off, such as utf-8; utf-16 is none"):
        csv(Path("a.csv"), encoding="utf-16")


def test_a_recipe_reads_only_what_was_appended(recipe_project: Any) -> None:
    recipe = (Path(__file__).parents[1] / "skeletons" / "fraud_top_k.yaml").read_text(encoding="utf-8")
    rows = [
        f"{10 * d + i},2026-01-{d + 1:02d} {8 + i:02d}:30:00,{(7 * i + 3 * d) % 10},{20 + i},{int((7 * i + 3 * d) % 10 == 9)}"
        for d in range(20)
        for i in range(10)
    ]
    text = "payment_id,at,risk,amount,fraud\n" + "\n".join(rows) + "\n"
    project = recipe_project({"recipes/r.yaml": recipe, "data/payments.csv": text})
    words = ("run", "r", "+data.append_only=true", "--json")
    first = project.run(*words)
    with (project.root / "data" / "payments.csv").open("a") as file:
        file.write("200,2026-01-20 19:30:00,3,12.5,0\n")

    second = project.run(*words)

    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    listed = project.run("data", "list", "--json").json["versions"]
    assert [(version["version"], version["rows"]) for version in listed] == [(0, 200), (1, 201)]
    table = listed[0]["table"]
    assert len(list((project.root / ".upshot" / "snapshots" / table).glob("*.parquet"))) == 2
    (project.root / "data" / "payments.csv").write_text(text.replace(",20,", ",21,", 1))
    third = project.run(*words)
    assert (third.exit_code, "rows that were read before must stay as they are" in third.stderr) == (3, True)
