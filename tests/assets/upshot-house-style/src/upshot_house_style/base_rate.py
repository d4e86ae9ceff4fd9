"""The rate of positives as a model: the least that any other must beat."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class BaseRateParams(Params):
    """Rate of positives, shrunk towards one half."""

    prior: float = Field(0.0, ge=0, description="Cases that are thought of as half positive, half negative.")


class BaseRate:
    """Predicts one probability for all."""

    spec: Spec
    uses: tuple[str, ...] = ()
    gives: PredictionKind = "probability"

    def __init__(self, params: BaseRateParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Count the positives."""
        prior = self.params.prior
        self.rate_ = float((train.y.sum() + prior / 2) / (len(train.y) + prior))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """The same probability for every case."""
        import pandas as pd

        return pd.DataFrame({"probability": [self.rate_] * examples.cases.size})

    def state(self) -> Mapping[str, bytes]:
        """The rate as JSON."""
        return {"rate.json": json.dumps(self.rate_).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Read the rate."""
        self.rate_ = float(json.loads(files["rate.json"]))
