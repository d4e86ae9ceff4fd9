"""Share of failures that were warned of in time.

Higher is better. By failure and not by row: a unit whose every row is called right but the last counts as warned. See `upshot.components.alarms`
for what an alarm is. Salfner, Lenk & Malek (2010), ACM Computing Surveys 42(3), section 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._alarms import ACCEPTS, AlarmParams, raised
from upshot.components.metrics._scores import Scorer, mean_scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class FailureRecallParams(AlarmParams):
    """Which cases are an alarm, and when it is in time."""


class FailureRecall:
    """Failures with an alarm in time / failures that were watched for the lead or longer; NaN without a failure."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ACCEPTS
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: FailureRecallParams) -> None:
        self.params = params
        self.looks_at = params.level

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the share; a failure weighs as its unit's last case."""
        watch, alarms, lead = raised(predictions, cases, self.params, "failure_recall")
        could_be = watch.fails & (watch.begin <= watch.until - lead)
        last = watch.order.order[watch.order.last[could_be]]
        return mean_scorer(last, (alarms.leads(watch) >= 0)[could_be].astype("float64"))
