"""With `--jobs` the points of a sweep run side by side in processes of our own, and come to what they come to one after the other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from upshot.engine.workers import Workers

WORDS = ("policy.threshold=0.5,1.0", "checks.amounts.columns.amount.min=1.0,50.0")


def test_workers_give_what_one_after_the_other_gives_and_tell_of_the_failing_points(tiny: Any) -> None:
    own = tiny.run("sweep", "tiny", *WORDS, "model.C=2.0", "threads=1", "--json")

    outcome = tiny.run_process("sweep", "tiny", "--jobs", "2", *WORDS, "model.C=2.0", "threads=1", "--state", "other", "--json")

    assert (own.exit_code, outcome.exit_code) == (3, 3), outcome.stderr
    kept = ("point", "rank", "overrides", "status", "measured", "metrics", "gates", "exit_code")
    assert [[p[k] for k in kept] for p in outcome.json["points"]] == [[p[k] for k in kept] for p in own.json["points"]]
    assert sum(line.startswith("point ") for line in outcome.stderr.splitlines()) == 2


def test_workers_share_the_cores_and_what_is_common_runs_once(tiny: Any) -> None:
    from upshot.engine.state import State

    outcome = tiny.run_process("sweep", "tiny", "--jobs", "2", "policy.threshold=0.5,1.0", "--json")

    assert outcome.exit_code == 0, outcome.stderr
    ledger = State(tiny.root / ".upshot").ledger
    assert [run.threads for run in ledger.runs()] == [max(1, (os.cpu_count() or 1) // 2)] * 3
    ran = [stage.stage for run in ledger.runs() for stage in ledger.stages(run.id) if not stage.cached]
    assert (ran.count("train"), ran.count("decide")) == (1, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--jobs", "0"), "--jobs  must be at least 1; got 0"),
        (
            ("--jobs", "2", "hydra/launcher=joblib"),
            "--jobs  is of our own workers, not of a launcher; got hydra/launcher=joblib; leave one of them out; a launcher has its own setting, "
            "such as hydra.launcher.n_jobs",
        ),
    ],
)
def test_jobs_that_cannot_be_are_refused(tiny: Any, words: tuple[str, ...], said: str) -> None:
    outcome = tiny.run("sweep", "tiny", "seed=1,2", *words)

    assert outcome.exit_code == 2
    assert said in outcome.stderr


def test_ctrl_c_stops_all_workers_and_says_how_to_go_on(tiny: Any) -> None:
    command = [sys.executable, "-m", "upshot.cli.main", "sweep", "tiny", "seed=range(1,60)", "--by", "accuracy", "--jobs", "2"]
    with subprocess.Popen(command, cwd=tiny.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if re.match(r" +\d+/59", line))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody gets it
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert re.sub(r"after \d+ of", "after <n> of", said) == (
        "\nthe sweep stopped after <n> of 59 points; go on with\n"
        "  upshot sweep tiny 'seed=range(1,60)' --by=accuracy --jobs=2 --resume\n"
        "\ninterrupted; finished stages are kept and the next run goes on from them\n"
    )
    with pytest.raises(ProcessLookupError):
        while True:
            os.killpg(process.pid, 0)  # nobody of the group is left
            time.sleep(0.05)


def note(settings: Mapping[str, Any]) -> None:
    """A point that leaves its number; the second one dies, the third one raises."""
    if settings["point"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if settings["point"] == 3:
        raise ValueError("no such thing")
    (Path(settings["folder"]) / str(settings["point"])).touch()


def test_a_worker_that_is_killed_takes_one_point_with_it(tmp_path: Path) -> None:
    raised = Workers(2).launch(note, {"folder": str(tmp_path)}, [(f"seed={number}",) for number in range(1, 8)])

    assert [str(error) if error else None for error in raised] == [
        None,
        "killed by SIGKILL",
        "ValueError: no such thing",
        None,
        None,
        None,
        None,
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "4", "5", "6", "7"]
