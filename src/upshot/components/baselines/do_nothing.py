"""What happens when nobody does anything: the zero from which value is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.actions import APPROVE, one_action
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases


class DoNothingParams(Params):
    """Which kind of decision is not taken."""

    decision: DecisionKind = Field("action", description="Kind of decision of the recipe's policy.")


class DoNothing:
    """Approves every case, orders 0, shows an empty list, or never serves, as the kind of decision has it.

    Args:
        params: The kind of decision.
    """

    spec: Spec
    gives: DecisionKind

    def __init__(self, params: DoNothingParams) -> None:
        self.params = params
        self.gives = params.decision

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Decision frame; one row a case, none at all for rankings."""
        import numpy as np
        import pandas as pd

        n = cases.size
        if self.gives == "ranking":
            empty = np.zeros(0, dtype="int64")
            return pd.DataFrame({"case": empty, "item": pd.Series(empty, dtype=object), "rank": empty})
        if self.gives == "action":
            return one_action(n, APPROVE)
        name, nothing = ("quantity", np.zeros(n)) if self.gives == "quantity" else ("service", np.zeros(n, dtype=bool))
        return pd.DataFrame({"case": np.arange(n), name: nothing})
