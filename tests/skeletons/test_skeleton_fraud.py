"""Fraud: 20 days of 10 payments. On day d payment i has risk (7i + 3d) mod 10, so that each risk occurs once a day.

The one of risk 9 is a fraud, the one of risk 8 is where d is a multiple of 3, the one of risk 3 where d is a multiple of 4. The score grows
with risk, so the two highest of a day are those of risk 9 and 8. Test days are 11 to 19.
"""

from __future__ import annotations

import pytest

DAYS = range(11, 20)


def risk(day: int, i: int) -> int:
    return (7 * i + 3 * day) % 10


def amount(day: int, i: int) -> float:
    return 10.0 + 5 * i + day


def is_fraud(day: int, i: int) -> bool:
    return risk(day, i) == 9 or (risk(day, i) == 8 and day % 3 == 0) or (risk(day, i) == 3 and day % 4 == 0)


def payments() -> str:
    rows = ["payment_id,at,risk,amount,fraud"]
    for day in range(20):
        rows += [
            f"{10 * day + i},2026-01-{day + 1:02d} {8 + i:02d}:30:00,{risk(day, i)},{amount(day, i)},{int(is_fraud(day, i))}"
            for i in range(10)
        ]
    return "\n".join(rows) + "\n"


def test_reviewing_two_payments_a_day_earns_what_is_counted_by_hand(run_skeleton):
    # Risk 9 stands on payment i = (7 + d) mod 10, of 10 + 5i + d EUR: 61, 67, 23, 29, 35, 41, 47, 53, 59 on days 11 to 19: 415.
    # Risk 8 stands on i = (4 + d) mod 10 and is a fraud on days 12, 15, 18: 52 + 70 + 38 = 160.
    # A review finds 0.8 of 575: 460. 18 reviews cost 90. So 370 in 9 days.
    outcome = run_skeleton("fraud_top_k", {"data/payments.csv": payments()})

    value = outcome["value"]["savings"]
    assert value["total"]["candidate"]["value"] == pytest.approx(370.0)
    assert value["per_period"]["candidate"]["value"] == pytest.approx(370.0 / 9)
    assert value["gain"]["do_nothing"]["value"] == pytest.approx(370.0 / 9)
    assert value["terms"]["blocked_fraud"] == pytest.approx(460.0 / 9)


def test_the_rule_of_today_earns_what_a_loop_over_payments_says(run_skeleton):
    rule = 0.0
    for day in DAYS:
        for i in range(10):
            if amount(day, i) > 50:
                rule += amount(day, i) if is_fraud(day, i) else -2.0

    outcome = run_skeleton("fraud_top_k", {"data/payments.csv": payments()})

    value = outcome["value"]["savings"]
    assert value["total"]["current_rule"]["value"] == pytest.approx(rule)
    assert value["total"]["do_nothing"]["value"] == 0.0
    assert value["gain"]["current_rule"]["value"] == pytest.approx((370.0 - rule) / 9)


def test_a_gate_passes_and_a_version_is_registered(run_skeleton):
    outcome = run_skeleton("fraud_top_k", {"data/payments.csv": payments()})

    assert [(gate["gate"], gate["outcome"]) for gate in outcome["gates"]] == [("worth_it", "PASS")]
    assert (outcome["version"]["name"], outcome["version"]["number"]) == ("fraud_top_k", 1)


def test_a_wider_capacity_and_a_money_parameter_change_the_value(run_skeleton):
    # With all ten payments of a day reviewed every fraud is under review: risk 3 adds day 12 (i = (9 + d) mod 10 = 1: 27 EUR) and
    # day 16 (i = 5: 51 EUR). 0.8 * (575 + 78) = 522.4; 90 reviews at 1 EUR cost 90.
    outcome = run_skeleton("fraud_top_k", {"data/payments.csv": payments()}, "policy.k=10", "kpi.savings.parameters.review_cost.value=1.0")

    assert outcome["value"]["savings"]["total"]["candidate"]["value"] == pytest.approx(522.4 - 90.0)
