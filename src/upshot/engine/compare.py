"""Two runs beside each other: how their recipes, data, scores and money differ, and whether the difference is more than chance.

A difference is paired where both runs were measured on the same test cases: each resample draws the same blocks for both, which removes
what both share. A metric is scored anew on both runs' predictions by the same draws; a KPI needs its block sums only. Where the cases or the
definitions differ, both values stand there and the reason why they are not subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from upshot.contracts.records import Cases, Direction, Folds, Measured, Predictions, Valuation
from upshot.engine.past import Past
from upshot.recipe.difference import Change, difference
from upshot.stages.evaluate import scorer_of
from upshot.value.intervals import interval_of_score
from upshot.value.money import sign
from upshot.value.scores import SCORE_RESAMPLES
from upshot.value.studentised import MIN_BLOCKS, Interval, Quantity, studentised_intervals
from upshot.value.valuation import CANDIDATE

if TYPE_CHECKING:
    from upshot.contracts.components import Metric

Better = Literal["first", "second"]


@dataclass(frozen=True)
class Pair:
    """One metric or KPI of both runs.

    Attributes:
        name: Its name in the recipes.
        first: What the first run measured; None where it did not, or where the value was cleared away.
        second: The same of the second run.
        difference: Second minus first, paired; None where they cannot be subtracted.
        better: The run that is better by more than chance; None where that is open.
        remark: Why there is no difference, or no interval.
    """

    name: str
    first: Measured | None
    second: Measured | None
    difference: Measured | None = None
    better: Better | None = None
    remark: str | None = None


@dataclass(frozen=True)
class DataChange:
    """How the data differs: version, rows, digest, and each column that is new, gone or of another type."""

    what: str
    first: str | None
    second: str | None


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other; `config` as `upshot show --diff` tells it."""

    first: Past
    second: Past
    config: tuple[Change, ...]
    data: tuple[DataChange, ...]
    metrics: tuple[Pair, ...]
    kpis: tuple[Pair, ...]


def compare(first: Past, second: Past) -> Comparison:
    """Compare two runs by what is kept of them.

    Raises:
        IntegrityError: A kept value is damaged.
    """
    changes = difference(first.recipe, second.recipe)
    return Comparison(first, second, changes, tuple(_data(first, second)), tuple(_metrics(first, second)), tuple(_kpis(first, second)))


def _data(first: Past, second: Past) -> Iterator[DataChange]:
    old, new = first.data, second.data
    if old is None or new is None:
        if old is not new:
            yield DataChange("data", *(None if row is None else f"{row.table} version {row.version}" for row in (old, new)))
        return
    facts: dict[str, tuple[str | None, str | None]] = {
        what: (str(getattr(old, what)), str(getattr(new, what))) for what in ("table", "version", "rows", "digest")
    }
    facts |= {f"column {name}": (old.schema.get(name), new.schema.get(name)) for name in dict.fromkeys([*old.schema, *new.schema])}
    yield from (DataChange(what, *pair) for what, pair in facts.items() if pair[0] != pair[1])


def _metrics(first: Past, second: Past) -> Iterator[Pair]:
    found = [past.value("evaluate") for past in (first, second)]
    measured = [{} if evaluation is None else evaluation.metrics for evaluation in found]
    names = dict.fromkeys([*measured[0], *measured[1]])
    reason, sides = _same_cases(first, second) if names else (None, None)
    for name in names:
        pair = Pair(name, measured[0].get(name), measured[1].get(name))
        if pair.first is None or pair.second is None:
            yield _without(pair, _absent(first, second, pair, "evaluate"))
        elif first.recipe.groups["metrics"][name] != second.recipe.groups["metrics"][name]:
            yield _without(pair, "the metric is defined differently")
        elif sides is None:
            yield _without(pair, str(reason))
        else:
            yield _metric(pair, first, sides)


@dataclass(frozen=True)
class _Sides:
    """The predictions of both runs on the same test cases."""

    cases: Cases
    first: tuple[Predictions, Folds]
    second: tuple[Predictions, Folds]


def _same_cases(first: Past, second: Past) -> tuple[str | None, _Sides | None]:
    """Both predictions with the test cases that they share, or why there are none."""
    cleared = [past.row.id for past in (first, second) if past.value("predict") is None or past.value("split") is None]
    if cleared:
        return f"the predictions of {' and '.join(cleared)} are no longer kept", None
    sides: list[tuple[Predictions, Folds]] = [(past.value("predict"), past.value("split")) for past in (first, second)]
    cases, others = (predicted.tested(folds)[1] for predicted, folds in sides)
    if first.digests["split"] != second.digests["split"] and not _are_same(cases, others):
        return "the test cases differ", None
    return None, _Sides(cases, *sides)


def _are_same(cases: Cases, others: Cases) -> bool:
    """Whether two runs were tested on the same cases in the same order: by key, outcome and block."""
    keys = list(cases.roles.key)
    if not keys or cases.roles.key != others.roles.key or cases.size != others.size or cases.block != others.block:
        return False
    names = ["label", "block"]
    rows = cases.rows.frame[keys].equals(others.rows.frame[keys])
    return rows and cases.labels.frame[names].equals(others.labels.frame[names])


def _metric(pair: Pair, first: Past, sides: _Sides) -> Pair:
    import numpy as np

    assert pair.first is not None and pair.second is not None
    metric: Metric = first.catalogue.make(first.recipe.groups["metrics"][pair.name].spec())
    old, new = scorer_of(metric, *sides.first), scorer_of(metric, *sides.second)
    blocks = sides.cases.labels.frame["block"].to_numpy()

    def gained(weights: np.ndarray) -> float:
        return float(new(weights) - old(weights))

    interval = interval_of_score(gained, blocks, seed=first.row.seed, resamples=SCORE_RESAMPLES)
    method = f"paired 95 % percentile interval, {SCORE_RESAMPLES} resamples of {pair.first.blocks} blocks ({sides.cases.block})"
    return _with(pair, pair.second.value - pair.first.value, interval, method, metric.direction)


def _kpis(first: Past, second: Past) -> Iterator[Pair]:
    found = [past.value("value") for past in (first, second)]
    valued: list[dict[str, Valuation]] = [{} if valuations is None else dict(valuations.by_kpi) for valuations in found]
    for name in dict.fromkeys([*valued[0], *valued[1]]):
        old, new = valued[0].get(name), valued[1].get(name)
        sides = [None if valuation is None else valuation.per_period[CANDIDATE] for valuation in (old, new)]
        pair = Pair(name, sides[0], sides[1])
        if old is None or new is None:
            yield _without(pair, _absent(first, second, pair, "value"))
        else:
            reason = _apart(old, new)
            yield _without(pair, reason) if reason else _kpi(pair, old, new, first.row.seed)


def _apart(old: Valuation, new: Valuation) -> str | None:
    """Why two valuations cannot be subtracted."""
    if old.kpi != new.kpi:
        return "the KPI is defined differently"
    pair = old.per_period[CANDIDATE], new.per_period[CANDIDATE]
    if old.scale != new.scale or pair[0].n != pair[1].n or not old.blocks.frame["block"].equals(new.blocks.frame["block"]):
        return "the test blocks differ"
    return None


def _kpi(pair: Pair, old: Valuation, new: Valuation, seed: int) -> Pair:
    values = [_quantity(valuation) for valuation in (old, new)]
    late = old.expired or new.expired
    blocks = old.blocks.rows
    interval = None if late or blocks < MIN_BLOCKS else studentised_intervals([(values[1], values[0])], seed=seed)[0]
    if interval is not None:
        interval = interval[0] * old.scale, interval[1] * old.scale
    assert pair.first is not None
    method = (
        f"paired {pair.first.method}"
        if interval is not None
        else "no interval: " + (f"expired {', '.join(late)}" if late else f"{blocks} blocks")
    )
    direction: Direction = "maximize" if sign(old.kpi) > 0 else "minimize"
    return _with(pair, (values[1].value - values[0].value) * old.scale, interval, method, direction)


def _quantity(valuation: Valuation) -> Quantity:
    frame = valuation.blocks.frame
    sums = frame[f"sum.{CANDIDATE}"].to_numpy()
    return Quantity.of_sum(sums) if valuation.kpi.per is None else Quantity.of_ratio(sums, frame[f"per.{CANDIDATE}"].to_numpy())


def _with(pair: Pair, value: float, interval: Interval | None, method: str, direction: Direction) -> Pair:
    assert pair.first is not None
    low, high = interval or (None, None)
    measured = Measured(value, low, high, pair.first.n, pair.first.blocks, pair.first.unit, direction, method)
    return Pair(pair.name, pair.first, pair.second, measured, _better(measured), method if interval is None else None)


def _better(difference: Measured) -> Better | None:
    if difference.low is None or difference.high is None or difference.low <= 0 <= difference.high:
        return None
    return "second" if (difference.low > 0) == (difference.direction == "maximize") else "first"


def _without(pair: Pair, reason: str) -> Pair:
    return Pair(pair.name, pair.first, pair.second, remark=reason)


def _absent(first: Past, second: Past, pair: Pair, stage: str) -> str:
    """Why one of the values is not there."""
    lost = [past.row.id for past, value in ((first, pair.first), (second, pair.second)) if value is None and past.is_cleared(stage)]
    return f"the values of {' and '.join(lost)} are no longer kept" if lost else "only one of the runs has it"


__all__ = ["Better", "Comparison", "DataChange", "Pair", "compare"]
