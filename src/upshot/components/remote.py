"""Files behind URLs, through fsspec: `s3://`, `gs://`, `abfs://`, `memory://` and whatever driver is installed.

Credentials are the driver's own: its environment variables, files or instance role; a URL carries none. `file://` is this machine
and read like any path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem

_LOCAL = "file://"


def is_remote(path: str) -> bool:
    """Whether a path is the URL of another place.

    Example:
        >>> is_remote("s3://bucket/a.csv"), is_remote("file:///data/a.csv"), is_remote("/data/a.csv")
        (True, False, False)
    """
    return "://" in path and not path.startswith(_LOCAL)


def on_this_machine(path: str) -> str:
    """The path of a `file://` URL; any other path as it is.

    Example:
        >>> on_this_machine("file:///data/a.csv"), on_this_machine("data/a.csv")
        ('/data/a.csv', 'data/a.csv')
    """
    return path.removeprefix(_LOCAL)


@dataclass(frozen=True)
class RemoteFile:
    """One file behind a URL."""

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The name from its last dot on."""
        return "." + self.name.rpartition(".")[2] if "." in self.name else ""

    @cached_property
    def _at(self) -> tuple[AbstractFileSystem, str]:
        return _file_system(self.url)

    def open(self, mode: str = "rb") -> BinaryIO:
        """The file for reading."""
        system, path = self._at
        opened: BinaryIO = system.open(path, mode)
        return opened

    def read_bytes(self) -> bytes:
        """The whole content."""
        system, path = self._at
        content: bytes = system.cat_file(path)
        return content

    def fingerprint(self) -> str:
        """What the other side says of the file (size and time, or its ETag) as a hash; it differs when the file was written again."""
        system, path = self._at
        system.invalidate_cache()
        return str(system.ukey(path))


def remote_files(url: str) -> list[RemoteFile]:
    """The files that a URL names: one, those of a glob, or all below a folder; sorted. None where nothing is there.

    Raises:
        RecipeError: No driver is installed for it.
        DataError: The other side cannot be reached, or refuses.
    """
    with reachable(url):
        system, path = _file_system(url)
        system.invalidate_cache()
        if any(mark in path for mark in "*?["):
            found = [name for name in system.glob(path) if system.isfile(name)]
        else:
            if system.isfile(path):
                return [RemoteFile(url)]
            found = list(system.find(path))
        return [RemoteFile(system.unstrip_protocol(name)) for name in sorted(map(str, found))]


@contextmanager
def reachable(url: str) -> Iterator[None]:
    """Tell in a sentence that the other side cannot be read.

    Raises:
        DataError: It cannot be reached, or refuses.
    """
    try:
        yield
    except OSError as error:
        rule = f"cannot be read: {error.strerror or ' '.join(str(error).split()) or type(error).__name__}"
        raise DataError("the data cannot be read", [Problem(url, rule)]) from error


def _file_system(url: str) -> tuple[AbstractFileSystem, str]:
    import fsspec

    try:
        system, path = fsspec.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise RecipeError("there is no driver for a URL", [Problem(url, " ".join(str(error).split()))]) from error
    return system, str(path)
