"""The report of a run with a million test rows: seconds beyond imports, peak memory, size of the file.

usage: uv run python tests/benchmarks/bench_report.py [TEST_ROWS]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import PYTHON, refuse_without_bytecode

RECIPE = """
defaults:
  - model: logistic_regression
  - sections: standard
  - _self_
use_case: {name: big, problem: classification, owners: {business: payments}}
data:
  use: parquet
  path: rows.parquet
  table: big
  roles: {key: [id], time: day, target: bad, amount: amount}
split: {use: by_time, validation_from: "2026-01-11", test_from: "2026-01-21"}
features:
  amount: {use: numeric, columns: [amount, score]}
policy: {use: threshold}
rollout: {use: case_actions}
baselines:
  do_nothing: {}
  current_rule: {use: rule, when: amount > 180}
kpi:
  saved:
    expression: blocked_fraud - reviewed * review_cost - blocked_good * friction_cost
    unit: EUR
    impact: risk_mitigation
    period: year
    parameters:
      review_cost: {value: 5.0, low: 3.0, high: 8.0, unit: EUR/case}
      friction_cost: {value: 12.0, low: 6.0, high: 25.0, unit: EUR/case}
metrics: {roc_auc: {}, average_precision: {}, brier: {}}
gates:
  worth_it: {kpi: saved, against: do_nothing, min_gain: 0}
"""
TIMED = """
import json, resource, sys, time
import alembic, htpy, numpy, pandas, pyarrow.ipc, sqlalchemy.dialects.sqlite
import upshot.report.html, upshot.report.made
from upshot.cli.main import main
started = time.monotonic()
code = main(["report", "big", "-o", "big.html"])
seconds = time.monotonic() - started
print(json.dumps([code, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]), file=sys.stderr)
"""


def write_rows(path: Path, test_rows: int) -> None:
    """Fifty days of payments, the last thirty of which test."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    each = test_rows // 30
    days = np.concatenate([np.repeat(np.arange(20), 5_000), np.repeat(np.arange(20, 50), each)])
    count = len(days)
    bad = rng.random(count) < 0.02
    moments = pd.Timestamp("2026-01-01") + pd.to_timedelta(days, unit="D") + pd.to_timedelta(rng.integers(0, 86_400, count), unit="s")
    frame = pd.DataFrame({"id": np.arange(count), "day": moments, "amount": rng.gamma(2.0, 40.0, count) + 60 * bad})
    frame["score"] = rng.normal(size=count) + 1.5 * bad
    frame["bad"] = bad.astype(np.int64)
    frame.sort_values("day", ignore_index=True).to_parquet(path, index=False)


def main(test_rows: int) -> None:
    """Run the recipe, then write its report five times in processes of their own."""
    refuse_without_bytecode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipes").mkdir()
        (folder / "recipes" / "big.yaml").write_text(RECIPE)
        write_rows(folder / "rows.parquet", test_rows)
        subprocess.run([PYTHON, "-m", "upshot.cli.main", "run", "big", "threads=1"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        measured = []
        for _ in range(5):
            done = subprocess.run([PYTHON, "-c", TIMED], cwd=folder, check=True, capture_output=True, text=True)
            code, seconds, megabytes = json.loads(done.stderr.splitlines()[-1])
            assert code == 0
            measured.append((seconds, megabytes))
        seconds, megabytes = sorted(measured)[len(measured) // 2]
        size = (folder / "big.html").stat().st_size
        least, most = min(measured)[0], max(measured)[0]
        print(
            f"report of a run with {test_rows:,} test rows: {seconds:.2f} s beyond imports ({least:.2f} to {most:.2f}), peak memory {megabytes:.0f} MB, {size / 1000:.0f} kB"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
