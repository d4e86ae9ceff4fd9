"""Share of alarms after which the unit failed within the horizon.

Higher is better. By alarm and not by row; alarms of which nobody knows, because watching ended within the horizon, are left out.
Salfner, Lenk & Malek (2010), ACM Computing Surveys 42(3), section 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._alarms import ACCEPTS, AlarmParams, raised
from upshot.components.metrics._scores import Scorer, mean_scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class AlarmPrecisionParams(AlarmParams):
    """Which cases are an alarm, and when it is true."""


class AlarmPrecision:
    """True alarms / alarms; NaN without an alarm."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ACCEPTS
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: AlarmPrecisionParams) -> None:
        self.params = params
        self.looks_at = params.level

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the share; an alarm weighs as its first case."""
        watch, alarms, _ = raised(predictions, cases, self.params, "alarm_precision")
        known = ~alarms.unknown
        return mean_scorer(watch.order.order[alarms.place[known]], alarms.true[known].astype("float64"))
