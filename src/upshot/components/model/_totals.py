"""Totals of a panel: rows that share a moment and some columns, as one row of a series of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from upshot.components.faults import column_of
from upshot.components.model._roles import entity_column, time_column
from upshot.contracts.components import Examples
from upshot.contracts.records import Cases
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Totals:
    """The rows of all levels, one below the other.

    Attributes:
        examples: One row a total and moment; its series is named by its columns ("store=north"), that of all rows "all".
        members: Which cases a row is the sum of: sparse, shape (totals, cases), of zeros and ones.
    """

    examples: Examples
    members: Any

    @classmethod
    def of(cls, examples: Examples, levels: Sequence[Sequence[str]]) -> Totals:
        """Sum outcomes, and average what else is a number; a text is kept where all members have the same.

        What names series or stays the same within them is kept only where it names the level, and is null elsewhere. A censored outcome
        counts as it was seen, and an outcome is known when those of all members are. Rows with a null in a column of a level are left out
        of it.

        Args:
            examples: Cases, blind or with outcomes.
            levels: Columns of each level; () for the total of all.

        Raises:
            DataError: A column is missing.
        """
        import numpy as np
        import pandas as pd
        from scipy import sparse

        cases = examples.cases
        rows, labels, X, members = [], [], [], []
        for columns in levels:
            code, first = _codes(cases, columns)
            own = code >= 0
            members.append(sparse.csr_array((np.ones(own.sum()), (code[own], np.flatnonzero(own))), shape=(len(first), cases.size)))
            rows.append(_rows(cases, columns, code, first))
            labels.append(_summed(cases.labels.frame, code, first))
            X.append(_averaged(examples.X, code, first))
        summed = replace(cases, rows=_stacked(rows), labels=_stacked(labels))
        return cls(Examples(summed, pd.concat(X, ignore_index=True)), sparse.vstack(members, format="csr"))


def _codes(cases: Cases, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Row of each case's total, -1 for none, and the first case of each total."""
    import numpy as np
    import pandas as pd

    frame = cases.rows.frame
    keys = pd.DataFrame({str(place): column_of(frame, name, "model.levels") for place, name in enumerate(columns)}, index=frame.index)
    keys["moment"] = frame[time_column(cases)]
    code = keys.groupby(list(keys.columns), sort=True, observed=True).ngroup().to_numpy()
    there, first = np.unique(code, return_index=True)
    return code, first[there >= 0]


def _rows(cases: Cases, columns: Sequence[str], code: np.ndarray, first: np.ndarray) -> pd.DataFrame:
    """The raw columns of one level's totals."""
    frame, roles, series = cases.rows.frame, cases.roles, entity_column(cases)
    kept = [series, time_column(cases), *columns]
    lost = {*roles.key, *roles.entities, *roles.static}.intersection(frame.columns).difference(kept)
    averaged = [str(name) for name in frame.columns if name not in lost and name not in kept]
    made = frame.iloc[first].reset_index(drop=True)
    made[averaged] = _averaged(frame[averaged], code, first)
    named = ["=".join((columns[0], str(value))) for value in made[columns[0]]] if columns else ["all"] * len(made)
    for column in columns[1:]:
        named = [f"{name}/{column}={value}" for name, value in zip(named, made[column], strict=True)]
    return made.assign(**{name: made[name].mask(made.index >= 0) for name in lost}, **{series: named})


def _averaged(frame: pd.DataFrame, code: np.ndarray, first: np.ndarray) -> pd.DataFrame:
    """Numbers averaged over each total's members; of other columns what all members have, else null."""
    import pandas as pd

    own = code >= 0
    grouped = frame[own].groupby(code[own], sort=True)
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name].dtype)]
    made = frame.iloc[first].reset_index(drop=True)
    if numbers:
        made[numbers] = grouped[numbers].mean().reset_index(drop=True).astype("float64")
    for name in frame.columns.difference(numbers):
        differs = (grouped[name].nunique(dropna=False) > 1).to_numpy()
        if differs.any():
            made[name] = made[name].mask(differs)
    return made


def _summed(labels: pd.DataFrame, code: np.ndarray, first: np.ndarray) -> pd.DataFrame:
    """Labels of the totals: outcomes are added, the latest moment counts at which one is known, and nothing is censored."""
    own = code >= 0
    grouped = labels[own].groupby(code[own], sort=True)
    made = labels.iloc[first].reset_index(drop=True).drop(columns="censored", errors="ignore")
    if "label" in labels:
        made["label"] = grouped["label"].sum().to_numpy()
    if "label_known_at" in labels:
        known = grouped["label_known_at"]
        made["label_known_at"] = known.max().where(known.count() == known.size()).to_numpy()
    return made


def _stacked(frames: Sequence[pd.DataFrame]) -> Table:
    import pandas as pd

    return Table.of(pd.concat(frames, ignore_index=True))
