"""Gradient-boosted trees of LightGBM, through its native interface and saved in its own text format.

Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS. Parameter names, defaults and results are
those of the library's scikit-learn wrapper. Histograms are always built column by column: the library would otherwise time two ways on
the spot and take the faster, which can change last digits between two runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from upshot.components.model._columns import Columns
from upshot.components.model._constraints import GROUPS_SENTENCE, MONOTONE_SENTENCE, Groups, Monotone, directions, groups
from upshot.components.model._devices import no_gpu
from upshot.components.model._task import TASK_SENTENCE, Task, check_choice, kind_of, outcomes, stopping_part
from upshot.components.model._weights import ClassWeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Dataset


class LightGBMParams(ClassWeightedParams):
    """LightGBM, by the names of its scikit-learn wrapper."""

    task: Task = Field("classification", description=TASK_SENTENCE)
    objective: (
        Literal["binary", "regression", "regression_l1", "huber", "fair", "poisson", "mape", "gamma", "tweedie", "quantile"] | None
    ) = Field(None, description="Loss that is learnt; null is binary for a classification, regression (squared error) else.")
    alpha: float = Field(0.9, gt=0, lt=1, description="Which quantile is learnt by objective quantile; where huber turns linear.")
    tweedie_variance_power: float = Field(1.5, ge=1, lt=2, description="Tweedie: 1 is near Poisson, 2 near gamma.")
    boosting_type: Literal["gbdt", "dart", "rf"] = Field(
        "gbdt", description="gbdt boosts; dart drops trees while it boosts; rf grows a forest, with subsample < 1 and subsample_freq >= 1."
    )
    n_estimators: int = Field(100, ge=1, le=100_000, description="Boosting rounds; the most, where early stopping is on.")
    early_stopping_rounds: int | None = Field(None, ge=1, description="Rounds without a better validation loss before it stops.")
    learning_rate: float = Field(0.1, gt=0, le=1, description="Shrinkage of each tree.")
    num_leaves: int = Field(31, ge=2, le=131_072, description="Most leaves of a tree.")
    max_depth: int = Field(-1, ge=-1, description="Deepest tree; -1 is without limit.")
    min_child_samples: int = Field(20, ge=0, description="Least rows in a leaf.")
    min_child_weight: float = Field(1e-3, ge=0, description="Least sum of hessians in a leaf.")
    min_split_gain: float = Field(0.0, ge=0, description="Least gain of a split.")
    max_bin: int = Field(255, ge=2, description="Bins of a number.")
    subsample_for_bin: int = Field(200_000, ge=1, description="Rows looked at to place the bins.")
    subsample: float = Field(1.0, gt=0, le=1, description="Share of rows drawn; acts only with subsample_freq >= 1.")
    subsample_freq: int = Field(0, ge=0, description="Rows are drawn anew every so many rounds; 0 never draws.")
    colsample_bytree: float = Field(1.0, gt=0, le=1, description="Share of columns drawn for each tree.")
    extra_trees: bool = Field(False, description="Whether one random threshold a column is tried instead of all.")
    reg_alpha: float = Field(0.0, ge=0, description="L1 penalty on leaf values.")
    reg_lambda: float = Field(0.0, ge=0, description="L2 penalty on leaf values.")
    cat_smooth: float = Field(10.0, ge=0, description="Smoothing of small categories.")
    cat_l2: float = Field(10.0, ge=0, description="L2 penalty in categorical splits.")
    monotone_constraints: Monotone = Field(default_factory=dict, description=MONOTONE_SENTENCE)
    monotone_constraints_method: Literal["basic", "intermediate", "advanced"] = Field(
        "basic", description="How monotone splits are found: later ones are slower and bind less."
    )
    interaction_constraints: Groups = Field((), description=GROUPS_SENTENCE)

    @field_validator("objective")
    @classmethod
    def _fits_the_task(cls, objective: str | None, info: ValidationInfo) -> str | None:
        return check_choice(objective, info, ("binary",))

    @field_validator("early_stopping_rounds")
    @classmethod
    def _can_stop(cls, rounds: int | None, info: ValidationInfo) -> int | None:
        if rounds is not None and info.data.get("boosting_type") == "dart":
            raise ValueError("dart changes its earlier trees, so it cannot stop at the best round; leave it out")
        return rounds

    @model_validator(mode="after")
    def _a_forest_draws_rows(self) -> LightGBMParams:
        if self.boosting_type == "rf" and (self.subsample_freq < 1 or self.subsample >= 1.0):
            raise ValueError("boosting_type rf needs subsample < 1 and subsample_freq >= 1")
        return self


class LightGBM:
    """Gives the probability of label 1, or a point. Missing values and categories are handled by the trees.

    With `early_stopping_rounds` only the trees up to the best validation round are kept and saved.
    """

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind
    devices: tuple[str, ...] = ("cpu", "gpu")

    def __init__(self, params: LightGBMParams) -> None:
        self.params = params
        self.gives = kind_of(params.task)
        self.tunes = params.early_stopping_rounds is not None

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Grow the trees on the training rows.

        Raises:
            DataError: Columns or labels that cannot be learnt.
            RecipeError: Early stopping without a validation part, or no GPU where one is asked for.
        """
        import lightgbm

        stop = stopping_part(validation, self.params.early_stopping_rounds)
        self.columns_ = Columns.of(train.X)
        self.threads_ = int(compute.threads)
        settings = self._settings(compute)
        data = self._dataset(train, settings)
        try:
            booster = lightgbm.train(
                settings,
                data,
                num_boost_round=self.params.n_estimators,
                valid_sets=[self._validation_set(stop, data)] if stop is not None else None,
                callbacks=[lightgbm.early_stopping(self._rounds(), verbose=False)] if stop is not None else None,
            )
        except lightgbm.basic.LightGBMError as error:
            if compute.device == "gpu":
                raise no_gpu(str(error).strip()[:200]) from error
            raise
        self.booster_ = booster
        self.kept_ = booster.best_iteration if stop is not None else booster.current_iteration()

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Grow as many trees as were kept, on these rows, without stopping early."""
        self.params = self.params.model_copy(update={"n_estimators": max(self.kept_, 1), "early_stopping_rounds": None})
        self.fit(train, None, history, compute)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `probability` or `point`, one row a case."""
        import numpy as np
        import pandas as pd

        X = self.columns_.matrix(examples.X)
        if not len(X):
            return pd.DataFrame({self.gives: np.empty(0)})
        scores = self.booster_.predict(X, num_iteration=self.kept_, num_threads=self.threads_)
        return pd.DataFrame({self.gives: np.asarray(scores, dtype=np.float64)})

    @property
    def contribution_unit(self) -> str:
        """Log-odds for a probability, the log of the target for losses that predict it, else the target's own unit."""
        logged = self.params.objective in ("poisson", "gamma", "tweedie")
        return "log-odds" if self.gives == "probability" else "log of the target" if logged else "unit of the target"

    def contributions(self, examples: Examples) -> pd.DataFrame:
        """TreeSHAP by the library: the columns of X and `bias`, one row a case; they sum to the raw score."""
        import numpy as np
        import pandas as pd

        X = self.columns_.matrix(examples.X)
        found = self.booster_.predict(X, num_iteration=self.kept_, num_threads=self.threads_, pred_contrib=True)
        return pd.DataFrame(np.asarray(found, dtype=np.float64), columns=[*self.columns_.names, "bias"])

    def state(self) -> Mapping[str, bytes]:
        """Columns, the thread count, and the trees as LightGBM text."""
        text = self.booster_.model_to_string(num_iteration=self.kept_)
        threads = json.dumps({"threads": self.threads_}).encode()
        return {"columns.json": self.columns_.to_json(), "compute.json": threads, "model.txt": text.encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import lightgbm

        self.columns_ = Columns.from_json(files["columns.json"])
        self.threads_ = int(json.loads(files["compute.json"])["threads"])
        self.booster_ = lightgbm.Booster(model_str=files["model.txt"].decode())
        self.kept_ = self.booster_.current_iteration()

    def _rounds(self) -> int:
        assert self.params.early_stopping_rounds is not None
        return self.params.early_stopping_rounds

    def _settings(self, compute: Compute) -> dict[str, object]:
        p = self.params
        apart = {"task", "n_estimators", "early_stopping_rounds", "boosting_type", "objective", *ClassWeightedParams.model_fields}
        constraints = {
            "monotone_constraints": directions(self.columns_, p.monotone_constraints, "monotone_constraints"),
            "interaction_constraints": groups(self.columns_, p.interaction_constraints, "interaction_constraints"),
        }
        settings = p.model_dump(
            exclude=apart | constraints.keys() | ({"monotone_constraints_method"} if not p.monotone_constraints else set())
        )
        return {
            **settings,
            **{name: value for name, value in constraints.items() if value is not None},
            "boosting": p.boosting_type,
            "objective": p.objective or ("binary" if self.gives == "probability" else "regression"),
            "verbosity": -1,
            "deterministic": True,
            **({"device_type": "gpu", "gpu_use_dp": True} if compute.device == "gpu" else {"force_col_wise": True}),
            "seed": compute.seed,
            "num_threads": compute.threads,
        }

    def _dataset(self, examples: Examples, settings: dict[str, object]) -> Dataset:
        import lightgbm

        y = outcomes(examples, self.params.task)
        return lightgbm.Dataset(
            self.columns_.matrix(examples.X),
            y,
            weight=row_weights(examples, self.params, self.gives),
            categorical_feature=list(self.columns_.categorical),
            params=settings,
        )

    def _validation_set(self, examples: Examples, reference: Dataset) -> Dataset:
        import numpy as np

        y = examples.y.astype(np.float64)
        return reference.create_valid(self.columns_.matrix(examples.X), y, weight=row_weights(examples, self.params, self.gives))
