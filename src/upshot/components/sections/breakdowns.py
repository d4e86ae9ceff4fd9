"""What slices and probes found, one section a topic; empty ones say what could be declared."""

from __future__ import annotations

from typing import ClassVar

from upshot.components.sections._breakdown import blocks_of
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tested, Topic
from upshot.contracts.sections import Block, Reader, Section, TextBlock


class BreakdownsParams(Params):
    """There is nothing to set: what is shown are the recipe's own slices and probes."""


class _Breakdowns:
    """All breakdowns of one topic, in the recipe's order."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()
    topic: ClassVar[Topic]
    title: ClassVar[str]
    reader: ClassVar[Reader]
    declared: ClassVar[str]

    def __init__(self, params: BreakdownsParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """Tables and charts of each, or a sentence."""
        found = {name: b for name, b in {**tested.slices, **tested.probes}.items() if b.topic == self.topic}
        blocks: list[Block] = []
        for name, breakdown in found.items():
            if breakdown.entries:
                blocks += blocks_of(name, breakdown)
            else:
                blocks.append(TextBlock((f"{name}: {breakdown.nothing or 'there was nothing to measure'}.",)))
        return Section(self.title, self.reader, tuple(blocks) or (TextBlock((f"The recipe declares none: {self.declared}.",)),))


class Slices(_Breakdowns):
    """Parts of the test cases."""

    topic = "slices"
    title = "Slices"
    reader = "data_science"
    declared = "a slice is named under slices, by a condition (when), by columns (by), or found (use: worst)"


class Fairness(_Breakdowns):
    """Decisions by protected group."""

    topic = "fairness"
    title = "Fairness"
    reader = "risk"
    declared = "a protected attribute is looked at by slices: {NAME: {protected: COLUMN}}"


class Drivers(_Breakdowns):
    """What the model looks at."""

    topic = "drivers"
    title = "Drivers"
    reader = "business"
    declared = "what the model looks at is told by probes: {permutation: {}}, and of boosted trees by {tree_shap: {}}"


class Robustness(_Breakdowns):
    """What is lost when inputs go wrong."""

    topic = "robustness"
    title = "Robustness"
    reader = "risk"
    declared = "what is lost when inputs go wrong is told by probes: {noise: {}, missing_columns: {}}"


class Footprint(_Breakdowns):
    """What a version costs to run."""

    topic = "footprint"
    title = "Footprint"
    reader = "engineering"
    declared = "time and size are measured by probes: {latency: {}, artefact_size: {}}"


__all__ = ["BreakdownsParams", "Drivers", "Fairness", "Footprint", "Robustness", "Slices"]
