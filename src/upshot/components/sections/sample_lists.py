"""What a few users are shown and why, beside what they had before and what they then took: the quickest way to see that lists make sense.

Users are drawn over the whole range of how much is known of them, from those of whom nothing is to those who come every day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.lists.facts import item_values
from upshot.contracts.components import Reasoned
from upshot.contracts.params import Names, Params
from upshot.contracts.records import Cases, DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import Block, Column, Section, TableBlock, TextBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.groups import Groups

Count = Annotated[int, Field(ge=1, le=50)]
FILLED = "fills the list"
UNTRIED = "new: nobody has had it yet"


class SampleListsParams(Params):
    """How many users, and what of the items."""

    users: Count = Field(5, description="Users that are shown.")
    before: Count = Field(5, description="What a user had last, so many items.")
    item_columns: Names = Field((), description="Columns of items to show, of a side table or the rows: [kind, price].")


class SampleLists:
    """Lists of the last test fold as they were decided, with the model's reasons where it can tell them.

    Args:
        params: How many users, and what of the items.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    decides: tuple[DecisionKind, ...] = ("ranking",)
    plays: tuple[str, ...] = ()

    def __init__(self, params: SampleListsParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """A table for each user.

        Raises:
            DataError: An item column does not exist.
        """
        from upshot.components.lists.groups import Groups

        fold = tested.folds.tested()[-1]
        cases, history = tested.folds.part(fold.name, "test"), tested.folds.history(fold.name, "test")
        groups = Groups.of(cases)
        shown = tested.decisions.frames[f"{fold.name}/test"].frame.sort_values(["case", "rank"], kind="stable")
        if not groups.size:
            return Section("Lists of a few users", "business", (TextBlock(("Nobody was shown a list.",)),))
        chosen = spread(_known(groups, history), self.params.users, tested.seed)
        lists = _Lists.of(chosen, groups, cases, history, shown)
        model = tested.predictor.model(fold.name).live
        why = model.reasons(lists.shown, lists.cases.blind(), history) if isinstance(model, Reasoned) else [""] * len(lists.shown)
        named = f"model {model.spec.use}" if isinstance(model, Reasoned) else f"model {model.spec.use}, which tells no reasons"
        head = f"{len(chosen)} of {groups.size:,} users, from those of whom least is known to those of whom most is, by {named}."
        frame = self._with_columns(lists, why, history)
        return Section(
            "Lists of a few users", "business", (TextBlock((head,)), *(self._table(frame, lists, one) for one in range(len(chosen))))
        )

    def _with_columns(self, lists: _Lists, why: list[str], history: Cases) -> pd.DataFrame:
        import pandas as pd

        frame = lists.shown.assign(why=why, taken=["taken" if hit else "" for hit in lists.hit])
        if any(why):
            known = frame["item"].isin(history.labels.frame["label"].dropna().unique())
            frame["why"] = frame["why"].where(frame["why"] != "", known.map({True: FILLED, False: UNTRIED}))
        for name in self.params.item_columns:
            values = item_values(history, name, pd.Index(frame["item"]), "sections.sample_lists.item_columns")
            frame[f"item {name}"] = values.to_numpy()
        return frame

    def _table(self, frame: pd.DataFrame, lists: _Lists, one: int) -> Block:
        import pandas as pd

        rows = frame[lists.entry == one].reset_index(drop=True)
        own = lists.before[one]
        had = ", ".join(str(item) for item in own[: self.params.before])
        told = f"{_number(len(own), 'earlier event')}, the last: {had}." if own else "Nothing is known of this user."
        title = f"User {lists.users[one]}"
        if not len(rows):
            return TextBlock((f"{title} is shown nothing. {told}",))
        columns = [Column("rank", "place", "count"), Column("item", "item", "text")]
        for name in self.params.item_columns:
            is_number = pd.api.types.is_numeric_dtype(rows[f"item {name}"])
            columns.append(Column(f"item {name}", name, "number" if is_number else "text"))
        columns += [Column("why", "why", "text")] if (rows["why"] != "").any() else []
        columns.append(Column("taken", "then", "text"))
        wanted, hits = lists.wanted[one], int((rows["taken"] != "").sum())
        then = f"Of {_number(wanted, 'item')} taken then, {hits:,} stood here." if wanted else "Nothing was taken then."
        return TableBlock(title, tuple(columns), Table.of(rows.assign(item=rows["item"].astype(str))), f"{told} {then}")


@dataclass(frozen=True)
class _Lists:
    """The chosen lists.

    Attributes:
        cases: Their cases.
        users: Their names.
        shown: Their entries; `case` counts through `cases`.
        entry: Which of them each entry is of.
        hit: Whether the entry was taken.
        wanted: How many items each user took.
        before: What each user had, the latest first.
    """

    cases: Cases
    users: list[object]
    shown: pd.DataFrame
    entry: np.ndarray
    hit: np.ndarray
    wanted: list[int]
    before: list[list[object]]

    @classmethod
    def of(cls, chosen: np.ndarray, groups: Groups, cases: Cases, history: Cases, shown: pd.DataFrame) -> _Lists:
        import numpy as np

        from upshot.components.lists.events import moments, user_column
        from upshot.components.lists.judged import Judged

        number = np.full(groups.size, -1)
        number[chosen] = np.arange(len(chosen))
        positions = np.flatnonzero(number[groups.code] >= 0)
        place = np.full(cases.size, -1)
        place[positions] = np.arange(len(positions))
        mine = shown[place[shown["case"].to_numpy()] >= 0]
        entry = number[groups.code[mine["case"].to_numpy()]]
        order = np.argsort(entry, kind="stable")
        mine = mine.assign(case=place[mine["case"].to_numpy()]).iloc[order].reset_index(drop=True)
        own = cases.take(positions)
        judged = Judged.of(mine, own)
        users = [groups.user.iloc[at] for at in chosen]
        wanted = np.zeros(len(chosen), dtype=np.int64)
        np.add.at(wanted, number[groups.code[positions[judged.groups.first]]], judged.wanted)
        who, label, when = history.rows.frame[user_column(history)], history.labels.frame["label"], moments(history)
        before = []
        for user, at in zip(users, chosen, strict=True):
            rows = np.flatnonzero((who == user).to_numpy() & label.notna().to_numpy() & (when <= groups.as_of[at]))
            before.append(label.iloc[rows[np.argsort(-when[rows], kind="stable")]].tolist())
        return cls(own, users, mine[["case", "item", "rank"]], entry[order], judged.hit, wanted.tolist(), before)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _known(groups: Groups, history: Cases) -> np.ndarray:
    """Rows of the history with an item, by list, shape (lists,)."""
    from upshot.components.lists.events import user_column

    known = history.labels.frame["label"].notna().to_numpy()
    count = history.rows.frame[user_column(history)][known].value_counts()
    found: np.ndarray = groups.user.map(count).fillna(0).to_numpy(dtype="int64")
    return found


def spread(known: np.ndarray, users: int, seed: int) -> np.ndarray:
    """Lists to show, from the one of whose user least is known to the one of whom most is; equals are drawn. Positions, shape (<= users,).

    Example:
        >>> import numpy as np
        >>> spread(np.array([5, 0, 9, 2, 7]), 3, seed=1).tolist()
        [1, 0, 2]
    """
    import numpy as np

    drawn = np.random.default_rng([seed, 0]).permutation(len(known))
    order = drawn[np.argsort(known[drawn], kind="stable")]
    places = np.unique(np.linspace(0, len(order) - 1, min(users, len(order))).round().astype(int))
    chosen: np.ndarray = order[places]
    return chosen
