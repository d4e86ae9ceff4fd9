"""Categories as the mean outcome of their training rows, shrunk to the mean of all; each training row encoded without its own fold.

A training row that is encoded with its own outcome tells the model the answer, the more so the rarer its category. So training rows
are encoded by cross-fitting, and later rows with what all training rows taught.

Source:
    Micci-Barreca (2001), A Preprocessing Scheme for High-Cardinality Categorical Attributes, SIGKDD Explorations 3(1), 27-32.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.faults import counted
from upshot.components.features._columns import raw
from upshot.components.features.categorical import texts
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class TargetMeanParams(Params):
    """Columns of categories: text, integers or booleans."""

    columns: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = Field(description="Columns to encode.")
    smoothing: float = Field(20.0, gt=0, description="Rows of the mean of all that are mixed to each category's own rows.")
    folds: int = Field(5, ge=2, description="Groups of the cross-fitting; more leave more rows to learn from and take longer.")
    seed: int = Field(42, ge=0, description="Seed by which rows are dealt into groups.")


class TargetMean:
    """One float64 column a column, named `<column>_target_mean`; null and new categories get the mean of all training rows."""

    spec: Spec
    needs_history = False

    def __init__(self, params: TargetMeanParams) -> None:
        self.params = params
        self.mean_ = 0.0
        self.means_: dict[str, dict[str, float]] = {}

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads."""
        return self.params.columns

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn the shrunk mean of each category.

        Raises:
            DataError: The outcome is no number, or a column holds fractions or times.
        """
        outcome = _outcome(train)
        self.mean_ = float(outcome.mean())
        self.means_ = {name: self._means(texts(raw(train, name), name), outcome) for name in self.params.columns}

    def cross_fit(self, train: Cases) -> pd.DataFrame:
        """The training rows, each encoded by the rows of the other groups; index 0..n-1.

        Raises:
            DataError: There are fewer rows than groups.
        """
        import numpy as np
        import pandas as pd

        if train.size < self.params.folds:
            got = counted(train.size, "training row")
            raise DataError("a feature cannot be fitted", [Problem("features.*.folds", f"needs {self.params.folds} training rows", got)])
        outcome = _outcome(train)
        group = np.random.default_rng(self.params.seed).permutation(train.size) % self.params.folds
        frame = {}
        for name in self.params.columns:
            values, encoded = texts(raw(train, name), name), np.empty(train.size)
            for one in range(self.params.folds):
                others, mine = group != one, group == one
                means = self._means(values[others], outcome[others])
                encoded[mine] = _encoded(values[mine], means, float(outcome[others].mean()))
            frame[f"{name}_target_mean"] = encoded
        return pd.DataFrame(frame)

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The encoded columns, index 0..n-1."""
        import pandas as pd

        return pd.DataFrame(
            {f"{name}_target_mean": _encoded(texts(raw(cases, name), name), means, self.mean_) for name, means in self.means_.items()}
        )

    def state(self) -> Mapping[str, bytes]:
        """The means, as JSON."""
        return {"means.json": json.dumps({"mean": self.mean_, "means": self.means_}).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Take back what `state` gave."""
        state = json.loads(files["means.json"])
        self.mean_, self.means_ = state["mean"], state["means"]

    def _means(self, values: pd.Series, outcome: np.ndarray) -> dict[str, float]:
        import pandas as pd

        rows = pd.Series(outcome).groupby(values.astype(object).to_numpy()).agg(["sum", "size"]).sort_index()
        shrunk = (rows["sum"] + self.params.smoothing * outcome.mean()) / (rows["size"] + self.params.smoothing)
        return {str(category): float(mean) for category, mean in shrunk.items()}


def _outcome(train: Cases) -> np.ndarray:
    labels = train.labels.frame["label"]
    if labels.dtype.kind not in "biuf":
        rule = "the outcome must be a number to be averaged"
        raise DataError("a feature cannot be fitted", [Problem(train.roles.target or "label", rule, str(labels.dtype))])
    outcome: np.ndarray = labels.to_numpy(dtype=float)
    return outcome


def _encoded(values: pd.Series, means: dict[str, float], otherwise: float) -> np.ndarray:
    encoded: np.ndarray = values.map(means).astype(float).fillna(otherwise).to_numpy()
    return encoded
