"""A plugin that offers sections of every kind to tests: picky ones that a plan may refuse, and one with a chart of every form."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PathDistribution, entry_points
from pathlib import Path
from typing import Any

from pydantic import Field

from upshot.catalogue import Catalogue, load_catalogue
from upshot.contracts.components import Component
from upshot.contracts.params import Params
from upshot.contracts.records import Tested
from upshot.contracts.sections import Section, TextBlock
from upshot.hookspecs import hookimpl

HERE = "tests.report.showcase"
BUILT_IN = next(point for point in entry_points(group="upshot") if point.name == "upshot")


class NothingParams(Params):
    """There is nothing to set."""


class Picky:
    """Shows quantiles that became quantities, and what was sold of them."""

    spec: Any
    accepts = ("quantiles", "point")
    decides = ("quantity",)
    plays = ("cases", "sold", "unmet")

    def __init__(self, params: NothingParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        return Section("Sold", "business", (TextBlock(("Nothing.",)),))


class Fitting(Picky):
    """Shows probabilities that became actions, and two flows of them."""

    accepts = ("probability",)
    decides = ("action",)
    plays = ("cases", "reviewed")


class AskingParams(Params):
    """Which baseline it shows."""

    beside: str = Field("do_nothing", description="A baseline of the recipe.")


class Asking(Fitting):
    """Shows a baseline that it is told by name."""

    def __init__(self, params: AskingParams) -> None:
        self.params = params
        self.wants = {"baselines": (params.beside,)}


@hookimpl
def register_components() -> Sequence[Component]:
    return [
        Component("sections", name, f"{HERE}:{params}Params", f"{HERE}:{made}", "A section for tests.")
        for name, made, params in (("picky", "Picky", "Nothing"), ("fitting", "Fitting", "Nothing"), ("asking", "Asking", "Asking"))
    ]


def with_showcase(folder: Path) -> Catalogue:
    """What is installed, and this plugin beside it, as an installer would leave it in a folder."""
    info = folder / "upshot_showcase-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: upshot-showcase\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[upshot]\nshowcase = {HERE}\n")
    return load_catalogue(lambda: [BUILT_IN, *PathDistribution(info).entry_points])
