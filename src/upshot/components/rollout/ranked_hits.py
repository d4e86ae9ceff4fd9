"""Lists that are shown: an item on the list that is then taken is a hit.

A hit is credited to the list whether or not the item would have been taken without it: that is what a log without randomised
lists can say, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases


class RankedHitsParams(Params):
    """What a hit is worth."""

    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="Unit of the amounts.")
    stake: float = Field(1.0, ge=0, allow_inf_nan=False, description="Money of a hit where no column plays the role `amount`.")


class RankedHits:
    """Flows of one case: slots used, hits (1 when its item was on the list), their amount.

    Args:
        params: Currency and stake.
    """

    spec: Spec
    accepts: DecisionKind = "ranking"
    columns: Mapping[str, str]

    def __init__(self, params: RankedHitsParams) -> None:
        self.params = params
        self.columns = {"cases": "case", "slots": "slot", "hits": "hit", "hit_amount": params.currency}

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row for every case, also for one without a list.

        Args:
            decisions: `case`, `item`, `rank`; an item at most once a case.
            outcomes: Cases whose label is the item that was taken.
            history: Not looked at.

        Raises:
            DataError: Items of the lists and of the outcomes are of different types, so that none could ever match.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.rollout._outcomes import stakes

        n = outcomes.size
        case = decisions["case"].to_numpy(dtype="int64")
        taken = outcomes.labels.frame["label"]
        _of_one_type(decisions["item"], taken, outcomes.roles.item or "label")
        same = decisions["item"].to_numpy() == taken.to_numpy()[case]
        hits = np.minimum(np.bincount(case[same], minlength=n), 1).astype("float64")
        return pd.DataFrame(
            {
                "case": np.arange(n),
                "cases": 1.0,
                "slots": np.bincount(case, minlength=n).astype("float64"),
                "hits": hits,
                "hit_amount": hits * stakes(outcomes, self.params.stake),
            }
        )


def _of_one_type(shown: pd.Series, taken: pd.Series, where: str) -> None:
    import pandas as pd

    if len(shown) and pd.api.types.is_numeric_dtype(shown) != pd.api.types.is_numeric_dtype(taken):
        rule = "items of the ranking and of the outcomes must be of one type"
        raise DataError("rankings cannot be compared with outcomes", [Problem(where, rule, f"{shown.dtype} and {taken.dtype}")])
