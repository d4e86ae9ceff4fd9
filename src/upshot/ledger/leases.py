"""Leases: of all who want to do one thing, one does it, and the others learn who.

A lease is a row, taken and given back in transactions that hold the write lock. Its holder's thread counts a heartbeat up. A lease is taken
over, once and with a journal entry, when its holder is surely gone:

- On the holder's own machine the system is asked whether that very process lives. No clock is involved, and a busy or stopped process that
  lives keeps its lease.
- From elsewhere, a heartbeat that looks old or lies in the future is only a suspicion, because clocks jump. The counter is then watched, and
  the lease is stale when it has not moved for as long as `stale_after` says, by a clock that only goes forward.

A holder that was asleep for so long may have lost its lease; `Lease.check` says so before it goes on.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from upshot.errors import BusyError, Problem, UpshotError
from upshot.ledger._clock import Clock, elapsed, stamp
from upshot.ledger._process import Process, this_process
from upshot.ledger._rows import plain, record

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from upshot.ledger.journal import Pen

STALE_AFTER = 30.0
"""Seconds without a heartbeat after which a lease is given to the next one who asks."""
BEATS = 6
"""Heartbeats in that time."""

Writing = Callable[[], "AbstractContextManager[tuple[Connection, Pen]]"]
"""Opens a transaction that holds the write lock, with the pen of its journal."""
Step = Callable[["Connection"], None]
"""What is done within a transaction."""


def _nothing(_: Connection) -> None:
    """No step."""


@dataclass(frozen=True)
class LeaseRow:
    """Who holds what. `holder` says what for; `beat` is counted up while it works; `token` is new with each holder."""

    name: str
    holder: str
    pid: int
    host: str
    machine: str
    born: str
    acquired_at: str
    beat: int
    beat_at: str
    token: str

    @property
    def process(self) -> Process:
        """The process that holds it."""
        return Process(self.pid, self.host, self.machine, self.born)

    @property
    def sentence(self) -> str:
        """The holder as people ask for it."""
        return f"{self.holder}, process {self.pid} on {self.host}, since {self.acquired_at}"


@dataclass(frozen=True)
class Leases:
    """Gives leases in one ledger.

    Args:
        writing: Opens a transaction.
        clock: Labels the heartbeats.
        stale_after: Seconds without a heartbeat.
    """

    writing: Writing
    clock: Clock
    stale_after: float

    @contextmanager
    def hold(self, name: str, holder: str, begin: Step = _nothing, abandon: Step = _nothing) -> Iterator[Lease]:
        """Hold a lease as long as the block lasts.

        Args:
            name: What only one may do at a time: "recipe card_fraud".
            holder: What does it: "run r20261124T021530-7f3a9c".
            begin: Done in the transaction that takes the lease.
            abandon: Done in the transaction that gives it back where the work was broken off without doing so, perhaps before it began.

        Raises:
            BusyError: Somebody else holds it; names process, machine and since when.
        """
        lease = Lease(self, name, secrets.token_hex(8))
        try:
            lease.row = self._acquire(lease, holder, begin)
            lease.begin()
            yield lease
        except BaseException as error:  # whatever ended the work, the lease is given back
            lease.end(error, abandon)
            raise
        lease.end(None)

    def _acquire(self, lease: Lease, holder: str, begin: Step) -> LeaseRow:
        from upshot.ledger.schema import LEASES

        me, watched = this_process(), _Watched(self.stale_after)
        while True:
            with self.writing() as (connection, pen):
                found = connection.execute(LEASES.select().where(LEASES.c.name == lease.name)).mappings().first()
                held = None if found is None else record(LeaseRow, found)
                why = None if held is None else self._gone(held, me, watched)
                if held is None or why is not None:
                    at = stamp(self.clock())
                    row = LeaseRow(lease.name, holder, **asdict(me), acquired_at=at, beat=0, beat_at=at, token=lease.token)
                    if held is not None:
                        connection.execute(LEASES.delete().where(LEASES.c.name == lease.name))
                        pen.write("lease.taken_over", lease.name, {"from": held.sentence, "by": row.sentence, "because": why})
                    connection.execute(LEASES.insert().values(plain(row)))
                    pen.vouch()
                    begin(connection)
                    lease.is_held = True
                    return row
            time.sleep(self.stale_after / BEATS / 5)

    def _gone(self, held: LeaseRow, me: Process, watched: _Watched) -> str | None:
        """Why the holder is surely gone; None while that is being watched.

        Raises:
            BusyError: It is not.
        """
        alive = held.process.is_alive(me)
        if alive is False:
            return "its process has ended"
        still = watched.still_since(held) if alive is None and (watched.began or self._looks_stale(held)) else None
        if still is None:
            problem = Problem(held.name, "is held", held.sentence, "wait until it is done, or stop that process")
            raise BusyError("somebody else is at work there", [problem])
        return f"no heartbeat for {self.stale_after:g} s" if still >= self.stale_after else None

    def _looks_stale(self, held: LeaseRow) -> bool:
        """Whether the last heartbeat is not of the last moments, by a clock that may be wrong."""
        at = self.clock()
        return not stamp(at - timedelta(seconds=self.stale_after)) < held.beat_at <= stamp(at)


class _Watched:
    """A counter under watch."""

    def __init__(self, stale_after: float) -> None:
        self._stale_after = stale_after
        self._seen: tuple[str, int] | None = None
        self._since = 0.0

    @property
    def began(self) -> bool:
        """Whether there was a first look."""
        return self._seen is not None

    def still_since(self, held: LeaseRow) -> float | None:
        """Seconds for which the counter has not moved; None when it has."""
        now, seen = elapsed(), (held.token, held.beat)
        if self._seen is None:
            self._seen, self._since = seen, now
        return now - self._since if seen == self._seen else None


class Lease:
    """A lease that is held, or may be: whoever is interrupted while taking it gives it back too.

    Args:
        leases: Whose it is.
        name: What only one may do at a time.
        token: Tells its row from that of any other holder.
    """

    row: LeaseRow
    """As it was taken."""

    def __init__(self, leases: Leases, name: str, token: str) -> None:
        self.name, self.token = name, token
        self._leases = leases
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat_on, name=f"lease of {name}", daemon=True)
        self._last_beat = elapsed()
        self._is_lost = False
        self.is_held = False
        """Whether a transaction has taken it, perhaps not yet committed, and none has given it back."""

    def begin(self) -> None:
        """Let the heart beat."""
        self._last_beat = elapsed()
        self._heart.start()

    def check(self) -> None:
        """Make sure that it is still held, before something that only its holder may do.

        Raises:
            BusyError: It was taken over while this process slept.
        """
        if elapsed() - self._last_beat > self._leases.stale_after:
            self._beat()
        if self._is_lost:
            problem = Problem(self.name, "was taken over by somebody else while this process stood still", hint="run it again")
            raise BusyError("the lease is lost", [problem])

    def end(self, error: BaseException | None, abandon: Step = _nothing) -> None:
        """Give it back. When the work has failed, its error goes before one from here; the lease then ends with the process."""
        self._ended.set()
        if self._heart.is_alive():
            self._heart.join()
        if not self.is_held:
            return
        try:
            with self._leases.writing() as (connection, _):
                if self.give_back(connection) and error is not None:
                    abandon(connection)
        except UpshotError as failed:
            if error is None:
                raise
            error.add_note(f"the lease {self.name!r} was not given back: {failed.headline}")

    def give_back(self, connection: Connection) -> bool:
        """Give it back with a transaction; whether it was held."""
        from upshot.ledger.schema import LEASES

        mine = LEASES.delete().where(LEASES.c.name == self.name, LEASES.c.token == self.token)
        return connection.execute(mine).rowcount == 1

    def _beat_on(self) -> None:
        while not self._ended.wait(self._leases.stale_after / BEATS):
            try:
                self._beat()
            except UpshotError:
                continue  # a database that is busy or away: tried again; `check` measures for how long

    def _beat(self) -> None:
        from upshot.ledger.schema import LEASES

        table = LEASES.c
        with self._leases.writing() as (connection, _):
            mine = LEASES.update().where(table.name == self.name, table.token == self.token)
            values = {"beat": table.beat + 1, "beat_at": stamp(self._leases.clock())}
            self._is_lost = connection.execute(mine.values(values)).rowcount != 1
        self._last_beat = elapsed()
