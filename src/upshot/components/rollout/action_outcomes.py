"""What each action meets: how many cases turned out well and badly under it, and amounts of the case itself, kept apart.

Fraud has its own rollout, because a review there finds things. Here nothing is assumed of an action: the flows say which cases it was taken
on, with which outcome, and with how much of whatever the recipe measures in them (an exposure, a margin, a price), and the KPI says what
each of these is worth. Lending, marketing, collections and inspections are all of this kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationInfo, field_validator

from upshot.components.actions import APPROVE
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem, RecipeError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class AmountParams(Params):
    """Something that is measured in each case."""

    expression: str = Field(description='On the columns known before the outcome, e.g. "min(credit_limit, max(balance, 0))".')
    unit: str = Field("EUR", description='Unit of the amount, e.g. "EUR", "hour".')

    @field_validator("expression")
    @classmethod
    def _is_an_expression(cls, text: str) -> str:
        from upshot.value.expressions import Expression

        Expression.parse(text)
        return text

    @field_validator("unit")
    @classmethod
    def _is_a_unit(cls, text: str) -> str:
        from upshot.value.units import Unit

        Unit.parse(text)
        return text


class ActionOutcomesParams(Params):
    """The actions, what the two outcomes are called, and what is measured in a case."""

    actions: Annotated[tuple[Word, ...], Field(strict=False, min_length=2)] = Field(
        ("approve", "decline"), description="Actions that a policy may take; approve, what happens where nobody acts, is one of them."
    )
    good: Word = Field("good", description="Name of label 0 in the flows.")
    bad: Word = Field("bad", description="Name of label 1 in the flows.")
    amounts: dict[Word, AmountParams] = Field(
        default_factory=dict, description="Name -> {expression, unit}: what is measured in each case, in flows ACTION_OUTCOME_NAME."
    )

    @field_validator("actions")
    @classmethod
    def _differ(cls, actions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(actions)) < len(actions) or APPROVE not in actions:
            raise ValueError("must name each action once, approve among them")
        return actions

    @field_validator("bad")
    @classmethod
    def _differs(cls, bad: str, info: ValidationInfo) -> str:
        if bad == info.data.get("good"):
            raise ValueError(f"good and bad must have two names; both are {bad}")
        return bad


class ActionOutcomes:
    """Flows `ACTION_OUTCOME` (1 where the case had both) and `ACTION_OUTCOME_AMOUNT`, for every action, outcome and amount; and `cases`.

    Args:
        params: Actions, names of the outcomes, amounts.
    """

    spec: Spec
    accepts: DecisionKind = "action"
    columns: Mapping[str, str]

    def __init__(self, params: ActionOutcomesParams) -> None:
        self.params = params
        self.actions = params.actions
        pairs = [f"{action}_{outcome}" for action in params.actions for outcome in (params.good, params.bad)]
        self.columns = {"cases": "case", **dict.fromkeys(pairs, "case")} | {
            f"{pair}_{name}": amount.unit for name, amount in params.amounts.items() for pair in pairs
        }

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a case.

        Args:
            decisions: `case`, `action`.
            outcomes: Cases with label 1 or 0.
            history: Not looked at.

        Raises:
            RecipeError: The policy takes an action that is not listed.
            DataError: A label is not 0 or 1, or an amount has no value.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.rollout._outcomes import in_order, one_or_zero

        action = in_order(decisions, outcomes.size)["action"]
        self._refuse_unknown(action)
        label = one_or_zero(outcomes, f"must be 1 ({self.params.bad}) or 0 ({self.params.good})")
        amounts = {name: self._amount(name, outcomes) for name in self.params.amounts}
        columns: dict[str, np.ndarray] = {"case": np.arange(outcomes.size), "cases": np.ones(outcomes.size)}
        for each in self.actions:
            taken = (action == each).to_numpy(dtype="float64")
            for outcome, met in ((self.params.good, taken * (1.0 - label)), (self.params.bad, taken * label)):
                columns[f"{each}_{outcome}"] = met
                columns |= {f"{each}_{outcome}_{name}": met * values for name, values in amounts.items()}
        return pd.DataFrame(columns)[["case", *self.columns]]

    def _amount(self, name: str, outcomes: Cases) -> np.ndarray:
        from upshot.components.raw_expressions import evaluated

        where = f"rollout.amounts.{name}.expression"
        values = evaluated(self.params.amounts[name].expression, outcomes, where)
        if values.dtype == bool:
            raise DataError("an amount cannot be measured", [Problem(where, "must be a number", self.params.amounts[name].expression)])
        return values

    def _refuse_unknown(self, action: pd.Series) -> None:
        known = self.actions
        problems = [
            Problem("policy.action", "the rollout knows no such action", repr(name), did_you_mean(str(name), known))
            for name in sorted(set(action.unique()) - set(known))
        ]
        if problems:
            raise RecipeError("the policy does not fit the rollout", problems)
