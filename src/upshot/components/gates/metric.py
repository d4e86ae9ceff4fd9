"""A statistical score must reach a bound."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from upshot.components.gates._verdicts import Bound, By, Ceiling, Floor, verdict
from upshot.contracts.components import Evidence
from upshot.contracts.params import Params
from upshot.contracts.records import Spec, Verdict


class MetricGateParams(Params):
    """A metric and its bound."""

    metric: str = Field(min_length=1, description="Name of the metric, as under `metrics`.")
    min: Floor = Field(None, allow_inf_nan=False, description="Bound from below; give this one or `max`.")
    max: Ceiling = Field(None, allow_inf_nan=False, description="Bound from above; give this one or `min`.")
    by: By = Field("interval", description="Whether the whole interval must reach the bound, or the value alone.")

    @model_validator(mode="after")
    def _one_bound(self) -> MetricGateParams:
        if (self.min is None) == (self.max is None):
            raise ValueError("must have exactly one of min and max")
        return self

    def bound(self) -> Bound:
        """The bound that was given."""
        side: Literal["min", "max"] = "max" if self.min is None else "min"
        return Bound(float(self.max if self.min is None else self.min), side)  # type: ignore[arg-type]


class MetricGate:
    """Holds a metric of the test rows against its bound.

    Args:
        params: Metric and bound.
    """

    spec: Spec

    def __init__(self, params: MetricGateParams) -> None:
        self.params = params
        self.wants = {"metrics": params.metric}

    def judge(self, name: str, evidence: Evidence) -> Verdict:
        """PASS, FAIL or INCONCLUSIVE; a metric that is missing or NaN fails."""
        evaluation = evidence.evaluation
        measured = evaluation.metrics.get(self.params.metric)
        return verdict(name, self.params.metric, measured, self.params.bound(), self.params.by, evaluation.block)
