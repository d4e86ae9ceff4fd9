"""The best action for each case by its own probability and its own money.

One threshold for all cases is right only where all cases have the same money at stake. Here each action is played twice, once as if
every case were a fraud and once as if none were, and the two are mixed by the case's probability. The probability must be calibrated,
or the mixture means nothing.

Limits bend this by one number, a hurdle in money that every action must clear over approval: the cases that are given up first are
those on which least is lost.

Source:
    Elkan, The Foundations of Cost-Sensitive Learning, IJCAI 2001; with example-dependent costs: Bahnsen et al., Expert Systems
    with Applications 42(19), 2015.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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

NAME = "expected_value"


class ExpectedValueParams(Params):
    """For each case the action with the highest expected money."""

    actions: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        ("approve", "review", "block"), min_length=2, description="Actions to choose from; of equals the first."
    )
    limits: LimitsParams = Field(default_factory=LimitsParams, description=LIMITS_SENTENCE)
    candidates: int = Field(200, ge=2, le=10_000, description="Hurdles that are tried where there are limits.")

    @field_validator("actions")
    @classmethod
    def _differ(cls, actions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(actions)) < len(actions):
            raise ValueError("must name each action once")
        return actions

    @model_validator(mode="after")
    def _a_hurdle_stands_before_approval(self) -> ExpectedValueParams:
        if self.limits.are_set and APPROVE not in self.actions:
            raise ValueError("limits need approve among the actions: it is what happens where the others do not clear the hurdle")
        return self


class ExpectedValue:
    """Chooses the action with the highest p * money(if 1) + (1 - p) * money(if 0), every one but approval less the hurdle.

    Needs a rollout that gives one row a case, independent of the other cases. Of a ratio KPI it sees the numerator.

    Args:
        params: The actions to choose from, and the limits.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    gives: DecisionKind = "action"
    tunes: bool

    def __init__(self, params: ExpectedValueParams) -> None:
        self.params = params
        self.actions = params.actions
        self.tunes = params.limits.are_set

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The hurdle by which the limits are kept at least loss; nothing without limits, for then the money decides case by case.

        Returns:
            `hurdle`, in money, and the curve over the hurdles tried.

        Raises:
            DataError: No hurdle keeps the limits.
        """
        import numpy as np

        from upshot.components.policy._choice import choose_by_money
        from upshot.components.policy.threshold import candidates

        if not self.tunes:
            return Tuned(Map())
        expected = self._expected(predictions, outcomes, game)
        gain = self._gain(expected)
        levels = np.unique([0.0, *candidates(gain, self.params.candidates)])[::-1]
        return choose_by_money(
            {"hurdle": levels}, lambda option: self._decided(expected, levels[option]), outcomes, game, self.params.limits
        )

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case.

        Raises:
            RecipeError: The rollout does not give one row a case.
        """
        return self._decided(self._expected(predictions, cases, game), tuned.values.get("hurdle", 0.0))

    def _expected(self, predictions: pd.DataFrame, cases: Cases, game: Game) -> np.ndarray:
        from upshot.components.policy._expected import expected_money

        return expected_money(self.actions, predictions["probability"].to_numpy(dtype="float64"), cases, game, NAME)

    def _gain(self, expected: np.ndarray) -> np.ndarray:
        """What the best other action earns over approval, shape (cases,)."""
        import numpy as np

        approve = self.actions.index(APPROVE)
        gain: np.ndarray = np.delete(expected, approve, axis=0).max(axis=0) - expected[approve]
        return gain

    def _decided(self, expected: np.ndarray, hurdle: float) -> pd.DataFrame:
        import numpy as np

        if hurdle == 0.0:
            return action_frame(np.argmax(expected, axis=0), self.actions)
        approve = self.actions.index(APPROVE)
        others = [place for place in range(len(self.actions)) if place != approve]
        best = np.array(others)[np.argmax(expected[others], axis=0)]
        return action_frame(np.where(self._gain(expected) >= hurdle, best, approve), self.actions)
