"""Files named by the SHA-256 of their content: what a stage made is stored once, and is checked each time it is used.

A name that is the content's hash makes "the same" a comparison of names, and damage visible. Written as temporary file, fsync,
rename, fsync of the folder. Stage values skip the fsync, because they can be made again; a registration calls `sync` for the files
that it names before it names them.
"""

from __future__ import annotations

import mmap
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from upshot.errors import IntegrityError, Problem
from upshot.ledger._files import CHUNK, HashingFile, digest_of_file, private_folder, storage_faults, sync_file

_NAME = frozenset("0123456789abcdef")


class Artefacts:
    """Content-addressed files under one folder: `ab/ab12...`.

    Args:
        root: The folder; made when something is first written.

    Example:
        >>> import tempfile
        >>> artefacts = Artefacts(Path(tempfile.mkdtemp()))
        >>> name = artefacts.write(b"upshot")
        >>> name[:8], artefacts.read(name)
        ('a540fd28', b'upshot')
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Where the content of this digest lies, or would lie.

        Raises:
            IntegrityError: The name is not a SHA-256 in hex.
        """
        if len(digest) != 64 or not _NAME.issuperset(digest):
            raise IntegrityError("not the name of an artefact", [Problem(digest[:80], "must be 64 hex digits")])
        return self.root / digest[:2] / digest

    def has(self, digest: str, size: int | None = None) -> bool:
        """Whether the file is there, and of this size where one is given; its content is checked by `read`."""
        try:
            found = self.path(digest).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return False
        return size is None or found == size

    def write(self, content: bytes, *, sync: bool = False) -> str:
        """Store bytes and give their name. Equal content that is there already is kept.

        Args:
            content: What to store.
            sync: Wait until it is on the disk.

        Raises:
            StorageError: The disk does not take it; nothing is left behind.
        """
        digest = sha256(content).hexdigest()
        target = self.path(digest)
        if self.has(digest, len(content)) and target.read_bytes() == content:
            if sync:
                self.sync([digest])
            return digest
        with self.writing(sync=sync) as file:
            file.write(content)
        return digest

    def write_file(self, source: Path, *, sync: bool = False) -> str:
        """Store a copy of a file, whatever its size, and give its name."""
        with self.writing(sync=sync) as file, source.open("rb") as content:
            shutil.copyfileobj(content, file, CHUNK)
        return file.digest

    @contextmanager
    def writing(self, *, sync: bool = False) -> Iterator[HashingFile]:
        """A file to stream content into; it appears under its name when the block ends well, and not at all otherwise."""
        with storage_faults(self.root):
            file = HashingFile(private_folder(self.root / "tmp") / uuid.uuid4().hex)
            try:
                yield file
                file.close()
                self._place(file.path, file.digest, sync)
            finally:
                file.close()
                file.path.unlink(missing_ok=True)

    def _place(self, made: Path, digest: str, sync: bool) -> None:
        target = self.path(digest)
        if target.exists() and digest_of_file(target) == digest:
            made.unlink()
        else:
            private_folder(target.parent)
            if sync:
                sync_file(made)
            made.replace(target)
        if sync:
            self.sync([digest])

    def sync(self, digests: Iterable[str]) -> None:
        """Wait until these files and the folders that name them are on the disk.

        Raises:
            IntegrityError: One of them is not there.
        """
        paths = [self.path(digest) for digest in digests]
        with storage_faults(self.root):
            for path in paths:
                if not path.is_file():
                    raise _missing(path)
                sync_file(path)
            for folder in sorted({path.parent for path in paths} | ({self.root} if paths else set())):
                sync_file(folder)

    def read(self, digest: str) -> bytes:
        """The content, after its hash was compared with its name.

        Raises:
            IntegrityError: The file is missing, or holds something else; exit code 5.
        """
        return bytes(self.view(digest))

    def view(self, digest: str) -> memoryview:
        """The content without a copy: the file mapped into memory, read-only, after its hash was compared with its name.

        Raises:
            IntegrityError: The file is missing, or holds something else.
        """
        path = self.path(digest)
        with storage_faults(path):
            try:
                with path.open("rb") as file:
                    empty = os.fstat(file.fileno()).st_size == 0
                    content = memoryview(b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except FileNotFoundError as error:
                raise _missing(path) from error
        found = sha256(content).hexdigest()
        if found != digest:
            hint = "the file was changed after it was written: delete it, and the stage that made it runs again"
            raise IntegrityError("a stored file is damaged", [Problem(str(path), f"must have SHA-256 {digest}", found, hint)])
        return content


def _missing(path: Path) -> IntegrityError:
    return IntegrityError("a stored file is missing", [Problem(str(path), "must be there", hint="the stage that made it must run again")])
