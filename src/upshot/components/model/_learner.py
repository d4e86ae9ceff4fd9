"""A tabular model inside a forecast: fitted on rows that the forecast makes, once for a point or once a quantile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from upshot.contracts.components import Compute, Examples, Model
from upshot.contracts.records import Cases, Roles
from upshot.contracts.tables import Table
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEARNER: Mapping[str, Any] = {"use": "lightgbm", "task": "forecasting"}
NESTED_SENTENCE = "Model of columns that learns from the rows of all series: lightgbm, xgboost, hist_gradient_boosting or another, with task: forecasting."
_QUANTILE: Mapping[str, tuple[str, str, str]] = {
    "lightgbm": ("objective", "quantile", "alpha"),
    "xgboost": ("objective", "reg:quantileerror", "quantile_alpha"),
    "hist_gradient_boosting": ("loss", "quantile", "quantile"),
}
"""Learner -> the parameter and value that make it learn a quantile, and the parameter that says which."""


class Learner:
    """Copies of one model, one a level; a single one without levels.

    Args:
        model: The component as the recipe has it.
        levels: Quantiles that are learnt; () for a point.

    Raises:
        RecipeError: The model does not give a point from columns alone, or cannot learn quantiles.
    """

    def __init__(self, model: Any, levels: Sequence[float]) -> None:
        if isinstance(model, Mapping):  # parameters that no catalogue has made a component of
            self.models: dict[str, Model] = {}
            return
        if model.uses != ("features",) or model.gives != "point":
            got = f"{model.spec.use!r} gives {model.gives} from {' and '.join(model.uses)}"
            raise RecipeError(
                "the learner does not fit", [Problem("model.learner", "must give a point from columns", got, "say task: forecasting")]
            )
        if levels and model.spec.use not in _QUANTILE:
            hint = f"options: {', '.join(_QUANTILE)}; or model.levels=[] with calibration=conformal"
            raise RecipeError(
                "the learner does not fit", [Problem("model.learner", "must be able to learn a quantile", model.spec.use, hint)]
            )
        self.models = {f"q{level:g}": _of_level(model, level) for level in levels} if levels else {"point": copy(model)}

    def fit(self, X: pd.DataFrame, y: np.ndarray, weights: np.ndarray | None, compute: Compute) -> None:
        """Fit every copy on the same rows.

        Args:
            X: Columns, index 0..n-1.
            y: What is learnt, shape (n,).
            weights: How much each row counts; None for all alike.
            compute: Seed and threads.
        """
        rows = _cases(len(X), y, weights)
        for model in self.models.values():
            model.fit(Examples(rows, X), None, _cases(0, y[:0], None), compute)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """One column a copy, shape (n, copies)."""
        import numpy as np

        rows = _cases(len(X), None, None)
        return np.column_stack([model.predict(Examples(rows, X), rows)["point"].to_numpy() for model in self.models.values()])

    def state(self) -> Mapping[str, bytes]:
        """The files of all copies, each in a folder of its own."""
        return {f"{name}/{file}": content for name, model in self.models.items() for file, content in model.state().items()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        for name, model in self.models.items():
            model.restore({file.removeprefix(f"{name}/"): content for file, content in files.items() if file.startswith(f"{name}/")})


def _of_level(model: Any, level: float) -> Any:
    """A copy of the model that learns one quantile."""
    key, value, which = _QUANTILE[model.spec.use]
    own = copy(model)
    own.params = model.params.model_copy(update={key: value, which: level})
    return own


def _cases(size: int, y: np.ndarray | None, weights: np.ndarray | None) -> Cases:
    """Cases as a tabular model reads them: an outcome and a weight, in the order of the columns."""
    import numpy as np
    import pandas as pd

    rows = pd.DataFrame({"weight": np.ones(size) if weights is None else weights}, copy=False)
    labels = pd.DataFrame({"block": np.arange(size), **({} if y is None else {"label": y})}, copy=False)
    return Cases(Table.of(rows), Table.of(labels), Roles(target="y", weight=None if weights is None else "weight"), "case")
