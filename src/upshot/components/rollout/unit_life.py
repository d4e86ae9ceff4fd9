"""A unit runs until it is taken out for service or breaks down.

Each unit is played over the cases at hand: it begins at its first case and ends when it is served, when it breaks down, or, where it
never failed, when watching ends. A service is asked for at the first case whose decision says so, and done when the spare part is there
and the crew has a free hand; a unit that fails before is a breakdown all the same. What comes after the end is another life and not
counted, so KPIs are ratios: cost per cycle that was run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.durations import Duration
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lives import LifeOrder
    from upshot.components.rollout._crew import Crew
    from upshot.contracts.records import Cases

NAME = "rollout unit_life"


class UnitLifeParams(Params):
    """How lives are counted, and what a service waits for."""

    unit: str = Field(
        "cycle",
        pattern=r"^[a-z][a-z0-9]*$",
        description="What lives are counted in, and the flows named by: a step of the counter; day or hour where the time is a timestamp.",
    )
    part_lead_time: Duration | None = Field(
        None, description="Time from the decision until the spare part is there ('5 steps', '14 days')."
    )
    crew: int | None = Field(None, ge=1, description="Services that can be done in a period, over all units; none for no limit.")
    period: Duration | None = Field(
        None, description="Length of a period of the crew, counted from the first case; services of one period share a visit to their site."
    )
    repairs_take_crew: bool = Field(False, description="Whether breakdowns take hands of the crew too, before any service.")
    site: str | None = Field(
        None, description="Column of the place; services at one place in one period count as one visit. None: each is one."
    )

    @model_validator(mode="after")
    def _has_a_period(self) -> UnitLifeParams:
        needs = [name for name, given in (("crew", self.crew), ("site", self.site)) if given is not None]
        if needs and self.period is None:
            raise ValueError(f"{' and '.join(needs)} need a period, such as period: 7 days, or 7 steps on a counter")
        if self.repairs_take_crew and self.crew is None:
            raise ValueError("repairs_take_crew needs a crew")
        return self


class UnitLife:
    """Flows of one unit; by `unit: cycle` they are breakdowns, services, visits, cycles, wasted_cycles and down_cycles.

    Wasted is what a served unit could still have run; of one that was never seen to fail, the least that it could have. Down is the time
    that a broken unit waits for its spare part. The time that a unit runs counts from its first case to its end; on a counter both
    are counted, because a case stands for a cycle that was run.

    Args:
        params: What a service waits for.
    """

    spec: Spec
    accepts: DecisionKind = "schedule"
    columns: Mapping[str, str]

    def __init__(self, params: UnitLifeParams) -> None:
        self.params = params
        self._last: tuple[Cases, _Lives] | None = None
        unit = params.unit
        times = {f"{unit}s": unit, f"wasted_{unit}s": unit, f"down_{unit}s": unit}
        self.columns = {"units": "unit", "breakdowns": "breakdown", "services": "service", "visits": "visit", **times}

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a unit (first entity role); `case` is its first case.

        Args:
            decisions: `case`, `service` (bool), and perhaps `priority`: higher is served first where the crew is short.
            outcomes: Cases labelled by a rule on lives, or whose label is the remaining life.
            history: Not looked at.

        Raises:
            DataError: The time does not fit `unit`, or a remaining life is negative or not finite.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.rollout._outcomes import in_order

        decisions, lives = in_order(decisions, outcomes.size), self._lives(outcomes)
        lead = lives.span(self.params.part_lead_time, "rollout.part_lead_time")
        asked, priority = lives.asked(decisions)
        ready = np.where(asked < NEVER_ASKED, asked + lead, NEVER_ASKED)
        crew = self._crew(lives)
        served = crew.serve(ready, lives.until, lives.fails, priority)
        is_served = served < NEVER_ASKED
        breaks = ~is_served & lives.fails
        ran = np.where(is_served, served, lives.until) - lives.begin
        down = np.where(breaks, np.clip(ready - lives.until, 0, lead), 0)
        unit = self.params.unit
        return pd.DataFrame(
            {
                "case": lives.case,
                "units": 1.0,
                "breakdowns": breaks.astype(np.float64),
                "services": is_served.astype(np.float64),
                "visits": self._visits(served, lives, outcomes, crew.period),
                f"{unit}s": ran / lives.scale + (not lives.clock),
                f"wasted_{unit}s": np.where(is_served, lives.end - served, 0) / lives.scale,
                f"down_{unit}s": down / lives.scale,
            }
        ).sort_values("case", ignore_index=True)

    def cautions(self, outcomes: Cases, decisions: pd.DataFrame) -> tuple[str, ...]:
        """How many units were not watched until they failed: what a service spared them is not counted, only what it cost."""
        from upshot.components.alarms import Watch

        watch = Watch.of(outcomes, NAME)
        running, units = int((~watch.fails).sum()), len(watch.fails)
        if running == 0:
            return ()
        return (f"{running:,} of {units:,} test units were not seen to fail; of these services count as cost, and not what they spared",)

    def _lives(self, outcomes: Cases) -> _Lives:
        """What a policy that plays hundreds of candidates on the same outcomes needs only once."""
        if self._last is None or self._last[0] is not outcomes:
            self._last = (outcomes, _Lives.of(outcomes, self.params))
        return self._last[1]

    def _crew(self, lives: _Lives) -> Crew:
        from upshot.components.rollout._crew import Crew

        period = lives.span(self.params.period, "rollout.period")
        return Crew(self.params.crew, max(period, 1), self.params.repairs_take_crew)

    def _visits(self, served: np.ndarray, lives: _Lives, outcomes: Cases, period: int) -> np.ndarray:
        """The share of a visit that each unit's service takes: services at one site in one period are one visit together."""
        import numpy as np
        import pandas as pd

        from upshot.components.faults import column_of

        is_served = served < NEVER_ASKED
        if self.params.site is None:
            return is_served.astype(np.float64)
        site = pd.factorize(column_of(outcomes.rows.frame, self.params.site, "rollout.site"))[0][lives.case]
        together = pd.DataFrame({"site": site, "period": np.where(is_served, served // period, -1)})
        shares: np.ndarray = is_served / together.groupby(["site", "period"])["site"].transform("size").to_numpy()
        return shares


NEVER_ASKED = 2**62


@dataclass(frozen=True)
class _Lives:
    """What of the outcomes is the same whatever is decided; one entry a unit, times in ticks from the first moment at hand.

    Attributes:
        order: The cases by unit and time.
        time: Time of each case in that order.
        in_time: Where a service may still be asked for, in that order.
        case: Position of each unit's first case.
        begin: Time of its first case.
        until: When it fails, or is no longer watched.
        fails: Whether it fails then.
        end: When it would have failed, as far as anybody knows.
        scale: Ticks in one unit of the flows.
        clock: Whether the time is a timestamp.
    """

    order: LifeOrder
    time: np.ndarray
    in_time: np.ndarray
    case: np.ndarray
    begin: np.ndarray
    until: np.ndarray
    fails: np.ndarray
    end: np.ndarray
    scale: int
    clock: bool

    @classmethod
    def of(cls, outcomes: Cases, params: UnitLifeParams) -> _Lives:
        import numpy as np

        from upshot.components.lives import LifeOrder, fails, moments, remaining, unit_codes
        from upshot.components.times import DAY, is_clock, ticks

        at = moments(outcomes, NAME)
        clock, scale = is_clock(at), _scale(at, params.unit, outcomes)
        now = ticks(at)
        now = now - now.min(initial=NEVER_ASKED)
        lives = LifeOrder.of(unit_codes(outcomes, NAME), now)
        order, last = lives.order, lives.last
        left = np.rint(remaining(outcomes, NAME)[order] * (DAY if clock else 1)).astype(np.int64)
        failing, time = fails(outcomes)[order], now[order]
        until, dies = lives.watched(time, left[last], failing[last])
        in_time = ~(failing & (left <= 0))
        return cls(lives, time, in_time, order[lives.first], time[lives.first], until, dies, time[last] + left[last], scale, clock)

    def asked(self, decisions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """When each unit's service is asked for, `NEVER_ASKED` without, and its priority, higher is first."""
        import numpy as np

        order, last = self.order.order, self.order.last
        place = self.order.first_true(decisions["service"].to_numpy(dtype=bool)[order] & self.in_time)
        is_asked = place <= last
        place = np.where(is_asked, place, last)
        priority = decisions["priority"].to_numpy(dtype=np.float64)[order[place]] if "priority" in decisions else np.zeros(len(last))
        return np.where(is_asked, self.time[place], NEVER_ASKED), priority

    def span(self, length: str | None, where: str) -> int:
        """Ticks of a length; 0 for none."""
        from upshot.components.times import span_ticks

        return 0 if length is None else span_ticks(length, self.clock, where)


def _scale(at: pd.Series, unit: str, outcomes: Cases) -> int:
    """Ticks in one unit of the flows.

    Raises:
        DataError: The time is a timestamp, and the unit neither day nor hour; or the other way round.
    """
    from upshot.components.times import DAY, is_clock

    if not is_clock(at):
        return 1
    scales = {"day": DAY, "hour": DAY // 24}
    if unit not in scales:
        rule = f"{NAME} counts {unit}s, and timestamps are counted in days or hours"
        hint = "set rollout.unit to day or hour, or take a counter as time"
        raise DataError("the lives cannot be counted", [Problem(outcomes.roles.time or "data.roles.time", rule, str(at.dtype), hint)])
    return scales[unit]
