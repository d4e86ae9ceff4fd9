"""Two thresholds with people between them: approve below the first, ask a reviewer between the two, act by itself from the second on.

A machine is left to decide where it is sure, and people look at what lies between. Both thresholds are chosen together by money, first on
a coarse grid and then on a finer one around its best pair; how many cases people can look at is a limit.

Source:
    Elkan, The Foundations of Cost-Sensitive Learning, IJCAI 2001: with three actions whose worth is linear in the probability, the best
    decision changes at two points.
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


class ReviewBandParams(Params):
    """Where people are asked, and where they need not be."""

    review_from: float | None = Field(
        None, allow_inf_nan=False, description="Score from which people are asked; null chooses both by money on validation data."
    )
    act_from: float | None = Field(None, allow_inf_nan=False, description="Score from which the action is taken unasked; null as above.")
    review: str = Field("review", pattern=r"^[a-z][a-z0-9_]*$", description="What is done between the two; below: approve.")
    action: str = Field("block", pattern=r"^[a-z][a-z0-9_]*$", description="What is done from act_from on.")
    candidates: int = Field(
        20, ge=3, le=200, description="Scores tried for each threshold, twice: all over the range, then around the best pair."
    )
    limits: LimitsParams = Field(default_factory=LimitsParams, description=LIMITS_SENTENCE)

    @field_validator("review", "action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == APPROVE:
            raise ValueError("must differ from approve, which is what happens below the band")
        return action

    @model_validator(mode="after")
    def _is_a_band(self) -> ReviewBandParams:
        if (self.review_from is None) != (self.act_from is None):
            raise ValueError("review_from and act_from are given together, or chosen together; one of them is missing")
        if self.review_from is not None and self.act_from is not None and self.review_from > self.act_from:
            raise ValueError(f"review_from must be <= act_from; got {self.review_from:g} and {self.act_from:g}")
        if self.review == self.action:
            raise ValueError(f"review and action must differ; both are {self.review}: that is policy threshold")
        if self.review_from is not None and self.limits.are_set:
            raise ValueError("limits guide the choice of the thresholds, and they are given; leave one of the two out")
        return self


class ReviewBand:
    """Approves below `review_from`, takes `review` from there on and `action` from `act_from` on; the band may be empty.

    Args:
        params: The thresholds, or how many candidates to choose them from.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "anomaly")
    gives: DecisionKind = "action"
    tunes: bool

    def __init__(self, params: ReviewBandParams) -> None:
        self.params = params
        self.actions = (APPROVE, params.review, params.action)
        self.tunes = params.review_from is None

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The pair that is worth most among those that keep the limits; of equals the one with the fewest alerts.

        Returns:
            `review_from` and `act_from`, and the curve over all pairs that were tried.

        Raises:
            DataError: No pair keeps the limits.
        """
        import numpy as np

        from upshot.components.policy._choice import best_option, choose_by_money, played
        from upshot.components.policy._scores import scores
        from upshot.components.policy.threshold import candidates

        if not self.tunes:
            return Tuned(Map({"review_from": self.params.review_from or 0.0, "act_from": self.params.act_from or 0.0}))
        score, limits = scores(predictions), self.params.limits
        coarse = candidates(score, self.params.candidates)
        pairs = _pairs(coarse, coarse)
        first = played(pairs, lambda i: self._decided(score, pairs["review_from"][i], pairs["act_from"][i]), outcomes, game, limits)
        best = best_option(first)
        fine = [_around(score, coarse, pairs[name][best], self.params.candidates) for name in ("review_from", "act_from")]
        both = {name: np.concatenate([pairs[name], finer]) for name, finer in _pairs(*fine).items()}
        order = np.lexsort((-both["act_from"], -both["review_from"]))
        every = {name: values[order] for name, values in both.items()}
        return choose_by_money(every, lambda i: self._decided(score, every["review_from"][i], every["act_from"][i]), outcomes, game, limits)

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case."""
        from upshot.components.policy._scores import scores

        given = (self.params.review_from, self.params.act_from)
        review_from, act_from = (
            tuned.values[name] if value is None else value for name, value in zip(("review_from", "act_from"), given, strict=True)
        )
        return self._decided(scores(predictions), review_from, act_from)

    def _decided(self, score: np.ndarray, review_from: float, act_from: float) -> pd.DataFrame:
        codes = (score >= review_from).astype("int8") + (score >= act_from)
        return action_frame(codes, self.actions)


def _pairs(review_from: np.ndarray, act_from: np.ndarray) -> dict[str, np.ndarray]:
    """All pairs with review_from <= act_from, highest thresholds first."""
    import numpy as np

    low, high = (grid.ravel() for grid in np.meshgrid(np.sort(review_from)[::-1], np.sort(act_from)[::-1], indexing="ij"))
    kept = low <= high
    return {"review_from": low[kept], "act_from": high[kept]}


def _around(score: np.ndarray, coarse: np.ndarray, chosen: float, count: int) -> np.ndarray:
    """Scores between the coarse neighbours of the chosen one, evenly spaced by the number of cases; at most so many."""
    import numpy as np

    place = int(np.argmin(np.abs(coarse - chosen)))
    high, low = coarse[max(place - 1, 0)], coarse[min(place + 1, len(coarse) - 1)]
    between = np.unique(score[(score >= low) & (score <= high)])
    if not len(between):
        return np.array([chosen])
    return np.unique([chosen, *between[np.unique(np.linspace(0, len(between) - 1, count).round().astype(int))]])
