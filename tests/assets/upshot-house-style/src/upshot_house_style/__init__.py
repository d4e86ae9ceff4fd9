"""A small plugin: a model, a section of the report, a config folder, a stage and a watcher."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from upshot.contracts.components import Component
from upshot.hookspecs import RunInfo, StageInfo, hookimpl


@hookimpl
def register_components() -> list[Component]:
    """The model `base_rate`, and the section `outcome_counts`."""
    return [
        Component(
            "model",
            "base_rate",
            params="upshot_house_style.base_rate:BaseRateParams",
            make="upshot_house_style.base_rate:BaseRate",
            sentence="Predicts the training rate of positives for every case.",
        ),
        Component(
            "sections",
            "outcome_counts",
            params="upshot_house_style.outcome_counts:OutcomeCountsParams",
            make="upshot_house_style.outcome_counts:OutcomeCounts",
            sentence="How often each outcome was seen on the test rows.",
        ),
    ]


@hookimpl
def register_config() -> list[Path]:
    """Named choices, and no recipe."""
    return [Path(__file__).parent / "conf"]


@hookimpl
def register_stages() -> list[Callable[..., object]]:
    """One stage, placed after the split whose result it needs."""
    from upshot_house_style.profile import profile

    return [profile]


@hookimpl
def after_stage(run: RunInfo, stage: StageInfo) -> None:
    """Write one line a stage."""
    with (run.state / "house_style.log").open("a", encoding="utf-8") as log:
        log.write(f"{stage.name}\n")
