"""Gain by share acted on: what everything here is judged by.

In the share that is predicted to gain most, the mean outcome of those who were acted on less that of those who were not is what acting
changes there; times the share it is the gain of acting on just them, per row of all. Each arm's rows weigh one over the chance with which
they came into it, so that arms are alike where chance differed between rows.

Source:
    Radcliffe (2007), Using Control Groups to Target on Predicted Lift: Building and Assessing Uplift Models, Direct Marketing Analytics
    Journal; Hajek's weighted means for chances that differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot_uplift.logs import Log

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Ranked:
    """Rows by falling predicted uplift. Rows of one prediction stand together: nobody can act on some of them by the prediction.

    Args:
        order: Rows by falling prediction, shape (n,).
        last: Place of the last row of each prediction, ascending.
        acted: Arm, in that order.
        y: Outcome, in that order.
        weight: One over the chance of the arm, in that order.
    """

    order: np.ndarray
    last: np.ndarray
    acted: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, uplift: np.ndarray, y: np.ndarray, log: Log) -> Ranked:
        """Rank rows by their predicted uplift, shape (n,) each."""
        import numpy as np

        order = np.argsort(-uplift, kind="stable")
        falling = uplift[order]
        last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(order) else np.zeros(0, dtype=np.int64)
        return cls(order, last, log.acted[order], y.astype(np.float64)[order], log.weights()[order])

    def curve(self, counts: np.ndarray) -> Curve:
        """The curve where each row counts so often, shape (n,), in the rows' own order."""
        import numpy as np

        count = counts[self.order]
        weight = count * self.weight
        first, second = weight * self.acted, weight * ~self.acted
        sums = np.stack([count, first, first * self.y, second, second * self.y]).cumsum(axis=1)[:, self.last]
        return Curve(*np.concatenate([np.zeros((5, 1)), sums], axis=1))


@dataclass(frozen=True)
class Curve:
    """Sums over the rows down to each prediction, from none to all: rows, and of both arms their weights and weighted outcomes."""

    rows: np.ndarray
    acted: np.ndarray
    acted_y: np.ndarray
    left: np.ndarray
    left_y: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Share of all rows, 0 to 1."""
        share: np.ndarray = self.rows / self.rows[-1]
        return share

    @property
    def gain(self) -> np.ndarray:
        """Outcome gained by acting on them, per row of all; 0 while an arm has nobody yet."""
        import numpy as np

        gain: np.ndarray = np.nan_to_num(self.share * uplift_of(self.acted_y, self.acted, self.left_y, self.left))
        return gain

    def qini(self) -> float:
        """Area between the gain and that of acting by chance; NaN where an arm has nobody at all."""
        import numpy as np

        if not (self.acted[-1] > 0 and self.left[-1] > 0):
            return float("nan")
        return float(np.trapezoid(self.gain - self.share * self.gain[-1], self.share))

    def uplift_within(self, share: float) -> float:
        """What acting changes in the first share of the rows; NaN where an arm has nobody there. Rows of one prediction count in part."""
        import numpy as np

        sums = [np.interp(share, self.share, values) for values in (self.acted_y, self.acted, self.left_y, self.left)]
        return float(uplift_of(*(np.asarray(value) for value in sums)))


def uplift_of(acted_y: np.ndarray, acted: np.ndarray, left_y: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Mean outcome of one arm less that of the other, from weighted sums; NaN where one has nobody.

    Example:
        >>> import numpy as np
        >>> float(uplift_of(np.array(3.0), np.array(4.0), np.array(1.0), np.array(4.0)))
        0.5
    """
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        uplift: np.ndarray = np.where((acted > 0) & (left > 0), acted_y / acted - left_y / left, np.nan)
    return uplift
