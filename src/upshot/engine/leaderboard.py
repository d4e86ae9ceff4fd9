"""The points of a sweep beside each other: ranked by what they earn or by a metric, each with its interval.

The best of many is chosen on the same test rows that measured it, so its number is too good: its interval is that of one model that nobody
chose. The leaderboard says so, and says how many others cannot be told from the winner by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from upshot.contracts.records import Direction, Evaluation, Measured, ModelVersion, Valuations, Verdicts
from upshot.engine.sweep import Outcome, Point
from upshot.errors import Problem, UsageError, did_you_mean
from upshot.ledger.codec import Codec


@dataclass(frozen=True)
class Measure:
    """What a leaderboard ranks by: a metric, or a KPI's gain over a baseline, or a KPI itself where there is no baseline."""

    name: str
    is_kpi: bool
    against: str | None = None
    period: str | None = None


@dataclass(frozen=True)
class Standing:
    """A point with what was measured; None where it gave nothing."""

    point: Point
    outcome: Outcome
    measured: Measured | None = None
    evaluation: Evaluation | None = None
    verdicts: Verdicts | None = None
    version: ModelVersion | None = None

    @property
    def is_ranked(self) -> bool:
        """Whether it came through its gates with a number."""
        return self.outcome.status == "done" and self.measured is not None and isfinite(self.measured.value)


def measure_of(by: str | None, points: Sequence[Point]) -> Measure:
    """What to rank by: the metric or KPI of this name, or the first point's objective.

    Raises:
        UsageError: No point declares it.
    """
    kpis = {name: node for point in points for name, node in point.recipe.groups["kpi"].items()}
    metrics = {name for point in points for name in point.recipe.groups["metrics"]}
    name = by or points[0].recipe.objective
    if name in kpis:
        against = next(iter(points[0].recipe.groups["baselines"]), None)
        return Measure(name, True, against, kpis[name].params.get("period"))
    if name not in metrics:
        raise UsageError(
            "the leaderboard cannot be made", [Problem("--by", "no such metric or KPI", repr(name), did_you_mean(name, {*kpis, *metrics}))]
        )
    return Measure(name, False)


def standing(point: Point, outcome: Outcome, measure: Measure, codec: Codec) -> Standing:
    """What a point's run gave, read from what is stored."""
    found = {stage: codec.load(outcome.values[stage]) for stage in ("evaluate", "value", "gate", "register") if stage in outcome.values}
    evaluation: Evaluation | None = found.get("evaluate")
    measured = None
    if measure.is_kpi and "value" in found:
        measured = _money(found["value"], measure)
    elif evaluation is not None:
        measured = evaluation.metrics.get(measure.name)
    return Standing(point, outcome, measured, evaluation, found.get("gate"), found.get("register"))


def _money(valuations: Valuations, measure: Measure) -> Measured | None:
    valuation = valuations.by_kpi.get(measure.name)
    if valuation is None:
        return None
    return valuation.gain.get(measure.against) if measure.against else valuation.per_period["candidate"]


def ranked(standings: Sequence[Standing], measure: Measure) -> tuple[Standing, ...]:
    """The best first; then, in the order of the points, those without a number, and those that gates refused or that failed."""
    sign = -1.0 if direction(standings, measure) == "maximize" else 1.0

    def place(entry: Standing) -> tuple[bool, float, int]:
        value = sign * entry.measured.value if entry.is_ranked and entry.measured else 0.0
        return (not entry.is_ranked, value, entry.point.number)

    return tuple(sorted(standings, key=place))


def direction(standings: Sequence[Standing], measure: Measure) -> Direction:
    """A gain is better the larger it is, whatever the KPI; everything else says so itself."""
    if measure.is_kpi and measure.against:
        return "maximize"
    return next((entry.measured.direction for entry in standings if entry.measured is not None), "maximize")


def remarks(standings: Sequence[Standing], repeated: int) -> tuple[str, ...]:
    """What a reader must know before he believes the winner.

    Args:
        standings: Ranked.
        repeated: Points that stood twice in the arguments.
    """
    said = []
    through = [entry for entry in standings if entry.is_ranked and entry.measured is not None]
    if len(through) > 1:
        said.append(_of_the_winner(through))
    rows = {entry.outcome.values.get("split") for entry in through}
    if len(rows) > 1:
        said.append("The points are not measured on the same test rows, because data or split differ: their order says little.")
    kpis = {entry.point.recipe.groups["kpi"] for entry in through}
    if len(kpis) > 1:
        said.append("The points are not valued by the same KPI, because its parameters differ: their order says little.")
    if repeated:
        said.append(f"{repeated} repeated point{'s were' if repeated > 1 else ' was'} left out.")
    return tuple(said)


def _of_the_winner(through: Sequence[Standing]) -> str:
    best = through[0].measured
    assert best is not None
    text = f"The winner was chosen among {len(through)} on the rows that measured it: its interval is not corrected for that; expect less."
    if best.low is None or best.high is None:
        return text
    low, high = best.low, best.high
    inside = sum(low <= entry.measured.value <= high for entry in through[1:] if entry.measured)
    return f"{text} Points within it, beside the winner: {inside} of {len(through) - 1}."
