"""Coverage at k: the share of the catalogue that stands on anybody's list.

Higher is better. The catalogue is what the history knows, and a side table of items where there is one. It has no interval by users: to
draw some of them twice and leave others out can only lose items. Ge, Delgado-Battenfeld & Jannach (2010), Beyond accuracy, RecSys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lists import AtKParams
from upshot.components.metrics._scores import Scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class CoverageAtKParams(AtKParams):
    """The length of the list."""


class CoverageAtK:
    """Different items among the first k places of all lists, over all items."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: CoverageAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with the size of the catalogue."""
        import pandas as pd

        from upshot.components.lists.facts import keyed_by

        known = [
            history.labels.frame["label"].dropna(),
            *(t.rows.frame[t.roles.key[0]] for t in keyed_by(history, history.roles.item).values()),
        ]
        return predictions.assign(catalogue=float(pd.concat([*known, predictions["item"]], ignore_index=True).nunique()))

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the share; NaN where a case is drawn more than once."""
        import numpy as np
        import pandas as pd

        shown = predictions[predictions["rank"].to_numpy() <= self.params.k]
        codes, items = pd.factorize(shown["item"])
        case = shown["case"].to_numpy()
        catalogue = float(predictions["catalogue"].mean()) if len(predictions) else float("nan")

        def score(weights: np.ndarray) -> float:
            if ((weights != 0.0) & (weights != 1.0)).any():
                return float("nan")
            return float((np.bincount(codes, weights=weights[case], minlength=len(items)) > 0).sum()) / catalogue

        return score
