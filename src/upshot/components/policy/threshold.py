"""Act from one score on.

The threshold is chosen by money, not by a statistical score: each candidate is played and valued on validation data. Candidates
are spaced by the number of alerts on a log scale and not by the score, because where one case in a hundred is a fraud the question
is whether to act on 50 or on 60 cases, while even steps of the score would try "half of all cases" a hundred times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator, model_validator

from upshot.components.actions import APPROVE, action_frame
from upshot.components.policy._choice import LIMITS_SENTENCE, LimitsParams
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases


class ThresholdParams(Params):
    """One action from a score on."""

    threshold: float | None = Field(
        None, allow_inf_nan=False, description="Score from which the action is taken; null chooses it by money on validation data."
    )
    action: str = Field("block", pattern=r"^[a-z][a-z0-9_]*$", description="What is done at the threshold and above; below it: approve.")
    candidates: int = Field(200, ge=2, le=10_000, description="Thresholds that are tried, from no alert to an alert on every case.")
    limits: LimitsParams = Field(default_factory=LimitsParams, description=LIMITS_SENTENCE)

    @field_validator("action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == APPROVE:
            raise ValueError("must differ from approve, which is what happens below the threshold")
        return action

    @model_validator(mode="after")
    def _limits_guide_a_choice(self) -> ThresholdParams:
        if self.threshold is not None and self.limits.are_set:
            raise ValueError("limits guide the choice of a threshold, and one is given; leave one of the two out")
        return self


class Threshold:
    """Takes `action` where the score is at least the threshold, and approves elsewhere.

    Args:
        params: The threshold, or how many candidates to choose it from.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "anomaly")
    gives: DecisionKind = "action"
    tunes: bool

    def __init__(self, params: ThresholdParams) -> None:
        self.params = params
        self.actions = (APPROVE, params.action)
        self.tunes = params.threshold is None

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The candidate that is worth most among those that keep the limits; of equals the one with the fewest alerts.

        Returns:
            `threshold`, and the curve over the candidates, fewest alerts first.

        Raises:
            DataError: No candidate keeps the limits.
        """
        from upshot.components.policy._choice import choose_by_money
        from upshot.components.policy._scores import scores

        if self.params.threshold is not None:
            return Tuned(Map({"threshold": self.params.threshold}))
        score = scores(predictions)
        levels = candidates(score, self.params.candidates)
        return choose_by_money(
            {"threshold": levels}, lambda option: self._decided(score, levels[option]), outcomes, game, self.params.limits
        )

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case."""
        from upshot.components.policy._scores import scores

        given = self.params.threshold
        return self._decided(scores(predictions), tuned.values["threshold"] if given is None else given)

    def _decided(self, score: np.ndarray, level: float) -> pd.DataFrame:
        return action_frame(score >= level, self.actions)


def candidates(score: np.ndarray, count: int) -> np.ndarray:
    """Thresholds to try, highest first: no alert, one, and on to every case, evenly spaced on a log scale of alerts.

    Args:
        score: Scores of the validation cases, shape (n,).
        count: How many at most; equal scores make fewer.

    Example:
        >>> import numpy as np
        >>> candidates(np.array([0.1, 0.4, 0.4, 0.9]), 10)[1:].tolist()
        [0.9, 0.4, 0.1]
    """
    import numpy as np

    falling = np.sort(score)[::-1]
    alerts = np.unique(np.geomspace(1, len(falling), count - 1).round().astype(int))
    levels = np.unique(falling[alerts - 1])[::-1]
    return np.concatenate([[np.nextafter(falling[0], np.inf)], levels])
