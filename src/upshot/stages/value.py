"""Value: turn flows into money, with an interval, beside the baselines."""

from __future__ import annotations

from upshot.contracts.records import Flows, Kpis, Seed, Today, Valuations
from upshot.contracts.tables import Map
from upshot.value.valuation import valuate


def value(flows: Flows, kpis: Kpis, seed: Seed, today: Today) -> Valuations:
    """Value every KPI of every subject."""
    by_kpi = {name: valuate(kpi, flows, seed=seed, today=today) for name, kpi in kpis.kpis.items()}
    return Valuations(Map(by_kpi), kpis.objective, flows.champion)
