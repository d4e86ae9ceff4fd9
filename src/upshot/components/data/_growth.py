"""How far the files of an append-only source were read, and what came after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from upshot.components.data._files import InputFile, digest_of, shown, steady
from upshot.errors import DataError, Problem

RULE = "rows that were read before must stay as they are"
HINT = "set append_only: false to read the source whole"


@dataclass(frozen=True)
class ReadFile:
    """A file as it was when it was read: its place, and size and SHA-256 of the bytes."""

    place: str
    size: int
    digest: str


def read_files(mark: Mapping[str, Any] | None) -> list[ReadFile]:
    """The files that a mark speaks of."""
    return [] if mark is None else [ReadFile(**file) for file in mark["files"]]


def mark_of(files: Sequence[ReadFile], columns: Mapping[str, str]) -> dict[str, Any]:
    """Where the reading of these files ended, as `GrowingSource.mark` gives it."""
    return {"files": [asdict(file) for file in files], "columns": [[name, kind] for name, kind in columns.items()]}


def come_after(files: Sequence[InputFile], before: Sequence[ReadFile], *, grows: bool) -> list[tuple[InputFile, int]]:
    """Files with rows that were not read yet, each with the number of bytes that were.

    Args:
        files: All files, in order.
        before: Those that were read, in that order.
        grows: Whether the last one that was read may be longer now.

    Raises:
        DataError: What was read is not what it was, or a new file stands before one that was read.
    """
    problems, last = [], len(before) - 1
    there = {str(file): file for file in files}
    new: list[tuple[InputFile, int]] = []
    for position, old in enumerate(before):
        file = there.get(old.place)
        if file is None:
            problems.append(Problem(shown(old.place), RULE, "no file", HINT))
            continue
        with steady(file):
            size = size_of(file)
            may_grow = grows and position == last and not old.place.endswith(".gz")
            whole = size >= old.size if may_grow else size == old.size
            if not whole or digest_of(file, old.size) != old.digest:
                problems.append(Problem(shown(file), RULE, "other content", HINT))
            elif size > old.size:
                new.append((file, old.size))
    known = {old.place for old in before}
    for file in (file for file in files if str(file) not in known):
        if before and str(file) < before[-1].place:
            hint = "name files so that later ones sort behind earlier ones"
            problems.append(Problem(shown(file), "a new file must come after those that were read before", None, hint))
        new.append((file, 0))
    if problems:
        raise DataError("an append-only source changed", problems)
    return new


def size_of(file: InputFile) -> int:
    """Bytes of a file."""
    with file.open("rb") as stream:
        return stream.seek(0, 2)
