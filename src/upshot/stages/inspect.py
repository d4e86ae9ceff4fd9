"""Inspect: look behind the scores, on the test rows. What is found here feeds gates and the report; nothing of it is trained on.

Apart from `evaluate`, because scores depend on predictions alone, while this also depends on decisions and money: another threshold or
price does not score the model again. A recipe that declares no slice and no probe pays for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from upshot.contracts.components import Metric, Policy, Probe, Rollout, SectionMaker, Slicer
from upshot.contracts.records import (
    Breakdown,
    Checked,
    Decisions,
    Evaluation,
    Features,
    Flows,
    Folds,
    Inspection,
    Predictions,
    Predictor,
    Seed,
    Tested,
    Valuations,
)
from upshot.contracts.tables import Map
from upshot.errors import DataError, Problem
from upshot.stages.bench import Workbench


def inspect(
    checked: Checked,
    folds: Folds,
    predictor: Predictor,
    features: Features,
    predictions: Predictions,
    decisions: Decisions,
    flows: Flows,
    valuations: Valuations,
    evaluation: Evaluation,
    policy: Policy,
    rollout: Rollout,
    metrics: Mapping[str, Metric],
    slices: Mapping[str, Slicer],
    probes: Mapping[str, Probe],
    sections: Mapping[str, SectionMaker],
    seed: Seed,
) -> Inspection:
    """Look at every slice, try every probe, and make every section that the recipe names.

    Raises:
        DataError: A slice names a column that the data does not have, or reads it as what it is not.
    """
    tested = Tested(checked, folds, predictor, features, predictions, decisions, flows, valuations, evaluation, seed)
    bench = Workbench(tested, metrics, policy, rollout)
    tested = replace(tested, slices=_looked_at("slices", slices, bench), probes=_looked_at("probes", probes, bench))
    return Inspection(Map({name: maker.make(tested) for name, maker in sections.items()}), tested.slices, tested.probes)


def _looked_at(kind: str, looks: Mapping[str, Slicer | Probe], bench: Workbench) -> Map[Breakdown]:
    found: dict[str, Breakdown] = {}
    for name, look in looks.items():
        try:
            found[name] = look.inspect(bench)
        except DataError as error:  # the component does not know the name under which the recipe declares it
            raise DataError(error.headline, (_located(f"{kind}.{name}", look, problem) for problem in error.problems)) from error
    return Map(found)


def _located(place: str, look: Slicer | Probe, problem: Problem) -> Problem:
    """The problem under the key of the recipe, where it is of a parameter."""
    is_parameter = problem.where in look.spec.params
    return replace(problem, where=f"{place}.{problem.where}" if is_parameter else f"{place} {problem.where}")
