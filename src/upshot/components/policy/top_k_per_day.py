"""Act on the k highest scores of each day: what a team of fixed size can do.

The day is looked at as a whole, as a team does that works through yesterday's list. With an entity the list holds entities (cards),
each at the height of its highest score of that day; whoever is on it has all its cases of the day looked at in one go, so only the
first of them costs effort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.components.actions import APPROVE, action_frame
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases


class TopKPerDayParams(Params):
    """A capacity of k a day."""

    k: int = Field(100, ge=1, description="Cases, or entities, that can be acted on in a day.")
    entity: str | None = Field(None, description="Column of the entities to choose; null chooses single cases.")
    action: str = Field("review", pattern=r"^[a-z][a-z0-9_]*$", description="What is done with those chosen; the others: approve.")

    @field_validator("action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == APPROVE:
            raise ValueError("must differ from approve, which is what happens to the others")
        return action


class TopKPerDay:
    """Takes `action` on the k highest of each calendar day; equal scores go to the earlier row.

    Args:
        params: The capacity and what it is counted in.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "anomaly")
    gives: DecisionKind = "action"
    tunes = False

    def __init__(self, params: TopKPerDayParams) -> None:
        self.params = params
        self.actions = (APPROVE, params.action)

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """Nothing: the capacity is given."""
        return Tuned(Map())

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action` and `effort`: 1 for an entity's first case of a day on which it is chosen, else 0.

        Raises:
            DataError: The cases have no timestamp, or not the entity's column.
        """
        import numpy as np

        from upshot.components.policy._cases import period_codes
        from upshot.components.policy._scores import scores
        from upshot.components.worklists import choose

        days = period_codes(cases, "day", "top_k_per_day")
        members = self._members(cases)
        chosen, first = choose(days, members, scores(predictions), self.params.k)
        return action_frame(chosen, self.actions).assign(effort=np.where(chosen & first, 1.0, 0.0))

    def _members(self, cases: Cases) -> np.ndarray:
        import numpy as np
        import pandas as pd

        from upshot.components.faults import column_of

        if self.params.entity is None:
            return np.arange(cases.size)
        codes, _ = pd.factorize(column_of(cases.rows.frame, self.params.entity, "policy.entity"))
        return codes
