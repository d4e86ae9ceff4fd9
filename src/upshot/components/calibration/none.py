"""No calibration: what the model says is taken as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class NoneParams(Params):
    """No parameters."""


class NoCalibration:
    """Gives predictions of any kind back unchanged; needs no validation part."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = get_args(PredictionKind)
    gives: PredictionKind | None = None
    fits = False

    def __init__(self, params: NoneParams) -> None:
        self.params = params

    def fit(self, predictions: pd.DataFrame, cases: Cases) -> None:
        """Nothing is learnt."""

    def apply(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """The same frame."""
        return predictions

    def state(self) -> Mapping[str, bytes]:
        """No files."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
