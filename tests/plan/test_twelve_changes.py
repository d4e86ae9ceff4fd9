"""A plan says exactly what a change costs: twelve kinds of change, and the stages that each of them runs again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from upshot.stages import LIFECYCLE

ALL = [stage.name for stage in LIFECYCLE]
FROM_FEATURES = ALL[ALL.index("featurize") :]
FROM_TRAINING = ALL[ALL.index("train") :]

RECIPE = """
use_case: {name: tiny, problem: classification, owners: {business: payments}}
data:
  use: csv
  path: cases.csv
  table: tiny
  roles: {key: [id], time: day, target: bad, amount: amount}
  columns: {day: timestamp}
split: {use: by_time, validation_from: 2026-01-09, test_from: 2026-01-13}
features:
  amount: {use: doubled, column: amount}
model: {use: logistic_regression}
policy: {use: threshold}
rollout: {use: case_actions}
baselines:
  do_nothing: {}
kpi:
  saved:
    expression: blocked_fraud - reviewed * review_cost - blocked_good_amount
    unit: EUR
    impact: risk_mitigation
    parameters: {review_cost: {value: 5, unit: EUR/case}}
metrics:
  accuracy: {}
gates:
  value: {kpi: saved, min: 0, by: value}
seed: 1
threads: 1
"""

PLUGIN = '''
"""A plugin of one feature: a column times a factor."""
from __future__ import annotations

from upshot.contracts.components import Component
from upshot.contracts.params import Params
from upshot.hookspecs import hookimpl
from pydantic import Field

FACTOR = 2


class DoubledParams(Params):
    """A column, doubled."""

    column: str = Field(description="Column to double.")


class Doubled:
    needs_history = False

    def __init__(self, params):
        self.params = params

    def inputs(self, roles):
        return (self.params.column,)

    def fit(self, train, history):
        pass

    def transform(self, cases, history):
        return cases.rows.frame[[self.params.column]].astype(float) * FACTOR

    def state(self):
        return {}

    def restore(self, files):
        pass


@hookimpl
def register_components():
    return [
        Component("features", "doubled", params="tiny_plugin:DoubledParams", make="tiny_plugin:Doubled", sentence="Doubles.", libraries=("tiny-math",))
    ]
'''


def distribution(site: Path, name: str, version: str, entry_points: str = "") -> None:
    """What an installed distribution leaves behind for importlib.metadata."""
    for old in site.glob(f"{name.replace('-', '_')}-*.dist-info"):
        shutil.rmtree(old)
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "entry_points.txt").write_text(entry_points)


def cases(last_amount: int = 100) -> str:
    lines = ["id,day,amount,bad"]
    for day in range(1, 17):
        bad = last_amount if day == 16 else 100
        lines += [f"{2 * day},2026-01-{day:02d} 08:00:00,10,0", f"{2 * day + 1},2026-01-{day:02d} 20:00:00,{bad},1"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose recipe has run once, beside a site folder with a plugin and a library."""
    root = tmp_path_factory.mktemp("twelve")
    site, project = root / "site", root / "project"
    site.mkdir()
    project.mkdir()
    (site / "tiny_plugin.py").write_text(PLUGIN)
    distribution(site, "tiny-plugin", "1.0", "[upshot]\ntiny = tiny_plugin\n")
    distribution(site, "tiny-math", "1.0")
    (project / "tiny.yaml").write_text(RECIPE)
    (project / "cases.csv").write_text(cases())
    done = upshot(root, "run", "tiny.yaml")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def place(ran: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change; what lies at another path is read once more, and nothing else runs."""
    for name in ("site", "project"):
        shutil.copytree(ran / name, tmp_path / name)
    done = json.loads(upshot(tmp_path, "run", "tiny.yaml", "--json").stdout)
    assert [stage["stage"] for stage in done["stages"] if not stage["cached"]] == ["ingest"]
    return tmp_path


def upshot(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "site")}
    command = [sys.executable, "-m", "upshot.cli.main", *words]
    return subprocess.run(command, cwd=root / "project", env=environment, capture_output=True, text=True, check=False)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def touch(root: Path) -> None:
    os.utime(root / "project" / "cases.csv")


OVERRIDES: list[tuple[str, str | None, list[str], str]] = [
    ("nothing", None, [], ""),
    ("model parameter", "model.C=0.5", FROM_TRAINING, "model.C 1.0 -> 0.5"),
    ("metric", "metrics.roc_auc={}", ["evaluate", "inspect", "gate", "register"], "metrics.roc_auc.use is new"),
    ("gate", "gates.value.min=1", ["gate", "register"], "gates.value.min 0.0 -> 1.0"),
    ("seed", "seed=2", FROM_TRAINING, "seed 1 -> 2"),
    ("threads", "threads=2", FROM_TRAINING, "threads 1 -> 2"),
    (
        "money parameter",
        "kpi.saved.parameters.review_cost.value=6",
        ["decide", "play", "value", "inspect", "gate", "register"],
        "kpi.saved.parameters.review_cost.value 5.0 -> 6.0",
    ),
    ("unrelated key", "use_case.owners.business=risk", ["register"], 'use_case.owners.business "payments" -> "risk"'),
]
FILES: list[tuple[str, Callable[[Path], object], list[str], str]] = [
    ("data row", lambda root: (root / "project" / "cases.csv").write_text(cases(101)), ALL, "cases.csv changed"),
    ("data file touched but equal", touch, [], ""),
    (
        "feature code",
        lambda root: replace(root / "site" / "tiny_plugin.py", "FACTOR = 2", "FACTOR = 3"),
        FROM_FEATURES,
        "features.amount.code changed",
    ),
    (
        "plugin version",
        lambda root: distribution(root / "site", "tiny-plugin", "1.1", "[upshot]\ntiny = tiny_plugin\n"),
        FROM_FEATURES,
        "plugin tiny-plugin 1.0 -> 1.1",
    ),
    ("library version", lambda root: distribution(root / "site", "tiny-math", "2.0"), FROM_FEATURES, "library tiny-math 1.0 -> 2.0"),
]


def planned(root: Path, *overrides: str) -> tuple[list[str], str]:
    """The stages that would run, and why the first of them does."""
    stages = json.loads(upshot(root, "plan", "tiny.yaml", "--json", *overrides).stdout)["stages"]
    runs = [stage for stage in stages if not stage["cached"]]
    return [stage["stage"] for stage in runs], runs[0]["reason"] if runs else ""


@pytest.mark.parametrize(("override", "runs", "because"), [case[1:] for case in OVERRIDES], ids=[case[0] for case in OVERRIDES])
def test_a_plan_names_the_key_that_changed_and_runs_only_what_sees_it(
    ran: Path, override: str | None, runs: list[str], because: str
) -> None:
    stages, reason = planned(ran, *([override] if override else []))

    assert stages == runs
    assert because in reason


@pytest.mark.parametrize(("change", "runs", "because"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_plan_names_the_file_that_changed_and_runs_only_what_sees_it(
    place: Path, change: Callable[[Path], object], runs: list[str], because: str
) -> None:
    change(place)

    stages, reason = planned(place)

    assert stages == runs
    assert because in reason


def test_a_saved_plan_is_carried_out_once_and_refused_when_it_is_stale(place: Path) -> None:
    upshot(place, "plan", "tiny.yaml", "model.C=0.7", "-o", "plan.json")

    first = upshot(place, "apply", "plan.json", "--json")
    second = upshot(place, "apply", "plan.json")

    assert first.returncode == 0, first.stderr
    assert second.returncode == 2
    assert "the saved plan is stale; nothing was run: plan again" in second.stderr
    assert "stage train" in second.stderr
    assert "was to run when the plan was saved; got now: cached" in second.stderr


def test_a_changed_plan_file_is_not_a_plan(place: Path) -> None:
    upshot(place, "plan", "tiny.yaml", "-o", "plan.json")
    replace(place / "project" / "plan.json", '"overrides": []', '"overrides": ["seed=9"]')

    refused = upshot(place, "apply", "plan.json")

    assert refused.returncode == 2
    assert "its content was changed, or another version wrote it" in refused.stderr


def test_detailed_exit_codes_say_whether_there_is_something_to_do(place: Path) -> None:
    upshot(place, "run", "tiny.yaml")

    assert upshot(place, "plan", "tiny.yaml", "--detailed-exitcode").returncode == 0
    assert upshot(place, "plan", "tiny.yaml", "seed=5", "--detailed-exitcode").returncode == 10
