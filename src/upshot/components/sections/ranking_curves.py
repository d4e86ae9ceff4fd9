"""Precision-recall and ROC: what every threshold would give on the test rows, and where the decisions that were taken stand.

Source:
    Davis & Goadrich (2006), The Relationship Between Precision-Recall and ROC Curves, ICML; points of a curve are the scores themselves, joined
    without smoothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.actions import APPROVE
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import Block, ChartBlock, Column, Section, TableBlock, TextBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class RankingCurvesParams(Params):
    """How finely the curves are drawn."""

    points: int = Field(200, ge=10, le=2_000, description="Points of a curve at most, spread evenly over the recall.")


class RankingCurves:
    """Precision by recall, true by false positive rate, and the point at which it is acted.

    Args:
        params: How many points.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: RankingCurvesParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """Both curves; a sentence where the test rows have one class only."""
        frame, cases = tested.predictions.tested(tested.folds)
        y = cases.labels.frame["label"].to_numpy(dtype="float64") == 1
        title = "Precision, recall and false alarms"
        if y.all() or not y.any():
            return Section(title, "data_science", (TextBlock(("The test cases have one class only: no curve is defined.",)),))
        rows = curve(frame["probability"].to_numpy(), y, self.params.points)
        acted = _acted(tested, y)
        mark = None if acted is None else acted
        recall, precision = Column("recall", "recall", "share"), Column("precision", "precision", "share")
        false_rate = Column("false_positive_rate", "false positive rate", "share")
        table = Table.of(rows)
        note = f"{cases.size:,} test cases, {int(y.sum()):,} positive; without a model the precision is {y.mean():.2%}."
        blocks: list[Block] = [
            ChartBlock(
                "Precision by recall", "line", table, recall, (precision,), mark=None if mark is None else mark["recall"], note=note
            ),
            ChartBlock(
                "ROC",
                "line",
                table,
                false_rate,
                (recall,),
                mark=None if mark is None else mark["false_positive_rate"],
                note="Up and left is better.",
            ),
        ]
        if acted is not None:
            alerts = Column("alerts", "cases acted on", "count")
            blocks.append(_acted_table(acted, (alerts, precision, recall, false_rate), tested.decisions.policy.use))
        return Section(title, "data_science", tuple(blocks))


def curve(p: np.ndarray, y: np.ndarray, points: int) -> pd.DataFrame:
    """Columns `recall`, `precision`, `false_positive_rate`, `alerts` at falling thresholds; equal probabilities make one point.

    Args:
        p: Probabilities, shape (n,).
        y: True for the positives.
        points: Rows at most.

    Example:
        >>> import numpy as np
        >>> curve(np.array([0.9, 0.8, 0.1]), np.array([True, False, True]), 10)["precision"].round(2).tolist()
        [1.0, 0.5, 0.67]
    """
    import numpy as np
    import pandas as pd

    order = np.argsort(-p, kind="stable")
    falling = p[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    true = np.cumsum(y[order])[last]
    alerts = last + 1
    rows = pd.DataFrame(
        {
            "recall": true / y.sum(),
            "precision": true / alerts,
            "false_positive_rate": (alerts - true) / max(int((~y).sum()), 1),
            "alerts": alerts,
        }
    )
    if len(rows) <= points:
        return rows
    wanted = np.searchsorted(rows["recall"].to_numpy(), np.linspace(0, 1, points - 1))
    kept = np.unique(np.append(np.minimum(wanted, len(rows) - 1), [0, len(rows) - 1]))
    return rows.iloc[kept].reset_index(drop=True)


def _acted(tested: Tested, y: np.ndarray) -> dict[str, float] | None:
    """Where the decisions stand: everything but approval counts as an alert. None where decisions are no actions."""
    if tested.decisions.kind != "action":
        return None
    decided = tested.decisions.tested(tested.folds).sort_values("case", kind="stable")
    alert = (decided["action"] != APPROVE).to_numpy()
    if len(alert) != len(y) or not alert.any():
        return None
    true = int((alert & y).sum())
    return {
        "alerts": float(alert.sum()),
        "precision": true / float(alert.sum()),
        "recall": true / float(y.sum()),
        "false_positive_rate": float((alert & ~y).sum()) / float((~y).sum()),
    }


def _acted_table(acted: dict[str, float], columns: tuple[Column, ...], policy: str) -> TableBlock:
    import pandas as pd

    note = "The decisions need not follow one threshold: a policy that weighs amounts stands below the curve on purpose."
    return TableBlock(f"Where the policy {policy} acts", columns, Table.of(pd.DataFrame([acted])), note)
