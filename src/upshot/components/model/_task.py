"""What a tabular model is asked for, and the checks on the outcomes that it learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from upshot.components.model._columns import LARGEST
from upshot.contracts.components import Examples
from upshot.contracts.records import PredictionKind
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    from pydantic import ValidationInfo

Task = Literal["classification", "regression", "forecasting", "survival"]
"""The problems of a use case that a model of columns can serve: one probability for the first, one number for the others."""

TASK_SENTENCE = "What is predicted: classification gives the probability of label 1, every other task a point."


def kind_of(task: Task) -> PredictionKind:
    """What a model of this task gives."""
    return "probability" if task == "classification" else "point"


def check_choice(choice: str | None, info: ValidationInfo, of_classification: tuple[str, ...]) -> str | None:
    """A loss or criterion that suits the task; `task` must stand before it among the fields.

    Raises:
        ValueError: It belongs to the other task.
    """
    if choice is None or "task" not in info.data:
        return choice
    is_classification = kind_of(info.data["task"]) == "probability"
    if (choice in of_classification) != is_classification:
        options = ", ".join(of_classification) if is_classification else f"any but {', '.join(of_classification)}"
        raise ValueError(f"{choice} does not suit task {info.data['task']}; options: {options}, or null")
    return choice


def outcomes(examples: Examples, task: Task) -> np.ndarray:
    """Labels to learn from, shape (n,): int64 of 0 and 1 for classification, else float64.

    Raises:
        DataError: There are no rows, a label is missing, infinite, too large or no number, or a classification sees one class only.
    """
    import numpy as np

    where = examples.cases.roles.target or "label"
    if not len(examples.y):
        raise DataError("there is nothing to learn from", [Problem(where, "needs at least one training row", "none")])
    if not np.issubdtype(examples.y.dtype, np.number) and examples.y.dtype != np.bool_:
        raise DataError("labels cannot be learnt", [Problem(where, "must be a number", str(examples.y.dtype))])
    y = examples.y.astype(np.float64)
    wrong = np.flatnonzero(~(np.abs(y) <= LARGEST))
    if len(wrong):
        rows = ", ".join(f"training row {int(row)}: {y[row]:g}" for row in wrong[:5])
        rule = f"must be a number within {LARGEST:.1e}, the range of the 32-bit numbers in which models compute"
        raise DataError("labels cannot be learnt", [Problem(where, rule, f"{len(wrong)} that are not, {rows}")])
    return y if kind_of(task) == "point" else binary(y, where, "the model cannot be fitted")


def binary(y: np.ndarray, where: str, headline: str) -> np.ndarray:
    """Labels as int64 of 0 and 1.

    Raises:
        DataError: Other values, or one class only.
    """
    import numpy as np

    values = np.unique(y)
    if not np.isin(values, (0.0, 1.0)).all():
        shown = ", ".join(f"{value:g}" for value in values[:5])
        raise DataError(headline, [Problem(where, "must be 0 or 1 for classification", shown, "name the positive value in `labels`")])
    if len(values) < 2:
        hint = "widen the training part, or check the label"
        raise DataError(headline, [Problem(where, "needs both classes", f"{len(y)} rows, all {values[0]:g}", hint)])
    return y.astype(np.int64)


def stopping_part(validation: Examples | None, rounds: int | None) -> Examples | None:
    """The examples by which boosting stops early; None where it was not asked for.

    Raises:
        RecipeError: Early stopping was asked for, and the split gives no validation part.
    """
    if rounds is None:
        return None
    if validation is None or not validation.cases.size:
        problem = Problem(
            "model.early_stopping_rounds",
            "needs a validation part, and the split gives none",
            str(rounds),
            "give `split` a validation part, or set model.early_stopping_rounds=null",
        )
        raise RecipeError("early stopping has nothing to stop by", [problem])
    return validation
