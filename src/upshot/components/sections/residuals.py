"""Residuals: what happened minus what was predicted, over the prediction, over time, and as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.bins import equal_mass
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import ChartBlock, Column, Section, TextBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MEDIAN = "q0.5"
_MOST_BLOCKS = 400


class ResidualsParams(Params):
    """How many bins."""

    bins: int = Field(20, ge=2, le=200, description="Bins of the histogram, and of the prediction, at most.")
    unit: str = Field("", description="Unit of the target, as it is written beside its numbers.")


class Residuals:
    """A histogram, the residual's mean and middle 80 % by prediction, and its mean by block in time.

    Args:
        params: How many bins.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: ResidualsParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """Three charts; a sentence where the quantiles have no median."""
        frame, cases = tested.predictions.tested(tested.folds)
        name = "point" if "point" in frame else MEDIAN
        if name not in frame:
            return Section("Residuals", "data_science", (TextBlock(("The predicted quantiles have no median: add the level 0.5.",)),))
        frame = frame.sort_values("case", kind="stable")
        predicted = frame[name].to_numpy(dtype="float64")
        left = cases.labels.frame["label"].to_numpy(dtype="float64") - predicted
        unit = self.params.unit
        residual, mean = Column("residual", "residual", unit=unit), Column("mean", "mean residual", unit=unit)
        return Section(
            "Residuals",
            "data_science",
            (
                ChartBlock(
                    "How residuals are spread",
                    "histogram",
                    Table.of(_histogram(left, self.params.bins)),
                    residual,
                    (Column("cases", "cases", "count"),),
                    note=f"{cases.size:,} test cases; outcome minus prediction, so above 0 it was predicted too low.",
                ),
                ChartBlock(
                    "By what was predicted",
                    "band",
                    Table.of(by_prediction(predicted, left, self.params.bins)),
                    Column("predicted", "prediction", unit=unit),
                    (mean,),
                    Column("low", "10 %", unit=unit),
                    Column("high", "90 %", unit=unit),
                    note="The mean in bins of as many cases each, and the range of the middle 80 %.",
                ),
                _by_block(cases, left, mean),
            ),
        )


def by_prediction(predicted: np.ndarray, left: np.ndarray, bins: int) -> pd.DataFrame:
    """Bins of the prediction with as many cases each: mean prediction, mean residual, its 10 % and 90 % quantiles, cases.

    Example:
        >>> import numpy as np
        >>> by_prediction(np.array([1.0, 1.0, 5.0, 5.0]), np.array([1.0, -1.0, 2.0, 4.0]), 2)[["predicted", "mean", "cases"]].values.tolist()
        [[1.0, 0.0, 2.0], [5.0, 3.0, 2.0]]
    """
    import pandas as pd

    groups = pd.DataFrame({"predicted": predicted, "left": left}).groupby(equal_mass(predicted, bins))
    found = groups.agg(predicted=("predicted", "mean"), mean=("left", "mean"), cases=("left", "size"))
    return found.assign(low=groups["left"].quantile(0.1), high=groups["left"].quantile(0.9)).reset_index(drop=True)


def _histogram(left: np.ndarray, bins: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    counts, edges = np.histogram(left, bins=bins)
    return pd.DataFrame({"residual": edges[:-1], "cases": counts})


def _by_block(cases: Cases, left: np.ndarray, mean: Column) -> ChartBlock:
    """The mean residual block by block; by day, where blocks are days, else in the order of the blocks."""
    import pandas as pd

    labels = cases.labels.frame
    is_timed = cases.block in ("day", "week", "month") and "as_of" in labels
    by = labels["as_of"].dt.strftime("%Y-%m-%d") if is_timed and cases.block == "day" else labels["block"]
    rows = pd.DataFrame({"block": by, "mean": left}).groupby("block").agg(mean=("mean", "mean")).reset_index()
    step = -(-len(rows) // _MOST_BLOCKS)
    column = Column("block", cases.block, "date" if cases.block == "day" and is_timed else "number")
    note = "" if step == 1 else f"Every {step}th of {len(rows):,} blocks."
    return ChartBlock(f"By {cases.block}", "line", Table.of(rows.iloc[::step]), column, (mean,), note=note)
