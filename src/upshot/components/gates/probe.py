"""What was tried on the model must have gone well enough: robustness, latency, size, drivers."""

from __future__ import annotations

from pydantic import Field

from upshot.components.gates._breakdowns import BreakdownGateParams, judge
from upshot.contracts.components import Evidence
from upshot.contracts.records import Spec, Verdict


class ProbeGateParams(BreakdownGateParams):
    """A probe of the recipe, one of its numbers, and the bound."""

    probe: str = Field(min_length=1, description="Name of the probe, as under `probes`.")


class ProbeGate:
    """Holds a probe's number, or each of its entries', against a bound: what is lost under noise, milliseconds a call, megabytes.

    Args:
        params: Probe, measure and bound.
    """

    spec: Spec

    def __init__(self, params: ProbeGateParams) -> None:
        self.params = params
        self.wants = {"probes": params.probe, "measure": params.measure}

    def judge(self, name: str, evidence: Evidence) -> Verdict:
        """The worst of its entries; a probe or number that is missing, or NaN, fails."""
        return judge(name, self.params.probe, evidence.inspection.probes.get(self.params.probe), self.params, evidence)
