"""How much a training row counts: by its declared weight or by money, and by its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from upshot.components.model._columns import MAX_EXAMPLES
from upshot.contracts.components import Examples
from upshot.contracts.params import Params
from upshot.contracts.records import PredictionKind
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np

ClassWeight = Literal["balanced"] | Annotated[float, Field(gt=0, allow_inf_nan=False)]
CLASS_WEIGHT_SENTENCE = (
    "balanced: both classes weigh alike in sum; a number: how much a row of label 1 weighs against one of label 0; classification only."
)


class WeightedParams(Params):
    """What every model of columns is asked: how much its rows count."""

    sample_weight: str | None = Field(
        "weight",
        description="weight: rows count by data.roles.weight, where the data has it; amount: by data.roles.amount, their money; "
        'an expression on raw columns, such as "max(balance, 0) + 100"; null: all alike.',
    )
    weight_power: float = Field(
        1.0,
        ge=0,
        le=2,
        description="Power of the weight: 1 as it stands, 0.5 its root, by which large amounts count for more and do not rule.",
    )

    @field_validator("sample_weight")
    @classmethod
    def _is_a_weight(cls, weight: str | None) -> str | None:
        from upshot.value.expressions import Expression

        if weight is not None and weight not in ("weight", "amount"):
            Expression.parse(weight)
        return weight

    def of_classes(self) -> ClassWeight | None:
        """How much the classes count; None for alike."""
        return None


class ClassWeightedParams(WeightedParams):
    """What every classifier is asked beside: how much its classes count."""

    class_weight: ClassWeight | None = Field(None, description=CLASS_WEIGHT_SENTENCE)

    def of_classes(self) -> ClassWeight | None:
        """How much the classes count; None for alike."""
        return self.class_weight


def row_weights(examples: Examples, params: WeightedParams, gives: PredictionKind) -> np.ndarray | None:
    """How much each row counts, shape (n,); None where all count alike.

    Weights by rows have mean 1, so that penalties and least leaf weights keep their scale, whatever the money's unit. A class weight
    multiplies them.

    Args:
        examples: The rows.
        params: The model's parameters.
        gives: What the model gives; classes weigh in a probability alone.

    Raises:
        RecipeError: Weights by money, and no column is the amount.
        DataError: A weight is missing, infinite or below 0, or all are 0.
    """
    weights = _by_row(examples, params)
    factor = params.of_classes() if gives == "probability" else None
    if factor is None or not examples.cases.size:
        return weights
    of_class = _by_class(examples.y, factor)
    return of_class if weights is None else weights * of_class


def _by_row(examples: Examples, params: WeightedParams) -> np.ndarray | None:
    import numpy as np

    roles, source = examples.cases.roles, params.sample_weight
    column = roles.amount if source == "amount" else roles.weight if source == "weight" else source
    if source == "amount" and column is None:
        hint = "name it in data.roles.amount, give an expression, or set sample_weight=null"
        raise RecipeError("rows cannot be weighed by money", [Problem("model.sample_weight", "needs an amount column", "amount", hint)])
    if column is None or not examples.cases.size:
        return None
    weights = _values(examples, column, is_column=source in ("amount", "weight"))
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0.0)))
    if len(wrong):
        rows = ", ".join(str(int(row)) for row in wrong[:MAX_EXAMPLES])
        problem = Problem(
            column, "must be finite and >= 0 to weigh rows", f"{len(wrong)} that are not, rows {rows}", "set model.sample_weight=null"
        )
        raise DataError("rows cannot be weighed", [problem])
    if not weights.sum() > 0.0:
        raise DataError("rows cannot be weighed", [Problem(column, "must be above 0 in some row", "all 0")])
    raised = weights if params.weight_power == 1.0 else weights**params.weight_power
    scaled: np.ndarray = raised / raised.mean()
    return scaled


def _values(examples: Examples, column: str, *, is_column: bool) -> np.ndarray:
    import numpy as np

    from upshot.components.raw_expressions import evaluated

    if is_column:
        weights: np.ndarray = examples.cases.rows.frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        return weights
    return evaluated(column, examples.cases, "model.sample_weight", "rows cannot be weighed").astype(np.float64)


def _by_class(y: np.ndarray, factor: ClassWeight) -> np.ndarray:
    """What the class of each row adds, as a factor, shape (n,).

    Example:
        >>> import numpy as np
        >>> _by_class(np.array([1, 0, 0, 0]), "balanced").round(2).tolist(), _by_class(np.array([1, 0]), 5.0).tolist()
        ([2.0, 0.67, 0.67, 0.67], [5.0, 1.0])
    """
    import numpy as np

    is_one = y == 1
    if factor != "balanced":
        return np.where(is_one, factor, 1.0)
    ones = int(is_one.sum())
    factors: np.ndarray = np.where(is_one, len(y) / (2.0 * max(ones, 1)), len(y) / (2.0 * max(len(y) - ones, 1)))
    return factors
