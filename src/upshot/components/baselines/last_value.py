"""Have again what was last asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases


class LastValueParams(Params):
    """There is nothing to set."""


class LastValue:
    """Quantity = the latest outcome of the series (first entity role) that was known at the case's time.

    An outcome is known at `label_known_at` where the cases have it, and else just after its own time.

    Args:
        params: Nothing.
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

        series = _series(cases)
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
        _all_known(found, series)
        return pd.DataFrame({"case": found["case"], "quantity": found["quantity"].clip(lower=0.0)})


def _series(cases: Cases) -> str:
    missing = [
        Problem(f"data.roles.{role}", "baseline last_value needs it: name the column")
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
        raise DataError("a baseline cannot be played", [Problem(series, rule, f"{len(lost)} series without: {shown}")])
