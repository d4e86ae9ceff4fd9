"""The published joblib launcher of Hydra runs a sweep unchanged, and nothing else of Hydra's plugins is let in."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest
from hydra.core.singleton import Singleton
from omegaconf.basecontainer import BaseContainer

from upshot.ledger.sweeps import Sweeps

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
WORDS = ("policy.threshold=0.5,1.0", "checks.amounts.columns.amount.min=1.0,50.0")


def test_joblib_gives_what_our_own_loop_gives_and_tells_of_the_failing_points(tiny: Any) -> None:
    own = tiny.run("sweep", "tiny", *WORDS, "model.C=2.0", "threads=1", "--json")
    tiny.write("hydra_plugins/trap.py", "open('sprung', 'w')")
    before = sorted(path.name for path in tiny.root.iterdir())

    outcome = tiny.run_process("sweep", "tiny", *JOBLIB, *WORDS, "model.C=2.0", "threads=1", "--state", "other", "--json")

    assert (own.exit_code, outcome.exit_code) == (3, 3), outcome.stderr
    kept = ("point", "rank", "overrides", "status", "measured", "metrics", "gates", "exit_code")
    assert [[p[k] for k in kept] for p in outcome.json["points"]] == [[p[k] for k in kept] for p in own.json["points"]]
    assert [(p["point"], p["status"]) for p in outcome.json["points"]] == [(1, "done"), (3, "done"), (2, "failed"), (4, "failed")]
    assert sum(line.startswith("point ") for line in outcome.stderr.splitlines()) == 2
    assert sorted(path.name for path in tiny.root.iterdir()) == sorted([*before, "other"])


def test_points_side_by_side_share_the_cores_and_what_is_common_runs_once(tiny: Any) -> None:
    from upshot.engine.state import State

    outcome = tiny.run_process("sweep", "tiny", *JOBLIB, "policy.threshold=0.5,1.0", "--json")

    assert outcome.exit_code == 0, outcome.stderr
    ledger = State(tiny.root / ".upshot").ledger
    runs = ledger.runs()
    share = max(1, (os.cpu_count() or 1) // 2)
    assert [run.threads for run in runs] == [share] * 3
    assert {run.summary["sweep"] for run in runs} == {outcome.json["sweep"]}
    ran = [stage.stage for run in runs for stage in ledger.stages(run.id) if not stage.cached]
    assert sorted(ran) == sorted(
        ["ingest", "validate", "label", "split", "featurize", "train", "calibrate", "predict", "evaluate"]
        + 2 * ["decide", "play", "value", "inspect", "gate", "register"]
    )
    launch = Sweeps(tiny.root / ".upshot" / "sweeps").launch(outcome.json["sweep"])
    assert launch is not None
    assert launch["points"][0]["recipe"]["origins"]["threads"][1][-1] == ["sweep", "2 points at a time", str(share)]


def test_a_launcher_leaves_the_process_as_it_was(tiny: Any) -> None:
    path, instances, resolvers = list(sys.path), set(Singleton._instances), set(BaseContainer._resolvers)

    outcome = tiny.run("sweep", "tiny", "hydra/launcher=basic", "policy.threshold=0.5,1.0", "--json")

    assert outcome.exit_code == 0
    assert [p["status"] for p in outcome.json["points"]] == ["done", "done"]
    assert sys.path == path
    assert "Plugins" not in {kind.__name__ for kind in set(Singleton._instances) - instances}
    assert set(BaseContainer._resolvers) == resolvers


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["hydra/launcher=jobli"],
            2,
            "hydra/launcher  is not installed; got 'jobli'; did you mean 'joblib'? options: basic, joblib;"
            " others are packages of their own, such as hydra-joblib-launcher  (argument 1)",
        ),
        (
            ["hydra.launcher.n_jobs=2"],
            2,
            "argument 1  sets a launcher, and none is named; got hydra.launcher.n_jobs=2; add hydra/launcher=joblib",
        ),
        (
            ["hydra/launcher=joblib,basic"],
            2,
            "hydra/launcher  takes one value: the launcher is the same for all points; got hydra/launcher=joblib,basic  (argument 1)",
        ),
        (
            ["hydra/launcher=joblib", "hydra.launcher._target_=os.system"],
            5,
            "argument 2  the key '_target_' is refused: it would let a recipe call code;"
            " a recipe names components with `use:`; code comes as a plugin that offers one",
        ),
        (
            ["hydra/launcher=joblib", "hydra.launcher.temp_folder=${oc.env:HOME}"],
            5,
            "argument 2  a launcher takes plain values: an interpolation is refused; got hydra.launcher.temp_folder=${oc.env:HOME}",
        ),
    ],
    ids=["absent", "unnamed", "swept", "code", "interpolation"],
)
def test_a_launcher_that_cannot_be_used_is_refused(tiny: Any, words: list[str], code: int, said: str) -> None:
    outcome = tiny.run("sweep", "tiny", *words, "seed=1,2")

    assert (outcome.exit_code, outcome.stdout) == (code, "")
    assert outcome.stderr.splitlines()[2:] == [f"  {said}"]


def test_a_setting_that_the_launcher_does_not_have_is_refused_with_the_nearest(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", "hydra/launcher=joblib", "hydra.launcher.njobs=2", "seed=1,2")

    assert outcome.exit_code == 2
    assert "hydra.launcher.njobs  cannot be set: " in outcome.stderr
    assert "did you mean 'n_jobs'?" in outcome.stderr
    assert outcome.stderr.endswith("(argument 2)\n")


@pytest.mark.parametrize(
    "words", [["run", "tiny", "hydra/launcher=joblib"], ["sweep", "tiny", "hydra.sweep.dir=..", "seed=1,2"]], ids=["run", "sweep"]
)
def test_hydras_settings_are_refused_everywhere_else(tiny: Any, words: list[str]) -> None:
    outcome = tiny.run(*words)

    assert outcome.exit_code == 5
    assert "belongs to the engine" in outcome.stderr


def test_fail_fast_reaches_the_workers(tiny: Any) -> None:
    words = ("checks.amounts.columns.amount.min=50.0,60.0,70.0,1.0", "hydra/launcher=basic", "--fail-fast", "--json")

    outcome = tiny.run("sweep", "tiny", *words)

    assert outcome.exit_code == 3
    assert [(p["point"], p["status"]) for p in outcome.json["points"]] == [(1, "failed"), (2, "skipped"), (3, "skipped"), (4, "skipped")]
    assert json.loads(outcome.stdout)["winner"] is None
