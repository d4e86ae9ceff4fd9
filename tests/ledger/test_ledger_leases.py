from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from upshot.contracts.tables import Map
from upshot.errors import BusyError, Problem
from upshot.ledger.ledger import Ledger, RunRow

START = datetime(2026, 11, 24, 2, 15, 30, tzinfo=UTC)
RUN = RunRow("r1", "x", "1e" * 32, "2026-11-24T02:15:30.000+00:00", "0.1.0", 7, 2, Map({}))


def moved_elsewhere(place, beat_at: datetime) -> None:
    """Let the lease be one of another machine, where nobody here can see whether its holder lives."""
    place.execute(
        f"UPDATE leases SET machine = 'another', host = 'far', pid = 4711, beat_at = '{beat_at.isoformat(timespec='milliseconds')}'"
    )


def abandoned(place, beat_at: datetime) -> None:
    """A lease of another machine whose holder is gone."""
    with ExitStack() as never_closed:
        lease = never_closed.enter_context(place.ledger(stale_after=3600.0, clock=lambda: START).lease("recipe x", "run r1"))
        moved_elsewhere(place, beat_at)
        lease.is_held = False


def test_a_lease_is_held_by_one_and_the_others_learn_by_whom_and_since_when(place):
    with (
        place.ledger(clock=lambda: START).lease("recipe x", "run r1"),
        pytest.raises(BusyError) as caught,
        place.ledger().lease("recipe x", "run r2"),
    ):
        pass

    held = f"run r1, process {os.getpid()} on {socket.gethostname()}, since 2026-11-24T02:15:30.000+00:00"
    assert caught.value.exit_code == 6
    assert caught.value.problems == (Problem("recipe x", "is held", held, "wait until it is done, or stop that process"),)


def test_a_lease_is_given_back_at_the_end_and_after_a_failure(ledger):
    with ledger.lease("recipe x", "run r1"):
        assert [(row.name, row.holder, row.pid) for row in ledger.leases()] == [("recipe x", "run r1", os.getpid())]
    with pytest.raises(ZeroDivisionError), ledger.lease("recipe x", "run r2"):
        raise ZeroDivisionError

    assert ledger.leases() == ()
    assert ledger.journal() == ()


def interrupted_after(writing):
    """Transactions as they are, but that somebody presses Ctrl-C just after the first."""
    pressed = []

    @contextmanager
    def interrupted():
        with writing() as both:
            yield both
        if not pressed:
            pressed.append(True)
            raise KeyboardInterrupt

    return interrupted


def test_who_is_interrupted_just_after_taking_a_lease_gives_it_back(ledger):
    ledger._leases = replace(ledger._leases, writing=interrupted_after(ledger._leases.writing))
    with pytest.raises(KeyboardInterrupt), ledger.alone(RUN, "recipe x"):
        pytest.fail("the work began")

    assert ledger.leases() == ()
    assert [(run.id, run.status, run.error) for run in ledger.runs()] == [("r1", "interrupted", "it was broken off before its first stage")]


def test_leases_of_other_names_are_free(ledger):
    with ledger.lease("recipe x", "run r1"), ledger.lease("recipe y", "run r2"):
        assert [row.name for row in ledger.leases()] == ["recipe x", "recipe y"]


def test_a_lease_has_a_heartbeat(place):
    with place.ledger(stale_after=0.6).lease("recipe x", "run r1"):
        before = place.ledger().leases()[0]
        time.sleep(0.5)
        after = place.ledger().leases()[0]

    assert after.beat > before.beat
    assert replace(after, beat=before.beat, beat_at=before.beat_at) == before


HOLD = """
import sys, time
from pathlib import Path
from upshot.ledger.ledger import Ledger
place, stale = sys.argv[1], float(sys.argv[2])
with Ledger(place if "://" in place else Path(place), checkpoints=Path(sys.argv[3]), stale_after=stale).lease("recipe x", "run r1"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(place, stale_after: float = 30.0) -> subprocess.Popen[str]:
    """A process that holds the lease for a minute."""
    words = [sys.executable, "-c", HOLD, str(place.database), str(stale_after), str(place.checkpoints)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_lease_of_a_killed_process_is_taken_over_at_once_and_journalled(place):
    with holder(place) as process:
        process.kill()
    (dead,) = place.ledger().leases()

    started = time.monotonic()
    with place.ledger(clock=lambda: START).lease("recipe x", "run r2") as lease:
        taken = lease.row.sentence
    waited = time.monotonic() - started

    (entry,) = place.ledger().journal()
    assert (entry.kind, entry.subject) == ("lease.taken_over", "recipe x")
    assert dict(entry.body) == {"from": dead.sentence, "by": taken, "because": "its process has ended"}
    assert waited < 20
    assert place.ledger().verify_journal() is None


def test_a_process_that_lives_keeps_its_lease_even_when_it_stands_still(place):
    with holder(place, stale_after=0.3) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)

        with pytest.raises(BusyError, match=f"process {process.pid} on"), place.ledger(stale_after=0.3).lease("recipe x", "run r2"):
            pass
        process.kill()


def test_a_number_of_a_process_that_was_given_to_another_one_is_not_mistaken_for_it(place):
    with ExitStack() as never_closed:
        lease = never_closed.enter_context(place.ledger().lease("recipe x", "run r1"))
        place.execute("UPDATE leases SET born = '1'")
        lease.is_held = False

    with place.ledger().lease("recipe x", "run r2"):
        pass

    assert [entry.kind for entry in place.ledger().journal()] == ["lease.taken_over"]


def test_a_lease_of_another_machine_whose_heartbeat_is_fresh_is_held(place):
    abandoned(place, START)

    with (
        pytest.raises(BusyError, match="process 4711 on far"),
        place.ledger(stale_after=30.0, clock=lambda: START).lease("recipe x", "run r2"),
    ):
        pass


@pytest.mark.parametrize("jump", [timedelta(days=3652), timedelta(days=-1), timedelta(hours=-1)], ids=["+10 y", "-1 d", "-1 h"])
def test_a_lease_of_another_machine_without_a_heartbeat_expires_however_the_clock_jumps(place, jump):
    abandoned(place, START)

    started = time.monotonic()
    with place.ledger(stale_after=0.5, clock=lambda: START + jump).lease("recipe x", "run r2"):
        waited = time.monotonic() - started

    (entry,) = place.ledger().journal()
    assert waited >= 0.5
    assert entry.body["because"] == "no heartbeat for 0.5 s"


@pytest.mark.parametrize("jump", [timedelta(days=3652), timedelta(days=-1)], ids=["+10 y", "-1 d"])
def test_a_lease_of_another_machine_with_a_heartbeat_is_held_however_the_clock_jumps(place, jump):
    with place.ledger(stale_after=1.2, clock=lambda: START).lease("recipe x", "run r1"):
        moved_elsewhere(place, START)

        with (
            pytest.raises(BusyError, match="process 4711 on far"),
            place.ledger(stale_after=30.0, clock=lambda: START + jump).lease("recipe x", "r"),
        ):
            pass


def test_whoever_stood_still_until_its_lease_was_taken_over_learns_it_before_it_goes_on(place):
    with (
        pytest.raises(BusyError, match="was taken over by somebody else"),
        place.ledger(stale_after=0.3).lease("recipe x", "run r1") as lease,
    ):
        place.execute("UPDATE leases SET token = 'of another'")
        time.sleep(0.4)
        lease.check()

    assert [row.token for row in place.ledger().leases()] == ["of another"]


def _hold_once(ledger: Ledger, number: int) -> tuple[int, float, float]:
    while True:
        try:
            with ledger.lease("recipe x", f"run r{number}"):
                began = time.monotonic()
                time.sleep(0.01)
                return number, began, time.monotonic()
        except BusyError:
            time.sleep(0.02)


def test_8_processes_hold_a_lease_one_after_the_other(place):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["upshot.ledger.schema", "upshot.ledger.ledger", "sqlalchemy.dialects.postgresql.psycopg"])

    with processes.Pool(8) as pool:
        held = pool.starmap(_hold_once, [(place.ledger(), number) for number in range(8)], chunksize=1)

    in_order = sorted(held, key=lambda hold: hold[1])
    assert sorted(number for number, _, _ in held) == list(range(8))
    assert all(ended <= began for (_, _, ended), (_, began, _) in pairwise(in_order))


def test_of_many_who_find_a_dead_holder_one_takes_over(place):
    abandoned(place, START - timedelta(days=1))
    outcomes: list[str] = []
    over = threading.Event()

    def try_it(number: int) -> None:
        try:
            with place.ledger(stale_after=0.3, clock=lambda: START).lease("recipe x", f"run r{number}"):
                outcomes.append("held")
                over.wait(20)
        except BusyError:
            outcomes.append("busy")
        if len(outcomes) == 5:
            over.set()

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["busy"] * 4 + ["held"]
    assert [entry.kind for entry in place.ledger().journal()] == ["lease.taken_over"]


def test_a_run_under_its_lease_closes_runs_whose_process_has_died(place):
    ledger = place.ledger(clock=lambda: START)
    ledger.begin_run(RUN)
    ledger.begin_run(replace(RUN, id="other", recipe="y"))

    with ledger.alone(replace(RUN, id="r2"), "recipe x") as lease:
        ledger.finish_run("r2", "done", {}, lease=lease)
        assert ledger.leases() == ()

    assert [(run.id, run.status, run.error) for run in ledger.runs()] == [
        ("r2", "done", None),
        ("other", "running", None),
        ("r1", "interrupted", "its process ended before the run did"),
    ]


def test_a_run_that_finds_its_lease_held_is_not_recorded(place):
    ledger = place.ledger()

    with ledger.alone(RUN, "recipe x"), pytest.raises(BusyError), place.ledger().alone(replace(RUN, id="r2"), "recipe x"):
        pass

    assert [run.id for run in ledger.runs()] == ["r1"]
