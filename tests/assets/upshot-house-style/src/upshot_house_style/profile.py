"""A stage: how the cases are shared among the parts."""

from __future__ import annotations

from dataclasses import dataclass

from upshot.contracts.records import Folds
from upshot.contracts.tables import Map


@dataclass(frozen=True)
class Profile:
    """Share of the cases by part, over all folds."""

    shares: Map[float]


def profile(folds: Folds) -> Profile:
    """Count the parts."""
    total = sum(count for fold in folds.folds for count in fold.parts.values())
    parts = {part for fold in folds.folds for part in fold.parts}
    return Profile(Map({part: sum(fold.parts.get(part, 0) for fold in folds.folds) / total for part in sorted(parts)}))
