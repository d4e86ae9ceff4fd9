"""A run that is new composes its recipe in a child while the process itself loads pandas; only time tells the two ways apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from upshot.cli.beside import cores
from upshot.testing import RecipeProject

COMMAND = (sys.executable, "-m", "upshot.cli.main")
TWO_CORES = pytest.mark.skipif(cores() < 2, reason="on one core there is nothing to gain, and no child")

ASK = """
import os, sys, threading
from pathlib import Path
from upshot.cli.beside import beside

def work():
    Path("child").write_text(str(os.getpid()))
    {then}

{before}
beside(work, {libraries})
print(Path("child").exists() and int(Path("child").read_text()) != os.getpid(), "colorsys" in sys.modules)
"""


def ask(folder: Path, *, then: str = "pass", before: str = "", libraries: str = "['colorsys']") -> tuple[str, str]:
    """What came of some work beside the loading of a module: was it done by a child, is the module loaded; and what was said."""
    code = ASK.format(then=then, before=before, libraries=libraries)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


@TWO_CORES
@pytest.mark.parametrize("then", ["pass", "print('said', file=sys.stderr)", "raise ValueError", "os.kill(os.getpid(), 9)"])
def test_a_child_works_while_libraries_are_loaded_and_nobody_hears_it(tmp_path: Path, then: str) -> None:
    assert ask(tmp_path, then=then) == ("True True", "")


@pytest.mark.parametrize(
    "before",
    [
        "import colorsys",
        "threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "del os.fork",
        "os.fork = lambda: os.open('there is no such file', os.O_RDONLY)",
        "os.sched_setaffinity(0, {0})",
    ],
    ids=["loaded already", "beside a thread", "no fork", "no process left", "one core"],
)
def test_no_child_is_made_where_it_would_gain_nothing_or_harm(tmp_path: Path, before: str) -> None:
    done, _ = ask(tmp_path, before=before)

    assert done.split()[0] == "False"


@TWO_CORES
def test_the_process_that_runs_a_changed_recipe_loads_no_hydra(tiny: RecipeProject) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "upshot.cli.main", "run", "tiny", "seed=3"],
        cwd=tiny.root,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines()}

    assert "pandas" in loaded
    assert loaded & {"hydra", "omegaconf", "antlr4"} == set()


def test_a_wrong_recipe_is_told_as_validate_tells_it(tiny: RecipeProject) -> None:
    run, check = (
        subprocess.run([*COMMAND, command, "tiny", "seeed=3"], cwd=tiny.root, capture_output=True, text=True, check=False)
        for command in ("run", "validate")
    )

    assert run.returncode == 2
    assert (run.returncode, run.stdout, run.stderr) == (check.returncode, check.stdout, check.stderr)
