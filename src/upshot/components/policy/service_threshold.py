"""Serve a unit when its prediction passes a threshold: failure is likely enough, or little life is left.

The threshold is chosen by money on validation units, through the same game that is played on the test units: with a spare part that
takes weeks or a crew of one, it moves to where services are asked for earlier.

The worth of a threshold on a few dozen units jumps where one unit fails just before its service, and the best of many candidates is
the one that was luckiest, standing right beside such a cliff. So the worth of a candidate is taken as the weighted mean over its neighbours
(a triangle). Measured on simulated fleets with 20 units to choose on, the cost beyond that of the best threshold falls from 9 to 20 %
without smoothing to about 1 % with 16 neighbours on either side of 200 candidates.

With a `site`, units ride along: when one unit of a site is served, its neighbours of the same period are served too if they pass a second,
looser threshold, because the journey is paid already. Which looser threshold is worth it is chosen in the same way.

Source:
    Opportunistic grouping: Wildeman, Dekker and Smit (1997), A dynamic policy for grouping maintenance activities, European Journal of
    Operational Research 99.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.durations import Duration
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases

NAME = "policy service_threshold"
FURTHER = (0, 8, 16, 32, 48, 64)
"""How many candidates looser the threshold of units that ride along may be; 0 is that none does."""


class ServiceThresholdParams(Params):
    """Service from a predicted risk on, or from a predicted remaining life down."""

    threshold: float | None = Field(
        None,
        allow_inf_nan=False,
        description="Probability or anomaly from which, or remaining life down to which, a unit is served; null chooses it by money on validation data.",
    )
    level: float = Field(0.5, gt=0, lt=1, description="Which of predicted quantiles of the remaining life is looked at.")
    confirm: int = Field(1, ge=1, le=1_000, description="Cases of a unit in a row that must pass; more are slower and surer.")
    candidates: int = Field(200, ge=2, le=10_000, description="Thresholds that are tried, from no service to a service at every case.")
    smoothing: int = Field(16, ge=0, le=1_000, description="Neighbours on either side over which the worth of a candidate is averaged.")
    site: str | None = Field(None, description="Column of the place whose units may ride along with a service; none for no grouping.")
    period: Duration | None = Field(
        None, description="Units of one site that are served within one such period share a visit; goes with site."
    )
    joining: float | None = Field(
        None,
        allow_inf_nan=False,
        description="The looser threshold of units that ride along; null chooses it as the threshold. Goes with site.",
    )

    @model_validator(mode="after")
    def _site_has_a_period(self) -> ServiceThresholdParams:
        if (self.site is None) != (self.period is None):
            raise ValueError("site and period go together; one of them is missing")
        if self.joining is not None and (self.site is None or self.threshold is None):
            raise ValueError("joining needs a site and a threshold")
        return self


class ServiceThreshold:
    """Serves a unit at its first case that passes, and with it those of its site that nearly do.

    Decisions carry a `priority`, the higher the more urgent, for a crew that cannot serve all at once.

    Args:
        params: The thresholds, or how to choose them.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "anomaly", "point", "quantiles")
    gives: DecisionKind = "schedule"
    tunes: bool

    def __init__(self, params: ServiceThresholdParams) -> None:
        self.params = params
        self.looks_at = params.level
        self.tunes = params.threshold is None or (params.site is not None and params.joining is None)

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The thresholds that are worth most, each averaged over its neighbours; of equals the ones that serve least.

        Returns:
            `threshold` and, with a site, `joining`; and the curve `threshold`, `joining`, `services`, `worth`, `smoothed`: one row a
            candidate, fewest services first.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.policy.threshold import candidates

        fleet = _Fleet.of(predictions, outcomes, self.params)
        given = self.params.threshold
        levels = candidates(fleet.urgency[np.isfinite(fleet.urgency)], self.params.candidates)
        tried = np.arange(len(levels)) if given is None else np.array([int(np.argmin(np.abs(levels - fleet.turned(given))))])
        rows = []
        for further in FURTHER if self.params.site is not None else FURTHER[:1]:
            joining = levels[np.minimum(tried + further, len(levels) - 1)]
            plans = [fleet.plan(level, join) for level, join in zip(levels[tried], joining, strict=True)]
            runs = np.array([fleet.runs(plan["service"].to_numpy()) for plan in plans])
            kept = np.flatnonzero(runs) if runs.any() else np.arange(len(plans))
            plans, at, joining = [plans[number] for number in kept], tried[kept], joining[kept]
            worth = np.array([game.worth(plan, outcomes) for plan in plans])
            services = [int(plan["service"].sum()) for plan in plans]
            rows.append(
                pd.DataFrame(
                    {
                        "level": levels[at],
                        "join": joining,
                        "services": services,
                        "worth": worth,
                        "smoothed": smoothed(worth, self.params.smoothing),
                    }
                )
            )
        curve = pd.concat(rows, ignore_index=True)
        best = curve.iloc[int(curve["smoothed"].to_numpy().argmax())]
        curve.insert(0, "threshold", curve.pop("level") * fleet.sign)
        curve.insert(1, "joining", curve.pop("join") * fleet.sign)
        values = {"threshold": fleet.turned(float(best["level"]))}
        if self.params.site is None:
            curve = curve.drop(columns="joining")
        else:
            values["joining"] = fleet.turned(float(best["join"]))
        return Tuned(Map(values), on="validation", curve=Table.of(curve))

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `service`, `priority`; one row a case, service True at most once a unit.

        Raises:
            DataError: No column names the unit, the cases have no time, or the predictions have no such level.
        """
        fleet = _Fleet.of(predictions, cases, self.params)
        threshold = tuned.values["threshold"] if self.tunes else self.params.threshold
        joining = tuned.values["joining"] if self.tunes and self.params.site else self.params.joining
        assert threshold is not None
        return fleet.plan(fleet.turned(threshold), fleet.turned(threshold if joining is None else joining))


@dataclass(frozen=True)
class _Fleet:
    """Cases sorted by unit and time, with how urgent each is; arrays in that order, shape (n,).

    Attributes:
        urgency: How urgent each case has been long enough, in the order of the cases; minus infinity before there are so many.
        priority: How urgent it is, in the order of the cases.
        sign: Urgency of one more of the prediction: 1 for a risk, -1 for a remaining life.
        place: Position of each sorted case.
        first: Where each unit begins.
        last: Where it ends.
        time: Ticks from the first moment at hand.
        unit: Unit of each sorted case, 0, 1, ...
        stop: Site and period in one number, -1 without a site.
        clock: Whether time is a timestamp.
    """

    urgency: np.ndarray
    priority: np.ndarray
    sign: int
    place: np.ndarray
    first: np.ndarray
    last: np.ndarray
    time: np.ndarray
    unit: np.ndarray
    stop: np.ndarray
    clock: bool

    @classmethod
    def of(cls, predictions: pd.DataFrame, cases: Cases, params: ServiceThresholdParams) -> _Fleet:
        import numpy as np

        from upshot.components.alarms import held, looked_at
        from upshot.components.lives import LifeOrder, moments, unit_codes
        from upshot.components.times import is_clock, ticks

        values, sign = looked_at(predictions, params.level, "policy.level")
        at = moments(cases, NAME)
        now = ticks(at)
        now = now - now.min(initial=2**62)
        lives = LifeOrder.of(unit_codes(cases, NAME), now)
        order = lives.order
        unit = np.repeat(np.arange(len(lives.first)), lives.last - lives.first + 1)
        urgency, priority = np.empty(len(order)), values * sign
        urgency[order] = held(priority[order], lives.first, unit, params.confirm)
        stop = np.full(len(order), -1) if params.site is None else _stops(cases, at, now, params)[order]
        return cls(urgency, priority, sign, order, lives.first, lives.last, now[order], unit, stop, is_clock(at))

    def runs(self, service: np.ndarray) -> bool:
        """Whether there is time to count a cost by: on a clock there is none if every unit is served at its first case."""
        return not self.clock or not service[self.place[self.first]].all()

    def turned(self, level: float) -> float:
        """An urgency as a prediction, and the other way round."""
        return level * self.sign

    def plan(self, level: float, joining: float) -> pd.DataFrame:
        """Decision frame: service at each unit's first case at this urgency, or at the looser one beside a neighbour's service.

        Args:
            level: Urgency from which a unit is served.
            joining: Urgency from which it rides along; not above `level`.
        """
        import numpy as np
        import pandas as pd

        sorted_urgency = self.urgency[self.place]
        true_at = np.append(np.flatnonzero(sorted_urgency >= level), len(sorted_urgency))
        served = true_at[np.searchsorted(true_at, self.first)]
        served = np.where(served <= self.last, served, -1)
        if joining < level and (self.stop >= 0).any():
            served = self._with_neighbours(served, sorted_urgency >= joining)
        service = np.zeros(len(sorted_urgency), dtype=bool)
        service[self.place[served[served >= 0]]] = True
        return pd.DataFrame({"case": np.arange(len(service)), "service": service, "priority": self.priority})

    def _with_neighbours(self, served: np.ndarray, near: np.ndarray) -> np.ndarray:
        """The sorted case at which each unit is served when units that are near ride along, -1 for never; shape (units,)."""
        import numpy as np

        served = served.copy()
        close = np.flatnonzero(near)
        close = close[np.argsort(self.stop[close], kind="stable")]
        stops = self.stop[close]
        asking = np.flatnonzero(served >= 0)
        asking = asking[np.argsort(self.time[served[asking]], kind="stable")]
        joined = np.zeros(len(served), dtype=bool)
        for unit in asking:
            if joined[unit]:
                continue
            at = served[unit]
            beside = close[np.searchsorted(stops, self.stop[at]) : np.searchsorted(stops, self.stop[at], side="right")]
            beside = beside[self.time[beside] >= self.time[at]]
            beside = beside[(served[self.unit[beside]] < 0) | (served[self.unit[beside]] > beside)]
            beside = beside[~joined[self.unit[beside]]]
            others, first = np.unique(self.unit[beside], return_index=True)
            served[others], joined[others] = beside[first], True
        return served


def smoothed(worth: np.ndarray, neighbours: int) -> np.ndarray:
    """Each value as the weighted mean over its neighbours, by a triangle; the ends are carried on.

    Args:
        worth: Of candidates in order, shape (n,).
        neighbours: How many count on either side.

    Example:
        >>> import numpy as np
        >>> smoothed(np.array([0.0, 4.0, 0.0, 0.0]), 1).tolist()
        [1.0, 2.0, 1.0, 0.0]
    """
    import numpy as np

    triangle = np.bartlett(2 * neighbours + 3)[1:-1]
    means: np.ndarray = np.convolve(np.pad(worth, neighbours, mode="edge"), triangle / triangle.sum(), mode="valid")
    return means


def _stops(cases: Cases, at: pd.Series, now: np.ndarray, params: ServiceThresholdParams) -> np.ndarray:
    import numpy as np
    import pandas as pd

    from upshot.components.faults import column_of
    from upshot.components.times import is_clock, span_ticks

    assert params.site is not None and params.period is not None
    site = pd.factorize(column_of(cases.rows.frame, params.site, "policy.site"))[0].astype(np.int64)
    period = now // span_ticks(params.period, is_clock(at), "policy.period")
    stops: np.ndarray = site * (int(period.max(initial=0)) + 1) + period
    return stops
