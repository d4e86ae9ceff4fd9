"""Nested cross-validation for small data: every row tests once, by a model, calibration and policy that never saw it.

The rows are dealt into groups. In each fold one group tests, the next one tunes (calibration and policy are fitted on it) and the
others train. Scores and money are of all rows together; what is registered is the scoring path of the last fold.

Source:
    Varma & Simon (2006), Bias in error estimation when using cross-validation for model selection, BMC Bioinformatics 7:91.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.faults import counted
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import codes_for, several_folds
from upshot.components.split.by_entity import entity_column
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


class KFoldParams(SplitParams):
    """Folds drawn by chance, of rows or of entities."""

    folds: int = Field(5, ge=3, le=100, description="Number of groups: one tests, one tunes, the others train.")
    entity: str | None = Field(None, description="Column whose rows stay together; none for the first of data.roles.entities, or rows.")
    stratify: bool = Field(True, description="Whether each group has the same share of each label, or the same spread of a number.")
    reason: str = Field(min_length=10, description="Why time does not tie rows together; written on the model card.")
    seed: int = Field(42, ge=0, description="Seed of the draw.")


class KFold:
    """Folds `fold_1` to `fold_k`."""

    spec: Spec
    parts: tuple[Part, ...] = ("train", "validation", "test")

    def __init__(self, params: KFoldParams) -> None:
        self.params = params

    def split(self, cases: Cases) -> Folds:
        """Give each case its part in each fold.

        Raises:
            DataError: There are fewer rows or entities than folds, an entity is null, or a part has one class.
        """
        import numpy as np

        apart: tuple[str, ...] = ()
        units = np.arange(cases.size)
        if self.params.entity is not None or cases.roles.entities:
            name, values = entity_column(cases, self.params.entity)
            apart, units = (name,), values.factorize()[0]
        group = self._deal(units, cases.labels.frame["label"].to_numpy())[units]
        folds = {}
        for fold in range(self.params.folds):
            codes = codes_for(cases, "train")
            codes[group == (fold + 1) % self.params.folds] = PARTS.index("validation")
            codes[group == fold] = PARTS.index("test")
            folds[f"fold_{fold + 1}"] = codes
        return several_folds(cases, folds, self.parts, self.params, reason=self.params.reason, apart=apart)

    def _deal(self, units: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Group of each unit: units in the order of their highest label, ties by chance, dealt in rounds of one to each group."""
        import numpy as np

        count, folds = int(units.max()) + 1 if len(units) else 0, self.params.folds
        if count < folds:
            raise DataError(
                "the split cannot be drawn", [Problem("split.folds", f"{folds} folds need as many units", counted(count, "unit"))]
            )
        draw = np.random.default_rng(self.params.seed)
        order = draw.permutation(count)
        if self.params.stratify:
            ranks = np.unique(labels, return_inverse=True)[1]
            highest = np.zeros(count, dtype=np.int64)
            np.maximum.at(highest, units, ranks)
            order = order[np.argsort(highest[order], kind="stable")]
        rounds = -(-count // folds)
        group = np.empty(count, dtype=np.int64)
        group[order] = np.concatenate([draw.permutation(folds) for _ in range(rounds)])[:count]
        return group
