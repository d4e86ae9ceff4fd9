"""What shown lists bring about: slots, hits, and money, each counted where it belongs."""

from __future__ import annotations

import pandas as pd
import pytest

from upshot.contracts.records import Roles
from upshot.errors import DataError


def shown(**lists: list[str]) -> pd.DataFrame:
    rows = [(int(case[1:]), item, rank) for case, items in lists.items() for rank, item in enumerate(items, 1)]
    return pd.DataFrame(rows, columns=["case", "item", "rank"]).astype({"case": "int64", "rank": "int64"})


@pytest.fixture
def play(component):
    def make(decisions, outcomes, history, **params):
        return component("rollout", "ranked_hits", **params).play(decisions, outcomes, history)

    return make


def test_users_share_a_list_hits_count_once_and_earn_each_time(events, play):
    outcomes = events(
        [("ann", "a", 9), ("ann", "b", 9), ("bob", "c", 9), ("ann", "b", 9), ("cat", None, 9)], price=[2.0, 3.0, 5.0, 4.0, float("nan")]
    )
    history = events([("ann", "b", 0), ("bob", "a", 0)])

    flows = play(shown(c0=["b", "x"], c2=["c"], c4=["a", "b", "c"]), outcomes, history)

    assert flows.drop(columns="case").to_dict("list") == {
        "cases": [1.0] * 5,
        "lists": [1.0, 0.0, 1.0, 0.0, 1.0],
        "slots": [2.0, 0.0, 1.0, 0.0, 3.0],
        "taken": [1.0, 1.0, 1.0, 0.0, 0.0],
        "taken_amount": [2.0, 3.0, 5.0, 4.0, 0.0],
        "hits": [0.0, 1.0, 1.0, 0.0, 0.0],
        "hit_amount": [0.0, 3.0, 5.0, 4.0, 0.0],
        "new_hits": [0.0, 0.0, 1.0, 0.0, 0.0],  # ann had b before
        "new_hit_amount": [0.0, 0.0, 5.0, 0.0, 0.0],
    }


def test_rows_that_nobody_asks_for_cost_nothing_and_hit_nothing(events, play):
    outcomes = events([("ann", "a", 9), ("bob", "b", 9), ("bob", "c", 9)], labels={"asked": [False, False, True]})

    flows = play(shown(c0=["a"], c1=["b", "c"]), outcomes, events([]))

    assert flows[["lists", "slots", "taken", "hits"]].to_numpy().tolist() == [[0, 0, 0, 0], [1, 2, 0, 0], [0, 0, 1, 1]]


def test_the_amount_may_be_computed_from_the_row_and_its_item(events, play):
    items = {"item": ["a", "b"], "cost": [0.5, 2.0]}
    outcomes = events([("ann", "a", 9), ("bob", "b", 9)], price=[2.0, 3.0], pieces=[4, 1], items=items)

    flows = play(shown(c0=["a"], c1=["b"]), outcomes, events([]), amount="pieces * (price - cost)", currency="GBP")

    assert flows["hit_amount"].tolist() == [6.0, 1.0]


def test_an_amount_that_is_not_known_is_refused_with_its_row_or_its_nearest_name(events, play):
    items = {"item": ["a"], "cost": [0.5]}
    outcomes = events([("ann", "a", 9), ("bob", "b", 9)], items=items)

    with pytest.raises(DataError, match=r"rollout\.amount has no value on 1 of 2 rows"):
        play(shown(c0=["a"]), outcomes, events([]), amount="price - cost")
    with pytest.raises(DataError, match="no such column of the rows or of their items; got 'csot'; did you mean 'cost'"):
        play(shown(c0=["a"]), outcomes, events([]), amount="price - csot")


def test_without_any_amount_a_hit_earns_the_stake(events, play):
    outcomes = events([("ann", "a", 9)], roles=Roles(time="at", entities=("user",), item="item"))

    assert play(shown(c0=["a"]), outcomes, events([]), stake=5.0)["hit_amount"].tolist() == [5.0]


def test_an_empty_list_is_a_list_without_slots(events, play):
    flows = play(shown(), events([("ann", "a", 9)]), events([]))

    assert flows[["lists", "slots", "hits"]].to_numpy().tolist() == [[1.0, 0.0, 0.0]]
