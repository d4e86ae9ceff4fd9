from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.gates._verdicts import Bound, verdict, would_decide
from upshot.contracts.components import Evidence
from upshot.contracts.records import Checked, Evaluation, Inspection, Kpi, Map, Measured, Money, Roles, Snapshot, Valuation, Valuations
from upshot.contracts.tables import Table


def measured(value: float, low: float | None, high: float | None, blocks: int = 20) -> Measured:
    return Measured(value, low, high, 1000, blocks, "1", "maximize", "by hand")


def valuation(value: Measured, gain: Measured, expired: tuple[str, ...] = ()) -> Valuation:
    money = Map({"review_cost": Money(5.0, "EUR/case", owner="fraud operations", valid_until=date(2025, 12, 31))})
    kpi = Kpi("savings", "blocked_fraud - reviewed * review_cost", "EUR", "maximize", "risk_mitigation", money)
    subjects = Map({"candidate": value})
    return Valuation(kpi, subjects, subjects, Map({"current_rule": gain}), Map(), 1.0, expired, Table.of(pd.DataFrame()))


def evidence(metrics: dict[str, Measured] | None = None, kpi: Valuation | None = None, rows: int = 10, quarantined: int = 0) -> Evidence:
    table = Table.of(pd.DataFrame({"x": range(rows)}))
    snapshot = Snapshot("t", 1, rows, "digest", Map(), Roles(), table)
    return Evidence(
        Checked(snapshot, table, quarantined=quarantined),
        Evaluation(Map(metrics or {}), 1000, "day"),
        Inspection(Map()),
        Valuations(Map({} if kpi is None else {"savings": kpi}), "savings"),
    )


@pytest.mark.parametrize(
    ("params", "interval", "outcome"),
    [
        ({"min": 0.6}, (0.65, 0.60, 0.70), "PASS"),
        ({"min": 0.6}, (0.65, 0.59, 0.70), "INCONCLUSIVE"),
        ({"min": 0.6}, (0.55, 0.50, 0.60), "INCONCLUSIVE"),
        ({"min": 0.6}, (0.55, 0.50, 0.59), "FAIL"),
        ({"max": 0.6}, (0.55, 0.50, 0.60), "PASS"),
        ({"max": 0.6}, (0.65, 0.61, 0.70), "FAIL"),
        ({"max": 0.6}, (0.65, 0.59, 0.70), "INCONCLUSIVE"),
        ({"min": 0.6, "by": "value"}, (0.60, 0.10, 0.90), "PASS"),
        ({"min": 0.6, "by": "value"}, (0.59, 0.10, 0.90), "FAIL"),
        ({"min": 0.6, "by": "value"}, (0.70, None, None), "PASS"),
        ({"min": 0.6}, (0.70, None, None), "INCONCLUSIVE"),
        ({"min": 0.6}, (math.nan, None, None), "FAIL"),
        ({"max": 0.6, "by": "value"}, (math.nan, None, None), "FAIL"),
    ],
)
def test_a_metric_passes_only_where_all_of_its_interval_does(component, params, interval, outcome):
    gate = component("gates", "metric", metric="roc_auc", **params)

    found = gate.judge("quality", evidence({"roc_auc": measured(*interval)}))

    assert (found.gate, found.outcome) == ("quality", outcome)
    assert found.threshold == 0.6


def test_a_metric_that_was_not_measured_fails(component):
    gate = component("gates", "metric", metric="roc_auc", min=0.5)

    found = gate.judge("quality", evidence({}))

    assert gate.wants == {"metrics": "roc_auc"}
    assert (found.outcome, found.reason) == ("FAIL", "roc_auc was not measured")


def test_an_inconclusive_gate_says_what_would_decide(component):
    # Half-width 0.1 on 20 days; 0.05 away from the threshold: four times the days, so 61 more for the interval to be clear of it.
    gate = component("gates", "metric", metric="roc_auc", min=0.6)

    found = gate.judge("quality", evidence({"roc_auc": measured(0.65, 0.55, 0.75)}))

    assert found.what == "roc_auc >= 0.6"
    assert found.reason == "0.6 lies within 0.65 [0.55, 0.75]"
    assert (
        found.would_decide is not None
        and found.would_decide.startswith("about 6")
        and found.would_decide.endswith("more days of labels would decide")
    )


def test_what_would_decide_is_told_in_the_units_of_the_data():
    few = verdict("g", "auc", measured(0.7, None, None, blocks=4), Bound(0.6, "min"), "interval", "entity")

    assert few.would_decide == "at least 7 entities are needed, 4 are there"
    assert would_decide(1, "day") == "about 1 more day of labels would decide"
    assert would_decide(1, "entity") == "about 1 more entity would decide"
    assert would_decide(1, "case") == "about 1 more case would decide"
    assert would_decide(12_000, "case") == "about 12,000 more cases would decide"
    assert would_decide(60, "week") == "only more than a year of further labels would decide"
    assert would_decide(None, "day") == "no amount of labels would decide: the value stands on the threshold"


def test_a_gain_over_a_baseline_must_reach_its_bound(component):
    gate = component("gates", "kpi", kpi="savings", against="current_rule", min_gain=0)
    sure = evidence(kpi=valuation(measured(100.0, 50.0, 150.0), measured(58_100.0, 31_000.0, 86_400.0)))
    unsure = evidence(kpi=valuation(measured(100.0, 50.0, 150.0), measured(10.0, -5.0, 25.0)))

    assert gate.wants == {"kpi": "savings", "baselines": "current_rule"}
    assert gate.judge("beats", sure).outcome == "PASS"
    assert gate.judge("beats", sure).reason == "all of 58,100 [31,000, 86,400] meets it"
    assert gate.judge("beats", unsure).outcome == "INCONCLUSIVE"


def test_a_kpi_itself_can_be_bounded(component):
    known = evidence(kpi=valuation(measured(100.0, 50.0, 150.0), measured(1.0, 0.0, 2.0)))

    assert component("gates", "kpi", kpi="savings", min=40.0).judge("g", known).outcome == "PASS"
    assert component("gates", "kpi", kpi="savings", max=40.0).judge("g", known).outcome == "FAIL"
    assert component("gates", "kpi", kpi="savings", max=40.0).wants == {"kpi": "savings"}
    assert component("gates", "kpi", kpi="other", min=40.0).judge("g", known).outcome == "FAIL"


def test_where_nothing_is_served_yet_there_is_nothing_to_beat(component):
    known = evidence(kpi=valuation(measured(100.0, 50.0, 150.0), measured(1.0, 0.0, 2.0)))

    found = component("gates", "kpi", kpi="savings", against="champion", min_gain=0.0).judge("g", known)

    assert found.outcome == "PASS"
    assert "nothing to beat" in found.reason


@pytest.mark.parametrize("by", ["interval", "value"])
def test_an_expired_parameter_makes_its_gates_inconclusive(component, by):
    stale = valuation(replace(measured(100.0, None, None), n=5), measured(50.0, None, None), expired=("review_cost",))

    found = component("gates", "kpi", kpi="savings", min=0.0, by=by).judge("worth", evidence(kpi=stale))

    assert found.outcome == "INCONCLUSIVE"
    assert found.reason == "expired: review_cost (valid until 2025-12-31)"
    assert found.would_decide == "a current value of review_cost from fraud operations would decide"


@pytest.mark.parametrize(
    ("use", "params"),
    [
        ("metric", {"metric": "roc_auc"}),
        ("metric", {"metric": "roc_auc", "min": 0.1, "max": 0.2}),
        ("metric", {"metric": "roc_auc", "min": math.nan}),
        ("metric", {"metric": "roc_auc", "max": math.inf}),
        ("kpi", {"kpi": "savings"}),
        ("kpi", {"kpi": "savings", "min_gain": 0.0}),
        ("kpi", {"kpi": "savings", "against": "current_rule", "min": 0.0}),
        ("kpi", {"kpi": "savings", "min": 0.0, "max": 1.0}),
        ("checks", {"max_quarantined_share": 1.5}),
    ],
)
def test_a_gate_without_one_finite_bound_is_refused(component, use, params):
    with pytest.raises(ValidationError):
        component("gates", use, **params)


def test_the_data_gate_bounds_the_share_that_was_set_aside(component):
    gate = component("gates", "checks", max_quarantined_share=0.1)

    assert gate.judge("data", evidence(rows=9, quarantined=1)).outcome == "PASS"
    assert gate.judge("data", evidence(rows=8, quarantined=2)).outcome == "FAIL"
    assert gate.judge("data", evidence(rows=0)).outcome == "FAIL"
    assert gate.judge("data", evidence(rows=8, quarantined=2)).reason == "the value is 0.2"
