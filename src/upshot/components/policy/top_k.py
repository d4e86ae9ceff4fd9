"""The first k items of each ranking: as many as there are slots to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases


class TopKParams(Params):
    """How many items are shown."""

    k: int = Field(10, ge=1, description="Slots: items shown for each case.")


class TopK:
    """Keeps the items with rank 1..k of each case; a shorter ranking stays as it is.

    Args:
        params: The number of slots.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    gives: DecisionKind = "ranking"
    tunes = False

    def __init__(self, params: TopKParams) -> None:
        self.params = params
        self.depth = params.k

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """Nothing: the number of slots is given."""
        return Tuned(Map())

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`; up to k rows a case."""
        shown = predictions.loc[predictions["rank"] <= self.params.k, ["case", "item", "rank"]]
        return shown.sort_values(["case", "rank"], ignore_index=True)
