"""The data that the run stands on: what the checks found, and each column in the training and the test rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.params import Params
from upshot.contracts.records import Checked, DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import Block, Column, Section, TableBlock, TextBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import pandas as pd

HIDDEN = "(protected)"
_WIDEST = 40


class DataProfileParams(Params):
    """There is nothing to set."""


class DataProfile:
    """Findings of the checks, then one row a column: nulls, distinct values, range and mean, and how far the mean moved from training to test.

    Args:
        params: Nothing.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: DataProfileParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """The two tables."""
        folds, snapshot = tested.folds, tested.checked.snapshot
        final = tested.predictor.final
        train, test = (folds.part(final, part).rows.frame for part in ("train", "test"))
        head = f"Table {snapshot.table}, version {snapshot.version}: {snapshot.rows:,} rows, of which {tested.checked.quarantined:,} were set aside."
        parts = f"The last fold trains on {len(train):,} rows and tests on {len(test):,}."
        blocks: list[Block] = [TextBlock((head, parts)), *_findings(tested.checked)]
        blocks.append(
            TableBlock(
                "Columns",
                (
                    Column("column", "column", "text"),
                    Column("type", "type", "text"),
                    Column("train_nulls", "nulls in training", "share"),
                    Column("test_nulls", "nulls in test", "share"),
                    Column("distinct", "distinct in training", "count"),
                    Column("low", "least in training", "text"),
                    Column("high", "most in training", "text"),
                    Column("train_mean", "mean in training"),
                    Column("test_mean", "mean in test"),
                    Column("shift", "shift of the mean"),
                ),
                Table.of(profile_rows(train, test, snapshot.roles.protected)),
                "The shift is test minus training, in standard deviations of the training rows. Values of protected attributes are not shown.",
            )
        )
        return Section("Data", "data_science", tuple(blocks))


def profile_rows(train: pd.DataFrame, test: pd.DataFrame, protected: tuple[str, ...]) -> pd.DataFrame:
    """One row a column.

    Example:
        >>> import pandas as pd
        >>> found = profile_rows(pd.DataFrame({"x": [1.0, 3.0]}), pd.DataFrame({"x": [4.0, None]}), ())
        >>> found[["train_mean", "test_mean", "test_nulls"]].values.tolist()
        [[2.0, 4.0, 0.5]]
    """
    import pandas as pd

    return pd.DataFrame([_column(str(name), train[name], test[name], name in protected) for name in train])


def _column(name: str, train: pd.Series, test: pd.Series, is_hidden: bool) -> dict[str, object]:
    import pandas as pd

    is_number = pd.api.types.is_numeric_dtype(train) and not pd.api.types.is_bool_dtype(train)
    nothing = float("nan")
    there = train.dropna()
    low, high = (HIDDEN, HIDDEN) if is_hidden else (_told(there.min()), _told(there.max())) if len(there) else ("", "")
    means = (float(train.mean()), float(test.mean())) if is_number and not is_hidden else (nothing, nothing)
    spread = float(train.std()) if is_number and len(there) > 1 else 0.0
    return {
        "column": name,
        "type": str(train.dtype),
        "train_nulls": float(train.isna().mean()),
        "test_nulls": float(test.isna().mean()) if len(test) else nothing,
        "distinct": int(train.nunique()),
        "low": low,
        "high": high,
        "train_mean": means[0],
        "test_mean": means[1],
        "shift": (means[1] - means[0]) / spread if spread > 0 else nothing,
    }


def _told(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _findings(checked: Checked) -> list[Block]:
    import pandas as pd

    if not checked.findings:
        return [TextBlock(("No check is declared: upshot data profile writes one from the data.",))]
    rows = pd.DataFrame(
        [(f.check, f.rule, f.rows, "; ".join(f.examples)) for f in checked.findings], columns=["check", "rule", "rows", "examples"]
    )
    columns = (Column("check", "check", "text"), Column("rule", "found", "text"), Column("rows", "rows that break it", "count"))
    more = (Column("examples", "such as", "text"),) if rows["examples"].any() else ()
    return [TableBlock("Checks", (*columns, *more), Table.of(rows))]
