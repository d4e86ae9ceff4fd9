"""The columns that a model was trained on, and the matrix that it is given.

LightGBM predicts silently on re-ordered or renamed columns, and each library has its own idea of categories. So names, order and types
are checked here and not left to the library, and categories become codes by the categories seen in training: the same codes for every
library, after every reload. Libraries see positions only, so a column may have any name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.errors import DataError, IntegrityError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MAX_EXAMPLES = 5
LARGEST = 3.4e38
"""Beyond it a number is infinite in 32 bits, as XGBoost and the forests of scikit-learn hold them."""


@dataclass(frozen=True)
class Columns:
    """Names in order, and the training categories of those that are categorical.

    Example:
        >>> import pandas as pd
        >>> X = pd.DataFrame({"amount": [3.0, 5.0], "country": pd.Categorical(["no", "se"])})
        >>> Columns.of(X).matrix(X).tolist()
        [[3.0, 0.0], [5.0, 1.0]]
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str | int | float | bool, ...]]

    @classmethod
    def of(cls, X: pd.DataFrame) -> Columns:
        """Learn them from training columns.

        Raises:
            DataError: There is no column, one name stands twice, or a column is neither a number nor a category.
        """
        import pandas as pd

        names = tuple(str(name) for name in X.columns)
        problems = [Problem(name, "stands twice among the features") for name in sorted({n for n in names if names.count(n) > 1})]
        if not names:
            problems = [Problem("features", "a model of features needs at least one column", "none", "add a feature to `features`")]
        categories: dict[str, tuple[str | int | float | bool, ...]] = {}
        for name, dtype in zip(names, X.dtypes, strict=True):
            if isinstance(dtype, pd.CategoricalDtype):
                categories[name] = tuple(dtype.categories.tolist())
            elif not pd.api.types.is_numeric_dtype(dtype):
                problems.append(Problem(name, "must be a number or a category", str(dtype), "encode it with a `categorical` feature"))
        if problems:
            raise DataError("the model cannot be fitted on these columns", problems)
        return cls(names, categories)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the categorical columns."""
        return tuple(position for position, name in enumerate(self.names) if name in self.categories)

    def matrix(self, X: pd.DataFrame) -> np.ndarray:
        """Columns as float64 of shape (rows, columns); a category is its training code, NaN where it is missing or was not seen.

        Raises:
            IntegrityError: Names, order or types are not those of the training.
            DataError: A value is infinite, or too large for 32 bits.
        """
        import numpy as np

        self._check(X)
        if self.categories:
            out = np.empty(X.shape, dtype=np.float64, order="F")
            for position, name in enumerate(self.names):
                out[:, position] = self._column(X[name])
        else:
            out = X.to_numpy(dtype=np.float64, na_value=np.nan)
        if len(out):
            large = (np.fmax.reduce(out, axis=0) > LARGEST) | (np.fmin.reduce(out, axis=0) < -LARGEST)
            if large.any():
                problems = [_too_large(self.names[i], out[:, i]) for i in np.flatnonzero(large)]
                raise DataError("values among the features are too large", problems)
        return out

    def _column(self, column: pd.Series) -> np.ndarray:
        import numpy as np
        import pandas as pd

        known = self.categories.get(str(column.name))
        if known is None:
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        codes = pd.Index(known).get_indexer(column.cat.categories) if len(known) else np.full(len(column.cat.categories), -1)
        by_code = np.append(np.where(codes < 0, np.nan, codes), np.nan)  # code -1, missing, takes the last
        return by_code[column.cat.codes.to_numpy()]

    def _check(self, X: pd.DataFrame) -> None:
        found = tuple(str(name) for name in X.columns)
        problems = [Problem(name, "the model was trained on this column, and it is missing") for name in self.names if name not in found]
        problems += [Problem(name, "the model was not trained on this column") for name in found if name not in self.names]
        if not problems and found != self.names:
            first = next(i for i, name in enumerate(self.names) if found[i] != name)
            rule = f"columns stand in another order than in training: column {first + 1} was {self.names[first]!r}"
            problems.append(Problem(found[first], rule, repr(found[first])))
        problems += [problem for name in found if name in self.names for problem in self._check_type(X[name])] if not problems else []
        if problems:
            raise IntegrityError("the columns are not those that the model was trained on", problems)

    def _check_type(self, column: pd.Series) -> list[Problem]:
        import pandas as pd

        name = str(column.name)
        if name in self.categories and not isinstance(column.dtype, pd.CategoricalDtype):
            return [Problem(name, "was a category in training", str(column.dtype))]
        if name not in self.categories and not pd.api.types.is_numeric_dtype(column.dtype):
            return [Problem(name, "was a number in training", str(column.dtype))]
        return []

    def to_json(self) -> bytes:
        """As a file."""
        return json.dumps({"names": self.names, "categories": dict(self.categories)}, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Columns:
        """The opposite of `to_json`."""
        data = json.loads(content)
        return cls(tuple(data["names"]), {name: tuple(known) for name, known in data["categories"].items()})


def _too_large(name: str, column: np.ndarray) -> Problem:
    import numpy as np

    rows = np.flatnonzero(np.abs(column) > LARGEST)
    shown = ", ".join(f"row {int(row)}: {column[row]:g}" for row in rows[:MAX_EXAMPLES])
    rule = f"must lie between -{LARGEST:.1e} and {LARGEST:.1e}, the range of the 32-bit numbers in which models compute"
    return Problem(name, rule, f"{len(rows)} row{'s' if len(rows) != 1 else ''}: {shown}", "check the source, or set them to null")
