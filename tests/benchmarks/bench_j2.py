"""Twenty points of the common job as a sweep beside the bare loop; all on one thread, so that both do the same work on the same core.

usage: uv run python tests/benchmarks/bench_j2.py [PAIRS]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from bare_j2 import PENALTIES, RATES
from bench_j1 import HERE, make_data
from timing import PYTHON, Spent, ratio, refuse_without_bytecode, spend

SWEEP = (
    "sweep",
    "j1.yaml",
    "threads=1",
    f"model.learning_rate={','.join(map(str, RATES))}",
    f"model.l2_regularization={','.join(map(str, PENALTIES))}",
    "gates.accuracy.min=0.7",
)


def main(pairs: int) -> None:
    """Measure and print."""
    refuse_without_bytecode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder / "raw.parquet")
        shutil.copy(HERE / "j1.yaml", folder / "j1.yaml")

        def upshot(*words: str) -> Spent:
            return spend([str(Path(PYTHON).with_name("upshot")), *words], folder)

        def bare() -> Spent:
            return spend([PYTHON, str(HERE / "bare_j2.py"), "raw.parquet", "out"], folder)

        def fresh(*words: str) -> Spent:
            shutil.rmtree(folder / ".upshot", ignore_errors=True)
            return upshot(*SWEEP, *words)

        points = len(RATES) * len(PENALTIES)
        print(f"{points} points; ratios to the bare loop, medians of {pairs} pairs (least to most); our median wall time; peak memory")
        print(ratio("sweep, empty state", fresh, bare, pairs=pairs))
        print(ratio("the same with --jobs 2", lambda: fresh("--jobs", "2"), bare, pairs=pairs))
        print(ratio("the same with joblib, 2 jobs", lambda: fresh("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"), bare, pairs=pairs))
        print(ratio("repeat, nothing changed", lambda: upshot(*SWEEP), bare, pairs=pairs))
        scores = [json.loads(path.read_text())["accuracy"] for path in sorted((folder / "out").glob("*/metrics.json"))]
        print(f"same work: bare accuracies {min(scores):.4f} to {max(scores):.4f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
