"""Services that wait for a part and a crew. A unit is named by the cycle at which it fails; it runs a cycle a case, from cycle 1."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.contracts.records import Roles

UNITS = Roles(time="cycle", entities=("unit",))


@pytest.fixture
def fleet(cases_of):
    """`fleet([9, 6], site=["n", "s"])`: cases of units that fail at these cycles; a negative one was watched so long and did not."""

    def make(ends, site=None):
        lives = [abs(end) for end in ends]
        unit = np.repeat(np.arange(len(ends)), lives)
        cycle = np.concatenate([np.arange(1, life + 1) for life in lives])
        rows = {"unit": unit} | ({} if site is None else {"site": np.repeat(site, lives)})
        facts = {"remaining": np.repeat(lives, lives) - cycle, "fails": np.repeat(np.array(ends) > 0, lives)}
        return cases_of(rows, roles=UNITS, as_of=cycle, label=np.zeros(len(unit)), **facts)

    return make


def asked(outcomes, at, priority=None):
    """Decisions that ask for the service of each unit at this cycle; 0 never asks."""
    unit, cycle = outcomes.rows.frame["unit"].to_numpy(), outcomes.labels.frame["as_of"].to_numpy()
    decisions = pd.DataFrame({"case": range(len(unit)), "service": cycle == np.asarray(at)[unit]})
    return decisions if priority is None else decisions.assign(priority=np.asarray(priority)[unit])


def test_a_service_waits_for_its_spare_part_and_a_unit_that_fails_before_is_down_until_it_comes(component, fleet):
    # A part takes 3 cycles. Asked at 4: the unit of 9 is served at 7, 2 wasted; that of 6 fails first and waits 1 more cycle.
    # The unit of 5 never asked: its part is ordered when it fails, and it is down for 3. That of 8 was asked for at 5, and 8 is too late.
    outcomes = fleet([9, 6, 5, 8])

    flows = component("rollout", "unit_life", part_lead_time="3 steps").play(asked(outcomes, [4, 4, 0, 5]), outcomes, outcomes)

    assert flows["services"].tolist() == [1, 0, 0, 0]
    assert flows["cycles"].tolist() == [7, 6, 5, 8]
    assert flows["wasted_cycles"].tolist() == [2, 0, 0, 0]
    assert flows["down_cycles"].tolist() == [0, 1, 3, 0]


def test_a_crew_of_one_serves_the_most_urgent_first_and_the_others_wait_or_fail(component, fleet):
    # Periods of 2 cycles: 1-2, 3-4, 5-6, 7-8. All three ask at 3. The urgent one is served at 3, the next at 5; the third would be at 7 and fails at 6.
    outcomes = fleet([9, 9, 6])

    flows = component("rollout", "unit_life", crew=1, period="2 steps").play(
        asked(outcomes, [3, 3, 3], priority=[0.2, 0.9, 0.1]), outcomes, outcomes
    )

    assert flows["cycles"].tolist() == [5, 3, 6]
    assert flows["services"].tolist() == [1, 1, 0]
    assert flows["breakdowns"].tolist() == [0, 0, 1]


def test_breakdowns_take_the_crew_that_services_wait_for(component, fleet):
    # The unit of 4 breaks down in period 3-4, in which the crew repairs it; the service asked for at 3 is done from 5 on.
    outcomes = fleet([4, 9])
    decisions = asked(outcomes, [0, 3])

    alone = component("rollout", "unit_life", crew=1, period="2 steps").play(decisions, outcomes, outcomes)
    shared = component("rollout", "unit_life", crew=1, period="2 steps", repairs_take_crew=True).play(decisions, outcomes, outcomes)

    assert alone["cycles"].tolist() == [4, 3]
    assert shared["cycles"].tolist() == [4, 5]


def test_services_at_one_site_in_one_period_share_a_visit(component, fleet):
    outcomes = fleet([9, 9, 9, 9, 9], site=["n", "n", "s", "n", "s"])

    flows = component("rollout", "unit_life", site="site", period="2 steps").play(asked(outcomes, [3, 4, 4, 5, 0]), outcomes, outcomes)

    assert flows["visits"].tolist() == [0.5, 0.5, 1.0, 1.0, 0.0]


def test_a_unit_that_was_not_seen_to_fail_is_served_until_its_last_moment_and_never_breaks_down(component, fleet):
    outcomes = fleet([-6, -6, -6])

    flows = component("rollout", "unit_life", part_lead_time="2 steps").play(asked(outcomes, [4, 5, 0]), outcomes, outcomes)

    assert flows["services"].tolist() == [1, 0, 0]
    assert flows["breakdowns"].tolist() == [0, 0, 0]
    assert flows["down_cycles"].tolist() == [0, 0, 0]


def test_a_unit_that_was_cut_off_long_before_its_failure_is_watched_to_its_last_case_and_its_waste_is_known_all_the_same(
    component, cases_of
):
    # Both fail at 20; the first is watched until 5, the second until 19. Served at 4, the first wastes 16; left alone, only the second breaks down.
    unit, cycle = np.repeat([0, 1], [5, 19]), np.concatenate([np.arange(1, 6), np.arange(1, 20)])
    facts = {"remaining": 20.0 - cycle, "fails": [True] * 24}
    outcomes = cases_of({"unit": unit}, roles=UNITS, as_of=cycle, label=np.zeros(24), **facts)
    rollout = component("rollout", "unit_life")

    served = rollout.play(asked(outcomes, [4, 0]), outcomes, outcomes)
    left_alone = rollout.play(asked(outcomes, [0, 0]), outcomes, outcomes)

    assert (served["wasted_cycles"].tolist(), served["cycles"].tolist()) == ([16, 0], [4, 20])
    assert (left_alone["breakdowns"].tolist(), left_alone["cycles"].tolist()) == ([0, 1], [5, 20])
    assert rollout.cautions(outcomes, pd.DataFrame()) == (
        "1 of 2 test units were not seen to fail; of these services count as cost, and not what they spared",
    )


def test_a_fleet_that_was_seen_to_fail_needs_no_caution(component, fleet):
    assert component("rollout", "unit_life").cautions(fleet([5, 6]), pd.DataFrame()) == ()


@pytest.mark.parametrize("repairs", [False, True])
def test_a_crew_of_many_units_equals_a_loop_over_periods(component, fleet, repairs):
    random = np.random.default_rng(3)
    ends = random.integers(2, 40, 60) * random.choice([1, 1, 1, -1], 60)
    at, priority = random.integers(0, 30, 60), random.random(60)
    outcomes = fleet(ends.tolist())

    flows = component("rollout", "unit_life", crew=2, period="3 steps", part_lead_time="2 steps", repairs_take_crew=repairs).play(
        asked(outcomes, at, priority), outcomes, outcomes
    )

    served = loop(ends, at, priority, size=2, period=3, lead=2, repairs=repairs)
    assert flows["services"].tolist() == [float(cycle is not None) for cycle in served]
    assert flows["cycles"].tolist() == [abs(end) if cycle is None else cycle for end, cycle in zip(ends, served, strict=True)]


def loop(ends, at, priority, *, size, period, lead, repairs):
    """The cycle at which each unit is served, None for never: everything said again, unit by unit and period by period."""
    served: list[int | None] = [None] * len(ends)
    backlog = 0
    for now in range(60):
        begin = 1 + now * period
        waiting = []
        for unit, end in enumerate(ends):
            if served[unit] is None and 0 < at[unit] <= abs(end) - (end > 0):
                ready = at[unit] + lead
                start = max(ready, begin)
                if (ready - 1) // period <= now and start <= abs(end) - (end > 0):
                    waiting.append((-priority[unit], ready, unit, start))
        in_wait = {unit for _, _, unit, _ in waiting}
        broken = [unit for unit, end in enumerate(ends) if end > 0 and (end - 1) // period == now and served[unit] is None]
        work = backlog + sum(unit not in in_wait for unit in broken) if repairs else 0
        hands, backlog = max(0, size - work), max(0, work - size)
        for _, _, unit, start in sorted(waiting)[:hands]:
            served[unit] = start
        if repairs:
            backlog += sum(unit in in_wait and served[unit] is None for unit in broken)
    return served


def test_a_crew_or_a_site_without_a_period_is_refused(component):
    with pytest.raises(ValidationError, match="crew and site need a period, such as period: 7 days"):
        component("rollout", "unit_life", crew=1, site="site")
    with pytest.raises(ValidationError, match="repairs_take_crew needs a crew"):
        component("rollout", "unit_life", repairs_take_crew=True)
