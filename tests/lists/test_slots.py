"""What of a ranking is shown: rules of items, limits of kinds, diversity, places for new items, and only what is worth its slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.records import Cases, Kpi, Money, Roles, SideTable, Tuned
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError
from upshot.stages.game import KpiGame

ITEMS = {
    "item": list("abcdef"),
    "kind": ["cup", "cup", "cup", "jug", "jug", None],
    "stock": [0, 3, 1, 1, 2, 9],
    "price": [9.0, 2.0, 2.0, 8.0, 1.0, 1.0],
}


def ranked(**lists: str) -> pd.DataFrame:
    """`ranked(c0="abc")`: case 0 with the items a, b, c."""
    rows = [(int(case[1:]), item, rank, 1.0 / rank) for case, items in lists.items() for rank, item in enumerate(items, 1)]
    return pd.DataFrame(rows, columns=["case", "item", "rank", "score"]).astype({"case": "int64", "rank": "int64"})


@dataclass(frozen=True)
class Past:
    """A game of which only the history is looked at."""

    history: Cases


@pytest.fixture
def shown(component, events):
    """`shown(ranked(c0="abc"), k=2)`: the items of each list."""

    def make(
        predictions: pd.DataFrame, *, users: int = 2, items: Any = ITEMS, history: Cases | None = None, **params: Any
    ) -> dict[int, str]:
        cases = events([(f"u{user}", "?", 9) for user in range(users)], items=items)
        before = history if history is not None else events([("u0", item, 1) for item in "abcdef"], items=items)
        policy = component("policy", "top_k", **params)
        frame = policy.decide(predictions, cases.blind(), Tuned(Map()), Past(before))
        assert frame["rank"].tolist() == [rank for _, group in frame.groupby("case") for rank in range(1, len(group) + 1)]
        return {case: "".join(group["item"]) for case, group in frame.groupby("case")}

    return make


def test_the_first_k_are_shown_and_a_shorter_ranking_stays_as_it_is(shown):
    assert shown(ranked(c0="abcd", c1="e"), k=2) == {0: "ab", 1: "e"}


def test_items_that_may_not_be_shown_leave_and_the_next_ones_move_up(shown):
    assert shown(ranked(c0="abcd", c1="ae"), k=2, where="stock > 0") == {0: "bc", 1: "e"}
    assert shown(ranked(c0="abcd", c1="ae"), k=2, where="stock > 0 and not missing(kind) and kind != 'cup'") == {0: "d", 1: "e"}


def test_stock_is_looked_up_at_the_moment_of_the_list_and_never_later(events, component):
    stock = pd.DataFrame(
        {
            "item": ["a", "a", "a", "b"],
            "day": pd.to_datetime(["2026-01-01", "2026-01-05", "2026-01-20", "2026-01-01"]),
            "stock": [5, 0, 7, 1],
        }
    )
    tables = Map({"stock": SideTable(Table.of(stock), Roles(key=("item",), time="day"))})
    cases = events([("ann", "?", "2026-01-04"), ("bob", "?", "2026-01-10")])
    history = events([("ann", "a", "2026-01-01"), ("bob", "b", "2026-01-01")])
    history = Cases(history.rows, history.labels, history.roles, history.block, tables)

    frame = component("policy", "top_k", k=1, where="stock > 0").decide(
        ranked(c0="ab", c1="ab"), cases.blind(), Tuned(Map()), Past(history)
    )

    assert dict(zip(frame["case"], frame["item"], strict=True)) == {0: "a", 1: "b"}


def test_no_more_of_one_kind_stand_on_a_list_than_its_limit_and_unknown_kinds_are_free(shown):
    assert shown(ranked(c0="abcdef", c1="fab"), k=4, limits={"kind": 1}) == {0: "adf", 1: "fa"}
    assert shown(ranked(c0="abcdef"), k=4, limits={"kind": 2}) == {0: "abde"}


def test_two_limits_hold_together(shown):
    items = {"item": list("abcd"), "kind": ["x", "x", "y", "y"], "brand": ["p", "q", "p", "q"]}

    assert shown(ranked(c0="abcd"), k=4, items=items, limits={"kind": 1, "brand": 1}) == {0: "ad"}


def test_diversity_moves_an_item_down_for_each_one_of_its_kind_above_it(shown):
    # Standing 1, 1/2, 1/3, 1/4, 1/5, 1/6 halved for each chosen cup or jug: a 1; then b 1/4, c 1/6, d 1/4 -> b (first of equals) ...
    assert shown(ranked(c0="abcdef"), k=4, diversity=0.5, diversity_by="kind") == {0: "abdf"}
    assert shown(ranked(c0="abcdef"), k=4, diversity=0.9, diversity_by="kind") == {0: "adfb"}
    assert shown(ranked(c0="abcdef"), k=4) == {0: "abcd"}


def test_lists_by_rules_equal_a_loop_over_users(shown):
    draw = np.random.default_rng(4)
    names = [f"i{item:02d}" for item in range(20)]
    items = {"item": names, "kind": draw.integers(0, 5, 20).astype(str)}
    kind = dict(zip(items["item"], items["kind"], strict=True))
    lists = {user: [names[item] for item in draw.permutation(20)[: draw.integers(1, 15)]] for user in range(40)}
    rows = [(user, item, rank, 1.0) for user, shown_items in lists.items() for rank, item in enumerate(shown_items, 1)]
    frame = pd.DataFrame(rows, columns=["case", "item", "rank", "score"])

    found = shown(frame, users=40, items=items, k=6, limits={"kind": 2}, diversity=0.3, diversity_by="kind")

    for user, candidates in lists.items():
        chosen: list[str] = []
        while len(chosen) < 6:
            left = [c for c in candidates if c not in chosen and sum(kind[o] == kind[c] for o in chosen) < 2]
            if not left:
                break
            chosen.append(
                max(left, key=lambda c: (0.7 ** sum(kind[o] == kind[c] for o in chosen) / (1 + candidates.index(c)), -candidates.index(c)))
            )
        assert found[user] == "".join(chosen)


def test_new_items_get_the_last_places_and_take_turns(shown, events):
    items = {
        "item": list("abcdxyz"),
        "since": pd.to_datetime(["2025-01-01"] * 4 + ["2026-01-07", "2026-01-08", "2026-03-01"]),
        "stock": [1] * 7,
    }
    history = events([("u0", item, "2026-01-02") for item in "abcd"], items=items)
    predictions = ranked(c0="abcd", c1="abcd", c2="ab")

    def lists(**params: Any) -> dict[int, str]:
        made = events([(f"u{user}", "?", "2026-01-09") for user in range(3)], items=items)
        from upshot.catalogue import load_catalogue
        from upshot.contracts.records import Spec
        from upshot.contracts.tables import freeze

        policy = load_catalogue().make(Spec("policy", "top_k", freeze({"k": 3, "new_items": {"since": "since", **params}})))
        frame = policy.decide(predictions, made.blind(), Tuned(Map()), Past(history))
        return {case: "".join(group["item"]) for case, group in frame.groupby("case")}

    # y is newer than x; z cannot be had yet.
    assert lists() == {0: "aby", 1: "abx", 2: "aby"}
    assert lists(places=2) == {0: "ayx", 1: "ayx", 2: "ayx"}
    assert lists(window="1 day") == {0: "ab", 1: "ab", 2: "ab"}


KPI = Kpi(
    "margin",
    "hit_amount * rate - slots * slot_cost",
    "EUR",
    "maximize",
    "revenue_uplift",
    Map({"rate": Money(0.5, "1"), "slot_cost": Money(0.4, "EUR/slot")}),
)


def test_only_what_is_worth_its_slot_is_shown_in_the_order_of_expected_money(component, events):
    # On validation the first place hits in 4 of 10 lists, the second in 2. A hit of price 9 earns 4.5, a slot costs 0.4.
    validation = events([(f"u{user}", "a" if user < 4 else "b" if user < 6 else None, 5) for user in range(10)], items=ITEMS)
    lists = pd.concat([ranked(**{f"c{user}": "ab"}) for user in range(10)], ignore_index=True)
    history = events([("u0", item, 1) for item in "abcdef"], items=ITEMS, price=[9.0, 2.0, 2.0, 8.0, 1.0, 1.0])
    game = KpiGame(component("rollout", "ranked_hits"), KPI, history)
    policy = component("policy", "top_k", k=3, show="worth")

    tuned = policy.tune(lists, validation, game)
    cases = events([("u0", "?", 9), ("u1", "?", 9)], items=ITEMS)
    frame = policy.decide(ranked(c0="ba", c1="ed"), cases.blind(), tuned, game)

    assert dict(tuned.values) == {"hit.1": 0.4, "hit.2": 0.2}
    # c0: b first 0.4 * 1 - 0.4 = 0, not worth it; a second 0.2 * 4.5 - 0.4 = 0.5. c1: e 0.4 * 0.5 - 0.4 < 0; d second 0.2 * 4 - 0.4 = 0.4.
    assert list(zip(frame["case"], frame["item"], frame["rank"], strict=True)) == [(0, "a", 1), (1, "d", 1)]


def test_hit_rates_do_not_rise_from_place_to_place_and_fillers_have_their_own(component, events):
    validation = events([(f"u{user}", "b" if user < 6 else "a", 5) for user in range(10)])
    lists = pd.concat([ranked(**{f"c{user}": "abc"}) for user in range(10)], ignore_index=True)
    lists.loc[lists["item"] == "c", "score"] = -1.0

    tuned = component("policy", "top_k", k=3, show="worth").tune(lists, validation, None)

    assert dict(tuned.values) == {"filler.3": 0.0, "hit.1": 0.5, "hit.2": 0.5}
    assert tuned.curve.frame.to_dict("list") == {
        "kind": ["filler", "hit", "hit"],
        "place": [3, 1, 2],
        "shown": [10, 10, 10],
        "hits": [0, 4, 6],
        "rate": [0.0, 0.5, 0.5],
    }


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"where": "stcok > 0"}, "no such column of items; got 'stcok'; did you mean 'stock'"),
        ({"where": "stock + 1"}, "must be a condition, such as stock > 0"),
        ({"where": "kind == 'cup'"}, "has no value on 1 of"),
        ({"limits": {"knd": 1}}, "did you mean 'kind'"),
        ({"new_items": {"since": "day"}}, "must be a column of a side table of items"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_refused_with_its_key_and_the_nearest(params, said, shown):
    with pytest.raises(DataError, match=said):
        shown(ranked(c0="abf"), k=2, **params)


def test_an_item_whose_money_is_not_known_is_refused(component, events):
    history = events([("u0", "b", 1)])
    game = KpiGame(component("rollout", "ranked_hits"), KPI, history)
    policy = component("policy", "top_k", k=2, show="worth")

    with pytest.raises(DataError, match=r"must be known of every item \(price\); got 'a'; give a side table of items"):
        policy.decide(ranked(c0="a"), events([("u0", "?", 9)]).blind(), Tuned(Map({"hit.1": 0.5})), game)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"diversity": 0.5}, "diversity needs diversity_by"),
        ({"limits": {"kind": 0}}, "a limit must be 1 or more; got kind: 0"),
        ({"k": 2, "new_items": {"since": "day", "places": 2}}, "must leave places for others; they take 2 of 2"),
        ({"where": "__import__('os')"}, "unknown"),
    ],
)
def test_rules_that_contradict_themselves_are_refused_before_any_data(params, said, component):
    with pytest.raises(ValueError, match=said):
        component("policy", "top_k", **params)


def test_an_empty_candidate_list_shows_nothing_and_costs_nothing(component, events):
    nothing = ranked().astype({"item": object})
    outcomes = events([("u0", "a", 9)], items=ITEMS)

    frame = component("policy", "top_k", k=2, where="stock > 0").decide(
        nothing, outcomes.blind(), Tuned(Map()), Past(events([("u0", "a", 1)], items=ITEMS))
    )
    flows = component("rollout", "ranked_hits").play(frame, outcomes, events([]))

    assert len(frame) == 0
    assert flows[["lists", "slots", "hits"]].to_numpy().tolist() == [[1.0, 0.0, 0.0]]


def test_a_baseline_shows_the_lists_of_a_simple_model(component, events):
    history = events([("u0", "a", 1), ("u1", "a", 1), ("u1", "b", 2), ("u2", "b", 2), ("u3", "c", 2), ("u4", "a", 2), ("u5", None, 3)])
    baseline = component("baselines", "list_of_model", model={"use": "popularity", "k": 3}, k=2)

    frame = baseline.decide(events([("u0", "?", 9), ("new", "?", 9)]).blind(), history)

    assert list(zip(frame["case"], frame["item"], frame["rank"], strict=True)) == [(0, "b", 1), (0, "c", 2), (1, "a", 1), (1, "b", 2)]
