"""Built-in components of kind `gates`: PASS, FAIL or INCONCLUSIVE on recorded evidence."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.gates"

ENTRIES: tuple[Component, ...] = (
    Component(
        "gates",
        "metric",
        params=f"{_HERE}.metric:MetricGateParams",
        make=f"{_HERE}.metric:MetricGate",
        sentence="A metric must reach a bound.",
        by_key="metric",
    ),
    Component(
        "gates",
        "kpi",
        params=f"{_HERE}.kpi:KpiGateParams",
        make=f"{_HERE}.kpi:KpiGate",
        sentence="A KPI must reach a bound, or gain enough over a baseline.",
        by_key="kpi",
    ),
    Component(
        "gates",
        "slice",
        params=f"{_HERE}.slice:SliceGateParams",
        make=f"{_HERE}.slice:SliceGate",
        sentence="A number of a slice, or of each of its groups, must reach a bound: a metric, money, a fairness gap.",
        by_key="slice",
    ),
    Component(
        "gates",
        "probe",
        params=f"{_HERE}.probe:ProbeGateParams",
        make=f"{_HERE}.probe:ProbeGate",
        sentence="A number of a probe must reach a bound: what is lost under noise or without a column, time of a call, size of the files.",
        by_key="probe",
    ),
    Component(
        "gates",
        "checks",
        params=f"{_HERE}.checks:ChecksGateParams",
        make=f"{_HERE}.checks:ChecksGate",
        sentence="At most a share of the rows may have been set aside by the checks.",
        by_key="max_quarantined_share",
    ),
)
