"""Split at forecast origins: the last steps of the calendar test, the steps before them tune, all before train.

Every series is cut at the same moments, because a forecast made on a day may use all series up to that day, and none beyond.
"""

from __future__ import annotations

from pydantic import Field

from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import as_of, codes_for, one_fold
from upshot.components.times import Span, ticks
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem


class RollingOriginParams(SplitParams):
    """Forecast origins counted from the end of the data."""

    horizon: int = Field(ge=1, description="Steps predicted after each origin; a step is one distinct value of the time column.")
    gap: int = Field(0, ge=0, description="Steps left out before validation and before test: the delay until the outcome is known.")


class RollingOrigin:
    """One fold: train | gap | validation (`horizon` steps) | gap | test (`horizon` steps)."""

    spec: Spec
    parts: tuple[Part, ...] = ("train", "validation", "test")

    def __init__(self, params: RollingOriginParams) -> None:
        self.params = params

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            RecipeError: The recipe names no time.
            DataError: The data has too few steps for horizon and gap.
        """
        import numpy as np

        moments = as_of(cases)
        steps, step = np.unique(ticks(moments), return_inverse=True)
        horizon, gap = self.params.horizon, self.params.gap
        test = len(steps) - horizon
        validation = test - gap - horizon
        train = validation - gap
        if train < 1:
            needed = f"horizon {horizon} and gap {gap} need at least {2 * (horizon + gap) + 1}"
            raise DataError("the history is too short for the split", [Problem("split.horizon", needed, f"{len(steps)} distinct times")])
        codes = codes_for(cases, "unused")
        codes[step < train] = PARTS.index("train")
        codes[(step >= validation) & (step < validation + horizon)] = PARTS.index("validation")
        codes[step >= test] = PARTS.index("test")
        return one_fold(cases, codes, self.parts, self.params, gap=Span(gap, False).words() if gap else None, in_time=True)
