"""Lists that are shown: an item on the list that is then taken is a hit.

A hit is credited to the list whether or not the item would have been taken without it: that is what a log without randomised
lists can say, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.raw_expressions import ExpressionText
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


class RankedHitsParams(Params):
    """What a hit is worth."""

    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="Unit of the amounts.")
    amount: ExpressionText | None = Field(
        None,
        description='Money of a row, over its columns and those of a side table of items, e.g. "price - cost"; null takes the column of data.roles.amount.',
    )
    stake: float = Field(1.0, ge=0, allow_inf_nan=False, description="Money of a row where neither `amount` nor data.roles.amount says it.")


class RankedHits:
    """Flows of one case: lists and slots shown, items taken and their amount, hits and theirs.

    Cases that share a list share its slots, which stand at the first of them. An item that is taken twice in one list is one hit and
    earns its amount each time. What a user had not taken before is counted apart as new.

    Args:
        params: Currency and amount.
    """

    spec: Spec
    accepts: DecisionKind = "ranking"
    columns: Mapping[str, str]

    def __init__(self, params: RankedHitsParams) -> None:
        self.params = params
        money = params.currency
        self.columns = {
            "cases": "case",
            "lists": "list",
            "slots": "slot",
            "taken": "hit",
            "taken_amount": money,
            "hits": "hit",
            "hit_amount": money,
            "new_hits": "hit",
            "new_hit_amount": money,
        }

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row for every case, also for one without a list.

        Args:
            decisions: `case`, `item`, `rank`; an item at most once a list.
            outcomes: Cases whose label is the item that was taken, null where nothing was.
            history: Rows before, which say what is new to a user.

        Raises:
            DataError: Items of the lists and of the outcomes are of different types, or an amount is missing.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.lists.groups import Groups
        from upshot.components.lists.judged import asked_for, of_one_type

        n = outcomes.size
        groups = Groups.of(outcomes)
        label = outcomes.labels.frame["label"]
        of_one_type(decisions["item"], label, outcomes.roles.item or "label")
        asked = asked_for(outcomes)
        item, names = pd.factorize(label.where(asked))
        shown = pd.Index(names).get_indexer(pd.Index(decisions["item"]))
        entry = groups.code[decisions["case"].to_numpy(dtype="int64")]
        size = max(len(names), 1)
        pair = groups.code * size + item
        hit = (item >= 0) & np.isin(pair, (entry * size + shown)[shown >= 0])
        first = _first_of(np.where(item >= 0, pair, -1 - np.arange(n)))
        shown_to = (np.bincount(groups.code, weights=asked, minlength=groups.size) > 0).astype(np.float64)
        begins, slots = np.zeros(n), np.zeros(n)
        begins[groups.first] = shown_to
        slots[groups.first] = shown_to * np.bincount(entry, minlength=groups.size)
        new = hit & ~_had_before(outcomes, label, history)
        amount = np.where(item >= 0, self._amounts(outcomes, label, item >= 0), 0.0)
        return pd.DataFrame(
            {
                "case": np.arange(n),
                "cases": 1.0,
                "lists": begins,
                "slots": slots,
                "taken": ((item >= 0) & first).astype("float64"),
                "taken_amount": amount,
                "hits": (hit & first).astype("float64"),
                "hit_amount": hit * amount,
                "new_hits": (new & first).astype("float64"),
                "new_hit_amount": new * amount,
            }
        )

    def cautions(self, outcomes: Cases, decisions: pd.DataFrame) -> tuple[str, ...]:
        """How many lists came out empty, whose the first is, and what fills them."""
        import numpy as np

        from upshot.components.faults import shorten
        from upshot.components.lists.groups import Groups
        from upshot.components.lists.judged import asked_for

        groups = Groups.of(outcomes)
        asked = np.bincount(groups.code, weights=asked_for(outcomes), minlength=groups.size) > 0
        slots = np.bincount(groups.code[decisions["case"].to_numpy(dtype="int64")], minlength=groups.size)
        empty = np.flatnonzero(asked & (slots == 0))
        if not len(empty):
            return ()
        first = int(empty[0])
        return (
            f"empty: {len(empty):,} of {int(asked.sum()):,} lists hold no item, such as that of {shorten(groups.user.iloc[first])} (test row "
            f"{int(groups.first[first])}); model.fallback serves users without candidates, policy.where, limits and show leave items out",
        )

    def _amounts(self, outcomes: Cases, label: pd.Series, taken: np.ndarray) -> np.ndarray:
        """Money of each row, shape (n,); what rows without an item hold does not matter."""
        import numpy as np

        from upshot.components.lists.facts import keyed_by
        from upshot.components.rollout._outcomes import refuse, stakes
        from upshot.value.expressions import Expression

        if self.params.amount is None:
            found = np.zeros(outcomes.size)
            found[taken] = stakes(outcomes.take(np.flatnonzero(taken)), self.params.stake)
            return found
        expression = Expression.parse(self.params.amount)
        frame, tables = outcomes.rows.frame, keyed_by(outcomes, outcomes.roles.item).values()
        columns: dict[str, pd.Series] = {}
        for name in expression.names:
            if name in frame.columns:
                columns[name] = frame[name][taken]
                continue
            table = next((table for table in tables if name in table.rows.columns), None)
            if table is None:
                known = [*frame.columns, *(column for table in tables for column in table.rows.columns)]
                problem = Problem("rollout.amount", "no such column of the rows or of their items", repr(name), did_you_mean(name, known))
                raise DataError("the amount cannot be computed", [problem])
            by_item = table.rows.frame.drop_duplicates(table.roles.key[0], keep="last").set_index(table.roles.key[0])[name]
            columns[name] = by_item.reindex(label[taken]).reset_index(drop=True)
        found = np.zeros(outcomes.size)
        found[taken] = expression.evaluate(columns, rows=int(taken.sum()), what="rollout.amount").astype(np.float64)
        refuse(~np.isfinite(found), found, "rollout.amount", "must be a finite amount of money", "the money of a hit is not known")
        return found


def _first_of(keys: np.ndarray) -> np.ndarray:
    """Whether each key stands for the first time, shape (n,).

    Example:
        >>> import numpy as np
        >>> _first_of(np.array([5, 7, 5])).tolist()
        [True, True, False]
    """
    import numpy as np

    found = np.zeros(len(keys), dtype=bool)
    found[np.unique(keys, return_index=True)[1]] = True
    return found


def _had_before(outcomes: Cases, label: pd.Series, history: Cases) -> np.ndarray:
    """Whether the history holds the user's item, shape (n,)."""
    import numpy as np
    import pandas as pd

    from upshot.components.lists.events import Events, user_column

    if not outcomes.roles.entities or not history.size:
        return np.zeros(outcomes.size, dtype=bool)
    events = Events.of(history)
    size = len(events.items) + 1
    user = events.users.get_indexer(pd.Index(outcomes.rows.frame[user_column(outcomes)]))
    item = events.items.get_indexer(pd.Index(label))
    had: np.ndarray = (user >= 0) & (item >= 0) & np.isin(user * size + item, events.user * size + events.item)
    return had
