"""A team works down each day's list, and what it finds does not come back.

`case_actions` plays each case by itself. Here a day's finding changes the days that follow: a card with a fraud that was looked at is
closed from the next day on, so its later cases cost no review, and no later fraud on it is stopped a second time. A policy cannot know
this, because it decides without outcomes; so it gives an order, and the team goes as far down as it can.

A review finds every fraud of the entity on that day. Frauds of a closed entity did not happen: they are neither stopped nor missed, and
stand in `closed_fraud` for whoever wants to count them.

Source:
    Money for the card precision of Le Borgne, Siblini, Lebichot & Bontempi (2022), Reproducible Machine Learning for Credit Card Fraud
    Detection, chapter 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.rollout.case_actions import ACTIONS, case_flows, done, flow_units, frauds
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases


class ReviewQueueParams(Params):
    """Who is looked at, and how many of them in a day."""

    entity: str = Field(description="Column of the entities that are looked at and closed: card, customer.")
    capacity: int = Field(100, ge=1, description="Entities that can be looked at in a day.")
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="Unit of the amounts.")
    stake: float = Field(1.0, ge=0, allow_inf_nan=False, description="Money at stake in a case where no column plays the role `amount`.")


class ReviewQueue:
    """Flows of one case as `case_actions` gives them, with `closed` and `closed_fraud` for cases of entities found before.

    The entities with an action `review` are looked at from the highest `priority` down, those without one in the order in which they
    came; all cases of an entity on that day are looked at in one go and cost one review. A `block` acts at once and takes no place.

    Args:
        params: Entities and capacity.
    """

    spec: Spec
    accepts: DecisionKind = "action"
    columns: Mapping[str, str]

    def __init__(self, params: ReviewQueueParams) -> None:
        self.params = params
        self.actions = ACTIONS
        self.columns = flow_units(params.currency) | {"closed": "case", "closed_fraud": params.currency}

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a case.

        Args:
            decisions: `case`, `action` (approve, review or block), and perhaps `priority`: finite, higher is looked at first.
            outcomes: Cases with label 1 (fraud) or 0 (good), and the day of each.
            history: Not looked at: whoever was found before is no case any more.

        Raises:
            RecipeError: The policy takes an action that is not known here.
            DataError: A label is not 0 or 1, an amount is not finite, or a case has no entity or no day.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.faults import column_of
        from upshot.components.rollout._outcomes import days, in_order, refuse, stakes
        from upshot.components.worklists import work_down

        decisions = in_order(decisions, outcomes.size)
        fraud, amount = frauds(outcomes), stakes(outcomes, self.params.stake)
        review, block = done(decisions["action"], "review_queue")
        priority = decisions["priority"].to_numpy(dtype="float64") if "priority" in decisions else np.zeros(len(decisions))
        entity = column_of(outcomes.rows.frame, self.params.entity, "rollout.entity")
        refuse(entity.isna().to_numpy(), entity.to_numpy(), self.params.entity, "must not be null", "nobody can be looked at")
        members, _ = pd.factorize(entity)
        listed = np.where(review == 1.0, priority, -np.inf)
        worked = work_down(days(outcomes, "review_queue"), members, listed, fraud == 1.0, self.params.capacity)
        seen, open_ = worked.chosen.astype("float64"), 1.0 - worked.gone
        acted = np.maximum(seen, block)
        flows = case_flows(fraud, amount, acted, block * (1.0 - seen), seen * worked.first, acted)
        flows[list(flow_units(""))] = flows[list(flow_units(""))].mul(open_, axis=0)
        return flows.assign(closed=1.0 - open_, closed_fraud=(1.0 - open_) * fraud * amount)
