"""Where memory ends: whoever says so, it is told as such, and the machine gives up the command before its neighbours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from upshot.engine.memory import shortage
from upshot.errors import DataError, Problem


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 8 TiB"), RuntimeError("std::bad_alloc")])
def test_a_library_without_memory_is_told_as_storage_with_a_way_out(error: Exception) -> None:
    told = shortage(error)

    assert told is not None
    assert told.exit_code == 7
    assert str(told) == (
        "memory is not enough\n\n"
        f"  memory  must hold what the stage works on; got {error}; take fewer rows or columns, or a machine with more memory"
    )


def test_what_only_speaks_of_memory_is_left_alone() -> None:
    assert shortage(DataError("no", [Problem("reason", "must be listed", "out of memory")])) is None
    assert shortage(ValueError("out of range")) is None


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="this system has no such score")
def test_the_command_is_ended_before_its_neighbours() -> None:
    code = (
        "import sys; sys.argv = ['upshot', '--version']\n"
        "from upshot.cli.main import process\nprocess()\n"
        "print(open('/proc/self/oom_score_adj').read().strip())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert int(done.stdout.splitlines()[-1]) >= 500
