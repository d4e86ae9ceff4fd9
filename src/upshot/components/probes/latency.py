"""Latency: how long a call of the scoring path takes, from raw rows to calibrated predictions, on this machine in this process.

Median and tail are quantiles of timed calls, with the interval of order statistics that holds for any distribution. The history behind the
rows is the short one that travels with the version; network, queue and the look-up of an entity's history come on top. It is no property of
the model alone: a busy machine measures more, and a replay measures anew.

Source:
    Intervals of quantiles: David & Nagaraja (2003), Order Statistics, section 7.1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import ceil
from typing import Annotated

from pydantic import Field

from upshot.contracts.components import Bench
from upshot.contracts.params import Params
from upshot.contracts.records import TIMED, Breakdown, DecisionKind, Entry, Measured, PredictionKind, Spec
from upshot.contracts.tables import Map

MEDIAN, TAIL = "p50", "p95"


class LatencyParams(Params):
    """How many rows a call, and how many calls."""

    rows: Annotated[tuple[Annotated[int, Field(ge=1, le=100_000)], ...], Field(strict=False, min_length=1)] = Field(
        (1,), description="Rows of a call; several make an entry each."
    )
    calls: int = Field(
        200, ge=72, le=10_000, description="Timed calls of each; 72 are the fewest that bound the 95th percentile from above."
    )
    warm_up: int = Field(5, ge=0, le=1_000, description="Calls before the clock starts.")


class Latency:
    """One entry a number of rows: `p50` and `p95` of a call, in milliseconds.

    Args:
        params: How many rows and calls.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]] = Map()
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    uses: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    def __init__(self, params: LatencyParams) -> None:
        self.params = params

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Median and tail."""
        return (MEDIAN, TAIL)

    def inspect(self, bench: Bench) -> Breakdown:
        """Time the calls."""
        entries = tuple(self._entry(rows, bench) for rows in self.params.rows)
        return Breakdown("footprint", f"time of a call of the scoring path, {self.params.calls:,} calls", entries, block="call")

    def _entry(self, rows: int, bench: Bench) -> Entry:
        times = timed(bench.answer(rows), self.params.calls, self.params.warm_up)
        name = "one row a call" if rows == 1 else f"{rows:,} rows a call"
        return Entry(name, rows, Map({MEDIAN: quantile(times, 0.5), TAIL: quantile(times, 0.95)}))


def timed(call: Callable[[], object], calls: int, warm_up: int) -> list[float]:
    """Milliseconds of each call, ascending."""
    for _ in range(warm_up):
        call()
    found = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) * 1000)
    return sorted(found)


def quantile(times: list[float], level: float) -> Measured:
    """A quantile of ascending times with its 95 % interval; without one where there are too few to bound it.

    Example:
        >>> found = quantile([float(n) for n in range(1, 201)], 0.5)
        >>> found.value, found.low, found.high
        (100.0, 86.0, 115.0)
    """
    from scipy.stats import binom

    n = len(times)
    low, high = int(binom.ppf(0.025, n, level)) - 1, int(binom.ppf(0.975, n, level))
    is_bounded = low >= 0 and high < n
    value = times[max(ceil(n * level) - 1, 0)]
    return Measured(
        value,
        times[low] if is_bounded else None,
        times[high] if is_bounded else None,
        n,
        n,
        "ms",
        "minimize",
        f"{TIMED}: order statistics of {n:,} calls, 95 %",
    )
