"""Act where most is gained for the money, until the budget of the period is spent: a call list, a mailing, a round of visits.

The order is by expected gain for each unit of cost, which spends a budget best where single costs are small against it (the greedy rule
of the knapsack). Cases that are not expected to gain are left alone even when there is money left.

Source:
    Dantzig, Discrete-Variable Extremum Problems, Operations Research 5(2), 1957.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator, model_validator

from upshot.components.actions import APPROVE, action_frame
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases

NAME = "budget"


class BudgetParams(Params):
    """What may be spent, on what, and in which order."""

    budget: float = Field(gt=0, allow_inf_nan=False, description="What may be spent in a period, in the unit of `cost`.")
    per: Literal["day", "week", "month", "all"] = Field(
        "all", description="Period of the budget by the calendar (UTC; a week begins on Monday); all: one budget for all cases together."
    )
    cost: float | str = Field(
        1.0,
        description='What one action costs: a number, or an expression on the columns such as "visit + 0.4 * distance"; 1 counts actions.',
    )
    action: str = Field("contact", pattern=r"^[a-z][a-z0-9_]*$", description="What the budget is spent on; the others: approve.")
    order: Literal["gain", "score"] = Field(
        "gain",
        description="gain: expected money of the action over approval, by the KPI and the probability or uplift; score: the prediction itself.",
    )
    least: float = Field(
        0.0, allow_inf_nan=False, description="What a case must exceed to be acted on: expected gain in money, or score, as `order` says."
    )

    @field_validator("action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == APPROVE:
            raise ValueError("must differ from approve, which is what happens to the others")
        return action

    @field_validator("cost")
    @classmethod
    def _is_a_cost(cls, cost: float | str) -> float | str:
        from upshot.value.expressions import Expression

        if isinstance(cost, str):
            Expression.parse(cost)
        elif not cost > 0:
            raise ValueError("must be above 0: what costs nothing needs no budget")
        return cost

    @model_validator(mode="after")
    def _one_action_fits(self) -> BudgetParams:
        if isinstance(self.cost, float) and self.cost > self.budget:
            raise ValueError(f"the budget {self.budget:g} does not pay for one action at {self.cost:g}")
        return self


class Budget:
    """Takes `action` down the order as long as the budget of the period lasts; equal cases go by their first row.

    All cases of a period are looked at together. A period of which the cases see only a part has its whole budget.

    Args:
        params: The budget.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "uplift")
    gives: DecisionKind = "action"
    tunes = False

    def __init__(self, params: BudgetParams) -> None:
        self.params = params
        self.actions = (APPROVE, params.action)
        self.accepts = ("probability", "uplift") if params.order == "gain" else ("probability", "anomaly", "uplift")

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """Nothing: the budget is given."""
        return Tuned(Map())

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case.

        Raises:
            RecipeError: By gain, and the rollout does not give one row a case.
            DataError: A cost is not above 0, or the cases have no calendar and the budget has.
        """
        import numpy as np

        from upshot.components.policy._cases import period_codes

        cost = self._costs(cases)
        worth = self._worth(predictions, cases, game)
        period = np.zeros(cases.size, dtype="int64") if self.params.per == "all" else period_codes(cases, self.params.per, NAME)
        return action_frame(spend(period, worth, cost, self.params.budget, self.params.least), self.actions)

    def _worth(self, predictions: pd.DataFrame, cases: Cases, game: Game) -> np.ndarray:
        from upshot.components.policy._expected import expected_money
        from upshot.components.policy._scores import scores

        score = scores(predictions)
        if self.params.order == "score":
            return score
        if "uplift" in predictions.columns:
            return self._of_uplift(score, cases, game)
        approve, act = expected_money(self.actions, score, cases, game, NAME)
        gain: np.ndarray = act - approve
        return gain

    def _of_uplift(self, uplift: np.ndarray, cases: Cases, game: Game) -> np.ndarray:
        """What the action adds where it changes the probability of outcome 1 by so much: that share of an outcome, less the cost of acting."""
        from upshot.components.policy._expected import money_by_outcome

        if_one, if_zero = money_by_outcome(self.actions, cases, game, NAME)
        gain: np.ndarray = uplift * (if_one[1] - if_zero[1]) + if_zero[1] - if_zero[0]
        return gain

    def _costs(self, cases: Cases) -> np.ndarray:
        import numpy as np

        from upshot.components.faults import rows_problem
        from upshot.components.raw_expressions import evaluated

        if not isinstance(self.params.cost, str):
            return np.full(cases.size, self.params.cost)
        cost = evaluated(self.params.cost, cases, "policy.cost")
        if cost.dtype == bool:
            rule = "must be a number, such as cost_of_visit"
            raise DataError("the policy cannot be applied", [Problem("policy.cost", rule, self.params.cost)])
        wrong = ~(cost > 0)
        if wrong.any():
            import pandas as pd

            raise DataError("the policy cannot be applied", [rows_problem("policy.cost", "must be above 0", wrong, pd.Series(cost))])
        return cost


def spend(period: np.ndarray, worth: np.ndarray, cost: np.ndarray, budget: float, least: float) -> np.ndarray:
    """Which cases the budget of their period is spent on, bool of shape (n,).

    Down the order of worth for each unit of cost, to the first case that the rest of the budget does not pay for.

    Args:
        period: Code of each case's period, shape (n,).
        worth: What acting on it is expected to gain, shape (n,).
        cost: What acting on it costs, above 0, shape (n,).
        budget: Of each period.
        least: Worth that a case must exceed.

    Example:
        >>> import numpy as np
        >>> spend(np.zeros(4, int), np.array([9.0, 8.0, 1.0, -1.0]), np.array([3.0, 1.0, 1.0, 1.0]), 4.0, 0.0).tolist()
        [True, True, False, False]
    """
    import numpy as np

    chosen = np.zeros(len(worth), dtype=bool)
    wanted = np.flatnonzero(worth > least)
    order = wanted[np.lexsort((wanted, -(worth / cost)[wanted], period[wanted]))]
    starts = np.searchsorted(period[order], period[order])
    spent = np.concatenate([[0.0], np.cumsum(cost[order])])
    chosen[order] = spent[1:] - spent[starts] <= budget * (1 + 1e-12)
    return chosen
