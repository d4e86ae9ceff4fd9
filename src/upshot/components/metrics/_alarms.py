"""What all metrics of alarms are asked: from which prediction on an alarm stands, and when it is true and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.alarms import Alarms, Watch, held, looked_at
from upshot.components.durations import Duration
from upshot.components.lives import moments
from upshot.components.times import is_clock, span_of, span_ticks
from upshot.contracts.params import Params
from upshot.contracts.records import PredictionKind

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases

ACCEPTS: tuple[PredictionKind, ...] = ("probability", "anomaly", "point", "quantiles")


class AlarmParams(Params):
    """Which cases are an alarm, and when it is true and in time."""

    threshold: float = Field(
        0.5, allow_inf_nan=False, description="Probability or anomaly from which, or remaining life down to which, there is an alarm."
    )
    level: float = Field(0.5, gt=0, lt=1, description="Which of predicted quantiles of the remaining life is looked at.")
    confirm: int = Field(1, ge=1, le=1_000, description="Cases of a unit in a row that must pass.")
    horizon: Duration = Field("30 steps", description="An alarm is true if the unit fails within this of it ('30 steps', '14 days').")
    lead: Duration = Field("0 steps", description="An alarm is in time if it is raised so long before the failure, or longer.")

    @model_validator(mode="after")
    def _lead_within_horizon(self) -> AlarmParams:
        lead, horizon = span_of(self.lead), span_of(self.horizon)
        if (lead.ticks and lead.is_clock != horizon.is_clock) or lead.ticks > horizon.ticks:
            raise ValueError(f"lead must not be longer than horizon; got {self.lead} and {self.horizon}")
        return self


def raised(predictions: pd.DataFrame, cases: Cases, params: AlarmParams, metric: str) -> tuple[Watch, Alarms, int]:
    """The units as they were watched, their alarms, and the ticks of the lead.

    Raises:
        DataError: The cases have no unit, time or remaining life, a length does not fit the time, or there is no such quantile.
    """
    values, sign = looked_at(predictions, params.level, "metrics.*.level")
    watch = Watch.of(cases, f"metric {metric}")
    clock = is_clock(moments(cases, metric))
    horizon = span_ticks(params.horizon, clock, "metrics.*.horizon")
    lead = span_ticks(params.lead, clock, "metrics.*.lead") if span_of(params.lead).ticks else 0
    urgency = held((values * sign)[watch.order.order], watch.order.first, watch.unit, params.confirm)
    return watch, watch.alarms(urgency >= params.threshold * sign, horizon, lead), lead
