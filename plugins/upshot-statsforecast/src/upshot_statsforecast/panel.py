"""Cases as statsforecast takes them: long rows of whole-numbered steps, without gaps, up to the origin of the forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class LongPanel:
    """Rows of `unique_id` (0, 1, ...), `ds` (steps) and `y`, and what is asked of them.

    Attributes:
        rows: Sorted by series and step; every series ends at the origin.
        names: Name of each series.
        origin: The last step that is known of any series.
        series: Series of each case, -1 for one of which nothing is known.
        ahead: Steps from the origin to each case, >= 1.
    """

    rows: pd.DataFrame
    names: pd.Index
    origin: int
    series: np.ndarray
    ahead: np.ndarray

    @classmethod
    def of(cls, history: Cases, cases: Cases, *, gaps: str, window: int | None) -> LongPanel:
        """Fill the history and place the cases.

        Args:
            history: Rows with outcomes; a censored one, or one not known when the first case begins, counts as a gap.
            cases: What is forecast.
            gaps: "zero" or "last": what a step without a value is taken for.
            window: Steps that are looked back at; None for all.

        Raises:
            DataError: The cases do not stand on a calendar, a case lies in the past, or nothing is known.
        """
        import pandas as pd

        for part in (history, cases):
            if "step" not in part.labels.columns:
                hint = "write labels: {use: panel} in the recipe"
                raise DataError("the cases stand on no calendar", [Problem("labels.use", "must give each row its step", None, hint)])
        entity = history.roles.entities[0]
        labels = history.labels.frame
        known = labels["label"].notna().to_numpy()
        if "censored" in labels.columns:
            known = known & ~labels["censored"].to_numpy(dtype=bool)
        if "label_known_at" in labels.columns:
            known = known & (labels["label_known_at"] <= cases.labels.frame["as_of"].min()).to_numpy()
        if not known.any():
            raise DataError("there is no history to forecast from", [Problem("split", "must leave known rows before the forecast", "none")])
        code, names = pd.factorize(history.rows.frame[entity][known], sort=True)
        step, y = labels["step"].to_numpy()[known], labels["label"].to_numpy(dtype="float64")[known]
        origin = int(labels["step"].max())
        ahead = cases.labels.frame["step"].to_numpy() - origin
        if len(ahead) and ahead.min() < 1:
            raise DataError(
                "a case lies in the past",
                [Problem("split", "a forecast is of steps after the last known one", f"{1 - ahead.min()} before")],
            )
        rows = _filled(code, step, y, len(names), origin, gaps, window)
        return cls(rows, pd.Index(names), origin, pd.Index(names).get_indexer(pd.Index(cases.rows.frame[entity])), ahead)


def _filled(code: np.ndarray, step: np.ndarray, y: np.ndarray, series: int, origin: int, gaps: str, window: int | None) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    first = np.full(series, origin)
    np.minimum.at(first, code, step)
    first = first if window is None else np.maximum(first, origin - window + 1)
    length = origin - first + 1
    of = np.repeat(np.arange(series), length)
    at = np.arange(len(of)) - np.repeat(np.cumsum(length) - length, length) + first[of]
    values = np.full(len(of), np.nan)
    begins = np.cumsum(length) - length
    kept = step >= first[code]
    values[begins[code[kept]] + step[kept] - first[code[kept]]] = y[kept]
    frame = pd.DataFrame({"unique_id": of, "ds": at, "y": values})
    if gaps == "last":
        frame["y"] = frame.groupby("unique_id")["y"].ffill()
    frame["y"] = frame["y"].fillna(0.0)
    return frame
