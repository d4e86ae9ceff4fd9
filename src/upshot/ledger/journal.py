"""The journal: what was decided and registered, in a chain of hashes, with its checkpoints kept outside the database.

Each entry covers the one before, so an entry that was changed, removed or moved breaks the chain. A chain alone misses a tail that was cut
off, and a chain that was written anew from some entry on. So the hash of each entry is also appended to a file of its own, and waited for
on the disk, as soon as the entry is committed: a checkpoint says that entry `size` had this hash. Whoever can change both places can forge
both; a copy of the file on another machine closes that hole (`upshot journal verify --checkpoints FILE`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.contracts.tables import Map
from upshot.ledger._clock import Clock, stamp
from upshot.ledger._files import canonical_json, private_folder, storage_faults, sync_file
from upshot.ledger._rows import data, plain, record

if TYPE_CHECKING:
    from sqlalchemy import Connection

FIRST = "0" * 64
"""What the first entry stands on."""
SKEW = timedelta(minutes=1)
"""A clock that is further behind the last entry than this has been set back; less is two machines that differ a little."""

END = 4096
"""Bytes at the end of the checkpoints that surely hold the last one."""


@dataclass(frozen=True)
class JournalEntry:
    """One entry; `hash` covers the entry and `previous`, the hash before it."""

    seq: int
    at: str
    kind: str
    subject: str
    body: Map[Any]
    previous: str
    hash: str


@dataclass(frozen=True)
class Checkpoint:
    """What was seen outside the database: the journal had `size` entries, the last of them with this hash."""

    size: int
    hash: str
    at: str


@dataclass(frozen=True)
class JournalFault:
    """The first thing that is wrong with a journal.

    Args:
        seq: Number of the first bad entry; one past the last when the end is missing.
        rule: What does not hold.
    """

    seq: int
    rule: str


class Pen:
    """Appends to the journal in one transaction that holds the write lock.

    Args:
        connection: The transaction.
        clock: Labels the entries.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self.written: list[JournalEntry] = []
        """Entries that deserve a checkpoint once the transaction is committed."""

    def write(self, kind: str, subject: str, body: Mapping[str, Any]) -> JournalEntry:
        """Append an entry; one that says so goes before it when the clock was set back."""
        last, at = self._last(), self._clock()
        if last is not None and last.at > stamp(at + SKEW):
            last = self._append(last, at, "clock.skew", "clock", {"last_entry": last.at, "clock": stamp(at)})
        return self._append(last, at, kind, subject, data(body))

    def vouch(self) -> None:
        """Let the last entry have a checkpoint, also when the process that wrote it did not live to make one."""
        last = self._last()
        if last is not None:
            self.written.append(last)

    def _last(self) -> JournalEntry | None:
        from upshot.ledger.schema import JOURNAL

        found = self._connection.execute(JOURNAL.select().order_by(JOURNAL.c.seq.desc()).limit(1)).mappings().first()
        return None if found is None else record(JournalEntry, found)

    def _append(self, last: JournalEntry | None, at: datetime, kind: str, subject: str, body: Mapping[str, Any]) -> JournalEntry:
        from upshot.ledger.schema import JOURNAL

        seq, previous = (1, FIRST) if last is None else (last.seq + 1, last.hash)
        entry = JournalEntry(seq, stamp(at), kind, subject, Map(body), previous, "")
        entry = replace(entry, hash=hash_of(entry))
        self._connection.execute(JOURNAL.insert().values(plain(entry)))
        self.written.append(entry)
        return entry


def hash_of(entry: JournalEntry) -> str:
    """The hash that an entry must carry."""
    body = {name: value for name, value in plain(entry).items() if name != "hash"}
    return hashlib.sha256(entry.previous.encode() + canonical_json(body)).hexdigest()


class Checkpoints:
    """The file of checkpoints, one JSON line each, append-only.

    Args:
        path: The file; made with the first checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, entries: Iterable[JournalEntry]) -> None:
        """Append what is not the file's last line already, and wait for the disk.

        Raises:
            StorageError: The disk does not take it.
        """
        end = self._end()
        last = end.rstrip("\n").rpartition("\n")[2]
        lines = [canonical_json(asdict(Checkpoint(entry.seq, entry.hash, entry.at))).decode() for entry in entries]
        lines = [line for line in lines if line != last]
        if not lines:
            return
        torn = "\n" if end and not end.endswith("\n") else ""  # the line that a crash cut stays, and counts for nothing
        is_new = not self.path.exists()
        private_folder(self.path.parent)
        with storage_faults(self.path):
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write((torn + "".join(f"{line}\n" for line in lines)).encode())
                file.flush()
                os.fsync(handle)
            if is_new:
                sync_file(self.path.parent)

    def read(self) -> tuple[tuple[Checkpoint, ...], int]:
        """All checkpoints, and how many lines are none: a crash may have cut the one that it was writing."""
        with storage_faults(self.path):
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines() if self.path.exists() else []
        found = [_checkpoint(line) for line in lines]
        return tuple(checkpoint for checkpoint in found if checkpoint is not None), found.count(None)

    def _end(self) -> str:
        """The last lines."""
        if not self.path.exists():
            return ""
        with storage_faults(self.path), self.path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - END))
            return file.read().decode(errors="replace")


def _checkpoint(line: str) -> Checkpoint | None:
    try:
        body = json.loads(line)
        return Checkpoint(int(body["size"]), str(body["hash"]), str(body["at"]))
    except (ValueError, KeyError, TypeError):
        return None


def first_fault(entries: Iterable[JournalEntry], checkpoints: Iterable[Checkpoint]) -> JournalFault | None:
    """The first entry that is missing, moved, changed or written anew; None when chain and checkpoints agree."""
    entries = tuple(entries)
    faults = []
    broken = _broken_link(entries)
    if broken is not None:
        faults.append(broken)
    for checkpoint in checkpoints:
        if checkpoint.size > len(entries):
            rule = (
                f"is missing: the journal ends after entry {len(entries)}, and a checkpoint of {checkpoint.at} saw entry {checkpoint.size}"
            )
            faults.append(JournalFault(len(entries) + 1, rule))
        elif checkpoint.size < 1 or entries[checkpoint.size - 1].hash != checkpoint.hash:
            faults.append(JournalFault(checkpoint.size, f"is not the one that a checkpoint of {checkpoint.at} saw"))
    return min(faults, key=lambda fault: fault.seq, default=None)


def _broken_link(entries: tuple[JournalEntry, ...]) -> JournalFault | None:
    previous = FIRST
    for expected, entry in enumerate(entries, start=1):
        if entry.seq != expected:
            return JournalFault(expected, f"is missing or was moved: entry {entry.seq} stands in its place")
        if entry.previous != previous:
            return JournalFault(expected, "does not stand on the entry before it")
        if entry.hash != hash_of(entry):
            return JournalFault(expected, "was changed: its hash does not fit its content")
        previous = entry.hash
    return None
