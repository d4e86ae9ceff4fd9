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
        self.actions = ACTIONS
        self.columns = flow_units(params.currency)

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
        from upshot.components.rollout._outcomes import in_order, stakes

        decisions = in_order(decisions, outcomes.size)
        amount = stakes(outcomes, self.params.stake)
        review, block = done(decisions["action"], "case_actions")
        effort = decisions["effort"].to_numpy() if "effort" in decisions else 1.0
        return case_flows(frauds(outcomes), amount, block + self.params.detection * review, block, review * effort, review + block)


def flow_units(money: str) -> dict[str, str]:
    """Flows of a case and their units."""
    return {
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


def case_flows(
    fraud: np.ndarray, amount: np.ndarray, stopped: np.ndarray, block: np.ndarray, effort: np.ndarray, acted: np.ndarray
) -> pd.DataFrame:
    """One row a case, the columns of `flow_units` and `case`.

    Args:
        fraud: 1 for a fraud, 0 for a good case; like all others float64 of shape (n,).
        amount: Money at stake.
        stopped: Share of the fraud that is stopped.
        block: 1 where the case is blocked unseen, which a good one suffers from.
        effort: Reviews that the case costs.
        acted: 1 where anything other than approval was done.
    """
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        {
            "case": np.arange(len(fraud)),
            "cases": 1.0,
            "amount": amount,
            "blocked_fraud": fraud * amount * stopped,
            "missed_fraud": fraud * amount * (1.0 - stopped),
            "blocked_good_amount": (1.0 - fraud) * amount * block,
            "blocked_good": (1.0 - fraud) * block,
            "reviewed": effort,
            "true_positive": fraud * acted,
            "false_positive": (1.0 - fraud) * acted,
            "false_negative": fraud * (1.0 - acted),
            "true_negative": (1.0 - fraud) * (1.0 - acted),
        }
    )


def done(action: pd.Series, rollout: str) -> tuple[np.ndarray, np.ndarray]:
    """Where a case is reviewed and where it is blocked, float64 of shape (n,).

    Raises:
        RecipeError: There is an action that is neither of these nor approval.
    """
    unknown = sorted(set(action.unique()) - set(ACTIONS))
    if unknown:
        raise RecipeError(
            "the policy does not fit the rollout",
            [Problem("policy.action", f"{rollout} knows no such action", repr(name), did_you_mean(str(name), ACTIONS)) for name in unknown],
        )
    return (action == "review").to_numpy(dtype="float64"), (action == "block").to_numpy(dtype="float64")


def frauds(outcomes: Cases) -> np.ndarray:
    """1.0 for a fraud, 0.0 for a good case, shape (n,).

    Raises:
        DataError: A label is something else.
    """
    from upshot.components.rollout._outcomes import one_or_zero

    return one_or_zero(outcomes, "must be 1 (fraud) or 0 (good)")
