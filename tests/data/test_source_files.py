"""Input files are read steady."""

from __future__ import annotations

from pathlib import Path

import pytest

from upshot.components.data._files import decompressed, input_files, opened, steady
from upshot.errors import DataError


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")

    with pytest.raises(DataError, match="changed while it was read"), steady(path):
        path.write_text("a\n1\n2\n")


def test_gzip_by_name_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_text("a\n1\n")

    with pytest.raises(DataError) as caught, opened(path) as stream, decompressed(stream, path) as text:
        text.read()

    assert caught.value.problems[0].rule.startswith("must be gzip, as its name says")


def test_a_folder_is_no_csv_file_and_the_hint_is_a_glob(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        input_files(str(tmp_path))

    assert caught.value.problems[0].hint == f"write a glob, such as {tmp_path}/*.csv"


def test_hidden_files_do_not_match_a_glob(tmp_path: Path) -> None:
    for name in (".a.csv", "b.csv", "a.csv"):
        (tmp_path / name).touch()

    found = input_files(str(tmp_path / "*.csv"))

    assert [path.name for path in found] == ["a.csv", "b.csv"]
