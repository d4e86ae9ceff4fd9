"""Candidates of several sources, ranked by what is known of user, item and both up to the list's own moment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.components.lists.asked import Asked
from upshot.components.lists.pairs import Pairs, Wanted
from upshot.contracts.components import Compute
from upshot.contracts.records import Seed, Threads
from upshot.errors import DataError, RecipeError

from .conftest import examples

SOURCES = {"similar": {"use": "item_knn", "k": 6}, "popular": {"use": "popularity", "k": 4}}
SMALL = {"k": 3, "sources": SOURCES, "n_estimators": 20, "min_child_samples": 5, "early_stopping_rounds": None}


def log(users: int = 60, items: int = 12, steps: int = 5, seed: int = 3) -> list[tuple[str, str, int]]:
    """Users go round the items of their own half, one step a visit."""
    draw = np.random.default_rng(seed)
    half = items // 2
    return [
        (f"u{user:02d}", f"i{(start + step) % half + half * (user % 2):02d}", step)
        for user in range(users)
        for start in [int(draw.integers(0, half))]
        for step in range(steps)
    ]


def test_the_next_of_the_users_own_half_stands_first(events, lists):
    rows = log()
    train, cases = events([row for row in rows if row[2] < 4]), events([row for row in rows if row[2] == 4])

    found, _, _ = lists("two_stage", train, cases, **SMALL)

    wanted = cases.labels.frame["label"]
    assert np.mean([wanted[case] in shown[:2] for case, shown in found.items()]) > 0.9


@pytest.mark.parametrize("ranker", ["lightgbm", "xgboost"])
def test_a_saved_two_stage_model_gives_equal_lists_and_two_fits_give_equal_files(ranker, events, lists, component):
    train, cases = events(log()), events([(f"u{user:02d}", "?", 9) for user in range(60)])

    _, frame, model = lists("two_stage", train, cases, **SMALL, ranker=ranker)
    _, _, twin = lists("two_stage", train, cases, **SMALL, ranker=ranker)
    again = component("model", "two_stage", **SMALL, ranker=ranker)
    again.restore(model.state())

    pd.testing.assert_frame_equal(again.predict(examples(cases.blind()), train), frame)
    assert model.state() == twin.state()


def test_nothing_that_is_taken_later_moves_a_ranked_list(events, lists):
    train = events(log())
    cases, tampered = (
        events([(f"u{user:02d}", item, 9) for user in range(60)], price=price) for item, price in (("i00", 1.0), ("i11", 9.0))
    )

    _, frame, _ = lists("two_stage", train, cases, **SMALL)
    _, other, _ = lists("two_stage", train, tampered, **SMALL)

    pd.testing.assert_frame_equal(frame, other)


def test_only_candidates_of_the_sources_are_ranked_and_the_fallback_fills(events, lists):
    train, cases = events(log()), events([("u00", "?", 9), ("nobody", "?", 9)])

    found, frame, model = lists("two_stage", train, cases, **{**SMALL, "k": 7})
    told = model.reasons(frame, cases.blind(), train)

    assert [bool(reason) for reason in told] == (frame["score"] > 0).tolist()
    assert all("similar" in reason or "popular" in reason for reason in told if reason)
    assert len(found[0]) == len(found[1]) == 7
    assert (frame[frame["score"] < 0].groupby("case")["rank"].min() > 4).all()


def test_early_stopping_looks_at_validation_lists_and_the_number_of_trees_is_kept(events, lists):
    rows = log(steps=6)
    train, validation = events([row for row in rows if row[2] < 5]), events([row for row in rows if row[2] == 5])

    _, _, model = lists("two_stage", train, validation, validation=validation, **{**SMALL, "n_estimators": 200, "early_stopping_rounds": 5})
    rounds = model.ranker_.rounds
    model.refit(examples(events(rows)), train.take(np.arange(0)), Compute(Seed(7), Threads(2)))

    assert 1 <= rounds < 200
    assert model.ranker_.rounds == rounds


@pytest.mark.parametrize("learn_from", ["last_visit", "2 steps"])
def test_the_last_part_of_training_plays_the_future(learn_from, events, lists):
    train, cases = events(log(steps=6)), events([(f"u{user:02d}", "?", 9) for user in range(60)])

    _, frame, _ = lists("two_stage", train, cases, **SMALL, learn_from=learn_from, windows=["2 steps"])

    assert frame.groupby("case").size().eq(3).all()


def test_columns_of_items_and_users_and_taste_are_looked_at(events, lists):
    items = {"item": [f"i{item:02d}" for item in range(12)], "kind": ["cup"] * 6 + ["jug"] * 6, "cost": np.arange(12.0)}
    train = events(log(), items=items, city="Oslo")
    cases = events([(f"u{user:02d}", "?", 9) for user in range(60)], items=items, city="Oslo")

    _, _, model = lists("two_stage", train, cases, **SMALL, item_columns=["kind", "cost"], user_columns=["city"], category="kind")

    assert {"item.kind", "item.cost", "user.city", "own_category", "similar.rank", "popular.score"} <= set(model.columns_.names)


def test_a_source_may_ask_for_more_than_there_is(events, lists):
    sources = {"similar": {"use": "item_knn", "k": 500}, "popular": {"use": "popularity", "k": 500}}

    found, _, _ = lists("two_stage", events(log()), events([("u00", "?", 9)]), **{**SMALL, "sources": sources})

    assert len(found[0]) == 3


def test_a_source_that_gives_no_ranking_is_refused(component):
    with pytest.raises(RecipeError, match=r"model.sources.odd.use .*must give a ranking from the history alone; got mean_life"):
        component("model", "two_stage", sources={"odd": {"use": "mean_life"}})


def test_no_source_at_all_is_refused(component):
    with pytest.raises(ValueError, match="must name at least one source of candidates"):
        component("model", "two_stage", sources={})


def test_candidates_that_never_hold_an_outcome_are_refused_with_the_remedy(events, lists):
    rows = [("ann", "a", 0), ("bob", "a", 0), ("cat", "a", 1), ("ann", "b", 5), ("bob", "c", 5), ("cat", "d", 5)]

    with pytest.raises(
        DataError, match="must hold an outcome of some list that is learned from; got candidates without any; give the sources a larger k"
    ):
        lists(
            "two_stage", events(rows), events([("ann", "?", 9)]), **{**SMALL, "k": 1, "sources": {"popular": {"use": "popularity", "k": 1}}}
        )


def test_columns_of_pairs_equal_a_loop_and_end_at_the_lists_own_moment(events):
    draw = np.random.default_rng(6)
    rows = [(f"u{draw.integers(8)}", f"i{draw.integers(6)}", int(draw.integers(20))) for _ in range(160)]
    history = events(rows, price=draw.uniform(1, 9, 160).round(2))
    cases = events([(f"u{user}", "?", 8 + 3 * user % 9) for user in range(9)])
    asked = Asked.of(cases.blind(), history, pd.Index([]))
    row, item = np.divmod(np.arange(9 * 6), 6)

    found = Pairs(asked, row, item).columns(Wanted({"3steps": 3}, price="price"))

    log = history.rows.frame
    for place, (r, i) in enumerate(zip(row, item, strict=True)):
        now, user, name = int(asked.groups.as_of[r]), f"u{r}", f"i{i}"
        known = log[log["at"] <= now]
        of_item, of_user = known[known["item"] == name].sort_values("at", kind="stable"), known[known["user"] == user]
        both = of_user[of_user["item"] == name].sort_values("at", kind="stable")
        last_price = of_item.loc[of_item["at"] == of_item["at"].max(), "price"] if len(of_item) else []
        assert found["item_count"][place] == len(of_item)
        assert found["item_count_3steps"][place] == (of_item["at"] > now - 3).sum()
        assert found["item_age"][place] == (now - of_item["at"].min()) or not len(of_item)
        assert found["item_since"][place] == (now - of_item["at"].max()) or not len(of_item)
        assert found["item_repeats"][place] == pytest.approx(len(of_item) / max(of_item["user"].nunique(), 1)) or not len(of_item)
        assert found["user_count"][place] == len(of_user)
        assert found["user_items"][place] == of_user["item"].nunique()
        assert found["own_count"][place] == len(both)
        assert found["own_since"][place] == (now - both["at"].max()) or not len(both)
        assert any(found["item_price"][place] == pytest.approx(price) for price in last_price) or not len(of_item)
        if len(both) > 1 and both["at"].max() > both["at"].min():
            gap = (both["at"].max() - both["at"].min()) / (len(both) - 1)
            assert found["own_gap"][place] == pytest.approx(gap)
            assert found["own_due"][place] == pytest.approx((now - both["at"].max()) / gap)


def test_lists_are_made_some_thousands_at_a_time_with_equal_results(events, lists, component, monkeypatch):
    from upshot.components.model import two_stage

    train, cases = events(log()), events([(f"u{user % 60:02d}", "?", 9 + user // 60) for user in range(100)])
    _, whole, model = lists("two_stage", train, cases, **SMALL)

    monkeypatch.setattr(two_stage, "LISTS_AT_ONCE", 7)
    parts = model.predict(examples(cases.blind()), train)

    pd.testing.assert_frame_equal(parts, whole)
