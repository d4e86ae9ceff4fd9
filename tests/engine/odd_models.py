"""A plugin whose model does not do the same twice, and one that talks: what a replay and the log of a run must show."""

from __future__ import annotations

import itertools
import json
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.contracts.components import Component, Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.hookspecs import hookimpl

if TYPE_CHECKING:
    import pandas as pd

FITS = itertools.count()
"""Counts the fits of this process: the state outside its parameters that a component must not have."""


class WanderingParams(Params):
    """What wanders."""

    what: Literal["nothing", "files", "digits", "predictions"] = Field("nothing", description="What depends on the number of fits.")
    talks: bool = Field(False, description="Whether it warns while it fits.")


class Wandering:
    """A model that calls amounts above 50 bad, and depends on how often it was fitted."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind = "probability"

    def __init__(self, params: WanderingParams) -> None:
        self.params = params
        self.fits_ = 0

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        if self.params.what != "nothing":
            self.fits_ = next(FITS) + 1
        if self.params.talks:
            warnings.warn("few rows\nto fit on", UserWarning, stacklevel=1)
            logging.getLogger("wandering").warning("%d rows", len(train.X))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        import pandas as pd

        moved = {"digits": 1e-13, "predictions": 1e-3}.get(self.params.what, 0.0) * self.fits_
        return pd.DataFrame({"probability": (examples.X["amount"] > 50).astype(float) * 0.5 + 0.25 + moved})

    def state(self) -> Mapping[str, bytes]:
        return {"fits.json": json.dumps(self.fits_).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        self.fits_ = json.loads(files["fits.json"])


@hookimpl
def register_components() -> list[Component]:
    sentence = "Depends on how often it was fitted."
    return [Component("model", "wandering", params="odd_models:WanderingParams", make="odd_models:Wandering", sentence=sentence)]


def install(folder: Path) -> Path:
    """A distribution that offers this plugin, in a folder that then goes on the path."""
    facts = folder / "odd_models-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-models\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[upshot]\nodd = odd_models\n")
    return folder
