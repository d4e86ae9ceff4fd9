"""Put every case in an order, and let whoever works through it go as far as they can.

The capacity is a fact of the world, so it stands in the rollout; what is known before the outcomes is only who should come first. By
probability alone a team finds the most frauds; by probability times amount, the expected loss, it saves the most money where the
probabilities hold. Powers between the two are a compromise for probabilities that do not quite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

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


class ByPriorityParams(Params):
    """What the order goes by, and where it ends."""

    amount_power: float | None = Field(
        0.0,
        ge=0,
        le=2,
        description="priority = score * amount ** amount_power: 0 is the score alone, 1 the expected loss; null chooses it by money on validation data.",
    )
    floor: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Least priority that is worth a look; with amount_power 1 in money, such as the cost of a review.",
    )
    action: str = Field(
        "review", pattern=r"^[a-z][a-z0-9_]*$", description="What is done, in the order of priority, from the floor on; below it: approve."
    )

    @field_validator("action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == APPROVE:
            raise ValueError("must differ from approve, which is what happens below the floor")
        return action


POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""What is tried where the power is chosen by money; of equals the first."""


class ByPriority:
    """Columns `case`, `action`, `priority`. For a rollout with a capacity, such as `review_queue`.

    Args:
        params: The order.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "anomaly")
    gives: DecisionKind = "action"
    tunes: bool

    def __init__(self, params: ByPriorityParams) -> None:
        self.params = params
        self.actions = (APPROVE, params.action)
        self.tunes = params.amount_power is None

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The power that earns most, and what each earned."""
        import pandas as pd

        from upshot.contracts.tables import Table

        worth = [game.worth(self._ordered(predictions, outcomes, power), outcomes) for power in POWERS]
        best = max(zip(worth, POWERS, strict=True), key=lambda pair: pair[0])[1]
        curve = Table.of(pd.DataFrame({"amount_power": POWERS, "worth": worth}))
        return Tuned(Map({"amount_power": best}), "validation", curve)

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """One row a case.

        Raises:
            DataError: The amount is needed, and there is none, or a negative one.
        """
        power = self.params.amount_power
        return self._ordered(predictions, cases, tuned.values["amount_power"] if power is None else power)

    def _ordered(self, predictions: pd.DataFrame, cases: Cases, power: float) -> pd.DataFrame:
        from upshot.components.policy._scores import scores

        priority = scores(predictions)
        if power > 0:
            priority = priority * _amounts(cases) ** power
        return action_frame(priority >= self.params.floor, self.actions).assign(priority=priority)


def _amounts(cases: Cases) -> np.ndarray:
    import numpy as np

    from upshot.components.faults import rows_problem

    name = cases.roles.amount
    if name is None:
        rule = "policy by_priority weighs the score by the amount at stake: name the column under data.roles.amount"
        raise DataError("the cases have no amount", [Problem("data.roles.amount", rule)])
    column = cases.rows.frame[name]
    amounts = column.to_numpy(dtype="float64", na_value=np.nan)
    wrong = ~(np.isfinite(amounts) & (amounts >= 0))
    if wrong.any():
        raise DataError("the priority is not known", [rows_problem(name, "must be a finite amount of money, 0 or more", wrong, column)])
    return amounts
