"""Scores of predicted uplift against a log in which some were acted on and some were not.

Nobody is seen in both arms, so no single prediction can be right or wrong: what is scored is an order, by what acting changed among those
that it puts first. Qini: Radcliffe (2007), Direct Marketing Analytics Journal, 14-21; uplift at k: Gutierrez & Gerardy (2017), JMLR Workshop and
Conference Proceedings 67, 1-13.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.records import Cases, Direction, PredictionKind, Spec
from upshot_uplift.curves import Ranked
from upshot_uplift.logs import ArmParams, Log

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class QiniParams(ArmParams):
    """How the log tells who was acted on."""


class Qini:
    """Mean over all shares of what acting by predicted uplift gains over acting by chance, in outcomes per case; 0 is no better than chance.

    Radcliffe's Qini coefficient, not divided by that of a perfect order, which a small effect would blow up.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("uplift",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: QiniParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Callable[[np.ndarray], float]:
        """Weights of the cases to the area; NaN where one arm has nobody."""
        ranked = ranked_cases(predictions, cases, self.params)
        return lambda weights: ranked.curve(weights).qini()


class UpliftAtKParams(ArmParams):
    """Which share."""

    share: float = Field(0.1, gt=0, le=1, description="Share of the cases with the highest predicted uplift.")


class UpliftAtK:
    """Outcomes that acting adds per case among the share with the highest predicted uplift; at 1 it is the mean effect."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("uplift",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: UpliftAtKParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Callable[[np.ndarray], float]:
        """Weights of the cases to the uplift; NaN where one arm has nobody among them."""
        ranked = ranked_cases(predictions, cases, self.params)
        return lambda weights: ranked.curve(weights).uplift_within(self.params.share)


def ranked_cases(predictions: pd.DataFrame, cases: Cases, params: ArmParams) -> Ranked:
    """Cases by falling prediction, with what was done and what came."""
    import numpy as np

    uplift = np.empty(cases.size)
    uplift[predictions["case"].to_numpy()] = predictions["uplift"].to_numpy(dtype=np.float64)
    return Ranked.of(uplift, cases.labels.frame["label"].to_numpy(dtype=np.float64), Log.of(cases, params.acted))
