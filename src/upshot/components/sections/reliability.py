"""Reliability: whether what is called 20 % happens in one of five cases, in bins of as many cases each.

Source:
    Murphy & Winkler (1977), Reliability of Subjective Probability Forecasts of Precipitation and Temperature, Applied Statistics 26(1), 41-47;
    bins of equal mass: Nguyen & O'Connor (2015), Posterior calibration and exploratory analysis for NLP models, EMNLP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.bins import equal_mass
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import ChartBlock, Column, Section, TableBlock
from upshot.contracts.tables import Table
from upshot.value.intervals import interval_of_ratio

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class ReliabilityParams(Params):
    """How many bins."""

    bins: int = Field(
        10, ge=2, le=100, description="Bins of as many test cases each; equal probabilities are one bin, so there may be fewer."
    )


class Reliability:
    """Observed rate by mean probability.

    Args:
        params: How many bins.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: ReliabilityParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """A chart against the diagonal, and the bins as a table."""
        frame, cases = tested.predictions.tested(tested.folds)
        labels = cases.labels.frame
        y = labels["label"].to_numpy(dtype="float64")
        rows = reliability(frame["probability"].to_numpy(), y, labels["block"].to_numpy(), self.params.bins, tested.seed)
        probability = Column("predicted", "mean probability", "share")
        observed = Column("observed", "share that happened", "share", low="low", high="high")
        low, high = Column("low", "low", "share"), Column("high", "high", "share")
        diagonal = Column("calibrated", "if calibrated", "share")
        note = f"{cases.size:,} test cases in {len(rows)} bins; intervals by {cases.block} blocks, 95 %."
        table = Table.of(rows)
        return Section(
            "Reliability",
            "data_science",
            (
                ChartBlock("Observed share by mean probability", "interval", table, probability, (observed,), low, high, note=note),
                ChartBlock("The same against the diagonal", "line", table, probability, (observed, diagonal)),
                TableBlock("Bins", (probability, observed, Column("cases", "cases", "count")), table, note),
            ),
        )


def reliability(p: np.ndarray, y: np.ndarray, blocks: np.ndarray, bins: int, seed: int) -> pd.DataFrame:
    """Bins of equal mass: mean probability, observed share with its interval, cases; ascending.

    Example:
        >>> import numpy as np
        >>> found = reliability(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]), np.arange(4), 2, seed=1)
        >>> found[["predicted", "observed", "cases"]].values.tolist()
        [[0.1, 0.0, 2.0], [0.9, 1.0, 2.0]]
    """
    import numpy as np
    import pandas as pd

    _, codes = np.unique(blocks, return_inverse=True)
    place = equal_mass(p, bins)
    rows = []
    for number in np.unique(place):
        part = place == number
        counts = np.bincount(codes[part], minlength=int(codes.max()) + 1).astype(float)
        ends = interval_of_ratio(np.bincount(codes[part], weights=y[part], minlength=len(counts)), counts, seed=seed)
        low, high = (max(ends[0], 0.0), min(ends[1], 1.0)) if ends is not None else (float("nan"), float("nan"))
        mean = float(p[part].mean())
        rows.append((mean, float(y[part].mean()), low, high, mean, int(part.sum())))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "calibrated", "cases"])
