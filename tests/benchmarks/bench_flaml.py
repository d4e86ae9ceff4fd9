"""Two recipes on public data against FLAML, given the same CPU seconds and the same columns: in metric and in money by the same rule.

usage: uv run python tests/benchmarks/bench_flaml.py [TIMES] [RECIPE ...]

Upshot's seconds are those of the whole run, from reading to the registered version; FLAML gets them, times TIMES (1), for its search alone, in
equal shares a fold, on columns that Upshot has made. Its probabilities then go the way of the recipe's own: calibrated and decided on
validation rows, played and valued on test rows. FLAML is no dependency: it runs in an environment of its own, and where that cannot be made
the benchmark says so and ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import chdir
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from timing import PYTHON, spend

from upshot.catalogue import load_catalogue
from upshot.contracts.records import CANDIDATE, Features, Flows, Folds, Predictions
from upshot.contracts.tables import Map, Table
from upshot.engine.champion import incumbent
from upshot.engine.code import CodeDigests
from upshot.engine.files import FileDigests
from upshot.engine.inputs import Inputs
from upshot.engine.state import State
from upshot.recipe.compose import load_recipe
from upshot.stages.decide import decide
from upshot.stages.evaluate import evaluate
from upshot.stages.play import play
from upshot.stages.scoring import with_case
from upshot.stages.value import value

HERE = Path(__file__).parent
REAL = HERE.parent / "real"
RECIPES = {"fraud_handbook_four_weeks": "ap", "credit_default": "roc_auc"}
"""Recipe -> the metric that FLAML searches by: the one that its data is judged by elsewhere."""
FLAML = ["uv", "run", "--no-project", "--isolated", "--python", "3.11"]
FLAML += ["--with", "flaml[automl]==2.7.0", "--with", "xgboost<3", "--with", "pandas<3"]  # what this FLAML works with


class Job:
    """A recipe that has run, with its values in hand."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        command = [str(Path(PYTHON).with_name("upshot")), "run", name, "--state", str(folder / "state"), "--json"]
        self.seconds = spend(command, REAL).processor
        again = subprocess.run(command, cwd=REAL, capture_output=True, text=True, check=True)  # nothing runs twice: it only answers
        digests = {stage["stage"]: stage["value"] for stage in json.loads(again.stdout)["stages"]}
        catalogue, self.state = load_catalogue(), State(folder / "state")
        with chdir(REAL):
            self.recipe = load_recipe(name, catalogue=catalogue)
        codec = self.state.codec(catalogue.revive)
        self.folds: Folds = codec.load(digests["split"])
        self.features: Features = codec.load(digests["featurize"])
        self.predictions: Predictions = codec.load(digests["predict"])
        self.flows: Flows = codec.load(digests["play"])
        self.catalogue = catalogue

    def write_folds(self) -> Path:
        """The rows of each fold as FLAML's side reads them."""
        folder = self.folder / "folds"
        folder.mkdir()
        for fold in self.folds.folds:
            arrays: dict[str, np.ndarray] = {}
            for part in ("train", "validation", "test"):
                has_rows = fold.parts.get(part, 0) > 0
                encoded = self.features.frame(fold.name, part).frame if has_rows else pd.DataFrame(columns=list(self.features.columns))
                arrays[f"X_{part}"] = encoded.to_numpy(dtype=np.float64, na_value=np.nan)
                if part != "test":
                    labels = self.folds.part(fold.name, part).labels.frame["label"]
                    arrays[f"y_{part}"] = labels.to_numpy(dtype=np.int64)
            np.savez(folder / f"{fold.name}.npz", **arrays)
        return folder

    def by_rule(self, folder: Path) -> tuple[Predictions, Flows]:
        """FLAML's probabilities on the way of the recipe's own: calibrated and decided on validation rows, played on test rows."""
        nodes, frames = self.recipe.nodes, dict[str, Table]()
        calibrator = self.catalogue.make(nodes["calibration"].spec())
        policy, rollout = (self.catalogue.make(nodes[kind].spec()) for kind in ("policy", "rollout"))
        for fold in self.folds.folds:
            given, fitted = np.load(folder / f"{fold.name}.out.npz"), deepcopy(calibrator)
            raw = {part: pd.DataFrame({"probability": given[part].astype(np.float64)}) for part in self.folds.scored(fold.name)}
            raw = {part: with_case(frame, "probability", nodes["model"].spec(), len(frame)) for part, frame in raw.items()}
            if fitted.fits:
                fitted.fit(raw["validation"], self.folds.part(fold.name, "validation"))
            frames |= {f"{fold.name}/{part}": Table.of(fitted.apply(frame)) for part, frame in raw.items()}
        predictions = replace(self.predictions, frames=Map(frames))
        kpis, nobody = self.inputs().kpis(), incumbent(self.recipe, self.state, self.catalogue)
        decisions = decide(predictions, self.folds, policy, rollout, kpis)
        return predictions, play(decisions, self.folds, rollout, {}, kpis, nobody)

    def inputs(self) -> Inputs:
        """The leaves of the recipe."""
        from datetime import UTC, datetime

        code, files = CodeDigests(self.folder / "code.json"), FileDigests(self.folder / "files.json")
        return Inputs(self.recipe, self.catalogue, code, files, datetime.now(UTC).date())


def table(job: Job, predictions: Predictions, flows: Flows, seconds: float) -> str:
    """Scores and money side by side, and the paired difference of money."""
    inputs, theirs = job.inputs(), Table.of(flows.tables[CANDIDATE].frame)
    metrics = {name: job.catalogue.make(node.spec()) for name, node in job.recipe.groups["metrics"].items()}
    both = replace(job.flows, tables=Map({**job.flows.tables, "flaml": theirs}))
    money = value(both, inputs.kpis(), job.recipe.seed, inputs.today).by_kpi[job.recipe.objective]
    scores = [evaluate(found, job.folds, metrics, job.recipe.seed).metrics for found in (job.predictions, predictions)]
    lines = [f"{'':<20}{'upshot':>14}{'FLAML':>14}"]
    lines += [f"{name:<20}{scores[0][name].value:>14.4f}{scores[1][name].value:>14.4f}" for name in scores[0]]
    ours, other, gain = money.per_period[CANDIDATE], money.per_period["flaml"], money.gain["flaml"]
    lines += [f"{money.kpi.name + ' ' + ours.unit:<20}{ours.value:>14,.0f}{other.value:>14,.0f}"]
    lines += [f"{'CPU s':<20}{job.seconds:>14.0f}{seconds:>14.0f}"]
    lines += [f"upshot over FLAML, paired: {gain.value:+,.0f} {gain.unit} [{gain.low:,.0f}, {gain.high:,.0f}], {gain.blocks} blocks"]
    return "\n".join(lines)


def search(folder: Path, seconds: float, metric: str) -> float:
    """Let FLAML search; CPU seconds that it spent on searching, fitting again and predicting."""
    told = folder / "flaml.log"
    with told.open("w", encoding="utf-8") as log:
        command = [*FLAML, "python", str(HERE / "flaml_side.py"), str(folder), str(seconds), metric]
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    if done.returncode:
        sys.exit(f"skipped: FLAML did not run in an environment of its own; its last words:\n{told.read_text(encoding='utf-8')[-2000:]}")
    print(told.read_text(encoding="utf-8").strip())
    return sum(float(np.load(path)["seconds"]) for path in folder.glob("*.out.npz"))


def main(times: float, recipes: list[str]) -> None:
    """Measure and print."""
    for name in recipes:
        with tempfile.TemporaryDirectory() as made:
            job = Job(name, Path(made))
            folder = job.write_folds()
            seconds = search(folder, times * job.seconds / len(job.folds.folds), RECIPES[name])
            answer: Any = job.by_rule(folder)
            print(f"\n{name}, FLAML with {times:g} x the CPU seconds\n{table(job, *answer, seconds)}\n", flush=True)


if __name__ == "__main__":
    if not (HERE.parents[2] / "shared/data").is_dir():
        sys.exit("skipped: the folder of public data sets is not beside the project (../shared/data)")
    words = sys.argv[1:]
    main(float(words.pop(0)) if words and words[0].replace(".", "").isdigit() else 1.0, words or list(RECIPES))
