"""What the business pays for must reach a bound, or gain enough over a baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.gates._verdicts import Bound, By, Ceiling, Floor, verdict
from upshot.contracts.components import Evidence
from upshot.contracts.params import Params
from upshot.contracts.records import CANDIDATE, CHAMPION, Champion, Measured, Spec, Verdict

if TYPE_CHECKING:
    from upshot.contracts.records import Valuation


class KpiGateParams(Params):
    """A KPI and what it must reach, in the KPI's unit and period."""

    kpi: str = Field(min_length=1, description="Name of the KPI, as under `kpi`.")
    against: str | None = Field(
        None, min_length=1, description="Baseline over which the gain is judged, or champion; null judges the KPI itself."
    )
    min_gain: Floor = Field(None, allow_inf_nan=False, description="Gain over `against` that is asked for; more is always better.")
    min: Floor = Field(None, allow_inf_nan=False, description="Bound from below on the KPI itself.")
    max: Ceiling = Field(None, allow_inf_nan=False, description="Bound from above on the KPI itself.")
    by: By = Field("interval", description="Whether the whole interval must reach the bound, or the value alone.")

    @model_validator(mode="after")
    def _one_bound(self) -> KpiGateParams:
        if sum(bound is not None for bound in (self.min_gain, self.min, self.max)) != 1:
            raise ValueError("must have exactly one of min_gain (with against), min and max")
        if (self.min_gain is None) != (self.against is None):
            raise ValueError("min_gain and against belong together: a gain is one over a baseline")
        return self

    def bound(self) -> Bound:
        """The bound that was given."""
        if self.max is not None:
            return Bound(self.max, "max")
        return Bound(next(bound for bound in (self.min_gain, self.min) if bound is not None), "min")


class KpiGate:
    """Holds the candidate's KPI, or its paired gain over a baseline or the champion, against a bound.

    Where nothing is served yet there is nothing to beat: a gate against the champion then passes, and says so. A champion that could not be
    played on the test rows leaves it inconclusive. An expired money parameter makes the gate inconclusive, also by value.

    Args:
        params: KPI, baseline and bound.
    """

    spec: Spec

    def __init__(self, params: KpiGateParams) -> None:
        self.params = params
        self.wants = {"kpi": params.kpi} | ({} if params.against is None else {"baselines": params.against})

    def judge(self, name: str, evidence: Evidence) -> Verdict:
        """PASS, FAIL or INCONCLUSIVE; a KPI or baseline that is missing fails."""
        valuation = evidence.valuations.by_kpi.get(self.params.kpi)
        bound, block = self.params.bound(), evidence.evaluation.block
        against, champion = self.params.against, evidence.valuations.champion
        of = "the champion" if champion.version is None else f"the champion {champion.version}"
        what = self.params.kpi if against is None else f"{self.params.kpi} gain over {of if against == CHAMPION else against}"
        if valuation is None:
            return verdict(name, what, None, bound, self.params.by, block)
        if against == CHAMPION and (champion.version is None or champion.trouble is not None):
            return _without_champion(name, f"{what} {bound.words()}", champion, bound.threshold)
        found = verdict(name, what, self._measured(valuation), bound, self.params.by, block)
        if against == CHAMPION and champion.seen:
            found = replace(found, reason=f"{found.reason}; the champion may have learnt from {champion.seen:,} of the test rows")
        return found if not valuation.expired else expired(found, valuation)

    def _measured(self, valuation: Valuation) -> Measured | None:
        if self.params.against is None:
            return valuation.per_period.get(CANDIDATE)
        return valuation.gain.get(self.params.against)


def _without_champion(gate: str, asked: str, champion: Champion, threshold: float) -> Verdict:
    """The verdict where the champion has no value: there is none, or it could not be played."""
    if champion.version is None:
        place = champion.environment or "no environment"
        return Verdict(gate, "PASS", asked, None, threshold, f"{place} serves nothing yet: there is nothing to beat")
    reason = f"{champion.version} could not be played on the test rows: {champion.trouble}"
    return Verdict(gate, "INCONCLUSIVE", asked, None, threshold, reason, "a champion that can be played would decide")


def expired(found: Verdict, valuation: Valuation) -> Verdict:
    """The verdict on money of which an assumption has expired: nothing is concluded until it is current."""
    money = valuation.kpi.parameters
    names = ", ".join(f"{name} (valid until {money[name].valid_until})" for name in valuation.expired)
    owners = sorted({owner for name in valuation.expired if (owner := money[name].owner)})
    asked = f" from {', '.join(owners)}" if owners else ""
    outcome = found.outcome if found.measured is None else "INCONCLUSIVE"
    return replace(
        found,
        outcome=outcome,
        reason=f"expired: {names}",
        would_decide=f"a current value of {', '.join(valuation.expired)}{asked} would decide",
    )
