"""Pinning a million rows of 20 columns (written, hashed, digested, committed, synced) beside writing the same Parquet file.

usage: uv run python tests/benchmarks/bench_snapshot.py [PAIRS]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from timing import refuse_without_bytecode

ROWS, NUMBERS, TEXTS = 1_000_000, 16, 2


def main(pairs: int) -> None:
    """Measure and print."""
    refuse_without_bytecode()
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from upshot.contracts.records import Roles
    from upshot.ledger.snapshots import Lake

    rng = np.random.default_rng(42)
    columns = {f"f{i:02d}": rng.normal(size=ROWS) for i in range(NUMBERS)} | {f"i{i}": rng.integers(0, 10**6, ROWS) for i in range(2)}
    words = np.array([f"word {i}" for i in range(1000)])
    table = pa.table(columns | {f"t{i}": words[rng.integers(0, 1000, ROWS)] for i in range(TEXTS)})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def pin(number: int) -> float:
            began = time.perf_counter()
            Lake(folder / f"lake{number}", lambda pin: None).pin("t", iter([table]), Roles())
            return time.perf_counter() - began

        def write(number: int) -> float:
            began = time.perf_counter()
            pq.write_table(table, folder / f"plain{number}.parquet")
            return time.perf_counter() - began

        pin(0), write(0)
        measured = [(pin(number), write(number)) for number in range(1, pairs + 1)]
    ratios = [ours / theirs for ours, theirs in measured]
    print(f"{ROWS:,} rows x {table.num_columns} columns, {table.nbytes / 1e6:.0f} MB; medians of {pairs} pairs (least to most)")
    print(f"snapshot / Parquet file   {statistics.median(ratios):.2f} x  ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"snapshot                  {statistics.median(ours for ours, _ in measured):.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
