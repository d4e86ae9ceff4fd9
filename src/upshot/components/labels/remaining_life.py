"""How long a unit still lived after the row: exact where it failed, at least so long where watching ended before.

With a cap, lives longer than the cap are all told as the cap: far from failure sensors say nothing of when it comes. Then a unit that
was not seen to fail has an exact label too, as long as it was watched for the cap or longer.

Source:
    Heimes (2008), Recurrent neural networks for remaining useful life estimation, PHM 2008: the cap ("piece-wise linear").
"""

from __future__ import annotations

from pydantic import Field

from upshot.components.labels._lives import LifeParams, Lives
from upshot.contracts.records import Cases, Checked, Spec


class RemainingLifeParams(LifeParams):
    """The outcome is the time from a row to the end of its unit."""

    cap: float | None = Field(None, gt=0, description="Longest remaining life that is told apart, in steps or days; none for no cap.")


class RemainingLife:
    """Cases with the remaining life of their unit: steps on a counter, days on a clock; float64, lower is nearer to failure.

    The unit is the first of `data.roles.entities`, its time `data.roles.time`; it ends at `data.roles.label_time`, or at its last row
    without; `data.roles.censored` says which units had not failed by then.
    """

    spec: Spec

    def __init__(self, params: RemainingLifeParams) -> None:
        self.params = params

    def label(self, checked: Checked) -> Cases:
        """Make one case a row, in blocks of units.

        Raises:
            RecipeError: No role names the unit or its time.
            DataError: A unit has one moment twice or several ends, is censored in some rows only, or did not fail where it must.
        """
        import numpy as np

        lives = Lives.of(checked, self.params)
        cap = np.inf if self.params.cap is None else self.params.cap
        label = np.minimum(lives.remaining, cap)
        known_at = lives.end if self.params.cap is None else lives.after(self.params.cap)
        return lives.cases(checked.snapshot.roles, self.params, label, known_at, ~lives.fails & (lives.remaining < cap))
