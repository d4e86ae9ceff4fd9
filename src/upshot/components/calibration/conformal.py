"""Split-conformal intervals: a point becomes quantiles, by the residuals of validation.

Lei, G'Sell, Rinaldo, Tibshirani & Wasserman (2018), "Distribution-free predictive inference for regression", JASA 113, with signed residuals,
so that an interval need not be symmetric. Where validation and later rows are exchangeable, an outcome lies below a level above 0.5 at
least that often, and below a level under 0.5 at most that often, whatever the model; where the world drifts, it is as good as the
validation part is recent. Every case gets the same width.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Level = Annotated[float, Field(gt=0.0, lt=1.0)]


class ConformalParams(Params):
    """Which quantiles are given."""

    levels: Annotated[tuple[Level, ...], Field(strict=False)] = Field(
        (0.05, 0.5, 0.95), min_length=1, description="Quantiles to give, rising; 0.05 and 0.95 bound an interval of 90 %."
    )

    scaled: bool = Field(
        False,
        description="Whether residuals are taken in units of the `scale` that a model gives beside its point, so that small series get narrow intervals.",
    )
    floor: float | None = Field(None, allow_inf_nan=False, description="Least value that is given, such as 0 for demand; null for none.")

    @field_validator("levels")
    @classmethod
    def _rise(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if list(levels) != sorted(set(levels)):
            raise ValueError("must rise, each level once")
        return levels


class Conformal:
    """Gives the point plus a quantile of the residuals, one column a level: `q0.05`, `q0.5`, ..."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point",)
    gives: PredictionKind | None = "quantiles"
    fits = True

    def __init__(self, params: ConformalParams) -> None:
        self.params = params

    def fit(self, predictions: pd.DataFrame, cases: Cases) -> None:
        """Learn the residual of each level.

        Raises:
            DataError: A label that is no finite number, or too few validation rows for the outermost level.
        """
        import numpy as np

        where = cases.roles.target or "label"
        y = cases.labels.frame["label"].to_numpy(dtype=np.float64, na_value=np.nan)
        seen = ~cases.labels.frame["censored"].to_numpy(dtype=bool) if "censored" in cases.labels.columns else np.ones(len(y), dtype=bool)
        y, predictions = y[seen], predictions[seen]  # of a censored outcome only a bound is known
        wrong = np.flatnonzero(~np.isfinite(y))
        if len(wrong):
            raise DataError(
                "the intervals cannot be fitted", [Problem(where, "must be finite in validation", f"{len(wrong)} that are not")]
            )
        residuals = np.sort((y - predictions["point"].to_numpy(dtype=np.float64)) / self._scale(predictions))
        ranks = [rank(level, len(y)) for level in self.params.levels]
        if min(ranks) < 1 or max(ranks) > len(y):
            edge = min(min(level, 1.0 - level) for level in self.params.levels)
            least = math.ceil(round(1.0 / edge, 9)) - 1
            problem = Problem(
                "calibration.levels",
                f"needs at least {least} validation rows",
                str(len(y)),
                "widen the validation part, or give inner levels",
            )
            raise DataError("the intervals cannot be fitted", [problem])
        self.shifts_ = {f"q{level:g}": float(residuals[at - 1]) for level, at in zip(self.params.levels, ranks, strict=True)}

    def apply(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """The frame with its `point` replaced by one column a level."""
        point, scale = predictions["point"], self._scale(predictions)
        given = {name: point + shift * scale for name, shift in self.shifts_.items()}
        if self.params.floor is not None:
            given = {name: values.clip(lower=self.params.floor) for name, values in given.items()}
        return predictions.drop(columns=["point", "scale"], errors="ignore").assign(**given)

    def _scale(self, predictions: pd.DataFrame) -> np.ndarray:
        import numpy as np

        if not self.params.scaled:
            return np.ones(len(predictions))
        if "scale" not in predictions.columns:
            rule = "needs a model that gives a scale beside its point, as those of series do"
            problem = Problem("calibration.scaled", rule, ", ".join(map(str, predictions.columns)), "say calibration.scaled=false")
            raise DataError("the intervals cannot be scaled", [problem])
        return predictions["scale"].to_numpy(dtype=np.float64)

    def state(self) -> Mapping[str, bytes]:
        """The residual of each level as JSON."""
        return {"calibration.json": json.dumps(self.shifts_).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.shifts_ = {name: float(shift) for name, shift in json.loads(files["calibration.json"]).items()}


def rank(level: float, rows: int) -> int:
    """Which of the sorted residuals, counted from 1, bounds a level; outside 1..rows where there are too few.

    Example:
        >>> rank(0.95, 19), rank(0.05, 19), rank(0.5, 19), rank(0.95, 18)
        (19, 1, 10, 19)
    """
    exact = round(level * (rows + 1), 9)  # 0.95 * 20 is 19.000000000000004 without
    return math.ceil(exact) if level >= 0.5 else math.floor(exact)
