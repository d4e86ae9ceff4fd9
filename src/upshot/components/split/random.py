"""Split by chance: only with a written reason, because rows that time or an entity ties together leak."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.faults import counted
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import codes_for, one_fold
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


class RandomParams(SplitParams):
    """Rows drawn by chance."""

    test: float = Field(gt=0, lt=1, description="Share of the rows that test.")
    validation: float = Field(0.0, ge=0, lt=1, description="Share of the rows that tune.")
    stratify: bool = Field(True, description="Keeps the share of each label in each part; for labels with few values.")
    reason: str = Field(min_length=10, description="Why neither time nor an entity ties rows together; written on the model card.")
    seed: int = Field(42, ge=0, description="Seed of the draw.")

    @model_validator(mode="after")
    def _leave_some(self) -> RandomParams:
        if self.test + self.validation >= 1:
            raise ValueError(f"validation and test must leave rows to train on; they take {self.test + self.validation:g}")
        return self


class Random:
    """One fold with the membership of scikit-learn's `train_test_split`; validation is drawn from what is left of it."""

    spec: Spec

    def __init__(self, params: RandomParams) -> None:
        self.params = params
        self.parts: tuple[Part, ...] = ("train", "validation", "test") if params.validation else ("train", "test")

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            DataError: A part is empty or has one class.
        """
        import numpy as np

        rest, test = self._draw(cases, np.arange(cases.size), self.params.test)
        codes = codes_for(cases, "train")
        codes[test] = PARTS.index("test")
        if self.params.validation:
            _, validation = self._draw(cases, rest, self.params.validation / (1 - self.params.test))
            codes[validation] = PARTS.index("validation")
        return one_fold(cases, codes, self.parts, self.params, reason=self.params.reason, apart=cases.roles.entities)

    def _draw(self, cases: Cases, rows: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.model_selection import train_test_split

        labels = cases.labels.frame["label"].to_numpy()[rows] if self.params.stratify else None
        _check_draw(len(rows), share, labels)
        kept, drawn = train_test_split(rows, test_size=share, random_state=self.params.seed, stratify=labels)
        return kept, drawn


def _check_draw(rows: int, share: float, labels: np.ndarray | None) -> None:
    """Refuse what cannot be drawn, before scikit-learn does in its own words."""
    from collections import Counter

    classes = Counter(labels.tolist()) if labels is not None else Counter({0: rows})
    drawn = math.ceil(share * rows)
    rare = sorted(str(label) for label, count in classes.items() if count < 2)
    problems = []
    if labels is not None and rare:
        problems.append(Problem("split.stratify", "each label must have 2 rows", f"1 row of {', '.join(rare[:5])}", "stratify: false"))
    if min(drawn, rows - drawn) < len(classes):
        needed = f"both sides of a draw need {counted(len(classes), 'row')} or more"
        problems.append(Problem("split.test", needed, f"{drawn} and {rows - drawn} of {counted(rows, 'row')}"))
    if problems:
        raise DataError("the split cannot be drawn", problems)
