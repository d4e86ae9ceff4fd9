"""What each environment serves, who approved and waived what for it, and how it came so: every row beside its journal entry.

A promotion is one transaction that holds the write lock: the environment still serves what the promoter saw (compare and swap), the pointer
moves, and the journal says so. Rows are what is asked; the journal is what counts, because it is chained and witnessed: `faults` holds one
against the other, and a row that nobody journalled, or an entry without its row, is a fault of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from upshot.contracts.tables import Map
from upshot.errors import BusyError, Problem, UsageError
from upshot.ledger._clock import Clock, stamp
from upshot.ledger._rows import data, plain, record
from upshot.ledger.journal import JournalEntry, JournalFault, Pen

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from upshot.ledger.leases import Lease

Reading = Callable[[], "AbstractContextManager[Connection]"]
Recording = Callable[[], "AbstractContextManager[tuple[Connection, Pen]]"]
Kind = Literal["promoted", "rolled_back"]


@dataclass(frozen=True)
class PromotionRow:
    """One change of what an environment serves.

    Attributes:
        previous: Number that it served before; None for the first.
        record: Digest that the version's content has.
        person: Who did it, as `Person.to_json` says.
        terms: On what terms: the gates as they were then, their verdicts, approvals, waivers, and the run that holds the evidence.
        entry: Its journal entry; 0 before it is written, as `seq` and `at`.
    """

    name: str
    environment: str
    kind: Kind
    number: int
    previous: int | None
    record: str
    person: Map[Any]
    reason: str | None
    terms: Map[Any]
    seq: int = 0
    at: str = ""
    entry: int = 0


@dataclass(frozen=True)
class ApprovalRow:
    """Somebody's approval of a version for an environment.

    Attributes:
        record: Digest of the version's content that was approved; another content is not approved by it.
        terms: Digest of what the environment asked for at that moment; other terms make it void.
        withdrawn: The journal entry that took it back, None while it stands.
    """

    name: str
    number: int
    environment: str
    role: str
    record: str
    terms: str
    person: Map[Any]
    reason: str | None
    seq: int = 0
    at: str = ""
    entry: int = 0
    withdrawn: int | None = None


@dataclass(frozen=True)
class WaiverRow:
    """Somebody's word that a version may be served although a gate did not pass.

    Attributes:
        record: Digest of the version's content.
        terms: Digest of the gate as it was written at that moment.
        until: Last day on which it counts, ISO 8601.
        withdrawn: The journal entry that took it back, None while it stands.
    """

    name: str
    number: int
    environment: str
    gate: str
    role: str
    record: str
    terms: str
    until: str
    person: Map[Any]
    reason: str
    seq: int = 0
    at: str = ""
    entry: int = 0
    withdrawn: int | None = None


@dataclass(frozen=True)
class ServedRow:
    """What an environment serves, and the promotion that made it so."""

    environment: str
    promotion: PromotionRow

    @property
    def number(self) -> int:
        """The version's number."""
        return self.promotion.number


Row = TypeVar("Row", PromotionRow, ApprovalRow, WaiverRow)

PROMOTED, ROLLED_BACK = "version.promoted", "version.rolled_back"
APPROVED, UNAPPROVED = "version.approved", "approval.withdrawn"
WAIVED, UNWAIVED = "gate.waived", "waiver.withdrawn"
_PLACED = ("seq", "at", "entry", "withdrawn")
"""What the ledger adds to a row; all else of it stands in the entry's body."""


class Environments:
    """Environments in one ledger.

    Args:
        reading: Opens a transaction that reads.
        recording: Opens a transaction that holds the write lock, with the pen of its journal.
        clock: Labels the rows.
    """

    def __init__(self, reading: Reading, recording: Recording, clock: Clock) -> None:
        self._reading = reading
        self._recording = recording
        self._clock = clock

    def served(self, name: str) -> tuple[ServedRow, ...]:
        """What each environment serves of a use case; only those that serve something."""
        with self._reading() as connection:
            return tuple(_served(connection, name))

    def names(self) -> tuple[str, ...]:
        """Use cases of which something is, or was, served."""
        from sqlalchemy import select

        from upshot.ledger.schema import ENVIRONMENTS

        query = select(ENVIRONMENTS.c.name).distinct().order_by(ENVIRONMENTS.c.name)
        with self._reading() as connection:
            return tuple(connection.execute(query).scalars())

    def promotions(self, name: str, environment: str | None = None) -> tuple[PromotionRow, ...]:
        """Every change of what is served, the oldest first."""
        from upshot.ledger.schema import PROMOTIONS

        return self._rows(PROMOTIONS, PromotionRow, name=name, environment=environment)

    def approvals(self, name: str, number: int | None = None, environment: str | None = None) -> tuple[ApprovalRow, ...]:
        """Approvals, the oldest first; those that were withdrawn among them."""
        from upshot.ledger.schema import APPROVALS

        return self._rows(APPROVALS, ApprovalRow, name=name, number=number, environment=environment)

    def waivers(self, name: str, number: int | None = None, environment: str | None = None) -> tuple[WaiverRow, ...]:
        """Waivers, the oldest first; those that were withdrawn or have expired among them."""
        from upshot.ledger.schema import WAIVERS

        return self._rows(WAIVERS, WaiverRow, name=name, number=number, environment=environment)

    def promote(self, row: PromotionRow, lease: Lease | None = None) -> PromotionRow:
        """Let an environment serve a version, if it still serves what the row says that it did, and give back the lease that was held for it.

        Raises:
            BusyError: Somebody else was faster; names who, and what is served now. Nothing is changed.
            UsageError: There is no such registered version.
        """
        from upshot.ledger.schema import ENVIRONMENTS, PROMOTIONS

        with self._recording() as (connection, pen):
            _refuse_unregistered(connection, row)
            found = next((served for served in _served(connection, row.name) if served.environment == row.environment), None)
            if (None if found is None else found.number) != row.previous:
                raise _overtaken(row, found)
            written = self._insert(connection, pen, PROMOTIONS, row, PROMOTED if row.kind == "promoted" else ROLLED_BACK)
            pointer = {"number": row.number, "promotion": written.seq}
            if found is None:
                connection.execute(ENVIRONMENTS.insert().values(name=row.name, environment=row.environment, **pointer))
            else:
                where = (ENVIRONMENTS.c.name == row.name, ENVIRONMENTS.c.environment == row.environment)
                connection.execute(ENVIRONMENTS.update().where(*where).values(**pointer))
            if lease is not None:
                lease.give_back(connection)
        if lease is not None:
            lease.is_held = False
        return written

    def approve(self, row: ApprovalRow) -> ApprovalRow:
        """Write down an approval."""
        from upshot.ledger.schema import APPROVALS

        with self._recording() as (connection, pen):
            _refuse_unregistered(connection, row)
            return self._insert(connection, pen, APPROVALS, row, APPROVED)

    def waive(self, row: WaiverRow) -> WaiverRow:
        """Write down a waiver."""
        from upshot.ledger.schema import WAIVERS

        with self._recording() as (connection, pen):
            _refuse_unregistered(connection, row)
            return self._insert(connection, pen, WAIVERS, row, WAIVED)

    def withdraw(self, row: ApprovalRow | WaiverRow, person: Mapping[str, Any], reason: str | None) -> None:
        """Take an approval or a waiver back; it stays in the ledger, and counts no more.

        Raises:
            BusyError: It was taken back meanwhile.
        """
        from upshot.ledger.schema import APPROVALS, WAIVERS

        table, kind = (APPROVALS, UNAPPROVED) if isinstance(row, ApprovalRow) else (WAIVERS, UNWAIVED)
        with self._recording() as (connection, pen):
            entry = pen.write(kind, _subject(row), {"entry": row.entry, "person": dict(person), "reason": reason})
            standing = table.update().where(table.c.seq == row.seq, table.c.withdrawn.is_(None))
            if connection.execute(standing.values(withdrawn=entry.seq)).rowcount != 1:
                raise BusyError("it does not stand any more", [Problem(_subject(row), "was taken back meanwhile")])

    def faults(self, connection: Connection, entries: tuple[JournalEntry, ...]) -> Iterator[JournalFault]:
        """Where rows and journal do not say the same.

        Args:
            connection: The transaction in which the journal was read, so that nobody writes between the two.
            entries: The whole journal.
        """
        from upshot.ledger.schema import APPROVALS, PROMOTIONS, WAIVERS

        by_seq = {entry.seq: entry for entry in entries}
        tables: tuple[tuple[Table, Any, tuple[str, ...]], ...] = (
            (PROMOTIONS, PromotionRow, (PROMOTED, ROLLED_BACK)),
            (APPROVALS, ApprovalRow, (APPROVED,)),
            (WAIVERS, WaiverRow, (WAIVED,)),
        )
        for table, cls, kinds in tables:
            rows = _rows(connection, table, cls)
            told = {entry.seq for entry in entries if entry.kind in kinds}
            yield from (JournalFault(seq, f"has no row in the table {table.name}") for seq in sorted(told - {row.entry for row in rows}))
            for row in rows:
                entry = by_seq.get(row.entry)
                if entry is None or entry.kind not in kinds or _facts(row) != data(entry.body):
                    yield JournalFault(row.entry, f"does not say what row {row.seq} of the table {table.name} says")
                yield from _withdrawal_faults(row, entries)
        yield from _pointer_faults(connection, len(entries) + 1)

    def _rows(self, table: Table, cls: type[Row], **where: object) -> tuple[Row, ...]:
        with self._reading() as connection:
            return _rows(connection, table, cls, **where)

    def _insert(self, connection: Connection, pen: Pen, table: Table, row: Row, kind: str) -> Row:
        """Write a row and its entry, in one transaction."""
        entry = pen.write(kind, _subject(row), _facts(row))
        placed: Row = replace(row, at=stamp(self._clock()), entry=entry.seq)
        values = {name: value for name, value in plain(placed).items() if name != "seq"}
        done = connection.execute(table.insert().values(values))
        key = done.inserted_primary_key
        assert key is not None
        return replace(placed, seq=int(key[0]))


def _pointer_faults(connection: Connection, after_all: int) -> Iterator[JournalFault]:
    from upshot.ledger.schema import ENVIRONMENTS, PROMOTIONS

    pointers = {(row["name"], row["environment"]): row for row in connection.execute(ENVIRONMENTS.select()).mappings()}
    last: dict[tuple[str, str], PromotionRow] = {}
    for row in _rows(connection, PROMOTIONS, PromotionRow):
        last[row.name, row.environment] = row
    for key in {**pointers, **last}:
        pointer, newest = pointers.get(key), last.get(key)
        if newest is None or pointer is None or (pointer["number"], pointer["promotion"]) != (newest.number, newest.seq):
            rule = f"is not what the table environments says of {key[0]} in {key[1]}"
            yield JournalFault(after_all if newest is None else newest.entry, rule)


def _rows(connection: Connection, table: Table, cls: type[Row], **where: object) -> tuple[Row, ...]:
    query = table.select().order_by(table.c.seq)
    for column, value in where.items():
        if value is not None:
            query = query.where(table.c[column] == value)
    return tuple(record(cls, row) for row in connection.execute(query).mappings())


def _served(connection: Connection, name: str) -> Iterator[ServedRow]:
    from sqlalchemy import select

    from upshot.ledger.schema import ENVIRONMENTS, PROMOTIONS

    query = select(PROMOTIONS).join(ENVIRONMENTS, ENVIRONMENTS.c.promotion == PROMOTIONS.c.seq)
    for found in connection.execute(query.where(ENVIRONMENTS.c.name == name).order_by(PROMOTIONS.c.seq)).mappings():
        row = record(PromotionRow, found)
        yield ServedRow(row.environment, row)


def _subject(row: PromotionRow | ApprovalRow | WaiverRow) -> str:
    return f"{row.name} {row.number} in {row.environment}"


def _facts(row: PromotionRow | ApprovalRow | WaiverRow) -> dict[str, Any]:
    """The row as its journal entry has it: without what the ledger adds."""
    return {name: value for name, value in plain(row).items() if name not in _PLACED}


def _refuse_unregistered(connection: Connection, row: PromotionRow | ApprovalRow | WaiverRow) -> None:
    from upshot.ledger.schema import VERSIONS

    where = (VERSIONS.c.name == row.name, VERSIONS.c.number == row.number, VERSIONS.c.record == row.record)
    if connection.execute(VERSIONS.select().where(*where)).first() is None:
        problem = Problem(f"{row.name}@{row.number}", "is not registered with this content", row.record[:12])
        raise UsageError("there is no such version", [problem])


def _overtaken(row: PromotionRow, found: ServedRow | None) -> BusyError:
    what = f"{row.environment} of {row.name}"
    if found is None:
        return BusyError(
            "somebody else was faster", [Problem(what, f"serves nothing, and was expected to serve {row.name}@{row.previous}")]
        )
    was = "nothing" if row.previous is None else f"{row.name}@{row.previous}"
    by = f"{found.promotion.person['name']}, {found.promotion.at}"
    rule = f"serves {row.name}@{found.number} now, and was expected to serve {was}"
    return BusyError("somebody else was faster", [Problem(what, rule, f"changed by {by}", "look again, then try again")])


def _withdrawal_faults(row: Any, entries: tuple[JournalEntry, ...]) -> Iterator[JournalFault]:
    """Whether a row is taken back exactly where the journal says so."""
    if not hasattr(row, "withdrawn"):
        return
    told = next((e.seq for e in entries if e.kind in (UNAPPROVED, UNWAIVED) and e.body.get("entry") == row.entry), None)
    if told != row.withdrawn:
        rule = "takes back what its row says stands" if told is not None else "is taken back by its row, and by nothing in the journal"
        yield JournalFault(told or row.entry, rule)


__all__ = ["ApprovalRow", "Environments", "PromotionRow", "ServedRow", "WaiverRow"]
