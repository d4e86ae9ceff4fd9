"""Every part of the test cases must reach a bound: no slice may be left behind, and no protected group."""

from __future__ import annotations

from pydantic import Field

from upshot.components.gates._breakdowns import BreakdownGateParams, judge
from upshot.contracts.components import Evidence
from upshot.contracts.records import Spec, Verdict


class SliceGateParams(BreakdownGateParams):
    """A slice of the recipe, one of its numbers, and the bound."""

    slice: str = Field(min_length=1, description="Name of the slice, as under `slices`.")


class SliceGate:
    """Holds a slice's number, or each of its groups', against a bound: a metric, money, a fairness gap.

    Args:
        params: Slice, measure and bound.
    """

    spec: Spec

    def __init__(self, params: SliceGateParams) -> None:
        self.params = params
        self.wants = {"slices": params.slice, "measure": params.measure}

    def judge(self, name: str, evidence: Evidence) -> Verdict:
        """The worst of its entries; a slice or number that is missing, or NaN, fails."""
        return judge(name, self.params.slice, evidence.inspection.slices.get(self.params.slice), self.params, evidence)
