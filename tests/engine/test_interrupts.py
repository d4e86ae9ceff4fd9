"""No interrupt is lost, wherever it comes."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
from upshot.cli import recipes
from upshot.cli.main import main

class Named:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt

def execute(arguments):
    class Owner:
        value = Named()

recipes.execute = execute
raise SystemExit(main(["recipes"]))
"""


def test_an_interrupt_of_which_python_made_another_error_ends_the_command_in_words() -> None:
    done = subprocess.run([sys.executable, "-c", MADE_ANOTHER], capture_output=True, text=True, check=False)

    assert done.returncode == 130
    assert done.stderr == "\ninterrupted; finished stages are kept and the next run goes on from them\n"
