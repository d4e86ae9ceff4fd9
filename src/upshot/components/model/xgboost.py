"""Gradient-boosted trees of XGBoost, through its native interface and saved in its own JSON.

Chen & Guestrin (2016), "XGBoost: a scalable tree boosting system", KDD. Parameter names, defaults and results are those of the
library's scikit-learn wrapper; the wrapper itself is left out, since its objects would have to be pickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationInfo, field_validator

from upshot.components.model._columns import Columns
from upshot.components.model._constraints import GROUPS_SENTENCE, MONOTONE_SENTENCE, Groups, Monotone, directions, groups
from upshot.components.model._devices import no_gpu
from upshot.components.model._task import TASK_SENTENCE, Task, check_choice, kind_of, outcomes, stopping_part
from upshot.components.model._weights import ClassWeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from xgboost import Booster, DMatrix


class XGBoostParams(ClassWeightedParams):
    """XGBoost, by the names of its documentation."""

    task: Task = Field("classification", description=TASK_SENTENCE)
    objective: (
        Literal[
            "binary:logistic",
            "reg:squarederror",
            "reg:absoluteerror",
            "reg:pseudohubererror",
            "reg:squaredlogerror",
            "reg:gamma",
            "reg:tweedie",
            "count:poisson",
            "reg:quantileerror",
        ]
        | None
    ) = Field(None, description="Loss that is learnt; null is binary:logistic for a classification, reg:squarederror else.")
    quantile_alpha: float = Field(0.5, gt=0, lt=1, description="Which quantile is learnt by objective reg:quantileerror.")
    tweedie_variance_power: float = Field(1.5, gt=1, lt=2, description="Tweedie: 1 is near Poisson, 2 near gamma.")
    eval_metric: Literal["logloss", "auc", "aucpr", "error", "rmse", "mae", "mape", "rmsle"] | None = Field(
        None, description="What early stopping watches on validation; null is the loss."
    )
    booster: Literal["gbtree", "dart"] = Field("gbtree", description="gbtree boosts; dart drops trees while it boosts.")
    n_estimators: int = Field(100, ge=1, le=100_000, description="Boosting rounds; the most, where early stopping is on.")
    early_stopping_rounds: int | None = Field(None, ge=1, description="Rounds without a better validation loss before it stops.")
    learning_rate: float = Field(0.3, gt=0, le=1, description="Shrinkage of each tree.")
    max_depth: int = Field(6, ge=0, le=64, description="Deepest tree; 0 is without limit.")
    max_leaves: int = Field(0, ge=0, description="Most leaves of a tree; 0 is without limit.")
    grow_policy: Literal["depthwise", "lossguide"] = Field("depthwise", description="Which node is split next.")
    tree_method: Literal["hist", "approx", "exact"] = Field("hist", description="How splits are found.")
    max_bin: int = Field(256, ge=2, description="Bins of a number, for hist and approx.")
    min_child_weight: float = Field(1.0, ge=0, description="Least sum of hessians in a leaf.")
    gamma: float = Field(0.0, ge=0, description="Least gain of a split.")
    max_delta_step: float = Field(0.0, ge=0, description="Largest step of a leaf; 0 is without limit. Helps with rare positives.")
    subsample: float = Field(1.0, gt=0, le=1, description="Share of rows drawn for each tree.")
    colsample_bytree: float = Field(1.0, gt=0, le=1, description="Share of columns drawn for each tree.")
    colsample_bylevel: float = Field(1.0, gt=0, le=1, description="Share of columns drawn for each level.")
    colsample_bynode: float = Field(1.0, gt=0, le=1, description="Share of columns drawn for each split.")
    reg_alpha: float = Field(0.0, ge=0, description="L1 penalty on leaf weights.")
    reg_lambda: float = Field(1.0, ge=0, description="L2 penalty on leaf weights.")
    scale_pos_weight: float = Field(1.0, gt=0, description="Weight of label 1 against label 0 in a classification.")
    base_score: float | None = Field(None, description="First prediction; the label's mean when left out.")
    num_parallel_tree: int = Field(1, ge=1, description="Trees grown in each round.")
    max_cat_to_onehot: int = Field(4, ge=1, description="Categories with fewer values are split one against the rest.")
    max_cat_threshold: int = Field(64, ge=1, description="Most categories considered on one side of a split.")
    monotone_constraints: Monotone = Field(default_factory=dict, description=MONOTONE_SENTENCE)
    interaction_constraints: Groups = Field((), description=GROUPS_SENTENCE)

    @field_validator("objective")
    @classmethod
    def _fits_the_task(cls, objective: str | None, info: ValidationInfo) -> str | None:
        return check_choice(objective, info, ("binary:logistic",))

    @field_validator("eval_metric")
    @classmethod
    def _judges_the_task(cls, metric: str | None, info: ValidationInfo) -> str | None:
        return check_choice(metric, info, ("logloss", "auc", "aucpr", "error"))

    @field_validator("early_stopping_rounds")
    @classmethod
    def _can_stop(cls, rounds: int | None, info: ValidationInfo) -> int | None:
        if rounds is not None and info.data.get("booster") == "dart":
            raise ValueError("dart changes its earlier trees, so it cannot stop at the best round; leave it out")
        return rounds


class XGBoost:
    """Gives the probability of label 1, or a point. Missing values and categories are handled by the trees.

    With `early_stopping_rounds` the trees after the best validation round are cut off, so what is saved is what predicts.
    """

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind
    devices: tuple[str, ...] = ("cpu", "gpu")

    def __init__(self, params: XGBoostParams) -> None:
        self.params = params
        self.gives = kind_of(params.task)
        self.tunes = params.early_stopping_rounds is not None

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Grow the trees on the training rows.

        Raises:
            DataError: Columns or labels that cannot be learnt.
            RecipeError: Early stopping without a validation part, or no GPU where one is asked for.
        """
        import warnings

        import xgboost

        self._check_device(compute)
        stop = stopping_part(validation, self.params.early_stopping_rounds)
        self.columns_ = Columns.of(train.X)
        self.threads_ = int(compute.threads)
        data = self._training_matrix(train, None)
        with warnings.catch_warnings():
            if compute.device == "gpu":
                warnings.simplefilter("ignore", UserWarning)  # that it falls back to the processor, which is refused below
            booster = xgboost.train(
                self._settings(compute),
                data,
                num_boost_round=self.params.n_estimators,
                evals=[(self._training_matrix(stop, data), "validation")] if stop is not None else None,
                early_stopping_rounds=self.params.early_stopping_rounds,
                verbose_eval=False,
            )
        _refuse_fallback(booster, compute)
        booster.set_param({"device": "cpu"})
        self.booster_: Booster = booster[: booster.best_iteration + 1] if stop is not None else booster

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Grow as many trees as were kept, on these rows, without stopping early."""
        self.params = self.params.model_copy(
            update={"n_estimators": max(self.booster_.num_boosted_rounds(), 1), "early_stopping_rounds": None}
        )
        self.fit(train, None, history, compute)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `probability` or `point`, one row a case."""
        import numpy as np
        import pandas as pd

        return pd.DataFrame({self.gives: self.booster_.predict(self._scored_matrix(examples)).astype(np.float64)})

    @property
    def contribution_unit(self) -> str:
        """Log-odds for a probability, the log of the target for losses that predict it, else the target's own unit."""
        logged = self.params.objective in ("count:poisson", "reg:gamma", "reg:tweedie", "survival:aft")
        return "log-odds" if self.gives == "probability" else "log of the target" if logged else "unit of the target"

    def contributions(self, examples: Examples) -> pd.DataFrame:
        """TreeSHAP by the library: the columns of X and `bias`, one row a case; they sum to the margin."""
        import numpy as np
        import pandas as pd

        found = self.booster_.predict(self._scored_matrix(examples), pred_contribs=True)
        return pd.DataFrame(found.astype(np.float64), columns=[*self.columns_.names, "bias"])

    def state(self) -> Mapping[str, bytes]:
        """Columns, the thread count, and the trees as XGBoost JSON."""
        threads = json.dumps({"threads": self.threads_}).encode()
        return {"columns.json": self.columns_.to_json(), "compute.json": threads, "model.json": bytes(self.booster_.save_raw("json"))}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import xgboost

        self.columns_ = Columns.from_json(files["columns.json"])
        self.threads_ = int(json.loads(files["compute.json"])["threads"])
        self.booster_ = xgboost.Booster({"nthread": self.threads_})
        self.booster_.load_model(bytearray(files["model.json"]))

    def _settings(self, compute: Compute) -> dict[str, object]:
        p = self.params
        constraints = {
            "monotone_constraints": directions(self.columns_, p.monotone_constraints, "monotone_constraints"),
            "interaction_constraints": groups(self.columns_, p.interaction_constraints, "interaction_constraints"),
        }
        apart = {"task", "n_estimators", "early_stopping_rounds", "objective", *ClassWeightedParams.model_fields, *constraints}
        apart |= {"scale_pos_weight"} if self.gives == "point" else set()
        if p.tree_method == "exact":
            apart |= {"max_bin", "grow_policy", "max_leaves"}  # the exact method does not know them
        settings = p.model_dump(exclude=apart, exclude_none=True)
        monotone, together = constraints.values()
        if monotone is not None:
            settings["monotone_constraints"] = f"({','.join(map(str, monotone))})"
        if together is not None:
            settings["interaction_constraints"] = json.dumps(together)
        objective = p.objective or ("binary:logistic" if self.gives == "probability" else "reg:squarederror")
        device = {"device": "cuda"} if compute.device == "gpu" else {}
        return {**settings, **device, "objective": objective, "seed": compute.seed, "nthread": compute.threads, "verbosity": 0}

    def _check_device(self, compute: Compute) -> None:
        """The exact method runs on the processor only."""
        if compute.device == "gpu" and self.params.tree_method == "exact":
            rule = "the exact method is not made for a GPU"
            raise RecipeError(
                "the model cannot be fitted", [Problem("model.tree_method", rule, "exact", "use hist or approx, or compute.device=cpu")]
            )

    def _types(self) -> list[str]:
        return ["c" if name in self.columns_.categories else "q" for name in self.columns_.names]

    def _scored_matrix(self, examples: Examples) -> DMatrix:
        import xgboost

        X = self.columns_.matrix(examples.X)
        return xgboost.DMatrix(X, feature_types=self._types(), enable_categorical=True, nthread=self.threads_)

    def _training_matrix(self, examples: Examples, reference: DMatrix | None) -> DMatrix:
        import xgboost

        X, y = self.columns_.matrix(examples.X), self._outcomes(examples, reference)
        weight = row_weights(examples, self.params, self.gives)
        if self.params.tree_method != "hist":
            return xgboost.DMatrix(X, y, weight=weight, feature_types=self._types(), enable_categorical=True, nthread=self.threads_)
        return xgboost.QuantileDMatrix(
            X,
            y,
            weight=weight,
            max_bin=self.params.max_bin,
            ref=reference,
            feature_types=self._types(),
            enable_categorical=True,
            nthread=self.threads_,
        )

    def _outcomes(self, examples: Examples, reference: DMatrix | None) -> np.ndarray:
        import numpy as np

        return outcomes(examples, self.params.task) if reference is None else examples.y.astype(np.float64)


def _refuse_fallback(booster: Booster, compute: Compute) -> None:
    """XGBoost goes on with the processor, with no more than a warning, where it finds no GPU; what was asked for is then not what was done.

    Raises:
        RecipeError: It did.
    """
    if compute.device == "gpu":
        used = json.loads(booster.save_config())["learner"]["generic_param"]["device"]
        if not str(used).startswith("cuda"):
            raise no_gpu(f"XGBoost used {used}")
