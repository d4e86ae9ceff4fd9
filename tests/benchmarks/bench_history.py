"""History features of 1.75 million transactions: CPU seconds after reading, peak memory, and one row alone.

usage: uv run python tests/benchmarks/bench_history.py

Fifteen windows, encoded by the stage itself for training and test rows together: six counts and six means or sums of customers, three risks of
terminals. The bound of memory is twice what goes in and what comes out; the peak counts both, and what reading left behind.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from upshot.components.features.history import History, HistoryParams
from upshot.contracts.records import Cases, Fold, Folds, Roles, Spec
from upshot.contracts.tables import Map, Table
from upshot.stages.featurize import featurize

FILE = Path(__file__).parents[3] / "shared/data/fraud_handbook_transactions/transactions.parquet"
COLUMNS = ["TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD"]
ROLES = Roles(time="TX_DATETIME", target="TX_FRAUD", entities=("CUSTOMER_ID", "TERMINAL_ID"), amount="TX_AMOUNT")
FIFTEEN = {
    "customer": {"entity": "CUSTOMER_ID", "windows": ["1d", "7d", "30d"], "aggregates": ["count", "mean", "sum"]},
    "terminal": {"entity": "TERMINAL_ID", "windows": ["1d", "7d", "30d"], "aggregates": ["count", "risk"], "delay": "7 days"},
}
OTHERS = {
    "max": {"entity": "CUSTOMER_ID", "windows": ["1d", "7d", "30d"], "aggregates": ["max"]},
    "distinct": {"entity": "CUSTOMER_ID", "windows": ["1d", "7d", "30d"], "aggregates": ["distinct"], "distinct_of": "TERMINAL_ID"},
    "time_since": {"entity": "CUSTOMER_ID", "aggregates": ["time_since"]},
}
MB = 2**20


def memory() -> float:
    """Memory of the process that no file lies behind, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise SystemExit("/proc/self/status does not tell")


class Peak:
    """The largest memory seen while it is entered."""

    def __enter__(self) -> Peak:
        self.most, self._over = memory(), threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.002):
            self.most = max(self.most, memory())


def transactions() -> Cases:
    """All rows as cases whose outcome is known after seven days."""
    rows = pq.read_table(FILE, columns=COLUMNS).to_pandas()
    at = rows["TX_DATETIME"]
    labels = {"label": rows["TX_FRAUD"].astype(np.int64), "as_of": at, "label_known_at": at + pd.Timedelta(days=7), "block": 0}
    return Cases(Table.of(rows), Table.of(pd.DataFrame(labels)), ROLES, "day")


def by_time(cases: Cases) -> Folds:
    """Four fifths train, the last fifth tests."""
    codes = np.where(np.arange(cases.size) < 0.8 * cases.size, 1, 3).astype(np.int8)
    counts = Map({"train": int((codes == 1).sum()), "test": int((codes == 3).sum())})
    return Folds(cases, Table.of(pd.DataFrame({"main": codes})), (Fold("main", counts),), in_time=True)


def feature(params: dict[str, object]) -> History:
    """One history feature, made as the catalogue makes it."""
    made = History(HistoryParams.model_validate(params))
    made.spec = Spec("features", "history", Map(params))
    return made


def main() -> None:
    """Measure and print."""
    if not FILE.is_file():
        sys.exit(f"{FILE} is not there")
    gc.collect()
    before = memory()
    cases = transactions()
    folds, features = by_time(cases), {name: feature(params) for name, params in FIFTEEN.items()}
    started = time.process_time()
    with Peak() as peak:
        encoded = featurize(folds, features)
    seconds = time.process_time() - started
    taken = sum(int(t.frame.memory_usage().sum()) for t in (cases.rows, cases.labels)) / MB
    given = sum(int(table.frame.memory_usage().sum()) for table in encoded.frames.values()) / MB
    print(f"{cases.size:,} rows, {len(encoded.columns)} windows: {seconds:.1f} CPU s after reading")
    print(f"peak {peak.most - before:.0f} MB; input {taken:.0f} and output {given:.0f} MB, twice of which is {2 * (taken + given):.0f}")
    del encoded
    for name, params in OTHERS.items():
        started = time.process_time()
        feature(params).transform(cases.blind(), cases)
        print(f"{name:<12}{len(params.get('windows', [''])):>2} windows: {time.process_time() - started:.1f} CPU s")
    last = cases.take(np.array([cases.size - 1])).blind()
    started = time.process_time()
    for made in features.values():
        made.transform(last, cases)
    print(f"one row against the whole history, {len(features)} features: {1000 * (time.process_time() - started):.0f} CPU ms")


if __name__ == "__main__":
    main()
