"""Which items the lists show: how much of the catalogue, how much of it beyond what everybody takes anyway, and what each part earns.

Items are parted by their share of all earlier events: the head makes the first half of them, the middle the next thirty per cent, the tail
the rest, and new items none (Anderson 2006, The Long Tail; parts by share as in Celma 2010, Music Recommendation and Discovery).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.lists.facts import keyed_by
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import ChartBlock, Column, Section, TableBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

POINTS = 50
PARTS = ("head", "middle", "tail", "new")


class LongTailParams(Params):
    """Where head and middle end."""

    head: float = Field(0.5, gt=0, lt=1, description="Share of all earlier events that the most taken items make: the head.")
    middle: float = Field(0.3, gt=0, lt=1, description="Share that the items after them make; the rest is the tail.")

    @model_validator(mode="after")
    def _leaves_a_tail(self) -> LongTailParams:
        if self.head + self.middle >= 1:
            raise ValueError("head and middle must leave a tail: together below 1")
        return self


class LongTail:
    """Coverage of the catalogue, and slots, hits and takings by how popular an item was before.

    Args:
        params: Where head and middle end.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    decides: tuple[DecisionKind, ...] = ("ranking",)
    plays: tuple[str, ...] = ()

    def __init__(self, params: LongTailParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """A table of parts, and a curve over the items from the most popular on; the last test fold."""
        fold = tested.folds.tested()[-1]
        cases, history = tested.folds.part(fold.name, "test"), tested.folds.history(fold.name, "test")
        shown = tested.decisions.frames[f"{fold.name}/test"].frame
        items = counted(shown, cases, history)
        parts = by_part(items, self.params.head, self.params.middle)
        covered, known = int((items["slots"] > 0).sum()), len(items)
        note = (
            f"{covered:,} of {known:,} items stand on a list ({covered / max(known, 1):.0%}); inequality of slots (Gini) "
            f"{gini(items['slots'].to_numpy()):.2f}, of earlier events {gini(items['events'].to_numpy()):.2f}: 0 is alike, 1 is all on one item."
        )
        columns = (
            Column("part", "items by how often they were taken before", "text"),
            Column("items", "items", "count"),
            Column("events", "of earlier events", "share"),
            Column("covered", "of them on a list", "share"),
            Column("slots", "of all slots", "share"),
            Column("taken", "of what was then taken", "share"),
            Column("hits", "of hits", "share"),
            Column("hit_rate", "slots that hit", "share"),
        )
        lines = (Column("slots", "slots", "share"), Column("taken", "then taken", "share"), Column("events", "earlier events", "share"))
        return Section(
            "How broad the lists are",
            "business",
            (
                TableBlock("Head, middle and long tail", columns, Table.of(parts), note),
                ChartBlock(
                    "Share held by the most popular items",
                    "line",
                    Table.of(curve(items)),
                    Column("share", "share of the items, most taken before first", "share"),
                    lines,
                    note="Where the line of slots lies above that of what is then taken, lists repeat what is popular.",
                ),
            ),
        )


def counted(shown: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
    """Items of the catalogue, most taken before first: `events` before, `slots` shown, `taken` in the test rows, `hits`.

    Args:
        shown: Decided lists, `case`, `item`, `rank`.
        cases: Test cases.
        history: Rows before them.
    """
    import numpy as np
    import pandas as pd

    from upshot.components.lists.judged import Judged, asked_for

    judged = Judged.of(shown, cases)
    before = history.labels.frame["label"].dropna()
    label = cases.labels.frame["label"]
    taken = label[asked_for(cases) & label.notna().to_numpy()]
    tables = [table.rows.frame[table.roles.key[0]] for table in keyed_by(history, history.roles.item).values()]
    names = pd.Index(pd.unique(pd.concat([before, *tables, shown["item"], taken], ignore_index=True)))

    def count(values: pd.Series) -> np.ndarray:
        at = names.get_indexer(pd.Index(values))
        return np.bincount(at[at >= 0], minlength=len(names))

    hits = shown["item"][judged.hit]
    frame = pd.DataFrame(
        {"item": names, "events": count(before), "slots": count(shown["item"]), "taken": count(taken), "hits": count(hits)}
    )
    return frame.sort_values("events", ascending=False, kind="stable", ignore_index=True)


def by_part(items: pd.DataFrame, head: float, middle: float) -> pd.DataFrame:
    """Head, middle, tail and new items: how many, and their shares.

    Example:
        >>> import pandas as pd
        >>> items = pd.DataFrame({"events": [6, 2, 1, 1, 0], "slots": [5, 3, 0, 1, 1], "taken": [4, 2, 2, 1, 1], "hits": [2, 0, 0, 1, 0]})
        >>> by_part(items, 0.5, 0.3)[["part", "items", "slots", "hit_rate"]].values.tolist()
        [['head', 1, 0.5, 0.4], ['middle', 1, 0.3, 0.0], ['tail', 2, 0.1, 1.0], ['new', 1, 0.1, 0.0]]
    """
    import numpy as np
    import pandas as pd

    share = items["events"].cumsum() - items["events"]
    share = share / max(float(items["events"].sum()), 1.0)
    code = np.select([items["events"] == 0, share < head, share < head + middle], [3, 0, 1], 2)
    rows = []
    for number, name in enumerate(PARTS):
        part = items[code == number]
        if len(part):
            slots = float(part["slots"].sum())
            hit_rate = float(part["hits"].sum()) / slots if slots else float("nan")
            covered = float((part["slots"] > 0).mean())
            shares = [float(part[column].sum()) / max(float(items[column].sum()), 1.0) for column in ("events", "slots", "taken", "hits")]
            rows.append((name, len(part), covered, *shares, hit_rate))
    return pd.DataFrame(rows, columns=["part", "items", "covered", "events", "slots", "taken", "hits", "hit_rate"])


def curve(items: pd.DataFrame) -> pd.DataFrame:
    """Shares of slots, takings and earlier events that the first so many items hold: `share`, `slots`, `taken`, `events`."""
    import numpy as np
    import pandas as pd

    upto = np.unique(np.linspace(0, len(items), POINTS + 1).round().astype(int))
    found = {"share": upto / max(len(items), 1)}
    for name in ("slots", "taken", "events"):
        sums = np.concatenate([[0.0], np.cumsum(items[name].to_numpy(dtype=np.float64))])
        found[name] = sums[upto] / max(sums[-1], 1.0)
    return pd.DataFrame(found)


def gini(counts: np.ndarray) -> float:
    """How unequal counts are: 0 where all are alike, towards 1 where one has all; 0 without any.

    Example:
        >>> import numpy as np
        >>> gini(np.array([1, 1, 1])), round(gini(np.array([0, 0, 4])), 3)
        (0.0, 0.667)
    """
    import numpy as np

    rising = np.sort(counts).astype(np.float64)
    n, total = len(rising), float(rising.sum())
    if total == 0:
        return 0.0
    return float(2 * np.dot(np.arange(1, n + 1), rising) / (n * total) - (n + 1) / n)
