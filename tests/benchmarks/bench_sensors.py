"""Features of a million rows of 24 sensors, 5,000 units of 200 cycles: 72 of one window, and 336 of all kinds.

uv run python tests/benchmarks/bench_sensors.py
"""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from upshot.components.features.sensor_history import SensorHistory, SensorHistoryParams
from upshot.components.labels.remaining_life import RemainingLife, RemainingLifeParams
from upshot.contracts.records import Cases, Checked, Map, Roles, Snapshot
from upshot.contracts.tables import Table

UNITS, CYCLES, SENSORS = 5_000, 200, 24


def fleet() -> Cases:
    random = np.random.default_rng(1)
    unit, cycle = np.repeat(np.arange(UNITS), CYCLES), np.tile(np.arange(1, CYCLES + 1), UNITS)
    sensors = {f"s_{number}": random.normal(size=len(unit)) + cycle / 100 for number in range(SENSORS)}
    data = Table.of(pd.DataFrame({"unit": unit, "cycle": cycle, **sensors}))
    roles = Roles(key=("unit", "cycle"), time="cycle", entities=("unit",))
    return RemainingLife(RemainingLifeParams()).label(Checked(Snapshot("fleet", 0, data.rows, "0" * 64, Map(), roles, data), data))


def measure(name: str, cases: Cases, **params: Any) -> None:
    feature = SensorHistory(SensorHistoryParams.model_validate({"columns": [f"s_{number}" for number in range(SENSORS)], **params}))
    wall, processor = time.monotonic(), time.process_time()
    feature.fit(cases, cases)
    encoded = feature.transform(cases.blind(), cases)
    used = time.monotonic() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {encoded.shape[1]} features of {len(encoded):,} rows in {used[0]:.1f} s, {used[1]:.1f} CPU s; peak {peak:,.0f} MB")
    one = cases.take(np.array([CYCLES * 7 + 150]))
    before = cases.take(np.arange(CYCLES * 7, CYCLES * 7 + 150))
    start = time.process_time()
    feature.transform(one.blind(), before)
    print(f"  one case live, 150 rows of its unit: {1000 * (time.process_time() - start):.0f} ms")


if __name__ == "__main__":
    cases = fleet()
    cases.rows.frame, cases.labels.frame  # noqa: B018 - read before the clock starts
    measure("one window", cases, current=False, windows=["30 steps"])
    measure(
        "all kinds",
        cases,
        windows=["5 steps", "15 steps", "30 steps"],
        fading=["7 steps"],
        differences=["10 steps", "30 steps"],
        from_start="10 steps",
        health={"healthy_from": 125.0},
    )
