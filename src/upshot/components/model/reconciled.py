"""Forecasts of series and of their totals, made to agree.

A total is forecast better than its parts, because noise of parts cancels in it; so totals are forecast by a model of their own, and the
parts are moved, each by as much as it is uncertain, until they add up. What is given are the rows of the cases: their sums are the
reconciled totals, of any level at once.

A total is forecast from all of its series, and rows are often asked for some of them only: it is scaled to what these had of it of late,
and says nothing where that is little.

Source:
    Wickramasuriya, Athanasopoulos & Hyndman (2019), Optimal forecast reconciliation, JASA 114(526): weighted least squares, written by its
    constraints, so that what is solved has the size of the totals (Di Fonzo & Girolimetto 2023, International Journal of Forecasting 39(1)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.model._totals import Totals
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import ModelPart, Names, Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


RECENT = 28
"""Steps over which the shares of a total are taken."""


class ReconciledParams(Params):
    """Two models, the totals, and who gives way."""

    base: ModelPart = Field(default_factory=lambda: {"use": "seasonal_profile"}, description="What forecasts the series.")
    totals: ModelPart = Field(
        default_factory=lambda: {"use": "seasonal_profile"}, description="What forecasts the totals; gives the same as base."
    )
    levels: tuple[Names, ...] = Field(
        ((),),
        strict=False,
        min_length=1,
        max_length=10,
        description="Columns of each level of totals: [[], [store], [store, family]] for all, each store, and each family of a store.",
    )
    weights: Literal["structural", "variance", "alike"] = Field(
        "structural",
        description="Who gives way. structural: a total as much as its members together; variance: each by the square of its usual "
        "error, which both models have to give (scale, or levels); alike: all by the same.",
    )
    whole: float = Field(
        0.9, gt=0, le=1, description="Share of a total, by its latest 28 steps, whose series must be asked for, or it is left out."
    )
    floor: float | None = Field(0.0, allow_inf_nan=False, description="Least value of a reconciled forecast; null for none.")

    @field_validator("levels")
    @classmethod
    def _differ(cls, levels: tuple[Names, ...]) -> tuple[Names, ...]:
        if len({frozenset(level) for level in levels}) < len(levels):
            raise ValueError("must name each level once")
        return levels


class Reconciled:
    """The forecast of `base`, moved until its sums agree with what `totals` says of them; quantiles are moved with their median.

    Raises:
        RecipeError: A part is no forecast, or the two do not give the same.
    """

    spec: Spec
    uses: tuple[str, ...]
    gives: PredictionKind
    forecasts = True
    takes_censored = True  # a total without its sold-out members would be too small

    def __init__(self, params: ReconciledParams) -> None:
        self.params = params
        self.parts = {name: part for name, part in (("base", params.base), ("totals", params.totals)) if not isinstance(part, Mapping)}
        given = {name: (part.gives, tuple(getattr(part.params, "levels", ()))) for name, part in self.parts.items()}
        problems = [
            Problem(f"model.{name}", "must give a point or quantiles", f"{part.spec.use!r} gives {part.gives}")
            for name, part in self.parts.items()
            if part.gives not in ("point", "quantiles")
        ]
        if not problems and len(set(given.values())) > 1:
            got = "; ".join(f"{name}: {kind} {list(levels) or ''}".strip() for name, (kind, levels) in given.items())
            problems = [Problem("model.totals", "must give a point, or the levels, as model.base does", got)]
        if problems:
            raise RecipeError("the parts do not fit", problems)
        self.uses = tuple(use for use in ("features", "history") if any(use in part.uses for part in self.parts.values()))
        self.gives = next(iter(given.values()), ("point", ()))[0]

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Fit both models, each on its own series.

        Raises:
            DataError: A column of a level is missing, or a model cannot be fitted.
        """
        base, totals = self.parts["base"], self.parts["totals"]
        base.fit(_seen_by(base, train.seen()), None, history, compute)
        totals.fit(_seen_by(totals, Totals.of(train, self.params.levels).examples), None, self._summed(history), compute)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """The columns of the base model, one row a case.

        Raises:
            DataError: Weights by variance are asked of models that do not tell how sure they are.
        """
        import numpy as np

        base, totals = self.parts["base"], self.parts["totals"]
        asked, summed = Totals.of(examples, self.params.levels), self._summed(history)
        own = base.predict(_seen_by(base, examples), history)
        above = totals.predict(_seen_by(totals, asked.examples), summed)
        values = [name for name in own.columns if name == "point" or str(name).startswith("q")]
        middle = min(values, key=lambda name: abs(float(name[1:]) - 0.5)) if "point" not in values else "point"
        weights = [self._weights(frame, name) for frame, name in ((own, "base"), (above, "totals"))]
        if self.params.weights == "structural":
            weights[1] = np.asarray(asked.members.sum(axis=1))
        share = _shares(examples.cases, asked, history, summed)
        heard = np.flatnonzero(share >= self.params.whole)
        said, members = (share * above[middle].to_numpy())[heard], asked.members[heard]
        moved = agreed(own[middle].to_numpy(), said, members, weights[0], weights[1][heard]) - own[middle].to_numpy()
        least = -np.inf if self.params.floor is None else self.params.floor
        made: pd.DataFrame = own.assign(**{name: (own[name] + moved).clip(lower=least) for name in values})
        return made

    def state(self) -> Mapping[str, bytes]:
        """The files of both models, each in a folder of its own."""
        return {f"{name}/{file}": content for name, part in self.parts.items() for file, content in part.state().items()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        for name, part in self.parts.items():
            part.restore({file.removeprefix(f"{name}/"): content for file, content in files.items() if file.startswith(f"{name}/")})

    def _summed(self, history: Cases) -> Cases:
        import pandas as pd

        if not history.size:
            return history
        return Totals.of(Examples(history, pd.DataFrame(index=range(history.size))), self.params.levels).examples.cases

    def _weights(self, frame: pd.DataFrame, part: str) -> np.ndarray:
        """How much each row gives way, > 0; shape (n,)."""
        import numpy as np

        if self.params.weights != "variance":
            return np.ones(len(frame))
        levels = [name for name in frame.columns if str(name).startswith("q")]
        if "scale" not in frame and len(levels) < 2:
            got = f"{self.parts[part].spec.use!r} gives {', '.join(str(name) for name in frame.columns)}"
            rule = "must give a scale or levels for weights by variance"
            raise DataError("nobody knows who gives way", [Problem(f"model.{part}", rule, got, "say model.weights: structural")])
        scale = (frame["scale"] if "scale" in frame else frame[levels[-1]] - frame[levels[0]]).to_numpy(dtype=np.float64)
        variance: np.ndarray = scale**2
        return variance.clip(min=max(float(variance.mean()) * 1e-9, 1e-12))


def _shares(cases: Cases, asked: Totals, history: Cases, summed: Cases) -> np.ndarray:
    """How much of each total the asked cases had of late, 0 to 1; 1 where nothing is known of it. Shape (totals,)."""
    import numpy as np

    if not history.size:
        return np.ones(asked.examples.cases.size)
    calendar = Calendar.of(moments_of(history))
    seen = replace(history, labels=history.labels.without(("censored",)))
    whole = _recent(summed, asked.examples.cases, calendar)
    part = asked.members @ _recent(seen, cases, calendar)
    share: np.ndarray = np.divide(part, whole, out=np.ones(len(whole)), where=whole > 0).clip(0.0, 1.0)
    return share


def _recent(history: Cases, asked: Cases, calendar: Calendar) -> np.ndarray:
    """What the series of each asked case had in the latest steps, shape (n,)."""
    import numpy as np

    grid = Grid.of(history, calendar, future=asked)
    total: np.ndarray = grid.sums(np.arange(len(grid.names)), np.array(grid.last), RECENT)[0][grid.code(asked)]
    return total


def agreed(parts: np.ndarray, totals: np.ndarray, members: Any, part_weights: np.ndarray, total_weights: np.ndarray) -> np.ndarray:
    """The parts nearest to what is said of them, and whose sums are nearest to what is said of the sums.

    Args:
        parts: Shape (n,).
        totals: Shape (m,).
        members: Which parts are summed, sparse, shape (m, n).
        part_weights: How much a part gives way: its variance, shape (n,), > 0.
        total_weights: The same of totals, shape (m,).

    Example:
        >>> import numpy as np
        >>> from scipy import sparse
        >>> agreed(np.array([4.0, 4.0]), np.array([11.0]), sparse.csr_array([[1.0, 1.0]]), np.ones(2), np.ones(1)).tolist()
        [5.0, 5.0]
    """
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    if not len(totals):
        return parts
    spread = members @ sparse.diags_array(part_weights) @ members.T + sparse.diags_array(total_weights)
    moved: np.ndarray = parts + part_weights * (members.T @ spsolve(sparse.csc_array(spread), totals - members @ parts))
    return moved


def _seen_by(part: Any, examples: Examples) -> Examples:
    """What a part asks for: the feature columns only where it looks at them."""
    return examples if "features" in part.uses else Examples(examples.cases, examples.X.iloc[:, :0])


__all__ = ["Reconciled", "ReconciledParams", "agreed"]
