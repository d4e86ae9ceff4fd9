"""A million simulated card payments: seconds, and peak memory of the process.

usage: uv run python tests/benchmarks/bench_simulator.py
"""

from __future__ import annotations

import resource
import time

from upshot.components.data.card_simulator import CardSimulatorParams, simulate

CUSTOMERS = 4_500


def main() -> None:
    """Simulate, with the imports counted, and print."""
    started = time.monotonic()
    payments, truth = simulate(CardSimulatorParams(table="cards", customers=CUSTOMERS))
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert len(payments) == len(truth)
    print(f"{len(payments):,} payments in {seconds:.1f} s, {seconds / len(payments) * 1e6:.1f} s a million; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
