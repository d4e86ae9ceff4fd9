"""Whether a unit fails within a horizon after the row.

A row of which the answer is not known, because watching ended within the horizon without a failure, is marked censored: calling it
healthy would teach a model that units about to be taken out of service are well.
"""

from __future__ import annotations

from pydantic import Field

from upshot.components.durations import Duration
from upshot.components.labels._lives import LifeParams, Lives
from upshot.components.times import is_clock, span_ticks
from upshot.contracts.records import Cases, Checked, Spec
from upshot.errors import DataError, Problem


class FailureWithinParams(LifeParams):
    """The outcome is 1 where the unit fails within the horizon."""

    horizon: Duration = Field(description="How far ahead a failure counts ('30 cycles', '14 days').")


class FailureWithin:
    """Cases with label 1 where the unit fails within `horizon` after the row, that moment included, else 0 (int64).

    The outcome is known at the failure, or when the horizon has passed.
    """

    spec: Spec

    def __init__(self, params: FailureWithinParams) -> None:
        self.params = params

    def label(self, checked: Checked) -> Cases:
        """Make one case a row, in blocks of units.

        Raises:
            RecipeError: No role names the unit or its time.
            DataError: As for the remaining life; or no row, or every row, has a failure within the horizon.
        """
        import numpy as np

        lives = Lives.of(checked, self.params)
        horizon = span_ticks(self.params.horizon, is_clock(lives.as_of), "labels.horizon") / lives.scale
        near = lives.remaining <= horizon
        label = (near & lives.fails).astype(np.int64)
        if label.min() == label.max():
            got = f"{'all' if label.any() else 'none'} of {len(label):,} rows"
            hint = "change the horizon, or watch longer"
            raise DataError("the outcome has one class", [Problem("labels.horizon", "some rows must have a failure within it", got, hint)])
        return lives.cases(checked.snapshot.roles, self.params, label, lives.after(horizon), near & ~lives.fails)
