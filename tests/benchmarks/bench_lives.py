"""Sensor histories to a valued policy, beside the bare library calls that only fit and score.

usage: uv run python tests/benchmarks/bench_lives.py [PAIRS]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from timing import PYTHON, Spent, ratio, refuse_without_bytecode, spend

from upshot.components.data.fleet_simulator import FleetSimulatorParams, simulate

HERE = Path(__file__).parent
MACHINES = 300


def main(pairs: int) -> None:
    """Measure and print."""
    refuse_without_bytecode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        readings, _ = simulate(FleetSimulatorParams(table="fleet", machines=MACHINES))
        readings.to_parquet(folder / "readings.parquet", index=False)
        shutil.copy(HERE / "lives.yaml", folder / "lives.yaml")

        def bare() -> Spent:
            return spend([PYTHON, str(HERE / "bare_lives.py"), "readings.parquet", "out"], folder)

        def first() -> Spent:
            shutil.rmtree(folder / ".upshot", ignore_errors=True)
            return spend([str(Path(PYTHON).with_name("upshot")), "run", "lives.yaml"], folder)

        print(
            f"{len(readings):,} readings; ratio to the bare script, median of {pairs} pairs (least to most); our median CPU seconds; peak memory"
        )
        print(ratio("first run", first, bare, pairs=pairs, by="processor"))
        print(f"bare scores: {json.loads((folder / 'out' / 'metrics.json').read_text())}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
