"""How long before a failure its first alarm in time was raised, on average: in steps of the counter, or in days.

Higher is better, up to what planning needs; failures without an alarm are counted by `failure_recall` and not here.
Salfner, Lenk & Malek (2010), ACM Computing Surveys 42(3), section 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._alarms import ACCEPTS, AlarmParams, raised
from upshot.components.metrics._scores import Scorer, mean_scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class LeadTimeParams(AlarmParams):
    """Which cases are an alarm, and when it is in time."""


class LeadTime:
    """Mean time from alarm to failure, over failures that were warned of; NaN without one."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ACCEPTS
    direction: Direction = "maximize"
    unit = "time"

    def __init__(self, params: LeadTimeParams) -> None:
        self.params = params
        self.looks_at = params.level

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the mean; a failure weighs as its unit's last case."""
        watch, alarms, _ = raised(predictions, cases, self.params, "lead_time")
        leads = alarms.leads(watch)
        warned = leads >= 0
        return mean_scorer(watch.order.order[watch.order.last[warned]], leads[warned] / watch.scale)
