"""Each case by itself is approved, reviewed or blocked.

What a review finds is taken at its expected share and not by chance, so that the same decisions always give the same flows. The four
cells (true positive, ...) count a case as positive when anything other than approval was done with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import Problem, RecipeError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases

ACTIONS = ("approve", "review", "block")


class CaseActionsParams(Params):
    """What an action brings about."""

    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="Unit of the amounts.")
    detection: float = Field(1.0, ge=0, le=1, description="Share of the frauds under review that the review finds and stops.")
    stake: float = Field(1.0, ge=0, allow_inf_nan=False, description="Money at stake in a case where no column plays the role `amount`.")


class CaseActions:
    """Flows of one case: amounts blocked and missed, reviews, friction, the four cells.

    Args:
        params: Currency, and how good a review is.
    """

    spec: Spec
    accepts: DecisionKind = "action"
    columns: Mapping[str, str]

    def __init__(self, params: CaseActionsParams) -> None:
        self.params = params
        money = params.currency
        self.columns = {
            "cases": "case",
            "amount": money,
            "blocked_fraud": money,
            "missed_fraud": money,
            "blocked_good_amount": money,
            "blocked_good": "case",
            "reviewed": "case",
            "true_positive": "case",
            "false_positive": "case",
            "false_negative": "case",
            "true_negative": "case",
        }

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a case.

        Args:
            decisions: `case`, `action` (approve, review or block), and perhaps `effort`: reviews that the case costs (1 without).
            outcomes: Cases with label 1 (fraud) or 0 (good).
            history: Not looked at.

        Raises:
            RecipeError: The policy takes an action that is not known here.
            DataError: A label is not 0 or 1, or an amount is not finite.
        """
        import pandas as pd

        from upshot.components.rollout._outcomes import in_order, stakes

        decisions = in_order(decisions, outcomes.size)
        fraud = _fraud(outcomes)
        amount = stakes(outcomes, self.params.stake)
        review, block = _done(decisions["action"])
        stopped = block + self.params.detection * review
        acted = review + block
        return pd.DataFrame(
            {
                "case": decisions["case"].to_numpy(),
                "cases": 1.0,
                "amount": amount,
                "blocked_fraud": fraud * amount * stopped,
                "missed_fraud": fraud * amount * (1.0 - stopped),
                "blocked_good_amount": (1.0 - fraud) * amount * block,
                "blocked_good": (1.0 - fraud) * block,
                "reviewed": review * (decisions["effort"].to_numpy() if "effort" in decisions else 1.0),
                "true_positive": fraud * acted,
                "false_positive": (1.0 - fraud) * acted,
                "false_negative": fraud * (1.0 - acted),
                "true_negative": (1.0 - fraud) * (1.0 - acted),
            }
        )


def _done(action: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    unknown = sorted(set(action.unique()) - set(ACTIONS))
    if unknown:
        raise RecipeError(
            "the policy does not fit the rollout",
            [
                Problem("policy.action", "case_actions knows no such action", repr(name), did_you_mean(str(name), ACTIONS))
                for name in unknown
            ],
        )
    return (action == "review").to_numpy(dtype="float64"), (action == "block").to_numpy(dtype="float64")


def _fraud(outcomes: Cases) -> np.ndarray:
    from upshot.components.rollout._outcomes import numbers, refuse

    rule = "must be 1 (fraud) or 0 (good)"
    label = numbers(outcomes, rule)
    refuse((label != 0) & (label != 1), label, outcomes.roles.target or "label", rule, "the outcome does not fit the rollout")
    return label
