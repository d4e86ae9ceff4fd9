"""The first k items of each ranking: as many as there are slots to show, less what may not be shown, and no more than is worth its slot.

What may be shown is said of items: by a condition (in stock, not for children), by how many of one kind stand on a list, by how alike its
items may be. What is worth a slot is said by the money of the KPI: the chance of a hit at each place is read off validation lists, and what
a hit and a slot mean in money off the game itself, so there is no second price list to keep in step.

Source:
    Re-ranking for diversity in the spirit of Carbonell & Goldstein (1998), The use of MMR, diversity-based reranking, SIGIR.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator, model_validator

from upshot.components.durations import Duration
from upshot.components.raw_expressions import ExpressionText
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.groups import Groups
    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases


class NewPlacesParams(Params):
    """Places for items that nobody has taken yet, which no model can rank."""

    places: int = Field(1, ge=1, description="Last places of each list that new items get.")
    since: str = Field(description="Column of a side table of items: the day from which an item can be had.")
    window: Duration = Field("30 days", description="How long an item counts as new.")


class TopKParams(Params):
    """How many items are shown, and which may be."""

    k: int = Field(10, ge=1, description="Slots: items shown on each list, at most.")
    show: Literal["all", "worth"] = Field(
        "all",
        description="all: as many as there are slots; worth: in the order of expected money, by hits seen on validation, and only what is worth its slot.",
    )
    worth_by: str | None = Field(
        None,
        description="Column of items that a hit's money hangs on, such as price, for show: worth; null takes the one of data.roles.amount.",
    )
    where: ExpressionText | None = Field(
        None, description='Condition on columns of items that may be shown, e.g. "stock > 0 and not adult".'
    )
    limits: dict[str, int] = Field(default_factory=dict, description="Column of items -> most items of one value on a list: {category: 3}.")
    diversity: float = Field(
        0.0, ge=0, lt=1, description="How far an item falls for each one above it of the same kind; 0 keeps the order."
    )
    diversity_by: str | None = Field(None, description="Column of items that says the kind, such as category.")
    new_items: NewPlacesParams | None = Field(None, description="Places for items that nobody has taken yet; null gives none.")

    @field_validator("limits")
    @classmethod
    def _allow_some(cls, limits: dict[str, int]) -> dict[str, int]:
        none = [name for name, most in limits.items() if most < 1]
        if none:
            raise ValueError(
                f"a limit must be 1 or more; got {none[0]}: {limits[none[0]]}; leave it out, or say which may be shown in `where`"
            )
        return limits

    @model_validator(mode="after")
    def _say_the_kind(self) -> TopKParams:
        if self.diversity > 0 and self.diversity_by is None:
            raise ValueError("diversity needs diversity_by: the column that says which items are of one kind")
        if self.new_items is not None and self.new_items.places >= self.k:
            raise ValueError(f"new_items.places must leave places for others; they take {self.new_items.places} of {self.k}")
        return self


class TopK:
    """Keeps the items with rank 1..k of each list that may be shown; a shorter ranking stays as it is.

    Args:
        params: The number of slots, and the rules.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("ranking",)
    gives: DecisionKind = "ranking"
    tunes: bool

    def __init__(self, params: TopKParams) -> None:
        self.params = params
        self.depth = params.k
        self.tunes = params.show == "worth"

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """How often each place hits: `hit.1`, `hit.2`, ... of what the model ranks, `filler.1`, ... of what its fallback fills in.

        Returns:
            The rates, falling from place to place, and the curve `place`, `kind`, `shown`, `hits`, `rate`.
        """
        import pandas as pd

        from upshot.components.lists.judged import Judged

        judged = Judged.of(predictions.drop(columns="worst_rank", errors="ignore"), outcomes)
        frame = pd.DataFrame(
            {
                "place": predictions["rank"].to_numpy(),
                "kind": _kinds(predictions),
                "shown": 1,
                "hits": judged.hit.astype("int64"),
            }
        )
        curve = frame.groupby(["kind", "place"], as_index=False).sum()
        curve["rate"] = _falling(curve)
        rates = {f"{kind}.{place}": float(rate) for kind, place, rate in zip(curve["kind"], curve["place"], curve["rate"], strict=True)}
        return Tuned(Map(rates), "validation", Table.of(curve))

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`; lists in the order of their cases.

        Raises:
            DataError: A column that a rule names is not there, a rule has no value for an item, or the money of an item is not known.
        """
        if self._is_plain:
            first = predictions.loc[predictions["rank"] <= self.params.k, ["case", "item", "rank"]]
            return first.sort_values(["case", "rank"], kind="stable", ignore_index=True)
        from upshot.components.lists.groups import Groups

        groups = Groups.of(cases)
        lists = predictions[["case", "item", "rank"]].assign(kind=_kinds(predictions)).reset_index(drop=True)
        lists["entry"] = groups.code[lists["case"].to_numpy()]
        lists = self._allowed(lists, groups, game.history)
        worthy = self.params.show == "worth"
        lists = self._by_worth(lists, cases, groups, tuned, game) if worthy else lists.assign(worth=-lists["rank"].astype(float))
        chosen = self._chosen(lists, groups, game.history)
        shown: pd.DataFrame = self._with_new(chosen, groups, game.history)[["case", "item", "rank"]].reset_index(drop=True)
        return shown

    @property
    def _is_plain(self) -> bool:
        p = self.params
        return p.show == "all" and p.where is None and not p.limits and p.diversity == 0 and p.new_items is None

    def _allowed(self, lists: pd.DataFrame, groups: Groups, history: Cases) -> pd.DataFrame:
        """The entries whose items may be shown."""
        if self.params.where is None or not len(lists):
            return lists
        allowed: pd.DataFrame = lists[self._holds(lists["item"], groups.as_of[lists["entry"].to_numpy()], history)].reset_index(drop=True)
        return allowed

    def _holds(self, items: pd.Series, at: np.ndarray, history: Cases) -> np.ndarray:
        """Whether the condition holds for each item at its moment."""
        import pandas as pd

        from upshot.components.lists.facts import item_values
        from upshot.value.expressions import Expression

        expression = Expression.parse(str(self.params.where))
        columns = {name: item_values(history, name, pd.Index(items), "policy.where", at=at) for name in expression.names}
        holds = expression.evaluate(columns, rows=len(items), what="policy.where")
        if holds.dtype != bool:
            raise DataError(
                "a rule cannot be applied", [Problem("policy.where", "must be a condition, such as stock > 0", self.params.where)]
            )
        return holds

    def _by_worth(self, lists: pd.DataFrame, cases: Cases, groups: Groups, tuned: Tuned, game: Game) -> pd.DataFrame:
        """The entries that are expected to be worth their slot, with that worth in money."""
        import numpy as np

        names = lists["kind"] + "." + lists["rank"].astype(str)
        rate = names.map(dict(tuned.values)).fillna(0.0).to_numpy(dtype=np.float64)  # a place that validation never saw promises nothing
        if_taken, if_not = self._money(lists, cases, groups, game)
        worth = rate * if_taken + (1.0 - rate) * if_not
        worthy: pd.DataFrame = lists.assign(worth=worth)[worth > 0].reset_index(drop=True)
        return worthy

    def _money(self, lists: pd.DataFrame, cases: Cases, groups: Groups, game: Game) -> tuple[np.ndarray, np.ndarray]:
        """What each entry adds in money where its item is taken and where it is not; shape (entries,) each.

        Every list is played as if its user took the one item, with the list and without it, and as if nothing was taken.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.lists.facts import item_values

        first = cases.take(groups.first)
        column = self.params.worth_by or cases.roles.amount
        nothing = pd.DataFrame({"case": np.zeros(0, dtype=np.int64), "item": lists["item"].iloc[:0], "rank": np.zeros(0, dtype=np.int64)})
        if_taken, if_not = np.zeros(len(lists)), np.zeros(len(lists))
        for place in np.unique(lists["rank"]):
            at = np.flatnonzero(lists["rank"].to_numpy() == place)
            entry, items = lists["entry"].to_numpy()[at], lists["item"].iloc[at]
            alone = first.take(entry)
            money = (
                None if column is None else item_values(game.history, column, pd.Index(items), "policy.worth_by", at=groups.as_of[entry])
            )
            if money is not None and money.isna().any():
                missing = items.iloc[int(money.isna().to_numpy().argmax())]
                hint = "give a side table of items that has it, or set policy.where"
                raise DataError(
                    "the worth of an item is not known",
                    [Problem("policy.worth_by", f"must be known of every item ({column})", repr(missing), hint)],
                )
            shown = pd.DataFrame({"case": np.arange(len(at)), "item": items.to_numpy(), "rank": 1})
            taken, left = _as_if(alone, items, column, money), _as_if(alone, None, column, None)
            if_taken[at] = _by_case(shown, taken, game) - _by_case(nothing, taken, game)
            if_not[at] = _by_case(shown, left, game) - _by_case(nothing, left, game)
        return if_taken, if_not

    def _chosen(self, lists: pd.DataFrame, groups: Groups, history: Cases) -> pd.DataFrame:
        """Up to k entries a list, the best first, within the limits."""
        import numpy as np

        order = np.lexsort((lists["rank"], -lists["worth"], lists["entry"]))
        lists = lists.iloc[order].reset_index(drop=True)
        places = self.params.k - (self.params.new_items.places if self.params.new_items else 0)
        if not self.params.limits and self.params.diversity == 0:
            within = lists.groupby("entry").cumcount()
            return lists[within < places].assign(rank=within + 1)
        kinds = {name: self._kind_of(name, lists, groups, history) for name in dict.fromkeys([*self.params.limits, *self._diverse])}
        picked = _greedy(lists["entry"].to_numpy(), kinds, self.params.limits, self.params.diversity, self.params.diversity_by, places)
        return lists.iloc[picked[0]].assign(rank=picked[1])

    @property
    def _diverse(self) -> tuple[str, ...]:
        return (str(self.params.diversity_by),) if self.params.diversity > 0 else ()

    def _kind_of(self, name: str, lists: pd.DataFrame, groups: Groups, history: Cases) -> np.ndarray:
        """Code of each entry's value, -1 where it is not known."""
        import numpy as np
        import pandas as pd

        from upshot.components.lists.facts import item_values

        where = "policy.limits" if name in self.params.limits else "policy.diversity_by"
        values = item_values(history, name, pd.Index(lists["item"]), where, at=groups.as_of[lists["entry"].to_numpy()])
        return np.asarray(pd.factorize(values)[0])

    def _with_new(self, chosen: pd.DataFrame, groups: Groups, history: Cases) -> pd.DataFrame:
        """The lists with new items behind them, turn by turn, so that each new item is seen by some users."""
        if self.params.new_items is None:
            return chosen
        import numpy as np
        import pandas as pd

        from upshot.components.lists.events import tick_of
        from upshot.components.lists.facts import keyed_by
        from upshot.components.times import span_ticks, ticks, times

        asked, key = self.params.new_items, history.roles.item
        table = next((t for t in keyed_by(history, key).values() if asked.since in t.rows.columns), None)
        if table is None:
            rule = "must be a column of a side table of items (data.tables), keyed by the item"
            raise DataError("new items are not known", [Problem("policy.new_items.since", rule, repr(asked.since))])
        frame = table.rows.frame.dropna(subset=[asked.since]).drop_duplicates(str(key), keep="last")
        since = ticks(times(frame[asked.since], "policy.new_items.since"))
        order = np.lexsort((frame[key].astype(str), -since))
        names, since = frame[key].to_numpy()[order], since[order]
        unknown = ~np.isin(names, history.labels.frame["label"].dropna().to_numpy())
        names, since = names[unknown], since[unknown]
        span = span_ticks(asked.window, tick_of(history) > 1, "policy.new_items.window")
        length = np.bincount(chosen["entry"], minlength=groups.size)
        added = []
        for moment in np.unique(groups.as_of):
            lists = np.flatnonzero(groups.as_of == moment)
            fresh = names[(since <= moment) & (since > moment - span)]
            if self.params.where is not None and len(fresh):
                fresh = fresh[self._holds(pd.Series(fresh), np.full(len(fresh), moment), history)]
            each = min(asked.places, len(fresh))
            if each:
                entry = np.repeat(lists, each)
                turn = (np.repeat(np.arange(len(lists)) * each, each) + np.tile(np.arange(each), len(lists))) % len(fresh)
                rank = length[entry] + np.tile(np.arange(each), len(lists)) + 1
                added.append(pd.DataFrame({"entry": entry, "case": groups.first[entry], "item": fresh[turn], "rank": rank}))
        return pd.concat([chosen, *added], ignore_index=True).sort_values(["entry", "rank"], kind="stable", ignore_index=True)


def _kinds(predictions: pd.DataFrame) -> pd.Series:
    """What each entry is: "hit" where the model ranks it, "filler" where its fallback filled it in."""
    import numpy as np
    import pandas as pd

    return pd.Series(np.where(predictions["score"].to_numpy() < 0, "filler", "hit"))


def _falling(curve: pd.DataFrame) -> np.ndarray:
    """Hit rates that do not rise from place to place, for each kind by itself (pooled adjacent violators)."""
    import numpy as np
    from sklearn.isotonic import isotonic_regression

    rates = np.zeros(len(curve))
    for kind in curve["kind"].unique():
        rows = (curve["kind"] == kind).to_numpy()
        raw = (curve["hits"] / curve["shown"]).to_numpy(dtype=np.float64)[rows]
        rates[rows] = isotonic_regression(raw, sample_weight=curve["shown"].to_numpy(dtype=np.float64)[rows], increasing=False)
    return rates


def _as_if(cases: Cases, items: pd.Series | None, column: str | None, money: pd.Series | None) -> Cases:
    """The cases with the item that each takes, or with nothing taken, and with the money of that item."""
    import numpy as np
    import pandas as pd

    label = pd.Series([None] * cases.size, dtype=object) if items is None else items.reset_index(drop=True)
    rows = cases.rows.frame
    if column is not None:
        rows = rows.assign(**{column: np.nan if money is None else money.to_numpy()})
    return replace(cases, rows=Table.of(rows), labels=Table.of(cases.labels.frame.assign(label=label)))


def _by_case(decisions: pd.DataFrame, outcomes: Cases, game: Game) -> np.ndarray:
    """Money of each case, shape (cases,)."""
    import numpy as np

    flows = game.flows(decisions, outcomes)
    money: np.ndarray = np.bincount(flows["case"], weights=game.money(flows), minlength=outcomes.size)
    return money


def _greedy(
    entry: np.ndarray, kinds: dict[str, np.ndarray], limits: dict[str, int], diversity: float, diverse_by: str | None, places: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose place after place, for all lists at once.

    An entry's standing is 1 / (1 + its number in the list), times (1 - diversity) for each chosen one of its kind; whatever would break a
    limit is out.

    Args:
        entry: List of each entry, ascending, the best entry of a list first; shape (n,).
        kinds: Column -> code of each entry, -1 where it is not known (of no kind).
        limits: Column -> most entries of one code on a list.
        diversity: Share that an entry loses for each chosen one of its kind.
        diverse_by: Column of that kind.
        places: Entries a list.

    Returns:
        Positions of the chosen entries, list by list in the order chosen, and their ranks.
    """
    import numpy as np

    lists, column = np.unique(entry, return_inverse=True)
    number = np.arange(len(entry)) - np.searchsorted(entry, entry)
    shape = (len(lists), int(number.max(initial=-1)) + 1)
    place = np.full(shape, -1, dtype=np.int64)
    place[column, number] = np.arange(len(entry))
    standing = np.where(place >= 0, 1.0 / (1.0 + np.arange(shape[1])), -np.inf)
    codes = {name: np.where(place >= 0, code[place], -1) for name, code in kinds.items()}
    chosen_alike = {name: np.zeros(shape, dtype=np.int64) for name in limits}
    chosen, ranks = [], []
    for rank in range(1, places + 1):
        if not standing.size:
            break
        best = standing.argmax(axis=1)
        rows = np.flatnonzero(standing[np.arange(len(lists)), best] > -np.inf)
        if not len(rows):
            break
        at = best[rows]
        chosen.append(place[rows, at])
        ranks.append(np.full(len(rows), rank))
        standing[rows, at] = -np.inf
        for name, code in codes.items():
            same = (code[rows] == code[rows, at][:, None]) & (code[rows] >= 0)
            if name == diverse_by and diversity > 0:
                standing[rows] = np.where(same, standing[rows] * (1.0 - diversity), standing[rows])
            if name in limits:
                chosen_alike[name][rows] += same
                standing[rows] = np.where(chosen_alike[name][rows] >= limits[name], -np.inf, standing[rows])
    if not chosen:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    positions, order_of = np.concatenate(chosen), np.concatenate(ranks)
    order = np.lexsort((order_of, entry[positions]))
    return positions[order], order_of[order]
