"""What is measured in a part of the test cases: the recipe's metrics, and the objective KPI of candidate and baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.contracts.components import Bench
from upshot.contracts.params import Params
from upshot.contracts.records import Entry, Measured
from upshot.contracts.tables import Map
from upshot.value.parts import GAIN, PER_CASE, VALUE, CaseMoney
from upshot.value.scores import Score, measured_scores
from upshot.value.valuation import CANDIDATE

if TYPE_CHECKING:
    import numpy as np


class MeasuredParams(Params):
    """What is measured in each part."""

    metrics: Annotated[tuple[str, ...], Field(strict=False)] | None = Field(
        None, description="Metrics of the recipe that are measured in each part; all of them when left out, [] for none."
    )
    money: bool = Field(True, description="Whether the objective KPI, and its gain over each baseline, is measured in each part.")
    min_cases: int = Field(30, ge=1, description="Parts with fewer cases are counted and not measured.")

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """What must be declared."""
        return {"metrics": self.metrics or ()}

    def names(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Names of what is measured, by the recipe's metrics and baselines."""
        metrics = declared["metrics"] if self.metrics is None else self.metrics
        money = (VALUE, PER_CASE, *(f"{GAIN}{name}" for name in declared["baselines"])) if self.money else ()
        return (*metrics, *money)


@dataclass(frozen=True)
class Measures:
    """Measures parts of the test cases; `within` tells which of them count at all, shape (cases,), all when None."""

    bench: Bench
    params: MeasuredParams
    within: np.ndarray | None = None

    def entry(self, name: str, part: np.ndarray) -> Entry:
        """A part, a bool array of shape (cases,), with its numbers."""
        count = int(part.sum())
        if count < self.params.min_cases:
            return Entry(name, count, Map(), f"fewer than {self.params.min_cases} cases")
        return Entry(name, count, Map({**self._scores(part), **self._money(part)}))

    def all(self) -> Entry:
        """What the parts stand against: all test cases, whose scores are those of the evaluation, or those that count."""
        import numpy as np

        if self.within is not None:
            return self.entry("all that was measured on", self.within)
        known = self.bench.tested.evaluation.metrics
        every = np.ones(self.bench.cases.size, dtype=bool)
        return Entry("all test cases", len(every), Map({**{name: known[name] for name in self._metrics}, **self._money(every)}))

    @property
    def _metrics(self) -> tuple[str, ...]:
        return tuple(self.bench.metrics) if self.params.metrics is None else self.params.metrics

    def _scores(self, part: np.ndarray) -> dict[str, Measured]:
        chosen = [(name, self.bench.metrics[name]) for name in self._metrics]
        scores = {name: Score(self.bench.scorer(metric, part), metric.unit, metric.direction) for name, metric in chosen}
        return measured_scores(scores, self.bench.cases.take(part.nonzero()[0]), seed=self.bench.tested.seed) if scores else {}

    def _money(self, part: np.ndarray) -> dict[str, Measured]:
        if not self.params.money:
            return {}
        money = self.case_money
        one = money.value(CANDIDATE, part) if money.per else money.per_case(CANDIDATE, part)
        gains = {f"{GAIN}{name}": money.gain(CANDIDATE, name, part) for name in money.money if name != CANDIDATE}
        return {VALUE: money.value(CANDIDATE, part), PER_CASE: one, **gains}

    @cached_property
    def case_money(self) -> CaseMoney:
        """The objective of all subjects, case by case."""
        tested = self.bench.tested
        valuation = tested.valuations.by_kpi[tested.valuations.objective]
        money = CaseMoney.of(
            valuation.kpi,
            {subject: table.frame for subject, table in tested.flows.tables.items()},
            self.bench.cases.labels.frame["block"].to_numpy(),
            block=tested.flows.block,
            scale=valuation.scale,
            seed=tested.seed,
            late=valuation.expired,
        )
        return money if self.within is None else money.within(self.within)


__all__ = ["MeasuredParams", "Measures"]
