"""How a measured number becomes a verdict: one rule for all gates.

By interval, a number passes when its whole interval lies on the good side of the bound and fails when the whole interval lies on the
other; between them the evidence does not say, and the verdict tells how much more would. By value, the number alone decides, and so it
does where it is a count that nothing resamples. What is missing or not a number never passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Literal

from upshot.contracts.params import Stricter
from upshot.contracts.records import Measured, Outcome, Verdict
from upshot.value.intervals import blocks_needed
from upshot.value.studentised import MIN_BLOCKS

By = Annotated[Literal["interval", "value"], Stricter(order=("value", "interval"))]
"""Whether the whole interval must reach the bound, or the value alone."""
Floor = Annotated[float | None, Stricter("up")]
"""A bound from below."""
Ceiling = Annotated[float | None, Stricter("down")]
"""A bound from above."""
_BLOCKS = {
    "day": ("day of labels", "days of labels"),
    "week": ("week of labels", "weeks of labels"),
    "month": ("month of labels", "months of labels"),
    "entity": ("entity", "entities"),
    "case": ("case", "cases"),
    "call": ("call", "calls"),
}
_YEAR = {"day": 366, "week": 52, "month": 12}


@dataclass(frozen=True)
class Bound:
    """A threshold, and the side of it that is good."""

    threshold: float
    side: Literal["min", "max"]

    def holds(self, value: float) -> bool:
        """Whether a number lies on the good side; the threshold itself does.

        Example:
            >>> Bound(0.6, "min").holds(0.6), Bound(0.6, "max").holds(float("nan"))
            (True, False)
        """
        return value >= self.threshold if self.side == "min" else value <= self.threshold

    def words(self) -> str:
        """The bound as people read it: ">= 0.6"."""
        return f"{'>=' if self.side == 'min' else '<='} {number(self.threshold)}"


def verdict(gate: str, what: str, measured: Measured | None, bound: Bound, by: By, block: str) -> Verdict:
    """Hold a measured number against a bound.

    Args:
        gate: Name of the gate.
        what: What is measured.
        measured: The number with its interval; None where there is none.
        bound: Threshold and side.
        by: Whether the interval or the value alone decides.
        block: What the interval resamples: "day", "entity", ...
    """
    asked = f"{what} {bound.words()}"
    if measured is None:
        return Verdict(gate, "FAIL", asked, None, bound.threshold, f"{what} was not measured")
    if not isfinite(measured.value):
        return Verdict(gate, "FAIL", asked, measured, bound.threshold, f"{what} is undefined on the {measured.n:,} test rows")
    if by == "value" or measured.blocks == 0:  # an exact count, which no block resamples
        outcome: Outcome = "PASS" if bound.holds(measured.value) else "FAIL"
        return Verdict(gate, outcome, asked, measured, bound.threshold, f"the value is {number(measured.value)}")
    if measured.low is None or measured.high is None:
        reason = f"the value is {number(measured.value)} without an interval"
        return Verdict(gate, "INCONCLUSIVE", asked, measured, bound.threshold, reason, _more_blocks(measured, block))
    return _by_interval(gate, asked, measured, measured.low, measured.high, bound, block)


def _by_interval(gate: str, asked: str, measured: Measured, low: float, high: float, bound: Bound, block: str) -> Verdict:
    interval = f"{number(measured.value)} [{number(low)}, {number(high)}]"
    good = (bound.holds(low), bound.holds(high))
    if all(good):
        return Verdict(gate, "PASS", asked, measured, bound.threshold, f"all of {interval} meets it")
    if not any(good):
        return Verdict(gate, "FAIL", asked, measured, bound.threshold, f"all of {interval} misses it")
    more = blocks_needed(measured.value, low, high, bound.threshold, measured.blocks)
    reason = f"{number(bound.threshold)} lies within {interval}"
    return Verdict(gate, "INCONCLUSIVE", asked, measured, bound.threshold, reason, would_decide(more, block))


def would_decide(more: int | None, block: str) -> str:
    """What would settle an inconclusive gate, in words.

    Args:
        more: Blocks that are missing, about; None where the value stands on the threshold.
        block: What a block is.

    Example:
        >>> would_decide(11, "day"), would_decide(4000, "day")
        ('about 11 more days of labels would decide', 'only more than a year of further labels would decide')
    """
    if more is None:
        return "no amount of labels would decide: the value stands on the threshold"
    if more > _YEAR.get(block, more):
        return "only more than a year of further labels would decide"
    return f"about {more:,} more {_counted(block, more)} would decide"


def _more_blocks(measured: Measured, block: str) -> str:
    missing = MIN_BLOCKS - measured.blocks
    if missing <= 0:
        return "an interval would decide; none could be made"
    return f"at least {MIN_BLOCKS} {_counted(block, MIN_BLOCKS)} are needed, {measured.blocks} are there"


def _counted(block: str, count: int) -> str:
    one, many = _BLOCKS.get(block, ("block", "blocks"))
    return one if count == 1 else many


def number(value: float) -> str:
    """A number short enough to read: four digits, whole from a thousand on.

    Example:
        >>> number(0.12345), number(412300.4), number(-1500.0)
        ('0.1235', '412,300', '-1,500')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


__all__ = ["Bound", "By", "Ceiling", "Floor", "number", "verdict", "would_decide"]
