"""Inspect: look behind the scores, on the test rows. What is found here feeds gates and the report; nothing of it is trained on.

Apart from `evaluate`, because scores depend on predictions alone, while this also depends on decisions and money: another threshold or
price does not score the model again.
"""

from __future__ import annotations

from collections.abc import Mapping

from upshot.contracts.components import SectionMaker
from upshot.contracts.records import (
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


def inspect(
    folds: Folds,
    predictor: Predictor,
    features: Features,
    predictions: Predictions,
    decisions: Decisions,
    flows: Flows,
    valuations: Valuations,
    evaluation: Evaluation,
    sections: Mapping[str, SectionMaker],
    seed: Seed,
) -> Inspection:
    """Make every section that the recipe names."""
    tested = Tested(folds, predictor, features, predictions, decisions, flows, valuations, evaluation, seed)
    return Inspection(Map({name: maker.make(tested) for name, maker in sections.items()}))
