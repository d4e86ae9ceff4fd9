"""Categories as features: those of the training rows, and one rule for all that come later."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from upshot.components.faults import rows_problem
from upshot.components.features._columns import raw
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

OTHER = "(other)"
Columns = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class CategoricalParams(Params):
    """Columns of categories: text, integers or booleans."""

    columns: Columns = Field(description="Columns to use.")
    encoding: Literal["native", "one_hot"] = Field(
        "native", description="native: one pandas category column, which tree models take; one_hot: a 0/1 column a category."
    )
    min_count: int = Field(1, ge=1, description="Training rows that a category must have to be told apart.")
    unseen: Literal["null", "other", "error"] = Field(
        "null", description="What becomes of rare and new categories: null, a category of their own, or (new ones only) refused."
    )

    @model_validator(mode="after")
    def _error_needs_all(self) -> CategoricalParams:
        if self.unseen == "error" and self.min_count > 1:
            raise ValueError("unseen: error refuses what training rows did not have, so min_count must be 1")
        return self


class Categorical:
    """Native: the column, as categories sorted by text. One-hot: float64 columns `<column>_<category>`, all 0 for null."""

    spec: Spec
    needs_history = False

    def __init__(self, params: CategoricalParams) -> None:
        self.params = params
        self.categories_: dict[str, list[str]] = {}

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads."""
        return self.params.columns

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn the categories of each column.

        Raises:
            DataError: A column holds fractions or times, or no category is frequent enough.
        """
        self.categories_ = {name: self._learn(name, texts(raw(train, name), name)) for name in self.params.columns}

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The encoded columns, index 0..n-1.

        Raises:
            DataError: A category is new and `unseen` is error.
        """
        import pandas as pd

        frame: dict[str, object] = {}
        for name, known in self.categories_.items():
            values = self._known(name, texts(raw(cases, name), name))
            if self.params.encoding == "native":
                frame[name] = pd.Categorical(values, categories=known)
            else:
                frame |= {label: values.eq(c).fillna(False).to_numpy(dtype=float) for label, c in _labels(name, known).items()}
        return pd.DataFrame(frame)

    def state(self) -> Mapping[str, bytes]:
        """The categories, as JSON."""
        return {"categories.json": json.dumps(self.categories_).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Take back what `state` gave."""
        self.categories_ = json.loads(files["categories.json"])

    def _learn(self, name: str, texts: pd.Series) -> list[str]:
        counts = texts.value_counts()
        frequent = sorted(str(text) for text in counts.index[counts >= self.params.min_count])
        if self.params.unseen == "other":
            return [*(text for text in frequent if text != OTHER), OTHER]
        if not frequent:
            rule = f"some category must have {self.params.min_count} training rows"
            raise DataError("a feature cannot be fitted", [Problem(name, rule, f"at most {int(counts.max()) if len(counts) else 0}")])
        return frequent

    def _known(self, name: str, texts: pd.Series) -> pd.Series:
        new = texts.notna() & ~texts.isin(self.categories_[name])
        if not new.any():
            return texts
        if self.params.unseen == "error":
            hint = f"features may set unseen: null or other; known: {', '.join(self.categories_[name][:5])}"
            raise DataError("a category is new", [rows_problem(name, "must be one of training", new.to_numpy(), texts, hint)])
        return texts.mask(new, OTHER) if self.params.unseen == "other" else texts.mask(new)


def texts(values: pd.Series, name: str) -> pd.Series:
    """Categories as text, null kept; 3 and 3.0 are one category, because a null turns integers into floats."""
    import pandas as pd

    kind = getattr(values.dtype, "kind", "O")
    if kind == "f" and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    elif kind in "fM":
        hint = "for numbers use numeric, for timestamps use datetime"
        raise DataError("a feature cannot be read", [Problem(name, "must hold text, integers or booleans", str(values.dtype), hint)])
    return values.astype(object).where(values.notna()).map(str, na_action="ignore").astype(pd.StringDtype(na_value=float("nan")))


def _labels(name: str, categories: list[str]) -> dict[str, str]:
    """Column name -> category; names carry letters, digits and _ only, because model libraries refuse others."""
    labels: dict[str, str] = {}
    for category in categories:
        plain = f"{name}_{re.sub(r'[^0-9A-Za-z]+', '_', category).strip('_') or 'blank'}"
        unique = next(label for n in range(1, len(categories) + 2) if (label := plain if n == 1 else f"{plain}_{n}") not in labels)
        labels[unique] = category
    return labels
