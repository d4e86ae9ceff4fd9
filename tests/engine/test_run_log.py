"""The log of a run, what is recorded of the environment, and the budget of threads."""

from __future__ import annotations

import re
from pathlib import Path

import odd_models
import pytest

from upshot.contracts.tables import thaw
from upshot.engine.environment import cpu
from upshot.engine.log import RunLog
from upshot.engine.threads import budget
from upshot.ledger.ledger import Ledger
from upshot.stages import LIFECYCLE
from upshot.testing import RecipeProject


def lines_of(path: Path) -> list[str]:
    """The log without its times and durations."""
    return [re.sub(r"\d+\.\d{3} s", "T s", line.split("  ", 1)[1]) for line in path.read_text().splitlines()]


def log(project: RecipeProject) -> Path:
    (path,) = (project.root / ".upshot" / "logs").glob("*.log")
    return path


def test_each_event_of_a_run_has_a_line_in_its_log(tiny: RecipeProject) -> None:
    run = tiny.run("run", "tiny", "threads=1", "--json").json

    lines = lines_of(log(tiny))

    expected = [f"run        {run['run']} of recipe tiny begins with 1 threads"]
    for stage in run["stages"]:
        expected += [f"{stage['stage']:<9}  begins", f"{stage['stage']:<9}  ends after T s: {stage['value'][:12]}"]
    assert lines == [*expected, "run        ends: done after T s"]
    assert oct(log(tiny).stat().st_mode & 0o777) == oct(0o600)
    assert f"log      {log(tiny)}\n" in tiny.run("show", "last").stdout


def test_warnings_and_log_records_of_libraries_stand_in_the_log_in_one_line_each(
    tiny: RecipeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(odd_models.install(tmp_path / "site")))

    with pytest.warns(UserWarning, match="few rows"):
        tiny.run("run", "tiny", "model.use=wandering", "model.talks=true")

    told = [line for line in lines_of(log(tiny)) if line.startswith("warning")]
    assert [re.sub(r":\d+\)", ":N)", line) for line in told] == [
        r"warning    UserWarning: few rows\nto fit on (odd_models.py:N)",
        "warning    wandering: 16 rows",
    ]


def test_the_error_of_a_failed_run_is_the_last_but_one_line_with_all_its_problems(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny", "features.amount.columns=[amont]")

    assert lines_of(log(tiny))[-2:] == [
        "featurize  fails: DataError: the features do not fit the data; "
        "features.amount: no such column in the data; got 'amont'; did you mean 'amount'? options: amount, bad, day, id",
        "run        ends: failed after T s",
    ]


def test_a_secret_is_hidden_in_every_line(tmp_path: Path) -> None:
    with RunLog(tmp_path / "x.log", lambda text: text.replace("hunter22", "****")) as written:
        written.write("train", "cannot reach db://me:hunter22@host")
        written.fails("train", ValueError("hunter22\x1b[31m"))

    assert lines_of(tmp_path / "x.log") == ["train      cannot reach db://me:****@host", r"train      fails: ValueError: ****\x1b[31m"]


def test_the_environment_of_a_run_is_recorded(tiny: RecipeProject) -> None:
    import numpy as np
    import sklearn

    tiny.run("run", "tiny", "seed=7", "threads=1")

    facts = Ledger(tiny.root / ".upshot" / "ledger.db").runs()[0].summary["environment"]
    assert (facts["seed"], facts["threads"], facts["use_plugins"]) == (7, 1, [])
    assert facts["libraries"]["numpy"] == np.__version__
    assert facts["libraries"]["scikit-learn"] == sklearn.__version__
    assert "xgboost" not in facts["libraries"]
    assert facts["cpu"] == thaw(cpu())
    assert "openblas" in {pool["name"] for pool in facts["blas"]}


def test_every_pool_of_threads_is_held_to_the_budget_while_a_model_computes() -> None:
    import pyarrow as pa
    from threadpoolctl import threadpool_info

    def pools() -> list[int]:
        return [*(pool["num_threads"] for pool in threadpool_info()), pa.cpu_count()]

    train = next(stage for stage in LIFECYCLE if stage.name == "train")
    before = pools()
    with budget(train, 1):
        inside = pools()

    assert set(inside) == {1}
    assert pools() == before
