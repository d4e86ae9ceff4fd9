"""How a breakdown becomes a verdict: every entry must reach the bound, and the one that is worst is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from upshot.components.gates._verdicts import Bound, By, Ceiling, Floor, verdict
from upshot.components.gates.kpi import expired
from upshot.contracts.components import Evidence
from upshot.contracts.params import Params
from upshot.contracts.records import Breakdown, Entry, Measured, Verdict
from upshot.value.parts import is_money, spoken

_WORSE = {"FAIL": 2, "INCONCLUSIVE": 1, "PASS": 0}


class BreakdownGateParams(Params):
    """A measured number of a slice or probe, and its bound."""

    measure: str = Field(min_length=1, description="Name of the number, such as a metric, value, gain.BASELINE, lost.METRIC or p95.")
    entry: str | None = Field(
        None, min_length=1, description="The one entry that is judged; every entry must reach the bound when left out."
    )
    min: Floor = Field(None, allow_inf_nan=False, description="Bound from below; give this one or `max`.")
    max: Ceiling = Field(None, allow_inf_nan=False, description="Bound from above; give this one or `min`.")
    by: By = Field("interval", description="Whether the whole interval must reach the bound, or the value alone.")

    @model_validator(mode="after")
    def _one_bound(self) -> BreakdownGateParams:
        if (self.min is None) == (self.max is None):
            raise ValueError("must have exactly one of min and max")
        return self

    def bound(self) -> Bound:
        """The bound that was given."""
        side: Literal["min", "max"] = "max" if self.min is None else "min"
        return Bound(float(self.max if self.min is None else self.min), side)  # type: ignore[arg-type]


def judge(gate: str, of: str, breakdown: Breakdown | None, params: BreakdownGateParams, evidence: Evidence) -> Verdict:
    """Hold a breakdown's numbers against a bound.

    A number of the whole (a gap, a total) is judged alone. Entries that were too small to be measured are not judged, and counted in the
    reason; what could not be scored is undefined, and undefined fails. Without any number the gate fails, unless it is good to hear
    that there is no entry.

    Args:
        gate: Name of the gate.
        of: What the breakdown is called in the recipe.
        breakdown: What was found; None where there is nothing of this name.
        params: Measure, entry and bound.
        evidence: Tells which money has expired.
    """
    what, bound = f"{of}: {spoken(params.measure)}", params.bound()
    if breakdown is None:
        return verdict(gate, what, None, bound, params.by, "case")
    if params.measure in breakdown.whole and params.entry is None:
        return _judged(gate, what, breakdown.whole[params.measure], bound, params, breakdown, evidence)
    entries = [entry for entry in breakdown.entries if params.entry in (None, entry.name)]
    if not entries and params.entry is None and breakdown.nothing is not None:
        return Verdict(gate, "PASS", f"{what} {bound.words()}", None, bound.threshold, breakdown.nothing)
    found = [
        (entry, _judged(gate, what, entry.measures[params.measure], bound, params, breakdown, evidence))
        for entry in entries
        if params.measure in entry.measures
    ]
    if not found:
        return replace(verdict(gate, what, None, bound, params.by, "case"), reason=_nothing(params, breakdown, entries))
    entry, worst = max(found, key=lambda pair: (_WORSE[pair[1].outcome], _shortfall(pair[1].measured, bound)))
    settled = worst.would_decide if worst.would_decide is None or len(found) == 1 else f"{entry.name}: {worst.would_decide}"
    return replace(worst, reason="; ".join(_reasons(entry, worst, len(found), entries, params)), would_decide=settled)


def _judged(
    gate: str, what: str, measured: Measured, bound: Bound, params: BreakdownGateParams, breakdown: Breakdown, evidence: Evidence
) -> Verdict:
    found = verdict(gate, what, measured, bound, params.by, breakdown.block)
    valuations = evidence.valuations
    objective = valuations.by_kpi.get(valuations.objective)
    return expired(found, objective) if objective is not None and objective.expired and is_money(params.measure) else found


def _reasons(entry: Entry, worst: Verdict, judged: int, entries: list[Entry], params: BreakdownGateParams) -> Iterator[str]:
    where = f"{entry.name}: " if params.entry is not None or judged == 1 else f"worst of {judged}, {entry.name}: "
    yield where + (f"{entry.note}" if entry.note is not None and worst.outcome == "FAIL" else worst.reason)
    left_out = [other for other in entries if params.measure not in other.measures]
    if left_out:
        yield f"{len(left_out)} not judged ({left_out[0].name}: {left_out[0].note or 'not measured'})"


def _nothing(params: BreakdownGateParams, breakdown: Breakdown, entries: list[Entry]) -> str:
    if params.entry is not None and not entries:
        return f"there is no entry {params.entry!r}; there are {', '.join(entry.name for entry in breakdown.entries[:10]) or 'none'}"
    notes = dict.fromkeys(entry.note for entry in entries if entry.note)
    return f"{spoken(params.measure)} was measured in none of {len(entries)} entries" + (f": {'; '.join(notes)}" if notes else "")


def _shortfall(measured: Measured | None, bound: Bound) -> float:
    """How far a number lies on the wrong side; the undefined is the worst."""
    if measured is None or measured.value != measured.value:
        return float("inf")
    return bound.threshold - measured.value if bound.side == "min" else measured.value - bound.threshold


__all__ = ["BreakdownGateParams", "judge"]
