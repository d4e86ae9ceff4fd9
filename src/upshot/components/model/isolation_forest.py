"""How easily a reading can be told from healthy ones: isolation forest of scikit-learn, saved by skops.

It learns from no failure, only from rows that are taken as healthy; labels are looked at where `healthy_from` says so, and not otherwise.

Source:
    Liu, Ting and Zhou (2008), Isolation forest, ICDM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from upshot.components.model._columns import Columns
from upshot.components.model._healthy import HealthyParams, healthy_rows
from upshot.components.model._linear import gapless_numbers
from upshot.components.model._skops import dump_stable, load_trusted
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import IsolationForest as Forest

NAME = "model isolation_forest"
TRUSTED = ("sklearn.ensemble._iforest.IsolationForest", "sklearn.tree._classes.ExtraTreeRegressor", "sklearn.tree._tree.Tree")


class IsolationForestParams(HealthyParams):
    """IsolationForest of scikit-learn, with its defaults."""

    n_estimators: int = Field(100, ge=1, le=10_000, description="Trees.")
    max_samples: Literal["auto"] | Annotated[int, Field(ge=2)] | Annotated[float, Field(gt=0, le=1)] = Field(
        "auto", description="Rows that each tree draws, or their share; auto is 256, or all where there are fewer."
    )
    max_features: Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Columns that each tree draws, or their share."
    )
    bootstrap: bool = Field(False, description="Whether rows are drawn with replacement.")


class IsolationForest:
    """Gives an anomaly between 0 and 1: about 0.5 where nothing stands out, near 1 where a few cuts set a row apart."""

    spec: Spec
    uses: tuple[str, ...] = ("features",)
    gives: PredictionKind = "anomaly"
    takes_censored = True

    def __init__(self, params: IsolationForestParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Grow the trees on healthy training rows.

        Raises:
            DataError: A category or a gap, or too few rows count as healthy.
        """
        from sklearn.ensemble import IsolationForest as Forest

        self.columns_ = Columns.of(train.X)
        X = gapless_numbers(self.columns_, train.X, NAME)[healthy_rows(train, self.params, NAME)]
        own = self.params.model_dump(exclude=set(HealthyParams.model_fields))
        self.forest_: Forest = Forest(**own, random_state=compute.seed, n_jobs=1).fit(X)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `anomaly`, one row a case."""
        import numpy as np
        import pandas as pd

        X = gapless_numbers(self.columns_, examples.X, NAME)
        return pd.DataFrame({"anomaly": -self.forest_.score_samples(X) if len(X) else np.empty(0)})

    def state(self) -> Mapping[str, bytes]:
        """Columns, and the forest as a skops archive."""
        return {"columns.json": self.columns_.to_json(), "model.skops": dump_stable(self.forest_)}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`.

        Raises:
            IntegrityError: The archive holds a type that is not listed.
        """
        self.columns_ = Columns.from_json(files["columns.json"])
        self.forest_ = load_trusted(files["model.skops"], TRUSTED)
