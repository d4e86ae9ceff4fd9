"""The short form of each fault script, as a process of its own; each of them names its long form."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SKIPPED = 77


def script(name: str, *words: str) -> str:
    """What a script printed when all that it claims did hold."""
    done = subprocess.run([sys.executable, str(HERE / name), *words], capture_output=True, text=True, check=False, timeout=280)
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_after_a_kill_at_any_moment_nothing_is_lost_or_half_registered_and_the_next_run_completes() -> None:
    told = script("kill9.py", "--kills", "12")

    assert re.fullmatch(r"12 kills: .* while registering; nothing lost, nothing half, no run open\n", told)


@pytest.mark.slow
def test_a_disk_that_fails_at_any_call_of_registration_leaves_the_old_state_whole() -> None:
    told = script("broken_disk.py", "--every", "12")

    assert re.fullmatch(r"\d+ faults at \d+ calls: .*\d+ killed, \d+ refused in one line; old state whole, the next run completes\n", told)


@pytest.mark.slow
def test_a_full_disk_before_any_stage_is_told_in_one_line_and_the_next_run_goes_on() -> None:
    told = script("full_disk.py", "--every", "5")

    assert told == "3 stages, the beginning and a promotion: exit 7, one line with the free bytes, and the next run went on\n"


@pytest.mark.slow
def test_after_a_kill_at_any_moment_of_promote_rollback_or_approve_nothing_is_lost_or_half_done() -> None:
    told = script("promotions.py", "kill", "--kills", "9")

    assert re.fullmatch(r"9 kills: .*; nothing lost, nothing half done, the same command completes\n", told)


@pytest.mark.slow
def test_a_disk_that_fails_at_any_call_of_promote_rollback_or_approve_leaves_nothing_half_done() -> None:
    told = script("promotions.py", "disk", "--every", "10")

    assert re.fullmatch(
        r"\d+ faults at \d+ calls: .*\d+ killed, \d+ refused in one line; nothing lost, nothing half done, the same command completes\n",
        told,
    )


@pytest.mark.slow
def test_of_twenty_who_promote_at_once_exactly_one_does_and_the_others_learn_who_it_is() -> None:
    told = script("promotions.py", "race", "--rounds", "2")

    assert told == "2 rounds of 20 at once: exactly one promoted each time, the others exited 6 and were told by whom\n"


def test_a_clock_that_jumps_by_years_orders_nothing_and_breaks_nothing() -> None:
    told = script("clock_jumps.py", "--runs", "40")

    assert told.startswith("40 runs under a jumping clock: in their order, all registered, the journal verifies and tells ")
