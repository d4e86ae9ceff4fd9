"""Extremely randomised trees of scikit-learn: a forest whose thresholds are drawn instead of searched.

Geurts, Ernst & Wehenkel (2006), "Extremely randomized trees", Machine Learning 63. Smoother and faster than a random forest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from upshot.components.model.random_forest import ForestParams, RandomForest
from upshot.contracts.components import Compute

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor


class ExtraTreesParams(ForestParams):
    """ExtraTreesClassifier or -Regressor of scikit-learn, with its defaults."""

    bootstrap: bool = Field(False, description="Whether each tree draws its rows with replacement.")


class ExtraTrees(RandomForest):
    """Gives the probability of label 1, or a point; gaps follow the branch that was better in training, categories are refused."""

    name: ClassVar[str] = "extra trees"

    def _estimator(self, compute: Compute) -> ExtraTreesClassifier | ExtraTreesRegressor:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        return (ExtraTreesClassifier if self.gives == "probability" else ExtraTreesRegressor)(**self._settings(compute))
