"""Calls that reach over the end of a chunk of frames cost nothing where there is room for all of them."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

CALLS_AT_EVERY_DEPTH = """
import sys
sys.setrecursionlimit(5000)

def nothing(): pass

def down(depth):
    for _ in range(100): nothing()
    if depth: down(depth - 1)

{run}
"""


def taken(run: str) -> int:
    """How often the process asked the system for memory."""
    command = ["strace", "-e", "trace=mmap", sys.executable, "-c", CALLS_AT_EVERY_DEPTH.format(run=run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"strace cannot trace here: {done.stderr[-200:]}")
    return done.stderr.count("mmap(")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace counts the calls")
def test_no_call_asks_the_system_for_memory_where_there_is_room_for_frames() -> None:
    bare, roomy = taken("down(600)"), taken("from upshot.engine.frames import with_room; with_room(lambda: down(600))")

    assert bare > 300  # each edge of a chunk is crossed a hundred times
    assert roomy < 200
