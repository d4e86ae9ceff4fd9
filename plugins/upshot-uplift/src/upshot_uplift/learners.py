"""Learners of uplift that are made of other models: any installed one that gives a probability or a point from the columns.

They see what was done in training rows only; when they predict, nobody knows yet. Outcomes of rows are compared between arms, so the
log must have both, and an arm should have been drawn: where people chose, T and X compare unlike people, and the doubly robust one is as
good as its model of the chance.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from upshot.contracts.components import Accelerated, Composite, Compute, Examples, Model, Refittable
from upshot.contracts.params import ModelPart
from upshot.contracts.records import CPU, Cases, PredictionKind, Spec
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem
from upshot_uplift.logs import ArmParams, Log

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_TREES = {"use": "lightgbm", "n_estimators": 150, "learning_rate": 0.05, "num_leaves": 8, "min_child_samples": 100}


class TLearnerParams(ArmParams):
    """The model of the outcome, fitted once on each arm."""

    outcome: ModelPart = Field(
        default_factory=lambda: {**_TREES, "task": "classification"},
        description="Model of the outcome in an arm: a probability of outcome 1, or a point.",
    )


class EffectParams(TLearnerParams):
    """And the model of the effect."""

    effect: ModelPart = Field(
        default_factory=lambda: {**_TREES, "task": "regression", "n_estimators": 60, "num_leaves": 4, "min_child_samples": 300},
        description="Model of the effect, a point: it learns from what each row tells of it, which is mostly noise, so keep it small.",
    )
    chance: ModelPart = Field(
        None,
        description="Model of the chance of being acted on, for logs where nobody drew it: a probability. Null: the share that was acted on, "
        "before which a dr_learner takes the column data.roles.propensity.",
    )


class XLearnerParams(EffectParams):
    """Models of outcome, effect and chance."""


class DRLearnerParams(EffectParams):
    """And how rows are kept out of the models that judge them."""

    folds: int = Field(5, ge=2, le=50, description="Parts of the training rows, by entity; each is judged by models of the others.")
    least_chance: float = Field(0.01, gt=0, lt=0.5, description="Chances are kept this far from 0 and 1, so that no row outweighs all.")


@dataclass(frozen=True)
class _Arms:
    """Examples with what was done."""

    examples: Examples
    log: Log

    @property
    def y(self) -> np.ndarray:
        import numpy as np

        return self.examples.y.astype(np.float64)

    def take(self, places: np.ndarray) -> _Arms:
        """These rows of them."""
        e = self.examples
        return _Arms(Examples(e.cases.take(places), e.X.iloc[places].reset_index(drop=True)), self.log.take(places))

    def arm(self, acted: bool) -> _Arms:
        """The rows of one arm."""
        import numpy as np

        return self.take(np.flatnonzero(self.log.acted == acted))

    def learning(self, y: np.ndarray) -> _Arms:
        """The same rows with another outcome, shape (n,)."""
        cases = self.examples.cases
        labels = Table.of(cases.labels.frame.assign(label=y))
        return _Arms(Examples(replace(cases, labels=labels), self.examples.X), self.log)


Learn = Callable[[str, str, _Arms, "_Arms | None"], Model]
"""Fits a part by the name that it is kept under, the parameter that declares it, and the rows to learn from and to stop by."""


_WANTED: dict[str, tuple[PredictionKind, ...]] = {"outcome": ("probability", "point"), "effect": ("point",), "chance": ("probability",)}
"""What each part may give."""


class _Learner(ABC):
    """What the three share: parts that are fitted, fitted again, stored and restored."""

    spec: Spec
    uses: tuple[str, ...]
    gives: PredictionKind = "uplift"
    kept: tuple[str, ...]
    """Parts that predictions are made of: name -> the parameter that declares it, by the name's first word."""

    def __init__(self, params: Any) -> None:
        self.params = params
        self._parts: dict[str, Model] = {name: getattr(params, name) for name in _WANTED if getattr(params, name, None) is not None}
        self.uses = tuple(use for use in ("features", "history") if any(use in part.uses for part in self._parts.values()))
        self.tunes = any(getattr(part, "tunes", False) for part in self._parts.values())

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that every part can be fitted on."""
        each = [part.devices if isinstance(part, Accelerated) else (CPU,) for part in self._parts.values()]
        return tuple(device for device in each[0] if all(device in devices for devices in each))

    def misfits(self) -> Iterator[Problem]:
        """Parts that give something else than they are asked for; the plan asks before any data is read."""
        for name, part in self._parts.items():
            if part.gives not in _WANTED[name]:
                yield Problem(f"{name}.use", f"must give a {' or a '.join(_WANTED[name])}", f"{part.spec.use}, which gives {part.gives}")
            if isinstance(part, Composite):
                yield from (Problem(f"{name}.{found.where}", found.rule, found.got, found.hint) for found in part.misfits())

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Fit all parts.

        Raises:
            RecipeError: No column has the role `action`.
            DataError: One arm has nobody, or a part cannot learn.
        """
        arms = self._arms(train)
        self.share_ = arms.log.share()
        stop = self._arms(validation) if validation is not None and validation.cases.size else None
        self.fitted_: dict[str, Model] = {}

        def learn(name: str, part: str, rows: _Arms, stop: _Arms | None) -> Model:
            model: Model = copy(self._parts[part])
            model.fit(rows.examples, None if stop is None else stop.examples, history, compute)
            self.fitted_[name] = model
            return model

        self._learn(arms, stop, learn, history, int(compute.seed))

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Fit all parts again on these rows; what they chose on validation rows is kept."""
        before, self.fitted_ = self.fitted_, {}
        arms = self._arms(train)
        self.share_ = arms.log.share()

        def learn(name: str, part: str, rows: _Arms, stop: _Arms | None) -> Model:
            model = copy(before[name])
            if isinstance(model, Refittable):
                model.refit(rows.examples, history, compute)
            else:
                model.fit(rows.examples, None, history, compute)
            self.fitted_[name] = model
            return model

        self._learn(arms, None, learn, history, int(compute.seed))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `uplift`, one row a case: what acting adds to the outcome."""
        import pandas as pd

        return pd.DataFrame({"uplift": self._uplift(examples, history)})

    def state(self) -> Mapping[str, bytes]:
        """The files of the parts that predict, each in a folder of its own, and the share acted on."""
        files = {f"{name}/{file}": content for name in self._predicting() for file, content in self.fitted_[name].state().items()}
        return {"learner.json": json.dumps({"share": self.share_}).encode(), **files}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.share_ = float(json.loads(files["learner.json"])["share"])
        self.fitted_ = {name: copy(self._parts[name.partition("_")[0]]) for name in self._predicting()}
        for name, model in self.fitted_.items():
            model.restore({file.removeprefix(f"{name}/"): content for file, content in files.items() if file.startswith(f"{name}/")})

    def _predicting(self) -> tuple[str, ...]:
        return tuple(name for name in self.kept if name.partition("_")[0] in self._parts)

    def _arms(self, examples: Examples) -> _Arms:
        log = Log.of(examples.cases, self.params.acted)
        arms = _Arms(examples, log)
        if log.acted.all() or not log.acted.any():
            got = f"{len(log.acted)} rows, {int(log.acted.sum())} of them acted on"
            hint = "name the values that mean so in model.acted"
            raise DataError("there is nothing to compare", [Problem("data.roles.action", "must have rows of both arms", got, hint)])
        return arms

    @abstractmethod
    def _learn(self, arms: _Arms, stop: _Arms | None, learn: Learn, history: Cases, seed: int) -> None:
        """Fit the parts by `learn`, those that stop early on the rows of `stop`."""

    @abstractmethod
    def _uplift(self, examples: Examples, history: Cases) -> np.ndarray:
        """What acting adds to each outcome, shape (n,)."""


class TLearner(_Learner):
    """Two models of the outcome; what they differ by is the uplift (Kuenzel, Sekhon, Bickel & Yu 2019, PNAS 116(10))."""

    kept = ("outcome_acted", "outcome_left")

    def __init__(self, params: TLearnerParams) -> None:
        super().__init__(params)

    def _learn(self, arms: _Arms, stop: _Arms | None, learn: Learn, history: Cases, seed: int) -> None:
        _learn_outcomes(arms, stop, learn)

    def _uplift(self, examples: Examples, history: Cases) -> np.ndarray:
        both = [_values(self.fitted_[name], examples, history) for name in self.kept]
        uplift: np.ndarray = both[0] - both[1]
        return uplift


class XLearner(_Learner):
    """What each arm's rows have over the other arm's model is learnt, and both are averaged by the chance (Kuenzel et al. 2019)."""

    kept = ("effect_acted", "effect_left", "chance")

    def __init__(self, params: XLearnerParams) -> None:
        super().__init__(params)

    def _learn(self, arms: _Arms, stop: _Arms | None, learn: Learn, history: Cases, seed: int) -> None:
        outcomes = _learn_outcomes(arms, stop, learn)
        rows = [self._with_effects(part, outcomes, history) for part in (arms, stop) if part is not None]
        for acted, name in ((True, "effect_acted"), (False, "effect_left")):
            learn(name, "effect", rows[0].arm(acted), rows[1].arm(acted) if len(rows) > 1 else None)
        _learn_chance(self._parts, arms, stop, learn, "chance")

    def _uplift(self, examples: Examples, history: Cases) -> np.ndarray:
        chance = _values(self.fitted_["chance"], examples, history) if "chance" in self.fitted_ else self.share_
        acted, left = (_values(self.fitted_[name], examples, history) for name in ("effect_acted", "effect_left"))
        uplift: np.ndarray = chance * left + (1.0 - chance) * acted
        return uplift

    def _with_effects(self, arms: _Arms, outcomes: tuple[Model, Model], history: Cases) -> _Arms:
        """Rows whose outcome is what they have over, or lack to, what the other arm's model says of them."""
        import numpy as np

        if_acted, if_left = (_values(model, arms.examples, history) for model in outcomes)
        return arms.learning(np.where(arms.log.acted, arms.y - if_left, if_acted - arms.y))


class DRLearner(_Learner):
    """The doubly robust effect of each row, by models that have not seen it, is learnt (Kennedy 2023, Electronic Journal of Statistics 17).

    It is right on average where the models of the outcome are, or the chance is.
    """

    kept = ("effect",)

    def __init__(self, params: DRLearnerParams) -> None:
        super().__init__(params)

    def _learn(self, arms: _Arms, stop: _Arms | None, learn: Learn, history: Cases, seed: int) -> None:
        import numpy as np

        fold = _folds(arms.examples.cases, self.params.folds, seed)
        effects = np.empty(len(fold))
        stopping = []
        for number in range(self.params.folds):
            others, own = arms.take(np.flatnonzero(fold != number)), np.flatnonzero(fold == number)
            outcomes = _learn_outcomes(others, stop, learn, f"_{number}")
            chance = _learn_chance(self._parts, others, stop, learn, f"chance_{number}")
            effects[own] = self._effects(arms.take(own), outcomes, chance, history)
            if stop is not None:
                stopping.append(self._effects(stop, outcomes, chance, history))
        judged = None if stop is None else stop.learning(np.mean(stopping, axis=0))
        learn("effect", "effect", arms.learning(effects), judged)

    def _uplift(self, examples: Examples, history: Cases) -> np.ndarray:
        return _values(self.fitted_["effect"], examples, history)

    def _effects(self, arms: _Arms, outcomes: tuple[Model, Model], chance: Model | None, history: Cases) -> np.ndarray:
        import numpy as np

        if_acted, if_left = (_values(model, arms.examples, history) for model in outcomes)
        if chance is not None:
            drawn = _values(chance, arms.examples, history)
        else:
            drawn = np.full(len(if_acted), self.share_) if arms.log.chance is None else arms.log.chance
        least = self.params.least_chance
        return doubly_robust(arms.y, arms.log.acted, np.clip(drawn, least, 1.0 - least), if_acted, if_left)


def doubly_robust(y: np.ndarray, acted: np.ndarray, chance: np.ndarray, if_acted: np.ndarray, if_left: np.ndarray) -> np.ndarray:
    """Effect that each row tells of, shape (n,): what the models say, and what the row had over its own arm's model over its chance.

    Example:
        >>> import numpy as np
        >>> one = np.ones(2)
        >>> doubly_robust(one, np.array([True, False]), 0.5 * one, 0.6 * one, 0.2 * one).round(2).tolist()
        [1.2, -1.2]
    """
    import numpy as np

    own = np.where(acted, if_acted, if_left)
    effect: np.ndarray = if_acted - if_left + np.where(acted, 1.0 / chance, -1.0 / (1.0 - chance)) * (y - own)
    return effect


def _learn_outcomes(arms: _Arms, stop: _Arms | None, learn: Learn, suffix: str = "") -> tuple[Model, Model]:
    """The outcome if acted on, and if left alone."""
    first, second = (
        learn(f"outcome_{name}{suffix}", "outcome", arms.arm(acted), None if stop is None else stop.arm(acted))
        for acted, name in ((True, "acted"), (False, "left"))
    )
    return first, second


def _learn_chance(parts: Mapping[str, Any], arms: _Arms, stop: _Arms | None, learn: Learn, name: str) -> Model | None:
    """The model of the chance, where there is one."""
    if "chance" not in parts:
        return None
    rows = [part.learning(part.log.acted.astype("int64")) for part in (arms, stop) if part is not None]
    return learn(name, "chance", rows[0], rows[1] if len(rows) > 1 else None)


def _values(model: Model, examples: Examples, history: Cases) -> np.ndarray:
    """What a part predicts, shape (n,)."""
    import numpy as np

    blind = Examples(examples.cases.blind(), examples.X)
    return model.predict(blind, history)[model.gives].to_numpy(dtype=np.float64)


def _folds(cases: Cases, count: int, seed: int) -> np.ndarray:
    """Fold of each row, shape (n,); rows of one entity share it, so that nobody is judged by a model of themselves."""
    import numpy as np

    names = [name for name in cases.roles.entities if name in cases.rows.columns]
    code = cases.rows.frame.groupby(names, sort=False, dropna=False).ngroup().to_numpy() if names else np.arange(cases.size)
    fold: np.ndarray = np.random.default_rng([seed, 0]).permutation(int(code.max()) + 1)[code] % count
    return fold
