"""Digests of input files, so that a plan sees a changed row and does not mind a touched date.

A digest is remembered with the file's size and time. As in git, a file changed within the clock's grain of being read is read
again: its time alone cannot tell. A Delta table is known by its log, since its other files never change under their names; a file
behind a URL by what the other side says of it.
"""

from __future__ import annotations

import hashlib
import json
import time
from glob import glob
from pathlib import Path

from upshot.components.remote import is_remote, on_this_machine, reachable, remote_files
from upshot.ledger._files import write_whole

GRAIN_NS = 2_000_000_000
DELTA_LOG = "_delta_log"


class FileDigests:
    """Digest of a file, a folder, a glob or a URL.

    Args:
        memory: File in which digests are remembered between processes.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        try:
            self._known: dict[str, list[int | str]] = json.loads(memory.read_text())
        except (OSError, ValueError):  # absent or half written: it is only a memory
            self._known = {}
        self._changed = False

    def of(self, pattern: str) -> str:
        """Digest of names and contents, 16 hex digits; "absent" where nothing is there."""
        if is_remote(pattern):
            return _together(_behind(pattern))
        return _together([(path.name, self._one(path)) for path in matching(pattern)])

    def _one(self, path: Path) -> str:
        stat = path.stat()
        known = self._known.get(str(path))
        if known is not None and known[:2] == [stat.st_mtime_ns, stat.st_size] and int(known[2]) > stat.st_mtime_ns + GRAIN_NS:
            return str(known[3])
        looked = time.time_ns()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._known[str(path)] = [stat.st_mtime_ns, stat.st_size, looked, digest]
        self._changed = True
        return digest

    def remember(self) -> None:
        """Write what was read; a lost race costs another process a second look."""
        if self._changed:
            write_whole(self._memory, json.dumps(self._known).encode())
            self._changed = False


def matching(pattern: str) -> list[Path]:
    """The files behind a path, a folder or a glob, sorted; of a Delta table those of its log."""
    pattern = on_this_machine(pattern)
    path = Path(pattern)
    if path.is_file():
        return [path]
    if (path / DELTA_LOG).is_dir():
        return sorted((path / DELTA_LOG).glob("*.json"))
    found = path.rglob("*") if path.is_dir() else (Path(name) for name in glob(pattern, recursive=True))  # noqa: PTH207 - absolute
    return sorted(file for file in found if file.is_file())


def _behind(url: str) -> list[tuple[str, str]]:
    files = remote_files(url)
    log = [file for file in files if f"/{DELTA_LOG}/" in file.url and file.suffix == ".json"]
    with reachable(url):
        return [(file.name, file.fingerprint()) for file in log or files]


def _together(files: list[tuple[str, str]]) -> str:
    if not files:
        return "absent"
    whole = hashlib.sha256()
    for name, digest in files:
        whole.update(name.encode() + b"\0" + digest.encode())
    return whole.hexdigest()[:16]
