"""Scores of lists: by hand, against loops, with intervals by users."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.errors import DataError


@pytest.fixture
def score(component, events):
    """`score("recall_at_k", taken, lists, k=2)`: the score with each case counted once, or the scorer."""

    def make(name, taken, lists, *, history=None, weights=None, worst=None, scorer=False, items=None, labels=None, **params):
        cases = events(taken, items=items, labels=labels)
        rows = [(case, item, rank) for case, shown in lists.items() for rank, item in enumerate(shown, 1)]
        frame = pd.DataFrame(rows, columns=["case", "item", "rank"]).astype({"case": "int64", "rank": "int64"})
        frame["score"] = -frame["rank"].astype(float)
        frame["worst_rank"] = frame["rank"] if worst is None else worst
        metric = component("metrics", name, **params)
        if history is not None:
            frame = metric.inform(frame, cases, events(history, items=items))
        found = metric.scorer(frame, cases)
        return found if scorer else found(np.ones(cases.size) if weights is None else np.array(weights))

    return make


TAKEN = [("ann", "a", 9), ("ann", "b", 9), ("ann", "b", 9), ("bob", "c", 9), ("cat", None, 9)]
"""ann takes a and b (b twice), bob takes c, cat takes nothing."""
LISTS = {0: ["x", "a", "b"], 3: ["y", "z", "c"], 4: ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("name", "params", "by_hand"),
    [
        ("hit_rate_at_k", {"k": 2}, 1 / 2),
        ("hit_rate_at_k", {"k": 3}, 1.0),
        ("recall_at_k", {"k": 1}, 0.0),
        ("recall_at_k", {"k": 2}, (1 / 2 + 0) / 2),
        ("recall_at_k", {"k": 2, "of": "reachable"}, (1 / 2 + 0) / 2),
        ("recall_at_k", {"k": 3}, 1.0),
        ("precision_at_k", {"k": 2}, (1 / 2 + 0) / 2),
        ("precision_at_k", {"k": 3}, (2 / 3 + 1 / 3) / 2),
        ("mrr_at_k", {"k": 2}, (1 / 2 + 0) / 2),
        ("mrr_at_k", {"k": 3}, (1 / 2 + 1 / 3) / 2),
        ("map_at_k", {"k": 3}, ((1 / 2 + 2 / 3) / 2 + (1 / 3) / 1) / 2),
        ("ndcg_at_k", {"k": 3}, ((1 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3)) + 1 / 2) / 2),
        ("ndcg_at_k", {"k": 1}, 0.0),
    ],
)
def test_scores_of_lists_are_means_over_users_who_took_something(name, params, by_hand, score):
    assert score(name, TAKEN, LISTS, **params) == pytest.approx(by_hand)


def test_recall_of_what_is_reachable_divides_by_the_places(score):
    taken = [("ann", item, 9) for item in "abcd"]

    assert score("recall_at_k", taken, {0: ["a", "b"]}, k=2) == pytest.approx(2 / 4)
    assert score("recall_at_k", taken, {0: ["a", "b"]}, k=2, of="reachable") == pytest.approx(2 / 2)


def test_equal_scores_stand_against_the_model(score):
    assert score("hit_rate_at_k", [("ann", "a", 9)], {0: ["a", "b", "c"]}, worst=[3, 3, 3], k=2) == 0.0
    assert score("ndcg_at_k", [("ann", "a", 9)], {0: ["a", "b", "c"]}, worst=[3, 3, 3], k=3) == pytest.approx(1 / 2)


def test_a_user_drawn_twice_counts_twice_and_one_not_drawn_not_at_all(score):
    assert score("recall_at_k", TAKEN, LISTS, k=2, weights=[2.0, 2.0, 2.0, 1.0, 0.0]) == pytest.approx((2 * 1 / 2 + 0) / 3)
    assert score("recall_at_k", TAKEN, LISTS, k=2, weights=[0.0, 0.0, 0.0, 1.0, 1.0]) == 0.0
    assert np.isnan(score("recall_at_k", TAKEN, LISTS, k=2, weights=[0.0, 0.0, 0.0, 0.0, 1.0]))


def test_rows_that_are_not_asked_for_or_censored_are_no_outcome(score):
    asked = {"asked": [True, False, False, True, True]}
    censored = {"censored": [False, True, True, False, False]}

    assert score("recall_at_k", TAKEN, LISTS, k=2, labels=asked) == pytest.approx((1 + 0) / 2)
    assert score("recall_at_k", TAKEN, LISTS, k=2, labels=censored) == pytest.approx((1 + 0) / 2)


def test_all_scores_equal_a_loop_over_many_random_lists(score):
    draw = np.random.default_rng(5)
    taken = [(f"u{user:02d}", f"i{draw.integers(20):02d}", 9) for user in range(30) for _ in range(draw.integers(1, 6))]
    first = {user: next(row for row, event in enumerate(taken) if event[0] == f"u{user:02d}") for user in range(30)}
    lists = {first[user]: [f"i{item:02d}" for item in draw.permutation(20)[: draw.integers(0, 9)]] for user in range(30)}
    lists = {case: shown for case, shown in lists.items() if shown}
    wanted = {first[user]: {item for name, item, _ in taken if name == f"u{user:02d}"} for user in range(30)}

    def mean(of) -> float:
        return float(np.mean([of(lists.get(case, []), wanted[case]) for case in first.values()]))

    def gain(shown, want) -> float:
        return sum(1 / np.log2(1 + rank) for rank, item in enumerate(shown[:5], 1) if item in want)

    def precision_at_hits(shown, want) -> float:
        hits = [rank for rank, item in enumerate(shown[:5], 1) if item in want]
        return sum((number + 1) / rank for number, rank in enumerate(hits)) / min(len(want), 5)

    assert score("hit_rate_at_k", taken, lists, k=5) == pytest.approx(mean(lambda s, w: float(bool(set(s[:5]) & w))))
    assert score("recall_at_k", taken, lists, k=5) == pytest.approx(mean(lambda s, w: len(set(s[:5]) & w) / len(w)))
    assert score("precision_at_k", taken, lists, k=5) == pytest.approx(mean(lambda s, w: len(set(s[:5]) & w) / 5))
    assert score("ndcg_at_k", taken, lists, k=5) == pytest.approx(
        mean(lambda s, w: gain(s, w) / sum(1 / np.log2(1 + rank) for rank in range(1, min(len(w), 5) + 1)))
    )
    assert score("map_at_k", taken, lists, k=5) == pytest.approx(mean(precision_at_hits))
    assert score("mrr_at_k", taken, lists, k=5) == pytest.approx(
        mean(lambda s, w: next((1 / rank for rank, item in enumerate(s[:5], 1) if item in w), 0.0))
    )


HISTORY = [("ann", "a", 0), ("bob", "a", 0), ("cat", "a", 1), ("dan", "b", 0), ("ann", "b", 1), ("bob", "c", 1)]


def test_coverage_counts_the_items_that_anybody_is_shown_over_the_whole_catalogue(score):
    lists = {0: ["a", "b"], 3: ["a", "c"]}

    assert score("coverage_at_k", TAKEN, lists, history=HISTORY, k=1) == pytest.approx(1 / 3)
    assert score("coverage_at_k", TAKEN, lists, history=HISTORY, k=2) == pytest.approx(3 / 3)
    assert score("coverage_at_k", TAKEN, lists, history=HISTORY, k=2, items={"item": list("abcdef")}) == pytest.approx(3 / 6)


def test_coverage_has_no_interval_by_users_because_a_resample_only_loses_items(score):
    scorer = score("coverage_at_k", TAKEN, {0: ["a"], 3: ["c"]}, history=HISTORY, k=1, scorer=True)

    assert scorer(np.array([1.0, 1.0, 1.0, 0.0, 0.0])) == pytest.approx(1 / 3)
    assert np.isnan(scorer(np.array([2.0, 2.0, 2.0, 0.0, 0.0])))


def test_novelty_is_the_self_information_of_what_is_shown(score):
    # Of 4 users 3 took a, 2 took b, 1 took c; nobody took x, which counts as half a user.
    by_hand = (np.mean([np.log2(4 / 3), np.log2(4 / 1)]) + np.mean([np.log2(4 / 0.5)])) / 2

    assert score("novelty_at_k", TAKEN, {0: ["a", "c"], 3: ["x"]}, history=HISTORY, k=2) == pytest.approx(by_hand)


def test_popularity_bias_compares_what_is_shown_with_what_the_user_took(score):
    # ann took a (3 users) and b (2): 2.5; she is shown b and c (2, 1): 1.5. bob took a and c: 2; he is shown a twice over: 3.
    found = score("popularity_bias_at_k", TAKEN, {0: ["b", "c"], 3: ["a"]}, history=HISTORY, k=2)

    assert found == pytest.approx((1.5 + 3) / 2 / ((2.5 + 2) / 2) - 1)


def test_diversity_by_a_column_is_the_share_of_pairs_that_differ(score):
    items = {"item": list("abcd"), "kind": ["cup", "cup", "jug", None]}

    found = score("diversity_at_k", TAKEN, {0: ["a", "b", "c"], 3: ["d", "a"]}, history=HISTORY, items=items, k=3, by="kind")

    assert found == pytest.approx((2 / 3 + 1.0) / 2)


def test_diversity_without_a_column_goes_by_who_took_the_items(score):
    # a: ann bob cat; b: dan ann; c: bob. cosines: ab 1 / sqrt(6), ac 1 / sqrt(3), bc 0.
    found = score("diversity_at_k", TAKEN, {0: ["a", "b", "c"]}, history=HISTORY, k=3)

    assert found == pytest.approx(1 - (1 / np.sqrt(6) + 1 / np.sqrt(3)) / 3)


def test_a_column_that_no_item_has_is_refused_with_the_nearest(score):
    with pytest.raises(DataError, match="no such column of items; got 'knd'; did you mean 'kind'"):
        score("diversity_at_k", TAKEN, {0: ["a", "b"]}, history=HISTORY, items={"item": ["a"], "kind": ["cup"]}, k=2, by="knd")


def test_lists_have_no_entities_to_look_at(score):
    with pytest.raises(DataError, match="must be left out for lists"):
        score("precision_at_k", TAKEN, LISTS, k=2, entity="user")


def test_lists_of_numbers_cannot_be_compared_with_names(score):
    with pytest.raises(DataError, match="must be of one type"):
        score("hit_rate_at_k", TAKEN, {0: [1, 2]}, k=2)
