"""No interrupt is lost, wherever it comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from upshot.engine.state import State
from upshot.testing import RecipeProject

SWALLOWED = """
import time
from upshot.cli.main import Terminated
from upshot.engine.interrupts import hearing_all

class Closes:
    def __del__(self):
        raise {kind}

with hearing_all():
    try:
        Closes()
        time.sleep(10)
        print("lost")
    except {kind}:
        print("heard")
"""


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "Terminated"])
def test_an_interrupt_that_a_finaliser_swallows_is_heard_a_moment_later(kind: str) -> None:
    done = subprocess.run([sys.executable, "-c", SWALLOWED.format(kind=kind)], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("heard\n", "")


def test_what_else_goes_wrong_in_a_finaliser_is_told_as_ever() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED.format(kind="ValueError").replace("sleep(10)", "sleep(0)")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "lost\n"
    assert "Exception ignored in: <function Closes.__del__" in done.stderr


MADE_ANOTHER = """
class Named:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt

class Owner:
    value = Named()
"""
"""A library that is interrupted while it is imported: Python makes a RuntimeError of it."""


@pytest.mark.parametrize(("library", "words"), [("hydra", ("validate", "tiny")), ("xgboost", ("run", "tiny", "model=xgboost"))])
def test_an_interrupt_of_which_python_made_another_error_ends_the_command_in_words(
    tiny: RecipeProject, tmp_path: Path, library: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / f"{library}.py").write_text(MADE_ANOTHER, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "upshot.cli.main", *words],
        cwd=tiny.root,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "libraries")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 130
    assert done.stderr == "\ninterrupted; finished stages are kept and the next run goes on from them\n"
    assert [run.status for run in State(tiny.root / ".upshot").ledger.runs()] == (["interrupted"] if words[0] == "run" else [])
