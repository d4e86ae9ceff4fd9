"""Several models as one: averaged, or stacked under a model that learns how far to trust each.

Members are components themselves, written out by name, so each has its own parameters, and a member may be an ensemble again. An average
asks for nothing but equal kinds. A stack learns from predictions that were made without the row's own outcome: training rows are dealt
into groups by whole blocks (days, customers), each group is predicted by members that were fitted on the others, and only then are the
members fitted on all of them. Validation rows are left to calibration and policy.

Source:
    Wolpert (1992), Stacked generalization, Neural Networks 5; Breiman (1996), Stacked regressions, Machine Learning 24: why weights are
    held at or above 0. Averages: Dietterich (2000), Ensemble methods in machine learning, MCS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from upshot.contracts.components import Accelerated, Composite, Compute, Examples, Model, Refittable
from upshot.contracts.params import ModelPart, Params
from upshot.contracts.records import CPU, Cases, PredictionKind, Spec
from upshot.errors import DataError, PluginError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

AVERAGED: tuple[PredictionKind, ...] = ("probability", "point", "quantiles", "anomaly", "uplift")
"""Kinds of prediction with numbers of one row a case, which can be averaged."""

STACKED: tuple[PredictionKind, ...] = ("probability", "point")
EDGE = 1e-6
"""Probabilities are held this far from 0 and 1 before they become log-odds."""

FINAL = "final"
MEMBERS = "members"


class EnsembleParams(Params):
    """Which models, and how they become one."""

    members: dict[str, ModelPart] = Field(
        min_length=2, description="Models by name, each {use: NAME, ...}; a member may be an ensemble again."
    )
    combine: Literal["average", "stack"] = Field(
        "average", description="average: the weighted mean of the members; stack: a final model over their predictions."
    )
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        default_factory=dict, description="Member -> weight in an average; 1 for those left out, 0 leaves one out of the mean."
    )
    final: ModelPart | None = Field(
        None,
        description="Final model of a stack over columns named as the members (of probabilities the log-odds); "
        "null is a logistic regression, or a linear regression with coefficients held at or above 0.",
    )
    folds: int = Field(5, ge=2, le=50, description="Groups into which a stack deals the training rows, whole blocks together.")

    @model_validator(mode="after")
    def _fits_the_way(self) -> EnsembleParams:
        strange = [name for name in self.weights if name not in self.members]
        if strange:
            raise ValueError(f"weights name {strange[0]}, which is no member; members: {', '.join(self.members)}")
        if self.combine == "stack" and self.weights:
            raise ValueError("a stack learns its weights; weights go with combine: average")
        if self.combine == "average" and self.final is not None:
            raise ValueError("an average has no final model; final goes with combine: stack")
        if self.weights and not sum(self.weights.get(name, 1.0) for name in self.members) > 0:
            raise ValueError("some member must weigh more than 0")
        return self


class Ensemble:
    """Gives what its members give.

    Args:
        params: Members, made, and how they become one.
    """

    spec: Spec
    params: EnsembleParams

    def __init__(self, params: EnsembleParams) -> None:
        self.params = params
        self.members: dict[str, Model] = dict(params.members)
        self.fitted_: dict[str, Model] = {}
        self.final_: Model | None = None

    @property
    def gives(self) -> PredictionKind:
        """The kind of the first member; the plan refuses members that differ."""
        return next(iter(self.members.values())).gives

    @property
    def uses(self) -> tuple[str, ...]:
        """All that any member looks at."""
        return tuple(dict.fromkeys(need for member in self.members.values() for need in member.uses))

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that every member can be fitted on."""
        each = [member.devices if isinstance(member, Accelerated) else (CPU,) for member in self.members.values()]
        return tuple(device for device in each[0] if all(device in devices for devices in each))

    @property
    def tunes(self) -> bool:
        """Whether a member chooses something on validation rows."""
        return any(getattr(member, "tunes", False) for member in self.members.values())

    def misfits(self) -> Iterator[Problem]:
        """What its parts must agree on and do not; the plan asks before any data is read."""
        can = AVERAGED if self.params.combine == "average" else STACKED
        for name, member in self.members.items():
            where = f"{MEMBERS}.{name}.use"
            if member.gives not in can:
                verb = "averaged" if self.params.combine == "average" else "stacked"
                yield Problem(where, f"gives {member.gives}, which cannot be {verb}", member.spec.use, f"can be: {', '.join(can)}")
            elif member.gives != self.gives:
                yield Problem(where, f"gives {member.gives}, and member {next(iter(self.members))} gives {self.gives}", member.spec.use)
            if self.params.combine == "stack" and "history" in member.uses:
                yield Problem(where, "looks at the history, which a stack cannot deal into groups", member.spec.use, "use combine: average")
            if isinstance(member, Composite):
                inner = member.misfits()
                yield from (Problem(f"{MEMBERS}.{name}.{problem.where}", problem.rule, problem.got, problem.hint) for problem in inner)
        final = self.params.final
        if final is not None and final.gives != self.gives:
            yield Problem(f"{FINAL}.use", f"gives {final.gives}, and the members give {self.gives}", final.spec.use)

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Fit the members, and the final model of a stack.

        Raises:
            DataError: A member cannot be fitted, or there are fewer blocks than groups.
        """
        if self.params.combine == "stack":
            self.final_ = self._stacked(train, validation, history, compute)
        self.fitted_ = self._fit_all(train, validation, history, compute)

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Fit the members again on these rows, each with what it chose kept; the final model of a stack stays as it is."""
        self.fitted_ = {name: self._again(name, member, _seen_by(member, train), history, compute) for name, member in self.fitted_.items()}

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """The columns that the members give, one row a case."""
        frames = {name: self._by(name, member, examples, history) for name, member in self.fitted_.items()}
        if self.final_ is not None:
            return self.final_.predict(Examples(examples.cases, self._columns(frames)), history)
        return self._mean(frames)

    def state(self) -> Mapping[str, bytes]:
        """The files of each member under its name, and those of the final model."""
        parts = {f"{MEMBERS}/{name}": member for name, member in self.fitted_.items()}
        parts |= {} if self.final_ is None else {FINAL: self.final_}
        files = {f"{place}/{name}": content for place, part in parts.items() for name, content in part.state().items()}
        return {"ensemble.json": json.dumps({"members": list(self.fitted_), "stacked": self.final_ is not None}).encode(), **files}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.fitted_ = {name: copy(member) for name, member in self.members.items()}
        for name, member in self.fitted_.items():
            member.restore(_below(f"{MEMBERS}/{name}/", files))
        if json.loads(files["ensemble.json"])["stacked"]:
            self.final_ = self._final()
            self.final_.restore(_below(f"{FINAL}/", files))

    def _fit_all(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> dict[str, Model]:
        fitted = {}
        for name, member in self.members.items():
            fitted[name] = copy(member)
            stopping = None if validation is None else _seen_by(member, validation)
            fitted[name].fit(_seen_by(member, train), stopping, history, compute)
        return fitted

    def _stacked(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> Model:
        """The final model, fitted on predictions of rows that their members were not fitted on."""
        import numpy as np
        import pandas as pd

        group = _dealt(train.cases, self.params.folds, compute.seed)
        parts = []
        for one in range(self.params.folds):
            others, mine = (_rows(train, np.flatnonzero(chosen)) for chosen in (group != one, group == one))
            fitted = self._fit_all(others, validation, history, compute)
            parts.append(self._columns({name: self._by(name, member, mine, history) for name, member in fitted.items()}))
        places = np.concatenate([np.flatnonzero(group == one) for one in range(self.params.folds)])
        X = pd.concat(parts, ignore_index=True).iloc[np.argsort(places)].reset_index(drop=True)
        final = self._final()
        final.fit(Examples(train.cases, X), None, history, compute)
        return final

    def _again(self, name: str, member: Model, train: Examples, history: Cases, compute: Compute) -> Model:
        if isinstance(member, Refittable):
            kept = copy(member)
            kept.refit(train, history, compute)
            return kept
        fresh = copy(self.members[name])
        fresh.fit(train, None, history, compute)
        return fresh

    def _final(self) -> Model:
        if self.params.final is not None:
            final: Model = copy(self.params.final)
            return final
        from upshot.components.model.linear_regression import LinearModel, LinearRegressionParams
        from upshot.components.model.logistic_regression import LogisticRegression, LogisticRegressionParams

        return (
            LogisticRegression(LogisticRegressionParams())
            if self.gives == "probability"
            else LinearModel(LinearRegressionParams(positive=True))
        )

    def _by(self, name: str, member: Model, examples: Examples, history: Cases) -> pd.DataFrame:
        """A member's numbers, one row a case.

        Raises:
            PluginError: It gives something else.
        """
        seen = _seen_by(member, examples)
        frame = member.predict(Examples(seen.cases.blind(), seen.X), history)
        frame = frame.drop(columns="case") if "case" in frame.columns else frame
        if len(frame) != examples.cases.size:
            rule = "must give one row per case"
            raise PluginError(
                f"model {member.spec.use!r} breaks its contract",
                [Problem(f"model.members.{name}", rule, f"{len(frame)} rows for {examples.cases.size} cases")],
            )
        return frame.reset_index(drop=True)

    def _mean(self, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """Weighted mean of all columns.

        Raises:
            DataError: The members give different columns, such as other levels.
        """
        first, columns = next((name, list(frame.columns)) for name, frame in frames.items())
        strange = [
            Problem(f"model.members.{name}", f"gives other columns than member {first}", ", ".join(map(str, frame.columns)))
            for name, frame in frames.items()
            if list(frame.columns) != columns
        ]
        if strange:
            raise DataError("the members cannot be averaged", strange)
        weights = {name: self.params.weights.get(name, 1.0) for name in frames}
        mean: Any = sum(frame * weights[name] for name, frame in frames.items())
        averaged: pd.DataFrame = mean / sum(weights.values())
        return averaged

    def _columns(self, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """What the final model looks at: one column a member."""
        import pandas as pd

        return pd.DataFrame(
            {name: _log_odds(f["probability"]) if self.gives == "probability" else f["point"] for name, f in frames.items()}
        )


def _log_odds(probability: pd.Series) -> np.ndarray:
    import numpy as np

    inside = np.clip(probability.to_numpy(dtype=np.float64), EDGE, 1.0 - EDGE)
    odds: np.ndarray = np.log(inside) - np.log1p(-inside)
    return odds


def _seen_by(member: Model, examples: Examples) -> Examples:
    """The examples as the member gets them: without columns where it looks at none."""
    return examples if "features" in member.uses else Examples(examples.cases, examples.X.iloc[:, :0])


def _rows(examples: Examples, positions: np.ndarray) -> Examples:
    return Examples(examples.cases.take(positions), examples.X.iloc[positions].reset_index(drop=True))


def _dealt(cases: Cases, folds: int, seed: int) -> np.ndarray:
    """Group of each row, whole blocks in one group; shape (n,).

    Raises:
        DataError: There are fewer blocks than groups.
    """
    import numpy as np

    _, codes = np.unique(cases.labels.frame["block"].to_numpy(), return_inverse=True)
    blocks = int(codes.max()) + 1 if len(codes) else 0
    if blocks < folds:
        problem = Problem(
            "model.folds",
            f"needs as many blocks of training rows ({cases.block})",
            f"{folds} groups of {blocks} blocks",
            "fewer folds, or combine: average",
        )
        raise DataError("the stack cannot be fitted", [problem])
    group: np.ndarray = (np.random.default_rng(seed).permutation(blocks) % folds)[codes]
    return group


def _below(prefix: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.removeprefix(prefix): content for name, content in files.items() if name.startswith(prefix)}
