"""Files that are whole or absent, folders that only their owner reads, and locks that die with their holder.

The state folder may be cut off at any moment. So nothing is written in place: content goes to a file of its own, and a rename
makes it appear. `sync` is a choice of the caller, because an fsync costs about a millisecond and a stage value can be made again.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from upshot.errors import BusyError, Problem, StorageError

CHUNK = 1 << 20
_STORAGE_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOTDIR, errno.EISDIR}


@contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Tell faults of the disk in a sentence that names the place and the free space; others rise as they are.

    Raises:
        StorageError: The disk is full, broken, or does not let us write.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _STORAGE_FAULTS:
            raise
        rule = os.strerror(error.errno or 0)
        raise StorageError("the state folder cannot be used", [Problem(str(error.filename or path), rule, free_space(path))]) from error


def free_space(path: Path) -> str | None:
    """What is left where a file lies, or would lie; None where nothing of its path is there."""
    home = next((folder for folder in (path, *path.parents) if folder.exists()), None)
    return None if home is None else f"{shutil.disk_usage(home).free:,} bytes free"


def private_folder(path: Path) -> Path:
    """The folder, made with its missing parents so that only the owner may look into them (0700)."""
    if not path.is_dir():
        with storage_faults(path):
            if not path.parent.is_dir():
                private_folder(path.parent)
            path.mkdir(mode=0o700, exist_ok=True)
    return path


def sync_file(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class HashingFile:
    """A file that knows the SHA-256 and size of what was written to it.

    Args:
        path: Created with mode 0600; it must not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def write(self, content: bytes | memoryview) -> int:
        """Append bytes."""
        self._hash.update(content)
        self._file.write(content)
        self.size += len(content)
        return len(content)

    def flush(self) -> None:
        """Hand what is buffered to the operating system."""
        self._file.flush()

    @property
    def closed(self) -> bool:
        """Whether the file was closed."""
        return self._file.closed

    def close(self) -> None:
        """Close the file; the digest stays known."""
        self._file.close()

    @property
    def digest(self) -> str:
        """SHA-256 of everything written so far, in hex."""
        return self._hash.hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, content: bytes, *, sync: bool = False) -> None:
    """Replace a file at once: a reader sees the old content or the new, never a part.

    Raises:
        StorageError: The disk does not take it; the old file stands.
    """
    private_folder(path.parent)
    with storage_faults(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        if sync:
            sync_file(path.parent)


def canonical_json(value: object) -> bytes:
    """JSON with one spelling per value: keys sorted, no spaces, UTF-8; NaN is refused.

    Example:
        >>> canonical_json({"b": 1.5, "a": "x"})
        b'{"a":"x","b":1.5}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def seal(body: Mapping[str, Any]) -> bytes:
    """A small JSON file that carries the SHA-256 of its own body."""
    plain = json.loads(json.dumps(body, allow_nan=False))
    return canonical_json({"body": plain, "sha256": hashlib.sha256(canonical_json(plain)).hexdigest()})


def unseal(content: bytes) -> dict[str, Any] | None:
    """The body of a sealed file; None when a byte of it is not as it was written."""
    try:
        sealed = json.loads(content)
        body = sealed["body"]
        whole = sealed["sha256"] == hashlib.sha256(canonical_json(body)).hexdigest()
    except (ValueError, KeyError, TypeError):
        return None
    return body if whole and isinstance(body, dict) else None


@contextmanager
def holding(path: Path, *, seconds: float = 30.0) -> Iterator[None]:
    """Hold a lock that the operating system frees when its holder dies.

    Args:
        path: The lock's file; it stays and tells who holds it.
        seconds: How long to wait for another holder.

    Raises:
        BusyError: Somebody else holds it for longer; names the process.
    """
    private_folder(path.parent)
    with storage_faults(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(handle, path, seconds)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, path: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= until:
                holder = os.pread(handle, 100, 0).decode(errors="replace") or "another process"
                raise BusyError("somebody else is writing there", [Problem(str(path), "is held", holder, "try again")]) from error
            time.sleep(0.02)
