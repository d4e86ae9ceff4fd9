"""Whether pinned tables are still what they were: ledger, pin, log entry, files and content are held against each other.

The log of a Delta table can lose rows without a sign: an entry that was cut to nothing opens as the same version. So nothing here
trusts it. Each pin holds the hash of the entry that its commit wrote, and an entry of another version must carry our mark once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upshot.errors import IntegrityError, Problem, UpshotError
from upshot.ledger._blocks import Blocks, RunningDigest
from upshot.ledger._canonical import Canonical
from upshot.ledger._files import digest_of_file
from upshot.ledger._parts import WRITER, log_entry, logged_versions, short

if TYPE_CHECKING:
    from upshot.ledger.ledger import SnapshotRow
    from upshot.ledger.snapshots import Lake, Pin


def table_problems(lake: Lake, table: str, recorded: Sequence[SnapshotRow]) -> list[Problem]:
    """Everything that is wrong with a table and its versions.

    Args:
        lake: Where it is pinned.
        table: Its name.
        recorded: What the ledger says of its versions.
    """
    problems: list[Problem] = []
    pins: dict[int, Pin] = {}
    for version in lake.versions(table):
        try:
            pins[version] = lake.find(table, version)
        except IntegrityError as error:
            problems += [Problem(_name(table, version), f"its pin {p.rule}", p.got, p.hint) for p in error.problems]
    for row in recorded:
        pin = pins.get(row.version)
        if pin is None and row.version not in lake.versions(table):
            problems.append(Problem(_name(table, row.version), "is in the ledger and must be pinned", "no pin"))
        elif pin is not None and (pin.digest, pin.rows) != (row.digest, row.rows):
            rule = f"the ledger holds {row.rows:,} rows with digest {row.digest[:12]}"
            problems.append(Problem(_name(table, row.version), rule, f"{pin.rows:,} rows with digest {pin.digest[:12]}"))
    folder = lake.root / table
    foreign = [problem for v in logged_versions(folder) if v not in pins for problem in _stranger(folder, table, v)]
    damaged = False  # an entry that is damaged spoils every later version in the same way: it is told once
    for pin in pins.values():
        entry = _entry_problems(lake, pin)
        damaged = damaged or bool(entry)
        problems += entry + ([] if damaged else _listing_problems(lake, pin)) + _content_problems(lake, pin)
    return problems + foreign


def verified(lake: Lake, table: str, version: int) -> Pin:
    """A version's pin, compared with the table's log, its files and its content.

    Raises:
        IntegrityError: They differ; says where.
    """
    pin = lake.find(table, version)
    entry = _entry_problems(lake, pin)
    problems = entry + ([] if entry else _listing_problems(lake, pin)) + _content_problems(lake, pin)
    if problems:
        raise IntegrityError("a snapshot is damaged", problems)
    return pin


def _entry_problems(lake: Lake, pin: Pin) -> list[Problem]:
    path = log_entry(lake.root / pin.table, pin.version)
    found = digest_of_file(path) if path.is_file() else None
    if found == pin.log:
        return []
    got = "no entry" if found is None else f"{path.stat().st_size:,} bytes with SHA-256 {found[:12]}"
    seen = _rows_by_log(lake, pin)
    lost = "" if seen in (None, pin.rows) else f"; by it {seen:,} of {pin.rows:,} rows are there"
    return [Problem(_name(pin.table, pin.version), "its log entry must be the one that was written", got + lost)]


def _listing_problems(lake: Lake, pin: Pin) -> list[Problem]:
    """Whether the log, replayed by the library, lists the pinned files."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    where = _name(pin.table, pin.version)
    try:
        logged = sorted(Path(uri).name for uri in DeltaTable(lake.root / pin.table, version=pin.version).file_uris())
    except DeltaError as error:
        return [Problem(where, "its log cannot be read", short(error))]
    if logged == sorted(file.name for file in pin.files):
        return []
    return [Problem(where, "its log must list the pinned files", ", ".join(logged) or "no file")]


def _rows_by_log(lake: Lake, pin: Pin) -> int | None:
    """Rows that a reader who trusts the log would see; None where it cannot be read."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        listed = {Path(uri).name for uri in DeltaTable(lake.root / pin.table, version=pin.version).file_uris()}
    except DeltaError:
        return None
    return sum(file.rows for file in pin.files if file.name in listed)


def _content_problems(lake: Lake, pin: Pin) -> list[Problem]:
    problems: list[Problem] = []
    for file in pin.files:
        try:
            lake.checked(pin.table, file)
        except UpshotError as error:
            problems += [Problem(_name(pin.table, pin.version), f"file {file.name} {p.rule}", p.got) for p in error.problems]
    if problems:
        return problems
    form, blocks, digest = Canonical(), None, None
    for table in lake.stream(pin):
        kept = form.keep(table)
        if kept is not None:
            blocks, digest = blocks or Blocks(kept.schema), digest or RunningDigest(kept.schema)
            for block in blocks.add(kept):
                digest.add(block)
    if blocks is None or digest is None:
        return [Problem(_name(pin.table, pin.version), "must have rows", "none")]
    for block in blocks.rest():
        digest.add(block)
    found = digest.finish(form.rows)
    return [] if found == pin.digest else [Problem(_name(pin.table, pin.version), f"content must have digest {pin.digest}", found)]


def _stranger(folder: Path, table: str, version: int) -> list[Problem]:
    """An entry without a pin: ours, from a process that died before it could pin, or somebody else's."""
    where = _name(table, version)
    try:
        actions = [json.loads(line) for line in log_entry(folder, version).read_text(encoding="utf-8").splitlines()]
        writers = [(action["txn"]["appId"], action["txn"]["version"]) for action in actions if "txn" in action]
    except (ValueError, KeyError, TypeError):
        return [Problem(where, "its log entry cannot be read")]
    if writers == [(WRITER, version)]:
        return []
    twice = [number for writer, number in writers if writer == WRITER]
    if twice:
        return [Problem(where, f"the write of version {twice[0]} stands in the log twice", None, f"only version {twice[0]} is pinned")]
    return [Problem(where, "was not written by upshot and is not pinned", None, "runs read pinned versions only")]


def _name(table: str, version: int) -> str:
    return f"{table} version {version}"
