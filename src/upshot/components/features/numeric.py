"""Numbers as features."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from upshot.components.features._columns import numbers, raw
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Columns = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class NumericParams(Params):
    """Columns of numbers; booleans count as 0 and 1."""

    columns: Columns = Field(description="Columns to use; the feature has the column's name.")
    impute: Literal["none", "median", "zero"] = Field(
        "none", description="What stands for null: nothing (NaN, which trees take), the training median, or zero."
    )
    standardize: bool = Field(False, description="Whether to subtract the training mean and divide by the training standard deviation.")


class Numeric:
    """One float64 column a raw column. Medians, means and deviations are those of the training rows."""

    spec: Spec
    needs_history = False

    def __init__(self, params: NumericParams) -> None:
        self.params = params
        self.fills_: dict[str, float] = {}
        self.scales_: dict[str, tuple[float, float]] = {}

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads."""
        return self.params.columns

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn what replaces nulls, mean and standard deviation (of the population), column by column.

        Raises:
            DataError: A column has no number in the training rows where a median or mean is asked for.
        """
        columns = {name: numbers(raw(train, name), name) for name in self.params.columns}
        _need_values(columns, self.params)
        self.fills_ = {name: self._fill(values) for name, values in columns.items()}
        filled = {name: self._impute(name, values) for name, values in columns.items()}
        self.scales_ = {name: _scale(values) for name, values in filled.items()} if self.params.standardize else {}

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The columns, index 0..n-1."""
        import pandas as pd

        return pd.DataFrame({name: self._encode(name, numbers(raw(cases, name), name)) for name in self.params.columns})

    def state(self) -> Mapping[str, bytes]:
        """What was learned, as JSON."""
        return {"numeric.json": json.dumps({"fills": self.fills_, "scales": self.scales_}, sort_keys=True).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Take back what `state` gave."""
        learned = json.loads(files["numeric.json"])
        self.fills_ = learned["fills"]
        self.scales_ = {name: (mean, deviation) for name, (mean, deviation) in learned["scales"].items()}

    def _fill(self, values: np.ndarray) -> float:
        import numpy as np

        return float(np.nanmedian(values)) if self.params.impute == "median" else 0.0

    def _impute(self, name: str, values: np.ndarray) -> np.ndarray:
        import numpy as np

        return values if self.params.impute == "none" else np.where(np.isnan(values), self.fills_[name], values)

    def _encode(self, name: str, values: np.ndarray) -> np.ndarray:
        filled = self._impute(name, values)
        if name not in self.scales_:
            return filled
        mean, deviation = self.scales_[name]
        return (filled - mean) / deviation


def _scale(values: np.ndarray) -> tuple[float, float]:
    """Mean and deviation; a constant column is only centred."""
    import numpy as np

    deviation = float(np.nanstd(values))
    return float(np.nanmean(values)), deviation if deviation > 0 else 1.0


def _need_values(columns: dict[str, np.ndarray], params: NumericParams) -> None:
    import numpy as np

    if params.impute != "median" and not params.standardize:
        return
    empty = [name for name, values in columns.items() if np.isnan(values).all()]
    if empty:
        raise DataError(
            "a feature cannot be fitted", [Problem(name, "must have a number in some training row", "only null") for name in empty]
        )
