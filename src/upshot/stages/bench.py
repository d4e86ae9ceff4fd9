"""The test rows on a bench: drawn in whole blocks, and taken again through encoding, prediction, decision and play with other inputs.

It is the same path as in the stages themselves: each fold's own encoders, model, calibrator and tuned policy. Rows are drawn by whole blocks,
because what is decided on a case may depend on the other cases of its day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle
from typing import TYPE_CHECKING

from upshot.contracts.components import Examples, Explained, InformedMetric, Metric, Policy, Rollout
from upshot.contracts.records import Cases, Fitted, Kpi, Tested
from upshot.contracts.tables import Map, Table
from upshot.stages.evaluate import informed
from upshot.stages.featurize import known_to
from upshot.stages.game import KpiGame
from upshot.stages.register import package
from upshot.stages.scoring import live_model, predict_encoded, score
from upshot.stages.train import examples
from upshot.value.scores import subset

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_PREPARED = 50
"""Batches that are cut beforehand, so that the cutting is not timed."""


@dataclass(frozen=True)
class Workbench:
    """The bench that slices and probes are given (see `Bench`)."""

    tested: Tested
    metrics: Mapping[str, Metric]
    policy: Policy
    rollout: Rollout

    @cached_property
    def _all(self) -> tuple[pd.DataFrame, Cases]:
        return self.tested.predictions.tested(self.tested.folds)

    @property
    def predictions(self) -> pd.DataFrame:
        """Predictions of the test rows of all folds, with `case` 0..n-1."""
        return self._all[0]

    @property
    def cases(self) -> Cases:
        """The test cases, aligned with that."""
        return self._all[1]

    def scorer(self, metric: Metric, part: np.ndarray) -> Callable[[np.ndarray], float]:
        """Weights of the cases of a part, a bool array over all of them, to the metric's score."""
        tested = self.tested
        known = self.predictions
        if isinstance(metric, InformedMetric):
            known, _ = informed(metric, tested.predictions, tested.folds).tested(tested.folds)
        return metric.scorer(subset(known, part), self.cases.take(part.nonzero()[0]))

    def trial(self, rows: int | None, *, whole_blocks: bool = True) -> Retrial:
        """About so many test rows, drawn by the seed, in whole blocks or one by one; all of them for None."""
        import numpy as np

        folds = self.tested.folds
        sizes = [fold.parts["test"] for fold in folds.tested()]
        blocks = self.cases.labels.frame["block"].to_numpy() if whole_blocks else np.arange(self.cases.size)
        chosen = drawn(blocks, rows, self.tested.seed)
        starts = np.cumsum([0, *sizes])
        within = {
            fold.name: chosen[(chosen >= start) & (chosen < start + size)] - start
            for fold, start, size in zip(folds.tested(), starts, sizes, strict=False)
        }
        return Retrial(self, chosen, Map(within))

    def answer(self, rows: int) -> Callable[[], object]:
        """A call that scores so many test rows of the final fold by the path that serves, each time others."""
        import numpy as np

        predictor, folds = self.tested.predictor, self.tested.folds
        part = folds.part(predictor.final, "test").blind()
        draw = np.random.default_rng([self.tested.seed, 3])
        batches = [_cut(part, draw.integers(0, part.size, size=rows)) for _ in range(min(_PREPARED, max(2, 100_000 // rows)))]
        history, following = _cut(predictor.golden.history, np.arange(predictor.golden.history.size)), cycle(batches)
        return lambda: score(predictor, next(following), history)

    def files(self) -> Map[int]:
        """Files that a registered version would have -> their size in bytes."""
        packed = package(self.tested.predictor, self.tested.decisions)
        return Map({name: len(blob.content) for name, blob in packed.items()})


@dataclass(frozen=True)
class Retrial:
    """Some of the test rows, fold after fold (see `Trial`).

    Attributes:
        bench: Where they are from.
        chosen: Their positions among all test cases, ascending.
        within: Fold -> their positions among the fold's test cases.
    """

    bench: Workbench
    chosen: np.ndarray
    within: Map[np.ndarray]

    @cached_property
    def cases(self) -> Cases:
        """The rows with their outcomes."""
        return _cut(self.bench.cases, self.chosen)

    @cached_property
    def encoded(self) -> pd.DataFrame:
        """Encoded columns, index 0..n-1."""
        import pandas as pd

        return pd.concat([part.X for part in self._examples.values()], ignore_index=True)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """What was predicted, with `case` 0..n-1."""
        return subset(self.bench.predictions, self._mask())

    @cached_property
    def flows(self) -> pd.DataFrame:
        """What then happened: played again, because the rows may be fewer than all."""
        return self.play(self.predictions)

    @property
    def kpi(self) -> Kpi:
        """The objective."""
        valuations = self._tested.valuations
        return valuations.by_kpi[valuations.objective].kpi

    @property
    def scale(self) -> float:
        """Factor from these rows to the KPI's period; a ratio is not scaled."""
        valuations = self._tested.valuations
        scale = valuations.by_kpi[valuations.objective].scale
        return scale if self.kpi.per is not None else scale * self.bench.cases.size / len(self.chosen)

    @cached_property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Feature -> its encoded columns."""
        golden, encoders = self._tested.predictor.golden, self._encoders(self._tested.predictor.final)
        made = {name: fitted.live.transform(golden.cases, golden.history).columns for name, fitted in encoders.items()}
        return Map({name: tuple(map(str, columns)) for name, columns in made.items()})

    def inputs(self) -> tuple[str, ...]:
        """Raw columns that the features read, without key and time."""
        roles = self.cases.roles
        read = [column for fitted in self._encoders(self._tested.predictor.final).values() for column in fitted.live.inputs(roles)]
        return tuple(dict.fromkeys(name for name in read if name not in (*roles.key, roles.time)))

    def encode(self, rows: pd.DataFrame, changed: tuple[str, ...]) -> pd.DataFrame:
        """Encoded columns of these rows; features that read none of the changed columns stay as they are.

        Raises:
            DataError: A feature refuses the rows.
        """
        import pandas as pd

        return pd.concat([self._encoded(fold, part, changed) for fold, part in self._by_fold(rows)], ignore_index=True)

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predictions by each fold's model and calibrator, with `case` 0..n-1.

        Raises:
            DataError: The model refuses the columns.
        """
        predictor, folds = self._tested.predictor, self._tested.folds
        frames = []
        for fold, part in self._by_fold(X):
            rows = Examples(self._examples[fold].cases, part)
            model, calibrator = live_model(predictor.model(fold)), predictor.calibrators[fold].live
            frames.append(predict_encoded(model, calibrator, rows, folds.history(fold, "test")))
        return self._counted(frames)

    def play(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Flows of what each fold's tuned policy decides on these predictions, with `case` 0..n-1."""
        bench, folds = self.bench, self._tested.folds
        frames = []
        for fold, mine in self._own(predictions):
            cases = self._examples[fold].cases
            game = KpiGame(bench.rollout, self.kpi, folds.history(fold, "test"))
            decided = bench.policy.decide(mine, cases.blind(), self._tested.decisions.tuned[fold], game)
            frames.append(game.flows(decided, cases))
        return self._counted(frames)

    def scorer(self, metric: Metric, predictions: pd.DataFrame) -> Callable[[np.ndarray], float]:
        """Weights of the cases to the metric's score of these predictions."""
        if isinstance(metric, InformedMetric):
            folds = self._tested.folds
            told = [metric.inform(mine, self._examples[fold].cases, folds.history(fold, "test")) for fold, mine in self._own(predictions)]
            predictions = self._counted(told)
        return metric.scorer(predictions, self.cases)

    def contributions(self) -> tuple[pd.DataFrame, str]:
        """What each column adds to each raw prediction, columns of X and `bias`, index 0..n-1; and the unit of that."""
        import pandas as pd

        frames, unit = [], ""
        for fold, rows in self._examples.items():
            model = live_model(self._tested.predictor.model(fold))
            assert isinstance(model, Explained)  # the plan has proved it
            frames.append(model.contributions(Examples(rows.cases.blind(), rows.X)))
            unit = model.contribution_unit
        return pd.concat(frames, ignore_index=True), unit

    @property
    def _tested(self) -> Tested:
        return self.bench.tested

    def _encoders(self, fold: str) -> Mapping[str, Fitted]:
        return self._tested.predictor.encoders[fold]

    @cached_property
    def _examples(self) -> dict[str, Examples]:
        """The rows of each fold with their encoded columns; folds of which none were drawn are left out."""
        tested, found = self._tested, {}
        for fold, positions in self.within.items():
            if len(positions):
                rows = examples(tested.folds, tested.features, live_model(tested.predictor.model(fold)), fold, "test")
                found[fold] = Examples(_cut(rows.cases, positions), rows.X.iloc[positions].reset_index(drop=True))
        return found

    def _mask(self) -> np.ndarray:
        import numpy as np

        mask = np.zeros(self.bench.cases.size, dtype=bool)
        mask[self.chosen] = True
        return mask

    def _by_fold(self, frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
        parts, start = [], 0
        for fold, rows in self._examples.items():
            parts.append((fold, frame.iloc[start : start + rows.cases.size].reset_index(drop=True)))
            start += rows.cases.size
        return parts

    def _own(self, predictions: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each fold's predictions, with `case` counted within the fold."""
        start, case = 0, predictions["case"]
        for fold, rows in self._examples.items():
            mine = predictions[(case >= start) & (case < start + rows.cases.size)]
            yield fold, mine.assign(case=mine["case"] - start).reset_index(drop=True)
            start += rows.cases.size

    def _counted(self, frames: list[pd.DataFrame]) -> pd.DataFrame:
        """The folds' frames, of which `case` counts through them."""
        import numpy as np
        import pandas as pd

        starts = np.cumsum([0, *(rows.cases.size for rows in self._examples.values())])
        return pd.concat(
            [frame.assign(case=frame["case"] + start) for frame, start in zip(frames, starts, strict=False)], ignore_index=True
        )

    def _encoded(self, fold: str, rows: pd.DataFrame, changed: tuple[str, ...]) -> pd.DataFrame:
        as_it_was, known = self._examples[fold], known_to(self._tested.folds, fold, ("test",))
        cases = replace(as_it_was.cases, rows=Table.of(rows)).blind()
        X = as_it_was.X.copy(deep=False)
        for fitted in self._encoders(fold).values():
            if set(fitted.live.inputs(cases.roles)).intersection(changed):
                made = fitted.live.transform(cases, known)
                X = X.assign(**{str(column): made[column].array for column in made})
        return X


def drawn(blocks: np.ndarray, rows: int | None, seed: int) -> np.ndarray:
    """Positions of about so many rows in whole blocks, ascending; at least one block.

    Args:
        blocks: Block of each row, shape (n,).
        rows: How many; all for None.
        seed: Of the draw.

    Example:
        >>> import numpy as np
        >>> drawn(np.array([0, 0, 0, 1, 1, 1]), 2, seed=1).tolist() in ([0, 1, 2], [3, 4, 5])
        True
    """
    import numpy as np

    if rows is None or rows >= len(blocks):
        return np.arange(len(blocks))
    known, codes, sizes = np.unique(blocks, return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 2]).permutation(len(known))
    taken = order[: int(np.searchsorted(np.cumsum(sizes[order]), rows)) + 1]
    return np.flatnonzero(np.isin(codes, taken))


def _cut(cases: Cases, positions: np.ndarray) -> Cases:
    """Some cases, with their frames in hand."""
    return replace(
        cases,
        rows=Table.of(cases.rows.frame.iloc[positions]),
        labels=Table.of(cases.labels.frame.iloc[positions]),
    )


__all__ = ["Retrial", "Workbench", "drawn"]
