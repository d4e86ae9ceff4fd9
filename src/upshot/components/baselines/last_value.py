"""Have again what was last asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases


class LastValueParams(Params):
    """What a series of which nothing is known gets."""

    new_series: Literal["refuse", "zero"] = Field(
        "refuse", description="A series without a known outcome: refused, or nothing is wanted of it."
    )


class LastValue:
    """Quantity = the latest outcome of the series (first entity role) that was known at the case's time.

    An outcome is known at `label_known_at` where the cases have it, and else just after its own time.

    Args:
        params: What a new series gets.
    """

    spec: Spec
    gives: DecisionKind = "quantity"

    def __init__(self, params: LastValueParams) -> None:
        self.params = params

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Columns `case`, `quantity`; one row a case.

        Raises:
            DataError: A series has no known outcome, or the cases have no series or time.
        """
        import pandas as pd

        series = series_column(cases, "last_value")
        known = "label_known_at" in history.labels.columns
        asked = pd.DataFrame({"series": cases.rows.frame[series], "at": cases.labels.frame["as_of"], "case": range(cases.size)})
        past = pd.DataFrame(
            {
                "series": history.rows.frame[series],
                "at": history.labels.frame["label_known_at" if known else "as_of"],
                "quantity": history.labels.frame["label"].astype("float64"),
            }
        )
        found = pd.merge_asof(
            asked.sort_values("at", kind="stable"),
            past.sort_values("at", kind="stable"),
            on="at",
            by="series",
            allow_exact_matches=known,
        ).sort_values("case", ignore_index=True)
        if self.params.new_series == "refuse":
            _all_known(found, series)
        return pd.DataFrame({"case": found["case"], "quantity": found["quantity"].fillna(0.0).clip(lower=0.0)})


def series_column(cases: Cases, baseline: str) -> str:
    """The column of the series.

    Raises:
        DataError: The cases have no series or no time.
    """
    missing = [
        Problem(f"data.roles.{role}", f"baseline {baseline} needs it: name the column")
        for role, there in (("entities", bool(cases.roles.entities)), ("time", "as_of" in cases.labels.columns))
        if not there
    ]
    if missing:
        raise DataError("a baseline cannot be played", missing)
    return cases.roles.entities[0]


def _all_known(found: pd.DataFrame, series: str) -> None:
    lost = found.loc[found["quantity"].isna(), "series"].unique()
    if len(lost):
        shown = ", ".join(repr(str(name)) for name in lost[:5])
        rule = "baseline last_value needs an outcome of each series that was known before"
        hint = "say new_series: zero"
        raise DataError("a baseline cannot be played", [Problem(series, rule, f"{len(lost)} series without: {shown}", hint)])
