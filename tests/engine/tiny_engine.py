"""The engine without the command, and components that only its tests need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from upshot.catalogue import Catalogue, Plugin, load_catalogue
from upshot.contracts.components import Component, Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.engine.plan import PlannedStage
from upshot.engine.run import Engine
from upshot.engine.state import State
from upshot.hookspecs import StageInfo
from upshot.project import find_project
from upshot.recipe.compose import load_recipe
from upshot.recipe.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd


class Nothing:
    """Watches progress and does nothing."""

    def stage_begins(self, planned: PlannedStage) -> None:
        pass

    def stage_ends(self, stage: StageInfo) -> None:
        pass


class ForgetfulParams(Params):
    """None."""


class Forgetful:
    """A model that saves less than it has learnt: amounts above the mean are bad, until it is reloaded."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind = "probability"

    def __init__(self, params: ForgetfulParams) -> None:
        self.cut_ = 0.0

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        self.cut_ = float(train.X["amount"].mean())

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame({"probability": (examples.X["amount"] > self.cut_).astype(float)})

    def state(self) -> Mapping[str, bytes]:
        return {"nothing.txt": b""}

    def restore(self, files: Mapping[str, bytes]) -> None:
        pass


def forgetful() -> Catalogue:
    """What is installed, and the model `forgetful`."""
    entry = Component("model", "forgetful", params="tiny_engine:ForgetfulParams", make="tiny_engine:Forgetful", sentence="Forgets.")
    return Catalogue((*load_catalogue().plugins, Plugin("test", "upshot-test", "1.0", None, (entry,), (), ())))


def engine_in(root: Path, catalogue: Catalogue | None = None) -> Engine:
    """The engine of a project."""
    return Engine(catalogue or load_catalogue(), State(root / ".upshot"))


def recipe_in(root: Path, *overrides: str, catalogue: Catalogue | None = None) -> Recipe:
    """The recipe `tiny` of a project."""
    return load_recipe("tiny", overrides, catalogue=catalogue or load_catalogue(), project=find_project(root))
