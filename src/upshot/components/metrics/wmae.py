"""Mean absolute error with a weight for each row: weeks with a feast may count five times.

Lower is better; in the unit of the target. The weight is a formula of the rows' columns, or the role `weight`.
As in Kaggle's Walmart Recruiting - Store Sales Forecasting (2014).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.components.metrics._scores import Scorer, points, ratio_scorer
from upshot.components.raw_expressions import evaluated
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class WeightedMeanAbsoluteErrorParams(Params):
    """The weight."""

    weight: str | None = Field(
        None,
        description='Weight of a row as a formula of its columns, e.g. "5 if IsHoliday else 1"; null for the column of data.roles.weight.',
    )

    @field_validator("weight")
    @classmethod
    def _is_an_expression(cls, text: str | None) -> str | None:
        from upshot.value.expressions import Expression

        if text is not None:
            Expression.parse(text)
        return text


class WeightedMeanAbsoluteError:
    """sum weight |prediction - label| / sum weight."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "target"

    def __init__(self, params: WeightedMeanAbsoluteErrorParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score.

        Raises:
            RecipeError: There is neither a formula nor a weight column.
            DataError: The formula names an unknown column, or a weight is below 0 or not finite.
        """
        import numpy as np

        at, y, predicted = points(predictions, cases)
        weight = self._weights(cases)[at]
        return ratio_scorer(at, weight * np.abs(predicted - y), weight)

    def _weights(self, cases: Cases) -> np.ndarray:
        import numpy as np

        text = self.params.weight or cases.roles.weight
        if text is None:
            raise RecipeError("the score is not defined", [Problem("metrics.weight", "must be a formula, or data.roles.weight a column")])
        weights = evaluated(text, cases, "metrics.weight", "the score is not defined").astype(np.float64)
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise DataError("the score is not defined", [Problem("metrics.weight", "must be finite and >= 0 in every row", text)])
        return weights
