"""Columns as groups of cases: categories by value, numbers and moments by range, what is missing by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.faults import column_of, shorten

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Edges = dict[str, Annotated[tuple[float, ...], Field(strict=False, min_length=1)] | None]
EDGES = "Column of numbers -> where its ranges begin; quantiles when left out or null."
BINS = "Ranges of a column of many numbers, each with as many cases."
MOST = "Values of a column that are told apart; rarer ones are one group."


@dataclass(frozen=True)
class Coded:
    """A column as groups: code of each row, shape (n,), and the name of each code."""

    codes: np.ndarray
    names: tuple[str, ...]


def coded(values: pd.Series, name: str, *, edges: Sequence[float] | None = None, bins: int = 4, most: int = 20) -> Coded:
    """The groups of a column.

    Args:
        values: The column.
        name: As it is called in the groups' names.
        edges: Where its ranges begin; quantiles when None.
        bins: How many quantile ranges.
        most: Up to so many values are told apart; more are ranges where they are numbers or moments, else the rarest are one group.

    Example:
        >>> import pandas as pd
        >>> coded(pd.Series([3.0, 8.0, None]), "age", edges=[5.0]).names
        ('age < 5', 'age >= 5', 'age is missing')
    """
    import pandas as pd

    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    is_moment = pd.api.types.is_datetime64_any_dtype(values)
    if edges is not None:
        return _ranges(values.astype("float64"), name, sorted(set(edges)), _number)
    if (is_number or is_moment) and values.nunique() > most:
        return _quantiles(values, name, bins)
    return _values(values, name, most)


def _quantiles(values: pd.Series, name: str, bins: int) -> Coded:
    import numpy as np
    import pandas as pd

    inner = [number / bins for number in range(1, bins)]
    if pd.api.types.is_datetime64_any_dtype(values):
        plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(values.dtype, "tz", None) else values
        numbers = plain.astype("datetime64[us]").astype("int64").astype("float64").where(values.notna())
        return _ranges(numbers, name, sorted(set(numbers.quantile(inner))), lambda edge: str(pd.Timestamp(int(edge), unit="us").date()))
    numbers = values.astype("float64").replace([np.inf, -np.inf], np.nan)
    return _ranges(numbers, name, sorted(set(numbers.quantile(inner, interpolation="higher"))), _number)


def _ranges(values: pd.Series, name: str, edges: Sequence[float], told: object) -> Coded:
    import numpy as np

    assert callable(told)
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    shown = [told(edge) for edge in edges]
    names = [f"{name} < {shown[0]}"]
    names += [f"{low} <= {name} < {high}" for low, high in pairwise(shown)]
    names += [f"{name} >= {shown[-1]}", f"{name} is missing"]
    codes = np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="right"))
    return Coded(codes, tuple(names))


def _values(values: pd.Series, name: str, most: int) -> Coded:
    import numpy as np

    codes, seen = values.factorize(sort=False)
    counts = np.bincount(codes[codes >= 0], minlength=len(seen))
    order = np.argsort(-counts, kind="stable")[:most]
    place = np.full(len(seen) + 1, len(order))  # rarer values; code -1, missing, is the last
    place[order] = np.arange(len(order))
    place[-1] = len(order) + 1
    names = [f"{name} = {_plain(seen[code])}" for code in order]
    return Coded(place[codes], (*names, f"{name} is another", f"{name} is missing"))


def _plain(value: object) -> str:
    text = shorten(value)
    return text[1:-1] if text[:1] in "'\"" and text[-1:] == text[:1] else text


def _number(edge: float) -> str:
    return f"{edge:.6g}"


@dataclass(frozen=True)
class Group:
    """Some of the cases. `part` is True for them, shape (cases,)."""

    name: str
    part: np.ndarray


def groups_of(
    rows: pd.DataFrame, columns: Sequence[str], where: str, *, edges: Mapping[str, Sequence[float] | None], bins: int, most: int
) -> list[Group]:
    """The groups of one column, or of the values of several together; none is empty. Largest code order, not size, so names stay in order.

    Raises:
        DataError: A column does not exist.
    """
    import numpy as np

    parts = [coded(column_of(rows, name, where), name, edges=edges.get(name), bins=bins, most=most) for name in columns]
    codes = np.zeros(len(rows), dtype=np.int64)
    for part in parts:
        codes = codes * len(part.names) + part.codes
    found = []
    for code in np.unique(codes):
        names, left = [], int(code)
        for part in reversed(parts):
            left, own = divmod(left, len(part.names))
            names.append(part.names[own])
        found.append(Group(" and ".join(reversed(names)), codes == code))
    return found


__all__ = ["BINS", "EDGES", "MOST", "Coded", "Edges", "Group", "coded", "groups_of"]
