"""What each subject was worth on the test rows, with intervals, and what the candidate gains over each baseline.

Everything is computed from block sums: one pass over the rows of each subject, then arithmetic on as many numbers as there are blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from upshot.contracts.records import Flows, Kpi, Measured, Valuation
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError, Problem
from upshot.value.audit import account
from upshot.value.money import PERIOD_DAYS, denominator, expired, money_rows, per_rows, sign
from upshot.value.studentised import FEW_BLOCKS, MAX_BLOCKS, MIN_BLOCKS, RESAMPLES, Interval, Quantity, is_heavy, studentised_intervals

if TYPE_CHECKING:
    import numpy as np

CANDIDATE = "candidate"
"""The subject that is compared with all others."""


def valuate(kpi: Kpi, flows: Flows, *, seed: int, today: date) -> Valuation:
    """Value one KPI for all subjects of the flows.

    Blocks are those of all subjects together; a subject without rows in a block earned 0 there. Gains are paired by block and positive
    where the candidate is better, whatever the KPI's direction.

    Args:
        kpi: The KPI; see `check_kpi` for what is proved before.
        flows: What happened on the test rows, with the subject "candidate".
        seed: Of the resampling.
        today: Parameters whose last valid day lies before it leave every interval of this KPI open.

    Raises:
        DataError: A row has no value; a ratio's denominator sums to 0; a period is asked of rows without a clock.
    """
    scale = scale_of(kpi, flows)
    late = expired(kpi, today)
    sums = _block_sums(kpi, flows)
    worth = {subject: _quantity(kpi, sums, subject) for subject in flows.tables}
    others = [subject for subject in flows.tables if subject != CANDIDATE]
    numbers: list[tuple[Quantity, ...]] = [(quantity,) for quantity in worth.values()]
    numbers += [(worth[CANDIDATE], worth[other]) for other in others]
    named = [*worth, *(f"gain over {other}" for other in others)]
    found: list[Interval | None] = [None] * len(numbers)
    if not late and len(sums.blocks) >= MIN_BLOCKS:
        found = studentised_intervals(numbers, seed=seed)
    measure = _Measure(kpi, flows, len(sums.blocks), late)
    own = dict(zip(worth, found, strict=False))
    differences = dict(zip(others, found[len(worth) :], strict=True))
    return Valuation(
        kpi=kpi,
        total=Map({subject: measure.of(quantity.value, own[subject]) for subject, quantity in worth.items()}),
        per_period=Map({subject: measure.of(quantity.value, own[subject], scale) for subject, quantity in worth.items()}),
        gain=Map({other: measure.gain(worth[CANDIDATE].value - worth[other].value, differences[other], scale) for other in others}),
        terms=Map(_terms(kpi, flows, scale)),
        scale=scale,
        expired=late,
        blocks=sums.table(),
        notes=_notes(kpi, flows.block, dict(zip(named, numbers, strict=True)), found),
    )


def _notes(kpi: Kpi, block: str, numbers: Mapping[str, tuple[Quantity, ...]], found: Sequence[Interval | None]) -> tuple[str, ...]:
    """What a reader must know before trusting the intervals: few blocks, and heavy tails among them."""
    bounded = {name: number for (name, number), interval in zip(numbers.items(), found, strict=True) if interval is not None}
    if not bounded:
        return ()
    blocks = len(next(iter(bounded.values()))[0].error)
    said = []
    if blocks < FEW_BLOCKS:
        said.append(f"{kpi.name}: {blocks} {block} blocks are few: such intervals cover 93 to 95 % of truths, less with heavy tails")
    heavy = [name for name, number in bounded.items() if is_heavy(_error(number))]
    if heavy:
        said.append(f"{kpi.name}: heavy tails in {', '.join(heavy)}: such intervals cover nearer 90 % of truths")
    return tuple(said)


def _error(number: tuple[Quantity, ...]) -> np.ndarray:
    """What each block adds to a number, or to the difference of a pair."""
    first, *second = number
    return first.error - second[0].error if second else first.error


def scale_of(kpi: Kpi, flows: Flows) -> float:
    """Factor from the test rows to the KPI's period: by volume where it is given, else by time; 1 for a ratio or without a period.

    Raises:
        DataError: The rows span no time, or there are none.
    """
    if kpi.per is not None or (kpi.period is None and kpi.volume is None):
        return 1.0
    where = f"kpi.{kpi.name}.period"
    if kpi.volume is not None:
        if flows.cases == 0:
            raise DataError("a KPI cannot be scaled", [Problem(f"kpi.{kpi.name}.volume", "needs at least one test case", "0")])
        return kpi.volume / flows.cases
    assert kpi.period is not None
    if flows.days is None:
        raise DataError("a KPI cannot be scaled", check_period(kpi, timed=False))
    if not flows.days > 0:
        raise DataError("a KPI cannot be scaled", [Problem(where, "the test rows must span some time", f"{flows.days:g} days")])
    return PERIOD_DAYS[kpi.period] / flows.days


def check_period(kpi: Kpi, *, timed: bool) -> list[Problem]:
    """Whether the KPI can be scaled to its period, before any data is read.

    Args:
        kpi: What the recipe says.
        timed: Whether the cases fall at moments of a calendar, so that the test rows span a number of days.
    """
    if timed or kpi.period is None or kpi.volume is not None:
        return []
    hint = f"give the cases a time role, or say kpi.{kpi.name}.volume: cases per {kpi.period}"
    return [Problem(f"kpi.{kpi.name}.period", "the test rows have no calendar to scale by", repr(kpi.period), hint)]


@dataclass(frozen=True)
class _Sums:
    """Block sums per subject: the money, and the denominator of a ratio."""

    blocks: np.ndarray
    money: Mapping[str, np.ndarray]
    per: Mapping[str, np.ndarray]

    def table(self) -> Table:
        """One row a block: `block`, `sum.SUBJECT`, and `per.SUBJECT` for a ratio."""
        import pandas as pd

        columns = {"block": self.blocks, **{f"sum.{subject}": sums for subject, sums in self.money.items()}}
        return Table.of(pd.DataFrame({**columns, **{f"per.{subject}": sums for subject, sums in self.per.items()}}))


def _block_sums(kpi: Kpi, flows: Flows) -> _Sums:
    import numpy as np

    frames = {subject: table.frame for subject, table in flows.tables.items()}
    blocks, codes = block_codes({subject: frame["block"].to_numpy() for subject, frame in frames.items()})
    money, per = {}, {}
    for subject, frame in frames.items():
        money[subject] = np.bincount(codes[subject], weights=money_rows(kpi, frame), minlength=len(blocks))
        below = per_rows(kpi, frame)
        if below is not None:
            per[subject] = np.bincount(codes[subject], weights=below, minlength=len(blocks))
    return _Sums(blocks, money, per)


def block_codes(blocks: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Number the blocks of all subjects together.

    Args:
        blocks: Subject -> block of each row, integers.

    Returns:
        The blocks in ascending order, and subject -> position of each row's block among them.
    """
    import numpy as np

    filled = [rows for rows in blocks.values() if len(rows)]
    if not filled:
        return np.array([], dtype=np.int64), {subject: np.array([], dtype=np.int64) for subject in blocks}
    first, last = min(int(rows.min()) for rows in filled), max(int(rows.max()) for rows in filled)
    if last - first > 4 * max(len(rows) for rows in filled) + 1_000:  # far apart: sorting is cheaper than counting
        known = np.unique(np.concatenate([np.unique(rows) for rows in filled]))
        return known, {subject: np.searchsorted(known, rows) for subject, rows in blocks.items()}
    present = np.zeros(last - first + 1, dtype=bool)
    for rows in filled:
        present[rows - first] = True
    position = np.cumsum(present) - 1
    return np.flatnonzero(present) + first, {subject: position[rows - first] for subject, rows in blocks.items()}


def _quantity(kpi: Kpi, sums: _Sums, subject: str) -> Quantity:
    if kpi.per is None:
        return Quantity.of_sum(sums.money[subject])
    denominator(kpi, float(sums.per[subject].sum()))
    return Quantity.of_ratio(sums.money[subject], sums.per[subject])


def _terms(kpi: Kpi, flows: Flows, scale: float) -> dict[str, float]:
    """The candidate's sum of each top-level term; in a ratio over the whole denominator, so that they add up."""
    found = account(kpi, flows.tables[CANDIDATE].frame)
    factor = scale if found.per is None else scale / denominator(kpi, found.per)
    return {label: amount * factor for label, amount in found.terms.items()}


@dataclass(frozen=True)
class _Measure:
    """Makes `Measured` of one KPI: everything but the number and its interval is the same for all."""

    kpi: Kpi
    flows: Flows
    blocks: int
    late: tuple[str, ...]

    def of(self, value: float, interval: Interval | None, scale: float = 1.0) -> Measured:
        low, high = (None, None) if interval is None else (interval[0] * scale, interval[1] * scale)
        return Measured(value * scale, low, high, self.flows.cases, self.blocks, self.kpi.unit, self.kpi.direction, self._method(interval))

    def gain(self, difference: float, interval: Interval | None, scale: float) -> Measured:
        """A paired difference, turned so that more is better."""
        better = sign(self.kpi)
        turned = interval if better > 0 or interval is None else (-interval[1], -interval[0])
        low, high = (None, None) if turned is None else (turned[0] * scale, turned[1] * scale)
        method = self._method(interval, paired=True)
        return Measured(difference * better * scale, low, high, self.flows.cases, self.blocks, self.kpi.unit, "maximize", method)

    def _method(self, interval: Interval | None, *, paired: bool = False) -> str:
        """How the interval was made, or why there is none."""
        kind = f"{self.blocks:,} {self.flows.block} block{'s' if self.blocks != 1 else ''}"
        if self.late:
            last = {name: self.kpi.parameters[name].valid_until for name in self.late}
            return "no interval: expired " + ", ".join(f"{name} (valid until {day})" for name, day in last.items())
        if self.blocks < MIN_BLOCKS:
            return f"no interval: {kind}, at least {MIN_BLOCKS} are needed"
        if interval is None:
            return f"no interval: too few of the {kind} differ"
        bags = f" in {MAX_BLOCKS:,} bags" if self.blocks > MAX_BLOCKS else ""
        return f"{'paired ' if paired else ''}studentised block bootstrap, {RESAMPLES:,} resamples of {kind}{bags}, 95 %"
