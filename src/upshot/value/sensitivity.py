"""How far a KPI's gain moves when an assumption does, and at which value of it the gain is gone.

Decisions stay as they were: what is said is what the decisions that were measured would have been worth. A policy that had been tuned under
another price might have decided otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from upshot.contracts.records import Flows, Kpi
from upshot.contracts.tables import Map
from upshot.value.money import sign, total
from upshot.value.valuation import CANDIDATE

LINEAR = 1e-6
"""Part of the gain, or of the range, by which a value may miss the point where nothing is gained."""


@dataclass(frozen=True)
class Swing:
    """One money parameter.

    Attributes:
        parameter: Its name.
        at_low: Gain at its low end, per period; positive is better.
        at_high: Gain at its high end.
        breaks_at: Its value at which the gain is nothing; None where there is none, or none that can be told.
        is_within: Whether that value lies between low and high.
    """

    parameter: str
    at_low: float
    at_high: float
    breaks_at: float | None
    is_within: bool

    @property
    def width(self) -> float:
        """How far the gain moves."""
        return abs(self.at_high - self.at_low)


def with_values(kpi: Kpi, values: Mapping[str, float]) -> Kpi:
    """The KPI under other values of its parameters.

    Raises:
        KeyError: It has no such parameter.

    Example:
        >>> from upshot.contracts.records import Money
        >>> kpi = Kpi("saved", "won - n * cost", "EUR", "maximize", "risk_mitigation", Map({"cost": Money(2.0, "EUR/case")}))
        >>> with_values(kpi, {"cost": 3.0}).parameters["cost"].value
        3.0
    """
    changed = {name: replace(kpi.parameters[name], value=value) for name, value in values.items()}
    return replace(kpi, parameters=Map({**kpi.parameters, **changed}))


def gain_under(kpi: Kpi, flows: Flows, against: str | None, values: Mapping[str, float], scale: float) -> float:
    """What the candidate gains over a baseline under other values of parameters, per period; its own worth without a baseline."""
    other = with_values(kpi, values)
    worth = total(other, flows.tables[CANDIDATE].frame)
    below = 0.0 if against is None else total(other, flows.tables[against].frame)
    return (worth - below) * sign(kpi) * scale


def swings(kpi: Kpi, flows: Flows, against: str | None, scale: float) -> tuple[Swing, ...]:
    """Every parameter that has a range, the one that moves the gain most first.

    Args:
        kpi: The KPI.
        flows: What happened on the test rows.
        against: The baseline that is gained over; None for the KPI itself.
        scale: Factor from the test rows to the KPI's period, as its valuation has it.

    Raises:
        DataError: The KPI has no value at the end of a range.
    """
    found = []
    for name, money in kpi.parameters.items():
        if money.low is None and money.high is None:
            continue
        low, high = (money.value if end is None else end for end in (money.low, money.high))
        at_low, at_high = (gain_under(kpi, flows, against, {name: end}, scale) for end in (low, high))
        breaks_at = _nought(kpi, flows, against, name, (low, at_low), (high, at_high), scale)
        found.append(Swing(name, at_low, at_high, breaks_at, breaks_at is not None and low <= breaks_at <= high))
    return tuple(sorted(found, key=lambda swing: -swing.width))


Place = tuple[float, float]


def _nought(kpi: Kpi, flows: Flows, against: str | None, name: str, low: Place, high: Place, scale: float) -> float | None:
    """Where the gain is nothing: along the line through both ends, or, where it is no line, between two ends of opposite sign."""
    (x0, y0), (x1, y1) = low, high
    if y0 == y1 or x0 == x1:
        return None

    def gained(value: float) -> float:
        return gain_under(kpi, flows, against, {name: value}, scale)

    at = x0 - y0 * (x1 - x0) / (y1 - y0)
    if at < 0 <= x0:  # a price below nothing breaks nobody's case
        return None
    if abs(gained(at)) <= LINEAR * max(abs(y0), abs(y1)):
        return at
    if (y0 > 0) == (y1 > 0):
        return None
    from scipy.optimize import brentq

    return float(brentq(gained, x0, x1, xtol=LINEAR * (x1 - x0)))


__all__ = ["Swing", "gain_under", "swings", "with_values"]
