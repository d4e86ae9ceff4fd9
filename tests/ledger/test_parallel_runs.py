"""Runs of one recipe at once, as processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from upshot.ledger.ledger import Ledger
from upshot.testing import RecipeProject

COMMAND = [sys.executable, "-m", "upshot.cli.main"]
BUSY = re.compile(
    r"BusyError: somebody else is at work there\n\n"
    r"  recipe tiny  is held; got run (r\S+), process (\d+) on \S+, since 20\S+; wait until it is done, or stop that process\n"
)


def started(project: RecipeProject, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *words], cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ledger_of(project: RecipeProject) -> Ledger:
    return Ledger(Path(project.root / ".upshot" / "ledger.db"))


def test_of_20_runs_at_once_one_works_and_the_losers_name_it(tiny):
    processes = [started(tiny, "run", "tiny", "--json") for _ in range(20)]

    outcomes = [(process.pid, *process.communicate(), process.returncode) for process in processes]

    losers = [(pid, err) for pid, _, err, code in outcomes if code == 6]
    winners = [json.loads(out) for _, out, _, code in outcomes if code == 0]
    assert len(losers) + len(winners) == 20
    assert winners
    workers = {str(pid) for pid, _, _, code in outcomes if code == 0}
    named = [BUSY.fullmatch(err) for _, err in losers]
    assert all(found is not None and found[2] in workers for found in named), losers
    ledger = ledger_of(tiny)
    recorded = sorted((run.started_at, run.finished_at or "", run.status) for run in ledger.runs(limit=50))
    assert {status for _, _, status in recorded} == {"done"}
    assert all(ended <= began for (_, ended, _), (began, _, _) in pairwise(recorded)), "two worked at a time"
    assert [(version.name, version.number) for version in ledger.versions(claimed=True)] == [("tiny", 1)]
    assert {winner["version"]["number"] for winner in winners} == {1}
    assert [entry.kind for entry in ledger.journal()] == ["version.claimed", "version.registered"]
    assert ledger.verify_journal() is None
    assert ledger.leases() == ()


SLOW = """
import os, sys, time
from pathlib import Path
from upshot.ledger.ledger import Ledger, RunRow
from upshot.contracts.tables import Map
row = RunRow("r1", "tiny", "1e" * 32, "2026-11-24T02:15:30.000+00:00", "0.1.0", 7, 2, Map({}))
with Ledger(Path(".upshot/ledger.db")).alone(row, "recipe tiny"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_run_whose_process_was_killed_is_taken_over_at_once_and_closed(tiny):
    with subprocess.Popen([sys.executable, "-c", SLOW], cwd=tiny.root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        refused = tiny.run("run", "tiny")
        process.kill()

    began = time.monotonic()
    after = tiny.run("run", "tiny")

    assert refused.exit_code == 6
    assert f"process {process.pid} on" in refused.stderr
    assert after.exit_code == 0
    assert time.monotonic() - began < 25
    ledger = ledger_of(tiny)
    assert [(run.id, run.status) for run in ledger.runs()][1:] == [("r1", "interrupted")]
    assert [entry.kind for entry in ledger.journal()] == ["lease.taken_over", "version.claimed", "version.registered"]
    assert ledger.verify_journal() is None


def test_an_interrupted_run_gives_its_lease_back(tiny):
    process = started(tiny, "run", "tiny")
    ledger, deadline = ledger_of(tiny), time.monotonic() + 60
    while time.monotonic() < deadline and not (tiny.root / ".upshot" / "ledger.db").exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    process.communicate()

    assert process.returncode in (0, 130)
    assert ledger.leases() == ()
    assert tiny.run("run", "tiny").exit_code == 0


def test_a_repeat_takes_no_lease(tiny):
    assert tiny.run("run", "tiny").exit_code == 0

    with ledger_of(tiny).lease("recipe tiny", "another"):
        repeat, changed = tiny.run("run", "tiny"), tiny.run("run", "tiny", "seed=8")

    assert (repeat.exit_code, changed.exit_code) == (0, 6)


def test_runs_of_different_recipes_do_not_wait_for_each_other(tiny):
    with ledger_of(tiny).lease("recipe other", "another"):
        assert tiny.run("run", "tiny").exit_code == 0
