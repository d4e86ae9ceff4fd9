"""Test units as a report tells of them: when watching began and ended, whether they failed, when a service was asked for, alarm by alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.alarms import Watch, looked_at
from upshot.components.lives import moments
from upshot.components.times import is_clock
from upshot.contracts.records import Cases, Flows, Tested
from upshot.contracts.sections import Column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class TestedLives:
    """All test units, one after the other; a unit that tests in two folds counts in each.

    Attributes:
        cases: Their cases, fold after fold.
        watch: How they were watched.
        names: Name of each unit, shape (units,).
        asked: Ticks at which a service was asked for, -1 where none was, shape (units,).
        flows: The candidate's flows, a row a unit, in the order of the units.
        value: What was predicted for each case, in the order of the cases.
        sign: 1 where more of it is more urgent, -1 where less is.
        step: What lives are counted in: a day on a clock, else what the flows call a step of the counter.
    """

    cases: Cases
    watch: Watch
    names: np.ndarray
    asked: np.ndarray
    flows: pd.DataFrame
    value: np.ndarray
    sign: int
    step: str

    @classmethod
    def of(cls, tested: Tested, asker: str) -> TestedLives:
        """Read them.

        Raises:
            DataError: The cases have no unit, time or remaining life.
        """
        import numpy as np

        frame, cases = tested.predictions.tested(tested.folds)
        value, sign = looked_at(frame.sort_values("case", kind="stable"), level_of(tested), "policy.level")
        watch = Watch.of(cases, asker)
        order = watch.order.order
        service = tested.decisions.tested(tested.folds).sort_values("case", kind="stable")["service"].to_numpy(dtype=bool)[order]
        place = watch.order.first_true(service)
        asked = np.where(place <= watch.order.last, watch.time[np.minimum(place, watch.order.last)], -1)
        names = cases.rows.frame[cases.roles.entities[0]].to_numpy()[order[watch.order.first]]
        played = tested.flows.tables["candidate"].frame
        of_case = played.set_index("case").reindex(order[watch.order.first]).reset_index(drop=True)
        return cls(cases, watch, names, asked, of_case, value, sign, _step(cases, tested.flows))

    @property
    def is_clock(self) -> bool:
        """Whether time is a timestamp."""
        return is_clock(moments(self.cases, "a section"))

    def at(self, ticks: np.ndarray) -> pd.Series:
        """Ticks from the first moment at hand as moments: timestamps, or numbers of the counter."""
        import pandas as pd

        start = moments(self.cases, "a section").min()
        return pd.Series(start + pd.to_timedelta(ticks, unit="us") if self.is_clock else start + ticks)

    def column(self, name: str, title: str) -> Column:
        """A column of moments."""
        return Column(name, title, "date" if self.is_clock else "number")


def level_of(tested: Tested) -> float:
    """Which of predicted quantiles the policy looks at."""
    return float(tested.decisions.policy.params.get("level", 0.5))


def _step(cases: Cases, flows: Flows) -> str:
    if is_clock(moments(cases, "a section")):
        return "day"
    return next((unit for name, unit in flows.units.items() if name == f"wasted_{unit}s"), "step")
