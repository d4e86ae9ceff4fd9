"""What is lost when inputs change: in each metric, and in money by deciding and valuing again, always paired with how it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.contracts.components import Bench, Metric, Trial
from upshot.contracts.params import Params
from upshot.contracts.records import Entry, Measured
from upshot.contracts.tables import Map
from upshot.errors import DataError
from upshot.value.parts import LOST, VALUE, CaseMoney
from upshot.value.scores import Score, lost, measured_scores
from upshot.value.valuation import CANDIDATE

if TYPE_CHECKING:
    import pandas as pd

_CHANGED = "changed"


class LossParams(Params):
    """On how many rows, and what is measured."""

    rows: int | None = Field(
        None, ge=100, description="About so many test rows, drawn by the seed in whole blocks; all of them when left out."
    )
    metrics: Annotated[tuple[str, ...], Field(strict=False)] | None = Field(
        None, description="Metrics of the recipe whose loss is measured; all of them when left out, [] for none."
    )
    money: bool = Field(True, description="Whether it is decided, played and valued again, to say what is lost of the objective KPI.")

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """What must be declared."""
        return {"metrics": self.metrics or ()}

    def names(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Names of what is measured, by the recipe's metrics."""
        metrics = declared["metrics"] if self.metrics is None else self.metrics
        return tuple(f"{LOST}{name}" for name in (*metrics, *((VALUE,) if self.money else ())))


@dataclass(frozen=True)
class Losses:
    """Measures what is lost against the trial as it was; positive is worse, whatever the direction of metric and KPI."""

    bench: Bench
    trial: Trial
    params: LossParams

    def entry(self, name: str, changed: Sequence[pd.DataFrame], note: str | None = None) -> Entry:
        """What is lost when X is replaced, on the mean of several where it was drawn several times.

        A model or feature that refuses the rows has lost all of its use: its numbers are undefined, and the note says why.
        """
        try:
            predictions = [self.trial.predict(X) for X in changed]
            measures = {**self._scores(predictions), **(self._money(predictions) if self.params.money else {})}
        except DataError as error:
            return self.refused(name, error)
        return Entry(name, self.trial.cases.size, Map(measures), note)

    def refused(self, name: str, error: DataError) -> Entry:
        """The entry of rows that could not be scored."""
        first = error.problems[0] if error.problems else None
        reason = error.headline if first is None else f"{first.where}: {first.rule}"
        declared = {"metrics": tuple(self.bench.metrics)}
        undefined = Measured(float("nan"), None, None, self.trial.cases.size, 0, "1", "minimize", "nothing was scored")
        return Entry(name, self.trial.cases.size, Map(dict.fromkeys(self.params.names(declared), undefined)), f"refused: {reason}")

    def _scores(self, predictions: list[pd.DataFrame]) -> dict[str, Measured]:
        wanted = tuple(self.bench.metrics) if self.params.metrics is None else self.params.metrics
        scores = {f"{LOST}{name}": self._lost(self.bench.metrics[name], predictions) for name in wanted}
        return measured_scores(scores, self.trial.cases, seed=self.bench.tested.seed) if scores else {}

    def _lost(self, metric: Metric, predictions: list[pd.DataFrame]) -> Score:
        before, *after = [self.trial.scorer(metric, frame) for frame in (self.trial.predictions, *predictions)]
        return lost(before, after, metric.unit, metric.direction)

    def _money(self, predictions: list[pd.DataFrame]) -> dict[str, Measured]:
        import numpy as np

        before = self._before
        after = [self._valued(self.trial.play(each)) for each in predictions]
        both = replace(
            before,
            money={CANDIDATE: before.money[CANDIDATE], _CHANGED: np.mean([each.money[CANDIDATE] for each in after], axis=0)},
            per={CANDIDATE: before.per[CANDIDATE], _CHANGED: np.mean([each.per[CANDIDATE] for each in after], axis=0)}
            if before.per
            else {},
        )
        every = np.ones(self.trial.cases.size, dtype=bool)
        return {f"{LOST}{VALUE}": both.gain(CANDIDATE, _CHANGED, every, direction="minimize")}

    @cached_property
    def _before(self) -> CaseMoney:
        return self._valued(self.trial.flows)

    def _valued(self, flows: pd.DataFrame) -> CaseMoney:
        tested = self.bench.tested
        valuation = tested.valuations.by_kpi[tested.valuations.objective]
        cases = self.trial.cases
        return CaseMoney.of(
            self.trial.kpi,
            {CANDIDATE: flows},
            cases.labels.frame["block"].to_numpy(),
            block=cases.block,
            scale=self.trial.scale,
            seed=tested.seed,
            late=valuation.expired,
        )


def rows_text(trial: Trial, bench: Bench, *, whole: bool = True) -> str:
    """On how many of how many rows, and whether they were drawn in whole blocks, in words."""
    drawn, of = trial.cases.size, bench.cases.size
    if drawn == of:
        return f"all {of:,} test cases"
    return f"{drawn:,} of {of:,} test cases" + (f", whole {trial.cases.block} blocks" if whole else "")


__all__ = ["LossParams", "Losses", "rows_text"]
