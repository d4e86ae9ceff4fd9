"""Finding and reading input files, with the nearest existing name when one is missing.

A file is read once, whole, and its size and time are compared before and after: rows can then not come from two versions of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upshot.errors import DataError, Problem, did_you_mean


def input_files(path: str, suffix: str | None = None) -> list[Path]:
    """The files that a path, folder or glob names, sorted by name.

    Args:
        path: A file, a glob (`data/*.csv`), or with `suffix` a folder.
        suffix: Ending of the files taken from a folder, ".parquet"; None where a folder is not allowed.

    Raises:
        DataError: Nothing is there; the hint is the nearest existing name.
    """
    place = Path(path)
    if place.is_file():
        return [place]
    if place.is_dir():
        return _in_folder(place, suffix)
    if any(mark in path for mark in "*?["):
        found = sorted(p for p in Path(place.anchor).glob(str(place.relative_to(place.anchor))) if p.is_file() and p.name[0] != ".")
        if found:
            return found
        raise _missing(path, "no file matches", _folder(place.parent))
    raise _missing(path, "no such file", _folder(place.parent))


def _in_folder(folder: Path, suffix: str | None) -> list[Path]:
    if suffix is None:
        hint = f"write a glob, such as {shown(folder / '*.csv')}"
        raise DataError("the data cannot be read", [Problem(shown(folder), "must be a file", "a folder", hint)])
    found = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix == suffix and not p.name.startswith(("_", ".")))
    if not found:
        raise _missing(str(folder), f"no {suffix} file in this folder", folder)
    return found


def _folder(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.is_dir())


def _missing(path: str, rule: str, folder: Path) -> DataError:
    names = [item.name for item in folder.iterdir() if not item.name.startswith(".")]
    hint = f"in {shown(folder)}: {did_you_mean(Path(path).name, names)}"
    return DataError("the data cannot be found", [Problem(shown(Path(path)), rule, None, hint)])


def shown(path: Path) -> str:
    """A path as people know it: relative to the current folder where it lies inside."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


@contextmanager
def steady(path: Path) -> Iterator[None]:
    """Read inside this block: it refuses a file that changed meanwhile, and tells why one cannot be opened.

    Raises:
        DataError: The file changed, or the system does not let it be read.
    """
    try:
        before = path.stat()
        yield
        after = path.stat()
    except OSError as error:
        rule = f"cannot be read: {error.strerror or error}"
        raise DataError("the data cannot be read", [Problem(shown(path), rule)]) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DataError("the data changed while it was read", [Problem(shown(path), "must stay as it is", None, "run again")])


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked when its name ends in .gz.

    Raises:
        DataError: It cannot be read, changed meanwhile, or is not gzip.
    """
    import gzip
    import zlib

    with steady(path):
        packed = path.read_bytes()
    if path.suffix != ".gz":
        return packed
    try:
        return gzip.decompress(packed)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError("the data cannot be read", [Problem(shown(path), f"must be gzip, as its name says: {error}")]) from error
