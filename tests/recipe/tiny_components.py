"""Components small enough to know by heart; only their parameters matter to a recipe."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from upshot.catalogue import Catalogue, Plugin
from upshot.contracts.components import Component
from upshot.contracts.params import InputPath, ModelPart, Names, Params, SourceParams


class FileParams(SourceParams):
    path: InputPath = Field(description="File to read.")
    more: Annotated[tuple[InputPath, ...], Field(strict=False)] = Field((), description="Other files.")
    lookup: InputPath | None = Field(None, description="A second table.")
    types: dict[str, str] = Field(default_factory=dict, description="Column types.")


class EmptyParams(Params):
    pass


class SplitParams(Params):
    test: float = Field(0.2, gt=0, lt=1, description="Share tested.")
    test_from: date | None = Field(None, strict=False, description="First test day.")


class GrowthParams(Params):
    leaves: int = Field(31, ge=2, description="Leaves of a tree.")
    policy: Literal["depth", "loss"] = Field("loss", description="Where to split next.")


class BoostParams(Params):
    max_depth: int = Field(6, ge=1, le=64, description="Depth of a tree.")
    rate: float = Field(0.3, gt=0, description="Learning rate.")
    growth: GrowthParams = Field(default_factory=GrowthParams, description="How trees grow.")
    drop: Names = Field((), description="Columns left out.")
    country: str = Field("CH", description="Where it is used.")


class ForestParams(Params):
    n_trees: int = Field(100, ge=1, description="Trees.")
    max_depth: int = Field(12, ge=1, description="Depth of a tree.")


class BlendParams(Params):
    members: dict[str, ModelPart] = Field(min_length=1, description="What is averaged.")
    fallback: ModelPart | None = Field(None, description="What answers where no member does.")
    judge: ModelPart = Field(default_factory=lambda: {"use": "forest", "n_trees": 9}, description="Which member is asked.")


class ThresholdParams(Params):
    at: float = Field(0.5, ge=0, le=1, description="Block from here on.")


class KpiParams(Params):
    expression: str = Field(description="What is earned.")
    unit: str = Field("EUR", description="Unit.")


class BoundParams(Params):
    min: float | None = Field(None, allow_inf_nan=False, description="Lower bound.")
    max: float | None = Field(None, allow_inf_nan=False, description="Upper bound.")

    @model_validator(mode="after")
    def _one_bound(self) -> Any:
        if (self.min is None) == (self.max is None):
            raise ValueError("give min or max, and only one")
        return self


class MetricGateParams(BoundParams):
    metric: str = Field(description="Which metric.")


class KpiGateParams(BoundParams):
    kpi: str = Field(description="Which KPI.")


def entry(kind: str, name: str, params: type[Params], by_key: str | None = None) -> Component:
    where = f"{__name__}:{params.__name__}"
    return Component(kind, name, params=where, make=where, sentence=f"{name}.", by_key=by_key)


COMPONENTS = (
    entry("data", "file", FileParams),
    entry("labels", "column", EmptyParams),
    entry("split", "by_time", SplitParams),
    entry("features", "numeric", EmptyParams),
    entry("model", "boost", BoostParams),
    entry("model", "forest", ForestParams),
    entry("calibration", "none", EmptyParams),
    entry("policy", "threshold", ThresholdParams),
    entry("rollout", "join", EmptyParams),
    entry("baselines", "do_nothing", EmptyParams),
    entry("kpi", "expression", KpiParams, "expression"),
    entry("metrics", "roc_auc", EmptyParams),
    entry("gates", "metric", MetricGateParams, "metric"),
    entry("gates", "kpi", KpiGateParams, "kpi"),
)


BLENDS = Plugin("blends", "blends", "1.0", None, (entry("model", "blend", BlendParams),), (), ())


def tiny_catalogue(*more: Plugin) -> Catalogue:
    return Catalogue((Plugin("upshot", "upshot", "0.1.0", None, COMPONENTS, (), ()), *more))
