"""The common job as a recipe beside the bare script: first run, repeat, one parameter changed, help, peak memory.

usage: uv run python tests/benchmarks/bench_j1.py [PAIRS]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from itertools import count
from pathlib import Path

from timing import PYTHON, Spent, ratio, refuse_without_bytecode, spend

HERE = Path(__file__).parent
IMPORTS = "import pandas, sklearn.ensemble, pyarrow"


def make_data(path: Path) -> None:
    """50,000 rows of 20 normal numbers and a target, seed 42."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(42)
    x = rng.normal(size=(50_000, 20))
    weights = np.r_[rng.normal(size=10), np.zeros(10)]
    z = x @ weights / 3 + 0.5 * x[:, 0] * x[:, 1] + rng.normal(size=50_000) * 0.5
    frame = pd.DataFrame(x, columns=[f"f{i:02d}" for i in range(20)])
    frame["target"] = (z > 0).astype("int64")
    frame.to_parquet(path, index=False)


def main(pairs: int) -> None:
    """Measure and print."""
    refuse_without_bytecode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder / "raw.parquet")
        shutil.copy(HERE / "j1.yaml", folder / "j1.yaml")
        rates = count(1)

        def upshot(*words: str) -> Spent:
            return spend([str(Path(PYTHON).with_name("upshot")), *words], folder)

        def bare() -> Spent:
            return spend([PYTHON, str(HERE / "bare_j1.py"), "raw.parquet", "out"], folder)

        def first() -> Spent:
            shutil.rmtree(folder / ".upshot", ignore_errors=True)
            return upshot("run", "j1.yaml")

        def changed() -> Spent:
            return upshot("run", "j1.yaml", f"model.learning_rate={0.1 + next(rates) / 1000:.3f}")

        def imports() -> Spent:
            return spend([PYTHON, "-c", IMPORTS], folder)

        print(f"ratios to the bare script, medians of {pairs} pairs (least to most); our median wall time; peak memory")
        print(ratio("first run", first, bare, pairs=pairs))
        print(ratio("repeat, nothing changed", lambda: upshot("run", "j1.yaml"), bare, pairs=pairs))
        print(ratio("one model parameter changed", changed, bare, pairs=pairs))
        print(ratio("--help, to the bare imports", lambda: upshot("--help"), imports, pairs=pairs))
        print(f"same work: {json.loads((folder / 'out' / 'metrics.json').read_text())}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
