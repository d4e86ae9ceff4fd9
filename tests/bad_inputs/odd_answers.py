"""A plugin whose model answers what it must not: nothing, too little, other columns, gaps, no probabilities, or an exception."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from upshot.contracts.components import Component, Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.hookspecs import hookimpl

if TYPE_CHECKING:
    import pandas as pd


class OddParams(Params):
    """What goes wrong."""

    wrong: Literal["nothing", "no answer", "a row short", "other columns", "a gap", "no probability", "raises", "does not learn"] = Field(
        "nothing", description="What it does."
    )


class Odd:
    """A model that calls amounts above 50 bad, when it answers as it must."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind = "probability"

    def __init__(self, params: OddParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        if self.params.wrong == "does not learn":
            raise ZeroDivisionError("division by zero")

    def predict(self, examples: Examples, history: Cases) -> Any:
        import pandas as pd

        right = pd.DataFrame({"probability": (examples.X["amount"] > 50).astype(float) * 0.5 + 0.25})
        if self.params.wrong == "raises":
            raise KeyError("amount_eur")
        answers: dict[str, pd.DataFrame | None] = {
            "no answer": None,
            "a row short": right.iloc[:-1],
            "other columns": right.rename(columns={"probability": "score"}),
            "a gap": right.assign(probability=right["probability"].where(right.index != 2)),
            "no probability": right + 1.0,
        }
        return answers.get(self.params.wrong, right)

    def state(self) -> Mapping[str, bytes]:
        return {"nothing.json": b"{}"}

    def restore(self, files: Mapping[str, bytes]) -> None:
        pass


@hookimpl
def register_components() -> list[Component]:
    return [Component("model", "odd", params="odd_answers:OddParams", make="odd_answers:Odd", sentence="Answers what it must not.")]


def install(folder: Path) -> Path:
    """A distribution that offers this plugin, in a folder that then goes on the path."""
    facts = folder / "odd_answers-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-answers\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[upshot]\nodd = odd_answers\n")
    return folder
