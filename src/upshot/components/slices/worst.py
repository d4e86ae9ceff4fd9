"""Slices that nobody named: where the money, or the prediction, is worst.

Every group of every column, and of every two columns together, is tried, and the one with the clearest shortfall against the mean is taken
first. A slice that is chosen because it looks bad looks worse than it is: so slices are found on half of the test blocks, drawn by the seed,
and everything that is told of them is measured on the other half.

Source:
    The search by size and depth of the shortfall is after Sagadeeva & Boehm (2021), SliceLine: Fast, Linear-Algebra-based Slice Finding
    for ML Model Debugging, SIGMOD; here ranked by the shortfall in standard errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.faults import column_of
from upshot.components.slices._groups import BINS, MOST, Coded, coded
from upshot.components.slices._measures import MeasuredParams, Measures
from upshot.contracts.components import Bench
from upshot.contracts.params import Names
from upshot.contracts.records import Breakdown, DecisionKind, Entry, PredictionKind, Spec
from upshot.value.valuation import CANDIDATE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MIN_ERRORS = 2.0
"""Shortfall in standard errors from which on a slice is worth telling."""
MOST_OVERLAP = 0.5
MOST_SHARE = 0.5
"""A slice of more than half of the cases is no slice."""


class WorstParams(MeasuredParams):
    """Where to search, and for what."""

    of: Literal["value", "error"] = Field(
        "value", description="value: the objective KPI a case; error: squared error of the probability, absolute error of the point."
    )
    against: str | None = Field(None, description="Baseline over which the value is a gain; the KPI itself when left out.")
    columns: Names = Field(
        (), description="Columns to search; those that the features read, but for key, time and entities, when left out."
    )
    depth: int = Field(2, ge=1, le=2, description="Columns in a slice, at most.")
    count: int = Field(
        5, ge=1, le=50, description="Slices to tell, the clearest first; of two that overlap by more than half, the clearer."
    )
    bins: int = Field(4, ge=2, le=20, description=BINS)
    most: int = Field(20, ge=2, le=200, description=MOST)


class Worst:
    """One entry a slice that was found, the clearest shortfall first; perhaps none.

    Args:
        params: Where to search, and for what.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...]
    decides: tuple[DecisionKind, ...] = ()

    def __init__(self, params: WorstParams) -> None:
        self.params = params
        self.accepts = ("probability", "point", "quantiles") if params.of == "error" else ()
        self.wants = {**params.wanted(), "baselines": () if params.against is None else (params.against,)}

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Metrics and money of each slice."""
        return self.params.names(declared)

    def inspect(self, bench: Bench) -> Breakdown:
        """Find on one half of the blocks, measure on the other.

        Raises:
            DataError: A column does not exist.
        """
        rows, searched = bench.cases.rows.frame, _half(bench)
        columns = [
            coded(column_of(rows, name, "columns"), name, bins=self.params.bins, most=self.params.most) for name in self._columns(bench)
        ]
        measures = Measures(bench, self.params, within=~searched)
        found = self._clearest(columns, self._worth(bench), searched)
        could_find = columns and int(searched.sum()) >= 2 * self.params.min_cases
        nothing = f"no group of {', '.join(self._columns(bench))} falls clearly short" if could_find and not found else None
        entries = tuple(self._entry(measures, slice_, searched) for slice_ in found)
        what = "error" if self.params.of == "error" else "value" if self.params.against is None else f"gain over {self.params.against}"
        title = f"worst slices by {what}, found on half of the {bench.cases.block} blocks and measured on the others"
        return Breakdown("slices", title, entries, reference=measures.all(), block=bench.cases.block, nothing=nothing)

    def _columns(self, bench: Bench) -> tuple[str, ...]:
        roles = bench.cases.roles
        apart = {*roles.key, roles.time, *roles.entities, roles.item, roles.target}
        return self.params.columns or tuple(name for name in bench.tested.predictor.signature.columns if name not in apart)

    def _worth(self, bench: Bench) -> np.ndarray:
        """What each case is worth, shape (cases,); more is better."""
        if self.params.of == "error":
            return -_errors(bench)
        money = Measures(bench, self.params).case_money
        other = 0.0 if self.params.against is None else money.rows(self.params.against)
        return money.rows(CANDIDATE) - other

    def _clearest(self, columns: list[Coded], worth: np.ndarray, searched: np.ndarray) -> list[Found]:
        """The slices with the clearest shortfall on the searched rows, without those that mostly repeat a clearer one."""
        import numpy as np

        at = np.flatnonzero(searched)
        of = _Search(worth[at], self.params.min_cases)
        tried = [found for column in columns for found in of.groups((column,), at)]
        if self.params.depth == 2:
            tried += [found for pair in combinations(columns, 2) for found in of.groups(pair, at)]
        kept: list[Found] = []
        for found in sorted(tried, key=lambda found: (-found.shortfall, len(found.columns), found.name)):
            if len(kept) == self.params.count:
                break
            if all(_overlap(found.part[at], other.part[at]) <= MOST_OVERLAP for other in kept):
                kept.append(found)
        return kept

    def _entry(self, measures: Measures, found: Found, searched: np.ndarray) -> Entry:
        return measures.entry(found.name, found.part & ~searched)


@dataclass(frozen=True)
class Found:
    """A group of one column or two: its name, how many standard errors its mean lies below that of all, and the codes that make it."""

    name: str
    shortfall: float
    columns: tuple[Coded, ...]
    codes: tuple[int, ...]

    @property
    def part(self) -> np.ndarray:
        """True for its cases, shape (cases,)."""
        import numpy as np

        part: np.ndarray = np.logical_and.reduce([column.codes == code for column, code in zip(self.columns, self.codes, strict=True)])
        return part


class _Search:
    """Groups of the searched rows with a clear shortfall.

    Args:
        worth: What each searched row is worth, shape (n,).
        least: Rows that a group must have.
    """

    def __init__(self, worth: np.ndarray, least: int) -> None:
        self.worth, self.least = worth, least
        self.mean, self.deviation = (float(worth.mean()), float(worth.std())) if len(worth) else (0.0, 0.0)

    def groups(self, columns: tuple[Coded, ...], at: np.ndarray) -> Iterator[Found]:
        import numpy as np

        sizes = [len(column.names) for column in columns]
        joint = np.zeros(len(at), dtype=np.int64)
        for column, size in zip(columns, sizes, strict=True):
            joint = joint * size + column.codes[at]
        counts = np.bincount(joint, minlength=int(np.prod(sizes)))
        sums = np.bincount(joint, weights=self.worth, minlength=len(counts))
        large = (counts >= self.least) & (counts <= MOST_SHARE * len(at))
        if self.deviation <= 0:
            return
        short = np.zeros(len(counts))
        short[large] = (self.mean * counts[large] - sums[large]) / (self.deviation * np.sqrt(counts[large]))
        for code in np.flatnonzero(short >= MIN_ERRORS):
            own = tuple(int(part) for part in np.unravel_index(code, sizes))
            name = " and ".join(column.names[part] for column, part in zip(columns, own, strict=True))
            yield Found(name, float(short[code]), columns, own)


def _half(bench: Bench) -> np.ndarray:
    """True for the cases of half of the blocks, drawn by the seed; shape (cases,)."""
    import numpy as np

    known, codes = np.unique(bench.cases.labels.frame["block"].to_numpy(), return_inverse=True)
    taken = np.random.default_rng([bench.tested.seed, 4]).permutation(len(known))[: len(known) // 2]
    return np.isin(codes, taken)


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the rows of either that both have (Jaccard)."""
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 0.0


def _errors(bench: Bench) -> np.ndarray:
    import numpy as np

    predictions: pd.DataFrame = bench.predictions
    label = bench.cases.labels.frame["label"].to_numpy(dtype="float64", na_value=np.nan)
    if "probability" in predictions:
        return np.asarray(np.nan_to_num((predictions["probability"].to_numpy() - label) ** 2))
    middle = "point" if "point" in predictions else "q0.5"
    if middle not in predictions:
        names = [name for name in predictions.columns if name != "case"]
        middle = names[len(names) // 2]
    return np.asarray(np.nan_to_num(np.abs(predictions[middle].to_numpy(dtype="float64") - label)))
