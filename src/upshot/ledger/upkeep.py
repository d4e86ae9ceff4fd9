"""Upkeep of the state folder: how large the cache is, what may go, and whether everything that is there is what it should be.

What a stage made can be made again; what a version was registered with cannot. So cleaning starts from what must stay (the files and
evidence of registered versions, and whatever a kept receipt names) and removes the least recently used receipts until the rest fits.
Checking never changes anything; mending takes out only what can be made again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from upshot.errors import IntegrityError, UpshotError
from upshot.ledger.artefacts import Artefacts
from upshot.ledger.codec import Codec
from upshot.ledger.ledger import Ledger, VersionRow
from upshot.ledger.receipts import Receipt, Receipts
from upshot.ledger.snapshots import Lake
from upshot.ledger.verification import verified

SETTLED = 3600.0
"""Seconds after which a file that no receipt names is litter and not the work of a run in progress."""


@dataclass(frozen=True)
class Size:
    """How much lies in the cache: receipts, artefacts and their bytes, and the bytes that registered versions need."""

    receipts: int
    artefacts: int
    bytes: int
    registered_bytes: int


@dataclass(frozen=True)
class Fault:
    """One thing that is not what it should be; `mends` says what `--repair` does about it, None where only a person can."""

    where: str
    what: str
    mends: str | None
    path: Path | None = None


@dataclass(frozen=True)
class Upkeep:
    """The pieces of one state folder.

    Args:
        artefacts: Files by content.
        receipts: What stages gave.
        codec: Knows which files a value stands on.
        lake: Pinned tables.
        ledger: Versions and journal; None where nothing was ever recorded.
    """

    artefacts: Artefacts
    receipts: Receipts
    codec: Codec
    lake: Lake
    ledger: Ledger | None

    def size(self) -> Size:
        """Count and weigh."""
        found = dict(self._stored())
        needed = self._registered()
        return Size(sum(1 for _ in self.receipts.every()), len(found), sum(found.values()), sum(found.get(name, 0) for name in needed))

    def clean(self, limit: int, *, now: float | None = None) -> Size:
        """Remove the least recently used results until at most `limit` bytes are left, or only what must stay.

        Args:
            limit: Bytes of artefacts.
            now: Seconds since the epoch; the wall clock when left out.

        Returns:
            What was removed; its `registered_bytes` are 0, always.
        """
        moment = time.time() if now is None else now
        stored = dict(self._stored())
        must_stay = self._registered()
        newest_first = sorted(self.receipts.every(), key=lambda pair: pair[0], reverse=True)
        kept: set[str] = set(must_stay)
        total = sum(stored.get(name, 0) for name in kept)
        dropped: list[Receipt] = []
        for _, receipt in newest_first:
            files = self._files(receipt.value)
            more = sum(stored.get(name, 0) for name in files - kept)
            if dropped or total + more > limit:
                dropped.append(receipt)
            else:
                kept |= files
                total += more
        loose = {name for receipt in dropped for name in self._files(receipt.value)}
        for receipt in dropped:
            self.receipts.drop(receipt.key)
        gone = [name for name in stored if name not in kept and (name in loose or self._age(name, moment) > SETTLED)]
        for name in gone:
            self.artefacts.path(name).unlink(missing_ok=True)
        return Size(len(dropped), len(gone), sum(stored[name] for name in gone), 0)

    def check(self) -> Iterator[Fault]:
        """Everything that is not what it should be; nothing is changed."""
        for name, _ in self._stored():
            try:
                self.artefacts.view(name)
            except IntegrityError as error:
                mends = None if name in self._registered() else "removes it; the stage that made it runs again"
                yield Fault(f"artefact {name[:12]}", error.problems[0].rule, mends, self.artefacts.path(name))
        for path in self.receipts.broken():
            yield Fault(f"receipt {path.stem[:12]}", "cannot be read", "removes it; its stage runs again", path)
        for row in self._versions():
            for place, digest in row.manifest.items():
                if not self.artefacts.has(digest):
                    yield Fault(
                        f"version {row.name} {row.number}", f"its file {place} ({digest[:12]}) is missing: restore it from a backup", None
                    )
        for table in self.lake.tables():
            for version in self.lake.versions(table):
                try:
                    verified(self.lake, table, version)
                except UpshotError as error:
                    yield Fault(f"snapshot {table} version {version}", "; ".join(p.rule for p in error.problems) or error.headline, None)
        broken = None if self.ledger is None else self.ledger.verify_journal()
        if broken is not None:
            yield Fault(f"journal entry {broken.seq}", broken.rule, None)

    def repair(self, faults: Iterable[Fault]) -> int:
        """Take out what can be made again; how many faults that mended."""
        mended = 0
        for fault in faults:
            if fault.mends is not None and fault.path is not None:
                fault.path.unlink(missing_ok=True)
                mended += 1
        return mended

    def _stored(self) -> Iterator[tuple[str, int]]:
        for path in sorted(self.artefacts.root.glob("[0-9a-f][0-9a-f]/*")):
            yield path.name, path.stat().st_size

    def _versions(self) -> tuple[VersionRow, ...]:
        return () if self.ledger is None else self.ledger.versions()

    def _registered(self) -> set[str]:
        """Files and evidence of registered versions."""
        rows = self._versions()
        runs = {row.run for row in rows} | set(self._evidence_runs(rows))
        kept = {digest for row in rows for digest in row.manifest.values()} | {row.record for row in rows if row.record}
        for row in () if self.ledger is None else (stage for run in runs for stage in self.ledger.stages(run)):
            if row.digest is not None:
                kept |= self._files(row.digest) if row.stage in EVIDENCE else set()
        return kept

    def _evidence_runs(self, rows: Iterable[VersionRow]) -> Iterator[str]:
        """The newest run of each version, on which it would be judged, and those on which versions were promoted."""
        if self.ledger is None:
            return
        for row in rows:
            yield from (run.id for run in self.ledger.runs_of(row.name, row.number)[:1])
        for name in {row.name for row in rows}:
            yield from (str(row.terms["run"]) for row in self.ledger.environments.promotions(name))

    def _files(self, digest: str) -> set[str]:
        try:
            return set(self.codec.files(digest))
        except (IntegrityError, json.JSONDecodeError):  # damaged or gone: it names nothing any more
            return set()

    def _age(self, name: str, now: float) -> float:
        """Seconds since the file was written; nobody is just writing an old one."""
        try:
            return now - self.artefacts.path(name).stat().st_mtime
        except FileNotFoundError:
            return 0.0


EVIDENCE = ("validate", "decide", "play", "value", "evaluate", "inspect", "gate", "register")
"""Stages whose values show why a version was registered, and on which it is judged for an environment; they stay with it."""
