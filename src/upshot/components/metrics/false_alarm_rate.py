"""False alarms per unit and week, or another stretch of time: what a crew is sent out for in vain.

Lower is better. An alarm is false if the unit did not fail within the horizon of it. Salfner, Lenk & Malek (2010), ACM Computing Surveys 42(3), section 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.durations import Duration
from upshot.components.lives import moments
from upshot.components.metrics._alarms import ACCEPTS, AlarmParams, raised
from upshot.components.metrics._scores import Scorer, dot
from upshot.components.times import is_clock, span_ticks
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class FalseAlarmRateParams(AlarmParams):
    """Which cases are an alarm, when it is true, and per how long false ones are counted."""

    per: Duration = Field("100 steps", description="Time of one unit that false alarms are counted for: '7 days', '100 steps'.")


class FalseAlarmRate:
    """False alarms / (time that units were watched / `per`)."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ACCEPTS
    direction: Direction = "minimize"
    unit = "alarm"

    def __init__(self, params: FalseAlarmRateParams) -> None:
        self.params = params
        self.looks_at = params.level

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the rate; an alarm weighs as its first case, and the time of a unit as its first case."""
        name = "false_alarm_rate"
        watch, alarms, _ = raised(predictions, cases, self.params, name)
        per = span_ticks(self.params.per, is_clock(moments(cases, name)), "metrics.*.per")
        false = watch.order.order[alarms.place[~alarms.true & ~alarms.unknown]]
        first, watched = watch.order.order[watch.order.first], (watch.until - watch.begin) / per

        def score(weights: np.ndarray) -> float:
            time = dot(weights[first], watched)
            return float(weights[false].sum()) / time if time > 0 else float("nan")

        return score
