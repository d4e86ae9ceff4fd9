"""Intervals of a KPI over a million rows: seconds, for days and for entities as blocks; and how often they cover the truth, by tails and blocks.

usage: uv run python tests/benchmarks/bench_intervals.py [--truths 2000]
"""

from __future__ import annotations

import argparse
import time
from datetime import date

import numpy as np
import pandas as pd

from upshot.contracts.records import Flows, Kpi, Money
from upshot.contracts.tables import Map, Table
from upshot.value.intervals import interval_of_sum
from upshot.value.valuation import valuate

ROWS = 1_000_000
BLOCKS = {"180 days": 180, "100,000 entities": 100_000}
TAILS = {
    "normal": (lambda rng, n: rng.normal(3.0, 2.0, n), 3.0),
    "gamma(3)": (lambda rng, n: rng.gamma(3.0, 1.0, n), 3.0),
    "exponential": (lambda rng, n: rng.exponential(1.0, n), 1.0),
    "lognormal(1)": (lambda rng, n: rng.lognormal(0.0, 1.0, n), float(np.exp(0.5))),
    "lognormal(1.5)": (lambda rng, n: rng.lognormal(0.0, 1.5, n), float(np.exp(1.125))),
}
COUNTS = (7, 10, 15, 30, 60, 180)


def seconds(blocks: int) -> float:
    """CPU seconds to value a million rows of a candidate and a baseline, with all intervals."""
    rng = np.random.default_rng(0)
    frames = {}
    for subject in ("candidate", "do_nothing"):
        columns = {"case": np.arange(ROWS), "block": rng.integers(0, blocks, ROWS), "saved": rng.gamma(0.1, 50.0, ROWS)}
        frames[subject] = Table.of(pd.DataFrame({**columns, "reviewed": rng.integers(0, 2, ROWS).astype(float)}))
    flows = Flows(Map(frames), Map({"saved": "EUR", "reviewed": "case"}), 180.0, ROWS, "block")
    kpi = Kpi("net", "saved - reviewed * cost", "EUR", "maximize", "risk_mitigation", Map({"cost": Money(5.0, "EUR/case")}))
    started = time.process_time()
    valuate(kpi, flows, seed=1, today=date(2026, 1, 1))
    return time.process_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--truths", type=int, default=2_000)
    truths = parser.parse_args().truths
    seconds(180)
    for name, blocks in BLOCKS.items():
        print(f"a million rows, two subjects, {name}: {seconds(blocks):.2f} CPU s")
    print(f"\n% of {truths:,} truths covered" + "".join(f"{count:>8}" for count in COUNTS))
    for name, (draw, mean) in TAILS.items():
        covered = []
        for count in COUNTS:
            rng = np.random.default_rng(count)
            found = [interval_of_sum(draw(rng, count), seed=trial) for trial in range(truths)]
            covered.append(100 * float(np.mean([each is not None and each[0] <= mean * count <= each[1] for each in found])))
        print(f"{name:<24}" + "".join(f"{share:8.1f}" for share in covered), flush=True)


if __name__ == "__main__":
    main()
