"""What linear models share: columns standardised by the training rows, a sum over columns, and a JSON of plain numbers.

The sum is our own. A matrix product would give other last digits for one row than for many, and one scoring path has to answer alike in
batch and alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.model._columns import MAX_EXAMPLES, Columns
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class LinearSum:
    """intercept + sum of coef * (column - mean) / scale."""

    columns: Columns
    mean: np.ndarray
    scale: np.ndarray
    coef: np.ndarray
    intercept: float

    def of(self, X: np.ndarray) -> np.ndarray:
        """The sum for each row, shape (n,)."""
        import numpy as np

        out = np.full(len(X), self.intercept)
        for column, mean, scale, weight in zip(X.T, self.mean, self.scale, self.coef, strict=True):
            out += (column - mean) / scale * weight
        return out

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the numbers of the model as JSON."""
        numbers = {"mean": self.mean.tolist(), "scale": self.scale.tolist(), "coef": self.coef.tolist(), "intercept": self.intercept}
        return {"columns.json": self.columns.to_json(), "model.json": json.dumps(numbers).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> LinearSum:
        """The opposite of `state`."""
        import numpy as np

        numbers = json.loads(files["model.json"])
        mean, scale, coef = (np.asarray(numbers[name], dtype=np.float64) for name in ("mean", "scale", "coef"))
        return cls(Columns.from_json(files["columns.json"]), mean, scale, coef, float(numbers["intercept"]))


FILLS = "fill them where the feature is made: `impute: median` of numeric, `fill: 0` of sensor_history, history and expression"


def gapless_numbers(columns: Columns, X: pd.DataFrame, model: str) -> np.ndarray:
    """The matrix of a model that has no way to see that a value is missing.

    Raises:
        DataError: A column is a category, or has gaps.
    """
    import numpy as np

    matrix = columns.matrix(X)
    problems = [*categories(columns, model)]
    gaps = [at for at in np.flatnonzero(np.isnan(matrix).any(axis=0)) if columns.names[at] not in columns.categories]
    for position in gaps[:MAX_EXAMPLES]:
        rows = np.flatnonzero(np.isnan(matrix[:, position]))
        got = f"{len(rows):,} missing values, rows {', '.join(str(int(row)) for row in rows[:MAX_EXAMPLES])}"
        problems.append(Problem(columns.names[position], f"{model} takes no gaps", got, FILLS))
    if len(gaps) > MAX_EXAMPLES:
        problems.append(Problem(f"{len(gaps) - MAX_EXAMPLES} more columns", f"{model} takes no gaps", "missing values", FILLS))
    if problems:
        raise DataError(f"{model} cannot use these columns", problems)
    return matrix


def categories(columns: Columns, model: str) -> list[Problem]:
    """One problem for each categorical column: its codes have no order that the model could use."""
    return [Problem(name, f"{model} takes numbers only", "a category", "encode it with `encoding: one_hot`") for name in columns.categories]
