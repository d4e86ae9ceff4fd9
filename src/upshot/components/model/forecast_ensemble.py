"""Several forecasts averaged, and a backtest that says which of them.

Equal weights are hard to beat, because weights learnt on a few windows are mostly noise; but a member that is much worse than the others is
better left out. So what is chosen is the subset, on backtest windows inside the training rows, and its members count alike. Quantiles are
averaged level by level.

Source:
    Stock & Watson (2004), Combination forecasts of output growth, Journal of Forecasting 23(6), on equal weights. Averaging quantiles:
    Lichtendahl, Grushka-Cockayne & Winkler (2013), Management Science 59(7).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.model._forecasts import joined
from upshot.components.model._weights import WeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import ModelPart
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MOST_MEMBERS = 8


class ForecastEnsembleParams(WeightedParams):
    """The members, and how they are chosen."""

    members: dict[str, ModelPart] = Field(
        default_factory=lambda: {"seasonal_naive": {"use": "seasonal_naive"}},
        min_length=1,
        max_length=MOST_MEMBERS,
        description="Models by name; all give a point, or the same levels.",
    )
    choose: Literal["all", "subset", "one"] = Field(
        "subset",
        description="all: every member counts alike; subset: the best subset on backtest, its members alike; one: the best member.",
    )
    horizon: int = Field(28, ge=1, description="Steps of a backtest window; that of the split.")
    gap: int = Field(0, ge=0, description="Steps before a window that are not known; that of the split.")
    windows: int = Field(1, ge=1, le=20, description="Backtest windows, one before the other, inside the training rows.")


class ForecastEnsemble:
    """The mean of the chosen members, each fitted on all training rows.

    Raises:
        RecipeError: The members do not give the same.
    """

    spec: Spec
    uses: tuple[str, ...]
    gives: PredictionKind
    forecasts = True

    def __init__(self, params: ForecastEnsembleParams) -> None:
        self.params = params
        self.members = {name: member for name, member in params.members.items() if member is not None}
        if not self.members:
            raise RecipeError("there is nothing to average", [Problem("model.members", "at least one member is required")])
        made = {name: member for name, member in self.members.items() if not isinstance(member, Mapping)}
        self.uses = tuple(use for use in ("features", "history") if any(use in member.uses for member in made.values()))
        gives = {name: (member.gives, tuple(getattr(member.params, "levels", ()))) for name, member in made.items()}
        if len(set(gives.values())) > 1:
            got = "; ".join(f"{name}: {kind} {list(levels) or ''}".strip() for name, (kind, levels) in gives.items())
            raise RecipeError("the members do not fit", [Problem("model.members", "must all give a point, or the same levels", got)])
        self.gives = next(iter(gives.values()), ("point", ()))[0]

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Choose the members on backtest windows, and fit them on all rows.

        Raises:
            DataError: The training rows are too few for the windows.
        """
        self.chosen_, self.losses_ = list(self.members), dict[str, float]()
        if self.params.choose != "all" and len(self.members) > 1:
            self.chosen_ = self._choose(train, history, compute)
        for name in self.chosen_:
            member = self.members[name]
            member.fit(_seen_by(member, train), None, history, compute)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """The columns of the members, averaged; one row a case."""
        frames = [self.members[name].predict(_seen_by(self.members[name], examples), history) for name in self.chosen_]
        return _mean(frames)

    def state(self) -> Mapping[str, bytes]:
        """What was chosen, with the loss of every member; and the chosen members' files, each in a folder of its own."""
        files = {f"{name}/{file}": content for name in self.chosen_ for file, content in self.members[name].state().items()}
        return {"ensemble.json": json.dumps({"chosen": self.chosen_, "losses": self.losses_}).encode(), **files}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        described = json.loads(files["ensemble.json"])
        self.chosen_, self.losses_ = described["chosen"], described["losses"]
        for name in self.chosen_:
            own = {file.removeprefix(f"{name}/"): content for file, content in files.items() if file.startswith(f"{name}/")}
            self.members[name].restore(own)

    def _choose(self, train: Examples, history: Cases, compute: Compute) -> list[str]:
        """The subset with the least loss over all windows; of equals the one with most members."""
        names = list(self.members)
        losses = dict[tuple[str, ...], float]()
        for known, window in self._windows(train, history):
            before = joined(history, train.cases.take(known))
            asked = _rows(train, window)
            frames = {}
            for name, member in self.members.items():
                member.fit(_seen_by(member, _rows(train, known)), None, history, compute)
                frames[name] = member.predict(_seen_by(member, Examples(asked.cases.blind(), asked.X)), before)
            for subset in self._subsets(names):
                losses[subset] = losses.get(subset, 0.0) + self._loss(_mean([frames[name] for name in subset]), asked)
        self.losses_ = {name: losses[(name,)] for name in names if (name,) in losses}
        best: tuple[str, ...] = min(losses.items(), key=lambda item: (item[1], -len(item[0])))[0]
        return list(best)

    def _subsets(self, names: list[str]) -> list[tuple[str, ...]]:
        sizes = range(1, len(names) + 1 if self.params.choose == "subset" else 2)
        return [subset for size in sizes for subset in combinations(names, size)]

    def _windows(self, train: Examples, history: Cases) -> list[tuple[np.ndarray, np.ndarray]]:
        """Places of the rows that are known and of those that are asked for, window by window, the latest first."""
        import numpy as np

        p = self.params
        steps = Calendar.of(moments_of(joined(history, train.cases))).steps(train.cases)
        first, end = int(steps.min()), int(steps.max()) + 1
        found = []
        for place in range(p.windows):
            start = end - p.horizon * (place + 1)
            known, asked = np.flatnonzero(steps < start - p.gap), np.flatnonzero((steps >= start) & (steps < start + p.horizon))
            if start - p.gap <= first or not len(known) or not len(asked):
                rule = f"{p.windows} windows of {p.horizon} steps need more than {p.windows * p.horizon + p.gap} steps of training"
                hint = "fewer windows, a shorter horizon, or choose: all"
                raise DataError("there is too little to choose on", [Problem("model.windows", rule, f"{end - first}", hint)])
            found.append((known, asked))
        return found

    def _loss(self, frame: pd.DataFrame, asked: Examples) -> float:
        """Pinball loss over all levels, or absolute error of the point; weighted where rows have a weight."""
        import numpy as np

        y = asked.y.astype(np.float64)
        weights = row_weights(asked, self.params, "point")
        if self.gives == "point":
            losses = np.abs(y - frame["point"].to_numpy())
        else:
            names = [str(name) for name in frame.columns if str(name).startswith("q")]
            levels, error = np.array([float(name[1:]) for name in names]), y[:, None] - frame[names].to_numpy()
            losses = np.maximum(levels * error, (levels - 1.0) * error).mean(axis=1)
        return float((losses if weights is None else losses * weights).sum())


def _rows(examples: Examples, places: np.ndarray) -> Examples:
    return Examples(examples.cases.take(places), examples.X.iloc[places].reset_index(drop=True))


def _seen_by(member: Any, examples: Examples) -> Examples:
    """What a member asks for: the feature columns only where it looks at them."""
    return examples if "features" in member.uses else Examples(examples.cases, examples.X.iloc[:, :0])


def _mean(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """The columns that all frames have, averaged."""
    columns = [str(name) for name in frames[0].columns if all(name in frame for frame in frames)]
    total = frames[0][columns].astype("float64")
    for frame in frames[1:]:
        total = total + frame[columns].to_numpy()
    return total / len(frames)
