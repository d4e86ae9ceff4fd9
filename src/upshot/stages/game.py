"""Play and value in one: what policies are tuned with, so that they stay strangers to rollouts and KPIs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.contracts.components import Rollout
from upshot.contracts.records import Cases, Kpi
from upshot.value.money import money_rows, sign, total

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class KpiGame:
    """The rollout and the objective KPI over one part of one fold."""

    rollout: Rollout
    kpi: Kpi
    history: Cases

    def flows(self, decisions: pd.DataFrame, outcomes: Cases) -> pd.DataFrame:
        """The rollout's flows, with `case`."""
        return self.rollout.play(decisions, outcomes, self.history)

    def money(self, flows: pd.DataFrame) -> np.ndarray:
        """Objective KPI per row of flows, shape (n,); more is better. For a ratio its numerator."""
        return sign(self.kpi) * money_rows(self.kpi, flows)

    def total(self, flows: pd.DataFrame) -> float:
        """Objective KPI of these flows together; more is better, ratios are ratios of sums."""
        return sign(self.kpi) * total(self.kpi, flows)

    def worth(self, decisions: pd.DataFrame, outcomes: Cases) -> float:
        """Objective KPI of all rows together; more is better."""
        return self.total(self.flows(decisions, outcomes))
