"""A unit will live as long as the units that once looked like it: remaining life by similarity.

For each training unit the row is found that is most like the case, in all features together; what that unit still had to live there is one
opinion. The opinions of the most similar units count by their similarity. Units that were not seen to fail have an opinion too: at least
so long. So the answer is a weighted Kaplan-Meier curve over the opinions: its mean is the point, and quantiles are read off it.

Windows, fading averages or changes among the features make the likeness one of trajectories and not of single readings.

Source:
    Wang, Yu, Siegel and Lee (2008), A similarity-based prognostics approach for remaining useful life estimation of engineered systems, PHM
    2008; Kaplan and Meier (1958), JASA 53.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from upshot.components.lives import LifeOrder, ages, fails, remaining, unit_codes
from upshot.components.model._columns import Columns
from upshot.components.model._linear import gapless_numbers
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NAME = "model similar_lives"
Level = Annotated[float, Field(gt=0.0, lt=1.0)]
CHUNK = 20_000_000
"""Distances that are in memory at once."""


class SimilarLivesParams(Params):
    """How many units are asked, and how much the more similar ones count."""

    neighbours: int = Field(20, ge=1, le=10_000, description="Training units that are asked: the most similar ones.")
    bandwidth: float = Field(
        1.0,
        gt=0,
        description="How fast opinions fade with distance, in middle distances of the units that are asked; large counts all alike.",
    )
    cap: float | None = Field(None, gt=0, description="Longest remaining life that is told apart, in steps or days; none for no cap.")
    stride: int = Field(1, ge=1, le=1_000, description="Every so many-th training row of a unit is kept; 1 keeps all.")
    levels: Annotated[tuple[Level, ...], Field(strict=False)] = Field(
        (), description="Quantiles of the remaining life to give, rising; none for its mean, as a point."
    )

    @field_validator("levels")
    @classmethod
    def _rise(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if list(levels) != sorted(set(levels)):
            raise ValueError("must rise, each level once")
        return levels


class SimilarLives:
    """Gives quantiles of the remaining life, or its mean as a point. Columns must be numbers without gaps; they are standardised.

    Time and memory grow with cases times training rows; 20,000 of each with 30 columns take some seconds.
    """

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind
    takes_censored = True

    def __init__(self, params: SimilarLivesParams) -> None:
        self.params = params
        self.gives = "quantiles" if params.levels else "point"

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Keep the training rows, standardised.

        Raises:
            DataError: A category or a gap, or no training unit was seen to fail.
        """
        import numpy as np

        cases = train.cases
        ends = fails(cases)
        if not ends.any():
            problem = Problem(cases.roles.target or "label", "needs a training unit that was seen to fail", "none")
            raise DataError("there is no life to compare with", [problem])
        self.columns_ = Columns.of(train.X)
        X = gapless_numbers(self.columns_, train.X, NAME)
        self.mean_, deviation = X.mean(axis=0), X.std(axis=0)
        self.scale_ = np.where(deviation > 0, deviation, 1.0)
        lives = LifeOrder.of(unit_codes(cases, NAME), ages(cases, NAME))
        last = np.repeat(lives.last, lives.last - lives.first + 1)
        kept = (last - np.arange(len(last))) % self.params.stride == 0  # counted from each unit's end, so that ends are kept
        rows = lives.order[kept]
        self.X_ = ((X - self.mean_) / self.scale_)[rows]
        left = remaining(cases, NAME)[rows]
        cap = np.inf if self.params.cap is None else self.params.cap
        self.left_, self.ends_ = np.minimum(left, cap), ends[rows] | (left >= cap)
        unit = unit_codes(cases, NAME)[rows]
        self.starts_ = np.flatnonzero(np.diff(unit, prepend=-1))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `q0.1`, ... or `point`, one row a case."""
        import numpy as np
        import pandas as pd

        X = (gapless_numbers(self.columns_, examples.X, NAME) - self.mean_) / self.scale_
        names = [f"q{level:g}" for level in self.params.levels] if self.params.levels else ["point"]
        answers = np.empty((len(X), len(names)))
        step = max(1, CHUNK // len(self.X_))
        for start in range(0, len(X), step):
            answers[start : start + step] = self._answers(X[start : start + step])
        return pd.DataFrame(answers, columns=names)

    def state(self) -> Mapping[str, bytes]:
        """Columns, and all arrays without pickle."""
        import numpy as np

        out = io.BytesIO()
        arrays = {"X": self.X_, "left": self.left_, "ends": self.ends_, "starts": self.starts_, "mean": self.mean_, "scale": self.scale_}
        np.savez(out, allow_pickle=False, **arrays)
        return {"columns.json": self.columns_.to_json(), "lives.npz": out.getvalue()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import numpy as np

        self.columns_ = Columns.from_json(files["columns.json"])
        with np.load(io.BytesIO(files["lives.npz"]), allow_pickle=False) as arrays:
            self.X_, self.left_, self.ends_ = arrays["X"], arrays["left"], arrays["ends"]
            self.starts_, self.mean_, self.scale_ = arrays["starts"], arrays["mean"], arrays["scale"]

    def _answers(self, X: np.ndarray) -> np.ndarray:
        import numpy as np

        rows = self._most_alike(X)
        apart = np.sqrt(sum((X[:, [column]] - self.X_[rows, column]) ** 2 for column in range(X.shape[1])))
        asked = np.argsort(apart, axis=1, kind="stable")[:, : self.params.neighbours]
        apart, rows = np.take_along_axis(apart, asked, axis=1), np.take_along_axis(rows, asked, axis=1)
        width = self.params.bandwidth * np.maximum(np.median(apart, axis=1, keepdims=True), 1e-12)
        curve = LifeCurve.of(self.left_[rows], self.ends_[rows], np.exp(-0.5 * (apart / width) ** 2))
        if not self.params.levels:
            return curve.mean()[:, None]
        return np.column_stack([curve.quantile(level) for level in self.params.levels])

    def _most_alike(self, X: np.ndarray) -> np.ndarray:
        """For each case and training unit the unit's row that is nearest, shape (cases, units)."""
        import numpy as np
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            near = (self.X_**2).sum(axis=1) - 2.0 * (X @ self.X_.T)  # the case's own square is the same for all rows
        ends = np.append(self.starts_[1:], len(self.X_))
        return np.column_stack([near[:, start:end].argmin(axis=1) + start for start, end in zip(self.starts_, ends, strict=True)])


class LifeCurve:
    """Weighted Kaplan-Meier curves, one a row: the chance to live longer than each opinion.

    Args:
        left: Opinions in rising order, shape (rows, opinions).
        alive: Chance to live longer than each, likewise.

    Example:
        >>> import numpy as np
        >>> curve = LifeCurve.of(np.array([[4.0, 2.0]]), np.array([[True, True]]), np.array([[1.0, 1.0]]))
        >>> curve.mean().tolist(), curve.quantile(0.5).tolist()
        ([3.0], [2.0])
    """

    def __init__(self, left: np.ndarray, alive: np.ndarray) -> None:
        self._left = left
        self._alive = alive

    @classmethod
    def of(cls, left: np.ndarray, ends: np.ndarray, weight: np.ndarray) -> LifeCurve:
        """Curves of opinions in any order.

        Args:
            left: What each similar unit still lived, shape (rows, opinions).
            ends: Whether it failed then, or was only watched so long.
            weight: How much it counts, > 0 for one at least in each row.
        """
        import numpy as np

        order = np.lexsort((~ends, left), axis=1)  # at one moment failures come before ends of watching
        left, ends, weight = (np.take_along_axis(values, order, axis=1) for values in (left, ends, weight))
        at_risk = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1]
        lost = np.divide(weight * ends, at_risk, out=np.zeros_like(weight), where=at_risk > 0)
        return cls(left, np.cumprod(1.0 - lost, axis=1))

    def mean(self) -> np.ndarray:
        """Mean life, up to the longest opinion; shape (rows,)."""
        import numpy as np

        before = np.column_stack([np.ones(len(self._alive)), self._alive[:, :-1]])
        steps = np.diff(self._left, axis=1, prepend=0.0)
        mean: np.ndarray = (before * steps).sum(axis=1)
        return mean

    def quantile(self, level: float) -> np.ndarray:
        """The first opinion by which at least this share has failed; the longest where so many never do. Shape (rows,)."""
        import numpy as np

        reached = self._alive <= 1.0 - level + 1e-12
        place = np.where(reached.any(axis=1), reached.argmax(axis=1), self._left.shape[1] - 1)
        found: np.ndarray = np.take_along_axis(self._left, place[:, None], axis=1)[:, 0]
        return found
