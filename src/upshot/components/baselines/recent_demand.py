"""So many periods of recent demand: the rule by which most shelves are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases


class RecentDemandParams(Params):
    """How recent, and for how long it must last."""

    window: int = Field(28, ge=1, description="Last known rows of a series over which demand is averaged.")
    periods: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="Periods of that demand that are wanted, e.g. lead time + review + safety."
    )


class RecentDemand:
    """Quantity = mean demand of the series' last known rows x periods; 0 for a series of which nothing is known.

    Args:
        params: Window and periods.
    """

    spec: Spec
    gives: DecisionKind = "quantity"

    def __init__(self, params: RecentDemandParams) -> None:
        self.params = params

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Columns `case`, `quantity`; one row a case.

        Raises:
            DataError: The cases have no series or time.
        """
        import pandas as pd

        from upshot.components.baselines.last_value import series_column

        name = series_column(cases, "recent_demand")
        labels = history.labels.frame
        known = (
            labels["label_known_at"] <= cases.labels.frame["as_of"].min() if "label_known_at" in labels.columns else labels["label"].notna()
        )
        past = pd.DataFrame({"series": history.rows.frame[name], "at": labels["as_of"], "y": labels["label"].astype("float64")})[known]
        recent = past.sort_values("at", kind="stable").groupby("series", sort=False).tail(self.params.window)
        mean = recent.groupby("series")["y"].mean()
        wanted = cases.rows.frame[name].map(mean).astype("float64").fillna(0.0).clip(lower=0.0) * self.params.periods
        return pd.DataFrame({"case": range(cases.size), "quantity": wanted.to_numpy()})
