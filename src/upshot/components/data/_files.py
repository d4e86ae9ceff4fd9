"""Finding and reading input files, with the nearest existing name when one is missing.

What a file is like is compared before and after it is read: rows can then not come from two versions of it. Size and times tell a
change, but for a file that was written within the clock's grain of being read, whose content is hashed before and after.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from upshot.components.remote import RemoteFile, is_remote, on_this_machine, remote_files
from upshot.errors import DataError, Problem, did_you_mean

InputFile = Path | RemoteFile
"""A file on this machine, or behind a URL."""
_CHUNK = 1 << 20
GRAIN_NS = 2_000_000_000
"""Two changes within this time may leave the same times behind."""


def input_files(path: str, suffix: str | None = None) -> list[InputFile]:
    """The files that a path, folder, glob or URL names, sorted by name.

    Args:
        path: A file, a glob (`data/*.csv`), or with `suffix` a folder.
        suffix: Ending of the files taken from a folder, ".parquet"; None where a folder is not allowed.

    Raises:
        DataError: Nothing is there; the hint is the nearest existing name.
    """
    if is_remote(path):
        return _behind_url(path, suffix)
    path = on_this_machine(path)
    place = Path(path)
    if place.is_file():
        return [place]
    if place.is_dir():
        return _in_folder(place, suffix)
    if any(mark in path for mark in "*?["):
        found = sorted(p for p in Path(place.anchor).glob(str(place.relative_to(place.anchor))) if p.is_file() and p.name[0] != ".")
        if found:
            return list(found)
        raise _missing(path, "no file matches", _folder(place.parent))
    raise _missing(path, "no such file", _folder(place.parent))


def _behind_url(url: str, suffix: str | None) -> list[InputFile]:
    found = remote_files(url)
    if [str(file) for file in found] == [url]:
        return list(found)
    kept = [file for file in found if not file.name.startswith(("_", ".")) and (suffix is None or file.suffix == suffix)]
    if not kept:
        raise DataError("the data cannot be found", [Problem(url, "no such file" if suffix is None else f"no {suffix} file is there")])
    if suffix is None and not any(mark in url for mark in "*?["):
        raise DataError("the data cannot be read", [Problem(url, "must be a file", "a folder", f"write a glob, such as {url}/*.csv")])
    return list(kept)


def _in_folder(folder: Path, suffix: str | None) -> list[InputFile]:
    if suffix is None:
        hint = f"write a glob, such as {shown(folder / '*.csv')}"
        raise DataError("the data cannot be read", [Problem(shown(folder), "must be a file", "a folder", hint)])
    found = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix == suffix and not p.name.startswith(("_", ".")))
    if not found:
        raise _missing(str(folder), f"no {suffix} file in this folder", folder)
    return list(found)


def _folder(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.is_dir())


def _missing(path: str, rule: str, folder: Path) -> DataError:
    names = [item.name for item in folder.iterdir() if not item.name.startswith(".")]
    hint = f"in {shown(folder)}: {did_you_mean(Path(path).name, names)}"
    return DataError("the data cannot be found", [Problem(shown(Path(path)), rule, None, hint)])


def shown(file: InputFile | str) -> str:
    """A file as people know it: its URL, or its path, relative to the current folder where it lies inside."""
    if isinstance(file, RemoteFile) or (isinstance(file, str) and is_remote(file)):
        return str(file)
    path, here = Path(on_this_machine(str(file))), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


@contextmanager
def opened(file: InputFile) -> Iterator[BinaryIO]:
    """The file for reading; refused as by `steady`."""
    with steady(file), file.open("rb") as stream:
        yield stream


@contextmanager
def steady(file: InputFile) -> Iterator[None]:
    """Read inside this block: it refuses a file that changed meanwhile, and tells why one cannot be opened.

    Raises:
        DataError: The file changed, or the system does not let it be read.
    """
    try:
        before = _looks(file)
        yield
        after = _looks(file, hashed="digest" in before)
    except OSError as error:
        rule = f"cannot be read: {error.strerror or error}"
        raise DataError("the data cannot be read", [Problem(shown(file), rule)]) from error
    if before != {name: after[name] for name in before}:
        raise DataError("the data changed while it was read", [Problem(shown(file), "must stay as it is", None, "run again")])


def _looks(file: InputFile, *, hashed: bool = False) -> dict[str, int | str]:
    if isinstance(file, RemoteFile):
        return {"there": file.fingerprint()}
    stat = file.stat()
    looks: dict[str, int | str] = {
        "file": stat.st_ino,
        "size": stat.st_size,
        "written": stat.st_mtime_ns,
        "changed": stat.st_ctime_ns,
    }
    if hashed or max(stat.st_mtime_ns, stat.st_ctime_ns) > time.time_ns() - GRAIN_NS:
        looks["digest"] = digest_of(file)
    return looks


def digest_of(file: InputFile, size: int | None = None) -> str:
    """SHA-256 of a file's content, or of its first bytes."""
    digest, left = hashlib.sha256(), size
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK if left is None else min(_CHUNK, left)):
            digest.update(chunk)
            left = None if left is None else left - len(chunk)
    return digest.hexdigest()


@contextmanager
def decompressed(stream: BinaryIO, file: InputFile) -> Iterator[BinaryIO]:
    """What an open file holds, unpacked on the way when its name ends in .gz.

    Raises:
        DataError: It is not gzip.
    """
    import gzip
    import zlib

    if file.suffix != ".gz":
        yield stream
        return
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            yield cast(BinaryIO, unpacked)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError("the data cannot be read", [Problem(shown(file), f"must be gzip, as its name says: {error}")]) from error
