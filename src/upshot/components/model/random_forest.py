"""Forests of scikit-learn, saved by skops: many deep trees on drawn rows and columns, averaged.

Breiman (2001), "Random forests", Machine Learning 45. Trees grow on all threads, and are averaged on one: scikit-learn adds the trees of
several threads in the order in which they finish, so that two equal runs would differ in their last digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from upshot.components.model._columns import Columns
from upshot.components.model._constraints import MONOTONE_SENTENCE, Monotone, directions
from upshot.components.model._linear import categories, gapless_numbers
from upshot.components.model._skops import dump_stable, load_trusted
from upshot.components.model._task import TASK_SENTENCE, Task, check_choice, kind_of, outcomes
from upshot.components.model._weights import CLASS_WEIGHT_SENTENCE, ClassWeight, WeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

TREE = "sklearn.tree._tree.Tree"
TRUSTED = (
    *(f"sklearn.ensemble._forest.{name}{task}" for name in ("ExtraTrees", "RandomForest") for task in ("Classifier", "Regressor")),
    *(f"sklearn.tree._classes.{name}{task}" for name in ("ExtraTree", "DecisionTree") for task in ("Classifier", "Regressor")),
    TREE,
)
"""All types that a saved forest may hold, besides plain Python and numpy values."""

OF_CLASSIFICATION = ("gini", "entropy", "log_loss")
Share = Annotated[float, Field(gt=0, le=1)]
AtLeastOne = Annotated[int, Field(ge=1)]


class ForestParams(WeightedParams):
    """RandomForestClassifier or -Regressor of scikit-learn, with its defaults."""

    task: Task = Field("classification", description=TASK_SENTENCE)
    n_estimators: int = Field(100, ge=1, le=10_000, description="Trees.")
    criterion: Literal["gini", "entropy", "log_loss", "squared_error", "absolute_error", "poisson"] | None = Field(
        None, description="What a split lowers; null is gini for a classification, squared_error else."
    )
    max_depth: int | None = Field(None, ge=1, description="Deepest tree; null is without limit.")
    min_samples_split: Annotated[int, Field(ge=2)] | Share = Field(
        2, description="Least rows of a node that is split; a share where below 1."
    )
    min_samples_leaf: AtLeastOne | Annotated[float, Field(gt=0, lt=1)] = Field(
        1, description="Least rows in a leaf; a share where below 1."
    )
    min_weight_fraction_leaf: float = Field(0.0, ge=0, le=0.5, description="Least share of all weight in a leaf.")
    max_features: Literal["auto", "sqrt", "log2"] | AtLeastOne | Share | None = Field(
        "auto", description="Columns drawn for each split, or their share; auto is sqrt for a classification, all else; null is all."
    )
    max_leaf_nodes: int | None = Field(None, ge=2, description="Most leaves of a tree; null is without limit.")
    min_impurity_decrease: float = Field(0.0, ge=0, description="Least gain of a split.")
    bootstrap: bool = Field(True, description="Whether each tree draws its rows with replacement.")
    max_samples: AtLeastOne | Share | None = Field(
        None, description="Rows that each tree draws, or their share; null is as many as there are."
    )
    class_weight: ClassWeight | Literal["balanced_subsample"] | None = Field(
        None, description=f"{CLASS_WEIGHT_SENTENCE} balanced_subsample: balanced in each tree's draw."
    )
    ccp_alpha: float = Field(0.0, ge=0, description="Pruning: branches whose gain per leaf is below this are cut.")
    monotonic_cst: Monotone = Field(default_factory=dict, description=MONOTONE_SENTENCE)

    def of_classes(self) -> ClassWeight | None:
        """How much the classes count over all rows; the forest itself balances each draw."""
        return None if self.class_weight == "balanced_subsample" else self.class_weight

    @field_validator("criterion")
    @classmethod
    def _fits_the_task(cls, criterion: str | None, info: ValidationInfo) -> str | None:
        return check_choice(criterion, info, OF_CLASSIFICATION)

    @field_validator("max_samples")
    @classmethod
    def _draws_rows(cls, rows: float | None, info: ValidationInfo) -> float | None:
        if rows is not None and not info.data.get("bootstrap", True):
            raise ValueError("acts only with bootstrap: true")
        return rows


class RandomForest:
    """Gives the probability of label 1, or a point; gaps follow the branch that was better in training, categories are refused."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind
    name: ClassVar[str] = "random forest"

    def __init__(self, params: ForestParams) -> None:
        self.params = params
        self.gives = kind_of(params.task)

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Grow the trees on the training rows.

        Raises:
            DataError: A category, a gap under a monotone constraint, or labels that cannot be learnt.
        """
        self.columns_ = Columns.of(train.X)
        y = outcomes(train, self.params.task)
        estimator = self._estimator(compute)
        estimator.fit(self._matrix(train.X), y, sample_weight=row_weights(train, self.params, self.gives))
        self.estimator_ = estimator.set_params(n_jobs=1)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `probability` or `point`, one row a case."""
        import numpy as np
        import pandas as pd

        X = self._matrix(examples.X)
        if not len(X):
            return pd.DataFrame({self.gives: np.empty(0)})
        scores = self.estimator_.predict_proba(X)[:, 1] if self.gives == "probability" else self.estimator_.predict(X)
        return pd.DataFrame({self.gives: scores})

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the estimator as a skops archive."""
        return {"columns.json": self.columns_.to_json(), "model.skops": dump_stable(self.estimator_)}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`.

        Raises:
            IntegrityError: The archive holds a type that is not on the list of trusted ones.
        """
        self.columns_ = Columns.from_json(files["columns.json"])
        self.estimator_ = load_trusted(files["model.skops"], TRUSTED)

    def _matrix(self, X: pd.DataFrame) -> np.ndarray:
        if self.params.monotonic_cst:
            return gapless_numbers(self.columns_, X, f"a monotone {self.name}")
        if problems := categories(self.columns_, self.name):
            raise DataError(f"{self.name} cannot use these columns", problems)
        return self.columns_.matrix(X)

    def _settings(self, compute: Compute) -> dict[str, object]:
        p = self.params
        apart = {
            "task",
            "criterion",
            "max_features",
            "monotonic_cst",
            "class_weight",
            *WeightedParams.model_fields,
        }
        settings = {**p.model_dump(exclude=apart), "random_state": compute.seed, "n_jobs": compute.threads}
        if p.class_weight == "balanced_subsample" and self.gives == "probability":
            settings["class_weight"] = p.class_weight
        if p.criterion is not None:
            settings["criterion"] = p.criterion
        if p.max_features != "auto":
            settings["max_features"] = p.max_features
        return {**settings, "monotonic_cst": directions(self.columns_, p.monotonic_cst, "monotonic_cst")}

    def _estimator(self, compute: Compute) -> RandomForestClassifier | RandomForestRegressor | ExtraTreesClassifier | ExtraTreesRegressor:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        return (RandomForestClassifier if self.gives == "probability" else RandomForestRegressor)(**self._settings(compute))
