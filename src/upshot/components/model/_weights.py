"""How much a training row counts: by its declared weight or by its money, and by the balance of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.model._columns import MAX_EXAMPLES
from upshot.contracts.components import Examples
from upshot.contracts.params import Params
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np

Weight = Literal["weight", "amount"]


class WeightedParams(Params):
    """What every model of columns is asked: how much its rows count."""

    sample_weight: Weight | None = Field(
        "weight",
        description="weight: rows count by data.roles.weight, where the data has it; amount: by their money; null: all alike.",
    )


def row_weights(examples: Examples, source: Weight | None) -> np.ndarray | None:
    """Weights of mean 1, shape (n,); None where all rows count alike.

    The mean is 1 so that penalties and least leaf weights keep their scale, whatever the money's unit.

    Raises:
        RecipeError: Weights by money, and no column is the amount.
        DataError: A weight is missing, infinite or below 0, or all are 0.
    """
    import numpy as np

    roles = examples.cases.roles
    column = roles.amount if source == "amount" else roles.weight if source == "weight" else None
    if source == "amount" and column is None:
        problem = Problem(
            "model.sample_weight", "needs an amount column", "amount", "name it in data.roles.amount, or set sample_weight=null"
        )
        raise RecipeError("rows cannot be weighed by money", [problem])
    if column is None or not examples.cases.size:
        return None
    weights = examples.cases.rows.frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0.0)))
    if len(wrong):
        rows = ", ".join(str(int(row)) for row in wrong[:MAX_EXAMPLES])
        problem = Problem(
            column, "must be finite and >= 0 to weigh rows", f"{len(wrong)} that are not, rows {rows}", "set model.sample_weight=null"
        )
        raise DataError("rows cannot be weighed", [problem])
    if not weights.sum() > 0.0:
        raise DataError("rows cannot be weighed", [Problem(column, "must be above 0 in some row", "all 0")])
    scaled: np.ndarray = weights / weights.mean()
    return scaled


def balance(y: np.ndarray) -> np.ndarray:
    """Factors, shape (n,), by which both classes count alike in number: n / (2 * rows of the class).

    Example:
        >>> import numpy as np
        >>> balance(np.array([1, 0, 0, 0])).round(2).tolist()
        [2.0, 0.67, 0.67, 0.67]
    """
    import numpy as np

    counts = np.bincount(y.astype(np.int64), minlength=2)
    factors: np.ndarray = (len(y) / (2.0 * np.maximum(counts, 1)))[y.astype(np.int64)]
    return factors
