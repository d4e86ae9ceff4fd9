"""Units: each runs one cycle a row until it fails at its last; the number in its name is its life. t12 was still running (censored).

A service costs 20, a breakdown 100, and each cycle that a served unit could still have run costs 1. A service at the failing cycle is too late.
"""

from __future__ import annotations

import pytest

TRAIN = ["r07", "r09", "r08", "r10", "r06", "r11"]
VALIDATION = ["v06", "v08", "v09", "v10", "v12"]
TEST = ["t05", "t07", "t08", "t09", "t10", "t11", "t12"]


def life(unit: str) -> int:
    return int(unit[1:])


def cycles() -> str:
    rows = [f"{unit},{cycle},{str(unit == 't12').lower()}" for unit in [*TRAIN, *VALIDATION, *TEST] for cycle in range(1, life(unit) + 1)]
    return "\n".join(["unit_id,cycle,running", *rows]) + "\n"


def cost_per_cycle(units: list[str], age: int) -> float:
    money = ran = 0
    for unit in units:
        if life(unit) > age or (unit == "t12" and life(unit) == age):
            money += 20 + life(unit) - age
            ran += age
        else:
            money += 0 if unit == "t12" else 100
            ran += life(unit)
    return money / ran


def test_units_served_at_the_best_validation_age_cost_what_is_counted_by_hand(run_skeleton):
    # Validation, lives 6 8 9 10 12. Age 5: five services, 1 + 3 + 4 + 5 + 7 wasted, 25 cycles run: 120 / 25 = 4.80, the best of all.
    # (Age 4: 125 / 20 = 6.25. Age 6: v06 breaks down, 195 / 30 = 6.50. Age 7: 191 / 34 = 5.62. Never: 500 / 45 = 11.11.)
    # Test at 5: t05 breaks down (100), six services (120), 2 + 3 + 4 + 5 + 6 + 7 wasted (27), 35 cycles run: 247 / 35.
    # Run to failure: six breakdowns, t12 none, 62 cycles run: 600 / 62.
    assert min(range(1, 13), key=lambda age: cost_per_cycle(VALIDATION, age)) == 5

    outcome = run_skeleton("service_age", {"data/cycles.csv": cycles()})

    value = outcome["value"]["cost_per_cycle"]
    assert value["per_period"]["candidate"]["value"] == pytest.approx(247 / 35)
    assert value["per_period"]["run_to_failure"]["value"] == pytest.approx(600 / 62)
    assert value["gain"]["run_to_failure"]["value"] == pytest.approx(600 / 62 - 247 / 35)
    assert [(gate["outcome"], gate["threshold"]) for gate in outcome["gates"]] == [("PASS", 2)]


@pytest.mark.parametrize("age", [3, 8, 12])
def test_units_served_at_a_given_age_cost_what_a_loop_over_units_says(run_skeleton, age):
    outcome = run_skeleton("service_age", {"data/cycles.csv": cycles()}, f"policy.age={age}", "gates.cheaper.min_gain=-100")

    value = outcome["value"]["cost_per_cycle"]
    assert value["per_period"]["candidate"]["value"] == pytest.approx(cost_per_cycle(TEST, age))
