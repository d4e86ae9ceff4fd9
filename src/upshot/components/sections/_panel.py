"""The test rows of a panel as one frame, and the series that are worth a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.errors import DataError, Problem
from upshot.value.money import money_rows, sign

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Tested

CANDIDATE = "candidate"


@dataclass(frozen=True)
class TestedPanel:
    """Test rows beside what was predicted for them and what came of it.

    Attributes:
        frame: `case`, `series`, `date`, `y`, the columns of the predictions, `step` (from 1 on, in the order of the dates of its fold).
        money: Objective KPI of each row of the candidate's flows, more is better, on the row's case; shape (n,).
        unit: Unit of the money.
    """

    frame: pd.DataFrame
    money: np.ndarray
    unit: str

    @classmethod
    def of(cls, tested: Tested, section: str) -> TestedPanel:
        """Put them together.

        Raises:
            DataError: The rows have no series or no time.
        """
        import pandas as pd

        predictions, cases = tested.predictions.tested(tested.folds)
        roles = cases.roles
        if not roles.entities or "as_of" not in cases.labels.columns:
            problem = Problem(f"sections.{section}", "shows series over time", None, "name data.roles.time and data.roles.entities")
            raise DataError("there are no series to show", [problem])
        labels = cases.labels.frame
        date = cases.rows.frame[roles.time] if roles.time in cases.rows.columns else labels["as_of"]
        frame = pd.DataFrame(
            {"series": cases.rows.frame[roles.entities[0]].astype(str), "date": date, "y": labels["label"].astype("float64")}
        )
        place = labels["step"] if "step" in labels.columns else frame["date"].rank(method="dense").astype("int64")
        frame = frame.assign(step=place - place.min() + 1)
        frame = pd.concat([frame.reset_index(drop=True), predictions.drop(columns="case").reset_index(drop=True)], axis=1)
        valuation = tested.valuations.by_kpi[tested.valuations.objective]
        return cls(frame.assign(case=range(len(frame))), money_of(tested, CANDIDATE, len(frame)), valuation.kpi.unit)

    @property
    def middle(self) -> str:
        """The column of the point forecast: the point, or the level nearest to the median."""
        if "point" in self.frame:
            return "point"
        return min(self.levels, key=lambda name: abs(float(name[1:]) - 0.5))

    @property
    def levels(self) -> list[str]:
        """Columns of quantiles, ascending."""
        return sorted((name for name in self.frame.columns if name.startswith("q")), key=lambda name: float(name[1:]))

    def largest(self, count: int) -> list[str]:
        """The series with most volume."""
        return list(self.frame["y"].abs().groupby(self.frame["series"]).sum().nlargest(count, keep="first").index)


def money_of(tested: Tested, subject: str, cases: int) -> np.ndarray:
    """Objective KPI by case, more is better, summed where a case has several rows of flows; shape (cases,)."""
    import numpy as np

    kpi = tested.valuations.by_kpi[tested.valuations.objective].kpi
    flows = tested.flows.tables[subject].frame
    summed: np.ndarray = np.bincount(flows["case"].to_numpy(), sign(kpi) * money_rows(kpi, flows), minlength=cases)
    return summed


def history_of(tested: Tested, series: list[str], rows: int) -> pd.DataFrame:
    """The last rows of some series before the test: `series`, `date`, `y`."""
    import pandas as pd

    fold = tested.folds.tested()[-1]
    before = tested.folds.history(fold.name, "test")
    roles = before.roles
    names = before.rows.frame[roles.entities[0]].astype(str)
    date = before.rows.frame[roles.time] if roles.time in before.rows.columns else before.labels.frame["as_of"]
    frame = pd.DataFrame({"series": names, "date": date, "y": before.labels.frame["label"].astype("float64")})
    return frame[frame["series"].isin(series)].sort_values(["series", "date"]).groupby("series").tail(rows)
