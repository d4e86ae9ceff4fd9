"""Remaining life from age alone: the mean life of the units seen to fail, less the age. What a model of sensors has to beat."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.components.lives import ages, fails, remaining, unit_codes
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

NAME = "model mean_life"


class MeanLifeParams(Params):
    """No parameters."""


class MeanLife:
    """Gives the remaining life in units of the time column (cycles), or in days, 0 at least.

    A unit's life is its age at its last training row plus the remaining life there. Units whose end was not seen (censored) are left out,
    which makes the mean too short where many are.
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "point"
    takes_censored = True

    def __init__(self, params: MeanLifeParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Learn the mean life.

        Raises:
            DataError: The cases have no age, or no training unit was seen to fail.
        """
        import pandas as pd

        cases = train.cases
        frame = pd.DataFrame({"unit": unit_codes(cases, NAME), "age": ages(cases, NAME), "left": remaining(cases, NAME)})[fails(cases)]
        if frame.empty:
            problem = Problem(cases.roles.target or "label", "needs a training unit that was seen to fail", "none")
            raise DataError("there is no life to take the mean of", [problem])
        last = frame.loc[frame.groupby("unit")["age"].idxmax()]
        self.mean_life_ = float((last["age"] + last["left"]).mean())

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `point`, one row a case."""
        import numpy as np
        import pandas as pd

        return pd.DataFrame({"point": np.maximum(self.mean_life_ - ages(examples.cases, NAME), 0.0)})

    def state(self) -> Mapping[str, bytes]:
        """The mean life as JSON."""
        return {"model.json": json.dumps({"mean_life": self.mean_life_}).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.mean_life_ = float(json.loads(files["model.json"])["mean_life"])
