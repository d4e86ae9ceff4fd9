"""The list of a simple model: what most people take, or what the user took before. What a shop without recommendations shows already."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import ModelPart, Params
from upshot.contracts.records import Cases, DecisionKind, Seed, Spec, Threads
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import pandas as pd


class ListOfModelParams(Params):
    """The model, and how much of its list is shown."""

    model: ModelPart = Field(description="Model of lists that needs no validation: {use: popularity, window: 28 days}.")
    k: int = Field(10, ge=1, description="Items shown on each list, at most.")


class ListOfModel:
    """Shows the first k items of the model's lists; the model is fitted on all rows before the cases.

    Args:
        params: Model and length.
    """

    spec: Spec
    gives: DecisionKind = "ranking"

    def __init__(self, params: ListOfModelParams) -> None:
        self.params = params
        model = params.model
        if model.gives != "ranking" or "features" in model.uses or getattr(model, "tunes", False):
            rule = "must give a ranking from the history alone, without anything to choose on validation"
            raise RecipeError("a baseline cannot be made", [Problem("baselines.*.model.use", rule, model.spec.use)])

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`."""
        import pandas as pd

        model = copy(self.params.model)
        taken = history.labels.frame["label"].notna().to_numpy().nonzero()[0]
        rows, nothing = history.take(taken), history.take(taken[:0])
        model.fit(Examples(rows, pd.DataFrame(index=pd.RangeIndex(rows.size))), None, nothing, Compute(Seed(0), Threads(1)))
        lists: pd.DataFrame = model.predict(Examples(cases, pd.DataFrame(index=pd.RangeIndex(cases.size))), history)
        return lists.loc[lists["rank"] <= self.params.k, ["case", "item", "rank"]].reset_index(drop=True)
