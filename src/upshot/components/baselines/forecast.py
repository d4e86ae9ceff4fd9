"""What another forecast would have led to: the plain one that a model has to beat, with the policy of the candidate.

A better forecast is worth what it adds to a good policy, so the baseline gets the same policy: written once and pointed at
(`policy: ${policy}`), and where it chooses something by money, chosen for this forecast on the same windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from upshot.contracts.components import Compute, Examples, Window
from upshot.contracts.params import ModelPart, Params, PolicyPart
from upshot.contracts.records import Cases, DecisionKind, Seed, Spec, Threads, Tuned
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import pandas as pd


class ForecastParams(Params):
    """A model of history, and a policy."""

    model: ModelPart = Field(description="What forecasts: a model that looks at the history of the series alone, such as seasonal_naive.")
    policy: PolicyPart = Field(description="What decides by it; write ${policy} for that of the candidate.")


class Forecast:
    """Fits the model on all rows before the part, and decides by the policy.

    Args:
        params: Model and policy, as components.

    Raises:
        RecipeError: The model needs feature columns, or does not give what the policy accepts.
    """

    spec: Spec
    gives: DecisionKind
    tunes: bool

    def __init__(self, params: ForecastParams) -> None:
        self.model, self.policy = params.model, params.policy
        self.gives, self.tunes = self.policy.gives, self.policy.tunes
        problems = []
        if "features" in self.model.uses:
            got = f"{self.model.spec.use!r} looks at feature columns"
            problems.append(Problem("baselines.model.use", "must look at the history alone", got, "seasonal_naive and moving_average do"))
        if self.model.gives not in self.policy.accepts:
            rule = f"policy {self.policy.spec.use!r} accepts {' or '.join(self.policy.accepts)}"
            got = f"model {self.model.spec.use!r} gives {self.model.gives}"
            hint = "give the model levels" if self.model.gives == "point" and "quantiles" in self.policy.accepts else None
            problems.append(Problem("baselines.model", rule, got, hint))
        if problems:
            raise RecipeError("the baseline does not fit together", problems)

    def tune_windows(self, windows: Sequence[Window]) -> Tuned:
        """Choose the policy by money on windows, as the candidate's is."""
        from upshot.contracts.components import WindowPolicy

        told = [Window(self._predict(w.outcomes.blind(), w.game.history), w.outcomes, w.game) for w in windows]
        if isinstance(self.policy, WindowPolicy):
            return self.policy.tune_windows(told)
        if len(told) > 1:
            problem = Problem("baselines.policy", "must choose on windows one by one, or split.cutoffs be 1", repr(self.policy.spec.use))
            raise RecipeError("the baseline cannot be chosen", [problem])
        chosen: Tuned = self.policy.tune(told[0].predictions, told[0].outcomes, told[0].game)
        return chosen

    def decide(self, cases: Cases, history: Cases, tuned: Tuned) -> pd.DataFrame:
        """Decision frame over blind cases."""
        decided: pd.DataFrame = self.policy.decide(self._predict(cases, history), cases, tuned, NoGame(history))
        return decided

    def _predict(self, cases: Cases, history: Cases) -> pd.DataFrame:
        import numpy as np

        self.model.fit(_rows(history), None, history.take(np.arange(0)), Compute(Seed(0), Threads(1)))
        predicted: pd.DataFrame = self.model.predict(_rows(cases), history)
        return predicted if "case" in predicted.columns else predicted.assign(case=range(len(predicted)))


@dataclass(frozen=True)
class NoGame:
    """The game of a baseline's last decision, when everything is chosen already."""

    history: Cases

    def flows(self, decisions: pd.DataFrame, outcomes: Cases) -> pd.DataFrame:
        """Refused: a policy that still wants to play cannot be a baseline's."""
        raise RecipeError("the baseline cannot be played", [Problem("baselines.policy", "must decide without playing")])

    def money(self, flows: pd.DataFrame) -> Any:
        """Refused as well."""
        return self.flows(flows, self.history)

    def total(self, flows: pd.DataFrame) -> Any:
        """Refused as well."""
        return self.flows(flows, self.history)

    def worth(self, decisions: pd.DataFrame, outcomes: Cases) -> Any:
        """Refused as well."""
        return self.flows(decisions, outcomes)


def _rows(cases: Cases) -> Examples:
    import pandas as pd

    return Examples(cases, pd.DataFrame(index=range(cases.size)))
