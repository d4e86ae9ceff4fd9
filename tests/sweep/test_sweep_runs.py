"""A sweep in one process: what runs, what is told, and what stands at the end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from upshot.catalogue import load_catalogue
from upshot.engine.run import Engine
from upshot.engine.state import State
from upshot.engine.sweep import Outcome, Point, compose_sweep, run_sweep
from upshot.ledger.sweeps import Sweeps
from upshot.project import find_project

THRESHOLDS = "policy.threshold=0.5,1.0"


def plain(text: str) -> str:
    """The text with what differs from run to run named: ids, times."""
    text = re.sub(r"\b([rs])\d{8}T\d{6}-[0-9a-f]{6}", r"<\1>", text)
    return re.sub(r"\d+ ms|\d+\.\d s", "<took>", text)


def stages_run(tiny: Any) -> list[tuple[str, list[str]]]:
    """Each run, oldest first: the point that it is for, and the stages that were not cached."""
    ledger = State(tiny.root / ".upshot").ledger
    runs = sorted(ledger.runs(), key=lambda run: run.started_at)
    return [(str(run.summary["point"]), [stage.stage for stage in ledger.stages(run.id) if not stage.cached]) for run in runs]


def test_what_all_points_share_runs_once_and_the_points_are_ranked(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", THRESHOLDS)

    assert outcome.exit_code == 0
    assert [re.sub(" {2,}", "  ", line) for line in plain(outcome.stdout).splitlines()] == [
        "shared  ingest validate label split featurize train calibrate predict evaluate",
        "1/2  policy.threshold=0.5  done  <took>  EUR +100 [100, 100]",
        "2/2  policy.threshold=1.0  done  <took>  EUR 0 [0, 0]",
        "",
        "  point  saved a day, gain over do nothing  95 % interval  gates  version  run",
        "1  policy.threshold=0.5  EUR +100  [100, 100]  1 pass  tiny 1  <r>",
        "2  policy.threshold=1.0  EUR 0  [0, 0]  1 pass  tiny 2  <r>",
        "",
        "The winner was chosen among 2 on the rows that measured it: its interval is not corrected for that; expect less."
        " Points within it, beside the winner: 0 of 1.",
        "",
        "sweep  <s>",
    ]
    assert stages_run(tiny) == [
        ("None", ["ingest", "validate", "label", "split", "featurize", "train", "calibrate", "predict", "evaluate"]),
        ("1", ["decide", "play", "value", "inspect", "gate", "register"]),
        ("2", ["decide", "play", "value", "inspect", "gate", "register"]),
    ]


def test_the_ledger_says_which_sweep_a_run_belongs_to(tiny: Any) -> None:
    sweep = tiny.run("sweep", "tiny", THRESHOLDS, "--json").json["sweep"]

    runs = State(tiny.root / ".upshot").ledger.runs()

    assert {run.summary["sweep"] for run in runs} == {sweep}
    assert {run.summary["point"] for run in runs} == {None, 1, 2}


def test_a_repeat_runs_nothing_and_gives_the_same_leaderboard(tiny: Any) -> None:
    first = tiny.run("sweep", "tiny", THRESHOLDS, "--json").json
    runs = len(stages_run(tiny))

    again = tiny.run("sweep", "tiny", THRESHOLDS, "--json").json

    assert len(stages_run(tiny)) == runs
    assert [point["known"] for point in again["points"]] == [True, True]
    kept = ("point", "rank", "run", "measured", "version", "gates")
    assert [[p[k] for k in kept] for p in again["points"]] == [[p[k] for k in kept] for p in first["points"]]


def test_a_point_after_a_sweep_is_known_to_a_single_run(tiny: Any) -> None:
    point = tiny.run("sweep", "tiny", THRESHOLDS, "--json").json["points"][1]

    outcome = tiny.run("run", "tiny", *point["overrides"], "--json").json

    assert outcome["run"] == point["run"]


def test_a_failing_point_is_named_at_once_and_the_others_go_on(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", "checks.amounts.columns.amount.min=1.0,50.0,2.0")

    assert outcome.exit_code == 3
    assert outcome.stderr.splitlines()[0].startswith("point 2, checks.amounts.columns.amount.min=50.0: DataError: ")
    assert "amount must be >= 50.0: 24 of 48 rows" in outcome.stderr
    lines = [line.split()[2] for line in outcome.stdout.splitlines() if line[1:3] == "/3"]
    assert lines == ["done", "failed", "done"]


def test_fail_fast_starts_no_further_point(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", "checks.amounts.columns.amount.min=50.0,1.0", "--fail-fast", "--json")

    assert outcome.exit_code == 3
    assert [(p["point"], p["status"], p["rank"]) for p in outcome.json["points"]] == [(1, "failed", None), (2, "skipped", None)]
    assert outcome.json["winner"] is None


def test_a_failure_in_what_all_points_share_is_told_once(tiny: Any) -> None:
    tiny.write("data/cases.csv", "id,day,amount,bad\n1,2026-01-01,10\n")

    outcome = tiny.run("sweep", "tiny", THRESHOLDS)

    assert outcome.exit_code == 3
    assert outcome.stdout == "shared  ingest validate label split featurize train calibrate predict evaluate\n"
    assert outcome.stderr.count("DataError") == 1


def test_a_refused_point_is_shown_and_has_no_rank(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", "gates.accurate.min=0.4,1.5", "--json")

    assert outcome.exit_code == 0
    assert [(p["rank"], p["status"], p["gates"], p["version"] is not None) for p in outcome.json["points"]] == [
        (1, "done", {"accurate": "PASS"}, True),
        (None, "refused", {"accurate": "FAIL"}, False),
    ]


def test_a_sweep_of_which_gates_refuse_every_point_exits_4(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", "gates.accurate.min=1.4,1.5")

    assert outcome.exit_code == 4
    assert outcome.stderr.startswith("GateError: a gate refused every point; ")


def test_points_can_be_ranked_by_a_metric(tiny: Any) -> None:
    board = tiny.run("sweep", "tiny", "policy.threshold=1.0,0.5", "--by", "accuracy", "--json").json

    assert board["by"] == {"name": "accuracy", "kind": "metric", "against": None, "period": None}
    assert [p["metrics"] for p in board["points"]] == [{"accuracy": p["measured"]["value"]} for p in board["points"]]


def test_an_unknown_measure_is_refused_before_anything_runs(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", THRESHOLDS, "--by", "acuracy")

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        "UsageError: the leaderboard cannot be made\n"
        "\n"
        "  --by  no such metric or KPI; got 'acuracy'; did you mean 'accuracy'? options: accuracy, saved\n"
    )
    assert not (tiny.root / ".upshot" / "sweeps").exists()


def test_all_wrong_points_are_told_at_once_and_no_data_is_read(tiny: Any) -> None:
    outcome = tiny.run("sweep", "tiny", "model.C=1.0,-1.0,-2.0", "polcy.threshold=0.5", "seed=1,2")

    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert re.sub(r"options: .*?  \(", "options: ...  (", outcome.stderr) == (
        "RecipeError: 3 problems in the points of a sweep of 'tiny' (no data was read)\n"
        "\n"
        "  polcy    unknown key; got {\"threshold\": 0.5}; did you mean 'policy'? options: ...  (argument 2; every point)\n"
        "  model.C  must be > 0; got -1.0; default 1.0  (argument 1; point 3: model.C=-1.0 seed=1 and 1 more)\n"
        "  model.C  must be > 0; got -2.0; default 1.0  (argument 1; point 5: model.C=-2.0 seed=1 and 1 more)\n"
    )
    assert not (tiny.root / ".upshot" / "ledger.db").exists()


def test_a_sweep_over_money_says_that_its_points_are_not_comparable(tiny: Any) -> None:
    board = tiny.run("sweep", "tiny", "kpi.saved.expression='blocked_fraud - blocked_good_amount','2 * blocked_fraud'", "--json").json

    assert board["notes"][1:] == ["The points are not valued by the same KPI, because its parameters differ: their order says little."]


def test_a_sweep_over_the_split_says_that_its_points_are_not_comparable(tiny: Any) -> None:
    board = tiny.run("sweep", "tiny", "split.test_from='2026-01-17','2026-01-16'", "--json").json

    assert board["notes"][1:] == [
        "The points are not measured on the same test rows, because data or split differ: their order says little."
    ]


class StopsAfter:
    """Presses Ctrl-C when a point begins."""

    def __init__(self, point: int) -> None:
        self.last = point
        self.shared: list[str] = []

    def shared_begins(self, stages: Any) -> None:
        self.shared += stages

    def point_begins(self, point: Point) -> None:
        if point.number > self.last:
            raise KeyboardInterrupt

    def point_ends(self, point: Point, outcome: Outcome) -> None:
        pass

    def stage_begins(self, planned: Any) -> None:
        pass

    def stage_ends(self, stage: Any) -> None:
        pass


def interrupted(root: Path, *words: str) -> str:
    """A sweep that stops after its first point; its id."""
    with chdir(root):
        project, catalogue = find_project(root), load_catalogue()
        state = State(project.state)

        def engine_for(recipe: object) -> Engine:
            return Engine(catalogue, state)

        sweep = compose_sweep("tiny", list(enumerate(words, 1)), catalogue, project, engine_for, jobs=None)
        with pytest.raises(KeyboardInterrupt):
            run_sweep(sweep, Sweeps(state.root / "sweeps"), project, engine_for, StopsAfter(1))
    return sweep.id


def test_an_interrupted_sweep_goes_on_as_it_was_launched(tiny: Any) -> None:
    sweep = interrupted(tiny.root, THRESHOLDS)
    recipe = tiny.root / "recipes" / "tiny.yaml"
    recipe.write_text(recipe.read_text().replace("accuracy: {}", "accuracy: {}\n  brier: {}"))

    board = tiny.run("sweep", "tiny", THRESHOLDS, "--resume", "--json")

    assert board.exit_code == 0
    assert "goes on with its 2 points as they were then" in board.stderr
    assert board.json["sweep"] == sweep
    assert [(p["point"], p["known"], list(p["metrics"])) for p in board.json["points"]] == [
        (1, True, ["accuracy"]),
        (2, False, ["accuracy"]),
    ]


def test_ctrl_c_says_how_to_go_on(tiny: Any) -> None:
    command = [sys.executable, "-m", "upshot.cli.main", "sweep", "tiny", "seed=range(1,100)", "--by", "accuracy"]
    with subprocess.Popen(command, cwd=tiny.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith(" 2/99"))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert re.sub(r"after \d+ of", "after <n> of", said) == (
        "\nthe sweep stopped after <n> of 99 points; go on with\n"
        "  upshot sweep tiny 'seed=range(1,100)' --by=accuracy --resume\n"
        "\ninterrupted; finished stages are kept and the next run goes on from them\n"
    )


def test_a_finished_sweep_is_not_resumed_and_the_unfinished_ones_are_named(tiny: Any) -> None:
    tiny.run("sweep", "tiny", THRESHOLDS)
    interrupted(tiny.root, "seed=1,2")

    outcome = tiny.run("sweep", "tiny", THRESHOLDS, "--resume")

    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "UsageError: there is nothing to resume\n"
        "\n"
        "  --resume  no unfinished sweep has this recipe and these words; unfinished are: upshot sweep tiny seed=1,2\n"
    )


def test_a_sweep_with_a_failed_point_can_be_tried_again_after_mending(tiny: Any) -> None:
    words = ("sweep", "tiny", "checks.amounts.columns.amount.min=1.0,5.0")
    data = tiny.root / "data" / "cases.csv"
    whole = data.read_text()
    data.write_text(whole.replace("2,2026-01-01 08:00:00,10,", "2,2026-01-01 08:00:00,3,"))
    assert tiny.run(*words).exit_code == 3
    data.write_text(whole)

    outcome = tiny.run(*words, "--resume", "--json")

    assert outcome.exit_code == 0
    assert [point["status"] for point in outcome.json["points"]] == ["done", "done"]


def test_a_second_sweep_of_the_recipe_is_told_who_is_at_work(tiny: Any) -> None:
    state = State(tiny.root / ".upshot")
    with state.ledger.lease("recipe tiny", "sweep s1"):
        outcome = tiny.run("sweep", "tiny", THRESHOLDS)

    assert outcome.exit_code == 6
    assert "sweep s1, process" in outcome.stderr
    assert not (tiny.root / ".upshot" / "sweeps").exists()


def test_a_single_point_is_a_sweep_of_one(tiny: Any) -> None:
    board = tiny.run("sweep", "tiny", "--json").json

    assert [(p["rank"], p["overrides"]) for p in board["points"]] == [(1, [])]
    assert board["notes"] == []


def test_without_a_launcher_no_plugin_of_hydra_is_looked_for(tiny: Any) -> None:
    tiny.write("hydra_plugins/trap.py", "raise SystemExit('the trap was imported')")
    script = (
        "import sys, json, io, contextlib\n"
        "from upshot.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    code = main(['sweep', 'tiny', 'seed=1,2'])\n"
        "from hydra.core.singleton import Singleton\n"
        "print(json.dumps([code, [m for m in sys.modules if m.startswith('hydra_plugins') or m.startswith('hydra._internal.core_plugins')],"
        " [kind.__name__ for kind in Singleton._instances if kind.__name__ == 'Plugins']]))"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=tiny.root, capture_output=True, text=True, check=False)

    assert json.loads(done.stdout or "null") == [0, [], []], done.stderr
