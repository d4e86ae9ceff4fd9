"""Decide by expected money, and hand over to people what lies too near to the border to be decided.

For two actions whose worth depends on the outcome there is a probability at which they are worth the same: the border, another one for
each case, as its money is another. A case whose probability lies within a margin of its own border is one that the model does not know,
and it is referred. The margin is chosen by money on validation, where what people do with a case is part of the game, or by how much
they can take.

Source:
    Chow, On Optimum Recognition Error and Reject Tradeoff, IEEE Transactions on Information Theory 16(1), 1970; here with the costs of
    each case instead of one cost of an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from upshot.components.actions import action_frame
from upshot.components.policy._choice import LIMITS_SENTENCE, LimitsParams
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases

NAME = "reject_option"


class RejectOptionParams(Params):
    """Two actions, and whom to ask between them."""

    actions: Annotated[tuple[str, ...], Field(strict=False, min_length=2, max_length=2)] = Field(
        ("approve", "block"), description="The two actions that are taken unasked; of equals the first."
    )
    refer: str = Field("review", pattern=r"^[a-z][a-z0-9_]*$", description="What is done with a case that is not decided.")
    margin: float | None = Field(
        None,
        ge=0,
        le=1,
        description="How near to its border a probability is referred, 0 refers none; null chooses it by money on validation data.",
    )
    candidates: int = Field(100, ge=2, le=10_000, description="Margins that are tried, from no case referred to every one.")
    limits: LimitsParams = Field(default_factory=LimitsParams, description=LIMITS_SENTENCE)

    @model_validator(mode="after")
    def _three_things(self) -> RejectOptionParams:
        if len({*self.actions, self.refer}) < 3:
            raise ValueError(f"the two actions and refer must be three different things; got {', '.join(self.actions)} and {self.refer}")
        if self.margin is not None and self.limits.are_set:
            raise ValueError("limits guide the choice of a margin, and one is given; leave one of the two out")
        return self


class RejectOption:
    """Takes the action with the higher expected money, and refers a case whose probability is nearer than the margin to its border.

    A case in which one action is better whatever the outcome has its border outside of 0 to 1. Needs a rollout that gives one row a
    case, independent of the other cases.

    Args:
        params: The actions, and the margin or how many candidates to choose it from.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    gives: DecisionKind = "action"
    tunes: bool

    def __init__(self, params: RejectOptionParams) -> None:
        self.params = params
        self.actions = (*params.actions, params.refer)
        self.tunes = params.margin is None

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The margin that is worth most among those that keep the limits; of equals the one that refers the fewest.

        Returns:
            `margin`, and the curve over the margins tried.

        Raises:
            DataError: No margin keeps the limits.
        """
        import numpy as np

        from upshot.components.policy._choice import choose_by_money
        from upshot.components.policy.threshold import candidates

        if self.params.margin is not None:
            return Tuned(Map({"margin": self.params.margin}))
        better, distance = self._borders(predictions, outcomes, game)
        near = distance[np.isfinite(distance)]
        found = -candidates(-near, self.params.candidates)[1:] if len(near) else np.array([])
        margins = np.unique([0.0, *np.nextafter(found[(found >= 0) & (found <= 1)], np.inf)])
        return choose_by_money(
            {"margin": margins}, lambda option: self._decided(better, distance, margins[option]), outcomes, game, self.params.limits
        )

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case.

        Raises:
            RecipeError: The rollout does not give one row a case.
        """
        better, distance = self._borders(predictions, cases, game)
        return self._decided(better, distance, tuned.values["margin"] if self.params.margin is None else self.params.margin)

    def _borders(self, predictions: pd.DataFrame, cases: Cases, game: Game) -> tuple[np.ndarray, np.ndarray]:
        """Which action has the higher expected money, and how far the probability lies from where the two are equal; shape (n,) each."""
        import numpy as np

        from upshot.components.policy._expected import money_by_outcome

        p = predictions["probability"].to_numpy(dtype="float64")
        if_one, if_zero = money_by_outcome(self.params.actions, cases, game, NAME)
        rise = (if_one[1] - if_zero[1]) - (if_one[0] - if_zero[0])  # of the second's gain over the first, from p = 0 to p = 1
        gain = if_zero[1] - if_zero[0] + p * rise
        distance = np.abs(np.divide(gain, rise, out=np.full(len(p), np.inf), where=rise != 0))
        return gain > 0, distance

    def _decided(self, better: np.ndarray, distance: np.ndarray, margin: float) -> pd.DataFrame:
        import numpy as np

        return action_frame(np.where(distance < margin, 2, better), self.actions)
