"""The best action for each case by its own probability and its own money.

One threshold for all cases is right only where all cases have the same money at stake. Here each action is played twice, once as if
every case were a fraud and once as if none were, and the two are mixed by the case's probability. The money is that of the KPI, so
there is no cost matrix to keep in step with it; the probability must be calibrated, or the mixture means nothing.

Source:
    Elkan, The Foundations of Cost-Sensitive Learning, IJCAI 2001; with example-dependent costs: Bahnsen et al., Expert Systems
    with Applications 42(19), 2015.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from upshot.components.actions import action_frame, one_action
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map, Table
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases


class ExpectedValueParams(Params):
    """For each case the action with the highest expected money."""

    actions: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        ("approve", "review", "block"), min_length=2, description="Actions to choose from; of equals the first."
    )

    @field_validator("actions")
    @classmethod
    def _differ(cls, actions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(actions)) < len(actions):
            raise ValueError("must name each action once")
        return actions


class ExpectedValue:
    """Chooses the action with the highest p * money(if 1) + (1 - p) * money(if 0).

    Needs a rollout that gives one row a case, independent of the other cases. Of a ratio KPI it sees the numerator.

    Args:
        params: The actions to choose from.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    gives: DecisionKind = "action"
    tunes = False

    def __init__(self, params: ExpectedValueParams) -> None:
        self.params = params

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """Nothing: the money decides, case by case."""
        return Tuned(Map())

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case.

        Raises:
            RecipeError: The rollout does not give one row a case.
        """
        import numpy as np

        p = predictions["probability"].to_numpy(dtype="float64")
        if_one, if_zero = _as_if(cases, 1), _as_if(cases, 0)
        expected = [p * _money(action, if_one, game) + (1.0 - p) * _money(action, if_zero, game) for action in self.params.actions]
        best = np.argmax(expected, axis=0)
        return action_frame(best, self.params.actions)


def _as_if(cases: Cases, label: int) -> Cases:
    return replace(cases, labels=Table.of(cases.labels.frame.assign(label=label)))


def _money(action: str, outcomes: Cases, game: Game) -> np.ndarray:
    import numpy as np

    n = outcomes.size
    flows = game.flows(one_action(n, action), outcomes)
    case = flows["case"].to_numpy()
    if not np.array_equal(np.sort(case), np.arange(n)):
        rule = "expected_value needs a rollout that gives one row a case"
        raise RecipeError(
            "the policy does not fit the rollout",
            [Problem("policy.use", rule, f"{len(case)} rows for {n} cases", "use threshold, which values all cases together")],
        )
    money = np.empty(n)
    money[case] = game.money(flows)
    return money
