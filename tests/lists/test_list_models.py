"""Models of lists: what they show, to whom, and that they see nothing of the future."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Compute, Refittable
from upshot.contracts.records import Cases, Map, Roles, Seed, Threads
from upshot.contracts.tables import Table
from upshot.errors import DataError, RecipeError

from .conftest import ROLES, examples

FAST = {
    "popularity": {},
    "own_history": {},
    "item_knn": {},
    "ease": {"l2": 5.0},
    "als": {"factors": 2, "iterations": 5},
    "bpr": {"factors": 8, "iterations": 20},
}


def log(users: int = 40, items: int = 12, seed: int = 3) -> list[tuple[str, str, int]]:
    """Users of two tastes: even ones take the first half of the items in order, odd ones the second half."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        start, half = int(draw.integers(0, items // 2)), items // 2
        rows += [(f"u{user:02d}", f"i{(start + step) % half + half * (user % 2):02d}", step) for step in range(4)]
    return rows


def test_popularity_ranks_items_by_count_and_ties_by_item(events, lists):
    history = events([(1, "tea", 0), (2, "tea", 1), (3, "milk", 1), (4, "bread", 1)])

    found, frame, _ = lists("popularity", history, events([(9, "?", 5)]), k=3)

    assert found == {0: ["tea", "bread", "milk"]}
    assert frame.drop(columns="item").to_dict("list") == {
        "case": [0, 0, 0],
        "rank": [1, 2, 3],
        "score": [2.0, 1.0, 1.0],
        "worst_rank": [1, 3, 3],
    }


def test_items_that_a_user_has_had_leave_the_list_and_the_next_ones_move_up(events, lists):
    history = events([(1, "a", 0), (2, "a", 0), (3, "a", 0), (1, "b", 1), (2, "b", 1), (1, "c", 1), (3, "d", 1), (1, "a", 1)])
    cases = events([(1, "?", 5), (2, "?", 5), (9, "?", 5), (3, "?", 5)])

    found, frame, _ = lists("popularity", history, cases, k=2)
    with_seen, _, _ = lists("popularity", history, cases, k=2, exclude_seen=False)

    assert found == {0: ["d"], 1: ["c", "d"], 2: ["a", "b"], 3: ["b", "c"]}
    assert frame["rank"].tolist() == [1, 1, 2, 1, 2, 1, 2]
    assert set(map(tuple, with_seen.values())) == {("a", "b")}


def test_only_events_of_the_window_count_and_weights_are_summed(events, lists):
    history = events([(1, "old", 0), (2, "old", 0), (3, "new", 10), (4, "next", 9)])
    weighted = events(
        [(1, "a", 0), (2, "b", 1), (3, "b", 1), (4, "c", 1)],
        roles=Roles(time="at", entities=("user",), item="item", weight="weight"),
        weight=[2.0, 1.0, 1.0, 1.0],
    )
    cases = events([(9, "?", 11)])

    windowed, _, _ = lists("popularity", history, cases, k=2, window="1 step")
    by_weight, frame, _ = lists("popularity", weighted, cases, k=3)

    assert windowed == {0: ["new"]}
    assert by_weight == {0: ["a", "b", "c"]} and frame["score"].tolist() == [2.0, 2.0, 1.0]


def test_a_window_in_days_over_steps_is_refused(events, lists):
    with pytest.raises(DataError, match="the time column is a counter; got '7 days'; write it as '3 steps'"):
        lists("popularity", events([(1, "a", 0), (2, "b", 1)]), events([(9, "?", 5)]), k=2, window="7 days")


def test_what_a_user_took_most_and_last_stands_first_and_the_popular_fill_the_rest(events, lists):
    train = events([("ann", "tea", 0), ("ann", "tea", 1), ("ann", "milk", 2), ("bob", "rum", 0), ("cat", "rum", 1), ("bob", "jam", 3)])
    cases = events([("ann", "?", 9), ("new", "?", 9)])

    counted, frame, _ = lists("own_history", train, cases, k=4)
    latest, _, _ = lists("own_history", train, cases, k=4, decay=0.4)
    aged, _, _ = lists("own_history", train, cases, k=4, half_life=0.5)

    assert counted == {0: ["tea", "milk", "rum", "jam"], 1: ["rum", "tea", "jam", "milk"]}
    assert (frame["score"] < 0).tolist() == [False, False, True, True, True, True, True, True]
    assert latest[0][:2] == ["milk", "tea"]  # 1.0 against 0.4 + 0.16
    assert aged[0][:2] == ["milk", "tea"]


def test_of_what_was_taken_equally_often_the_one_that_others_take_now_stands_first(events, lists):
    train = events([("ann", "tea", 0), ("ann", "milk", 0), ("bob", "milk", 0), ("bob", "tea", 9), ("cat", "tea", 9)])

    before, _, _ = lists("own_history", train, events([("ann", "?", 9)]), k=2, popular_power=0.0)
    now, frame, _ = lists("own_history", train, events([("ann", "?", 9)]), k=2, popular_window="1 step")

    assert before == {0: ["milk", "tea"]}
    assert now == {0: ["tea", "milk"]} and frame["worst_rank"].tolist() == [1, 2]


def test_neighbours_are_the_cosine_of_visits_unless_order_and_distance_are_asked_for(events, lists):
    train = events([("ann", "cot", 0), ("ann", "pram", 1), ("ann", "bike", 2), ("bob", "cot", 0), ("bob", "pram", 1), ("cat", "bike", 0)])
    cases = events([("new", "?", 9), ("bob", "?", 9)])
    history = events([("new", "pram", 5), ("bob", "cot", 0), ("bob", "pram", 1)])
    nothing = {"by": "nothing"}

    _, plain, _ = lists("item_knn", train, cases, history=history, k=3, decay=1.0, fallback=nothing)
    _, ordered, _ = lists("item_knn", train, cases, history=history, k=3, decay=1.0, backward=0.0, fallback=nothing)
    _, near, _ = lists("item_knn", train, cases, history=history, k=3, decay=1.0, pair_decay=0.5, fallback=nothing)

    def score(frame: pd.DataFrame, case: int) -> dict[str, float]:
        mine = frame[frame["case"] == case]
        return dict(zip(mine["item"], mine["score"].round(5), strict=True))

    # taken: cot 2, pram 2, bike 2; cot-pram twice (one visit apart), pram-bike once (one apart), cot-bike once (two apart).
    assert score(plain, 0) == {"cot": 1.0, "bike": 0.5}
    assert score(plain, 1) == {"bike": 1.0}
    assert score(ordered, 0) == {"bike": 0.5}  # nobody took a cot after a pram
    assert score(near, 0) == {"cot": 0.5, "bike": 0.25}
    assert score(near, 1) == {"bike": 0.125 + 0.25}


def test_neighbours_of_many_users_equal_a_loop_over_pairs(events, lists):
    draw = np.random.default_rng(8)
    rows = [(f"u{draw.integers(30)}", f"i{draw.integers(15):02d}", int(draw.integers(8))) for _ in range(300)]
    train, cases = events(rows), events([(f"u{user}", "?", 20) for user in range(30)])
    setting = {"decay": 0.7, "pair_decay": 0.8, "backward": 0.3, "target_power": 0.4, "user_power": 0.5}

    _, frame, _ = lists("item_knn", train, cases, k=15, exclude_seen=False, fallback={"by": "nothing"}, **setting)

    frame_of = train.rows.frame
    visits = {u: [set(v["item"]) for _, v in g.groupby("at")] for u, g in frame_of.groupby("user")}
    items = sorted(frame_of["item"].unique())
    taken = frame_of["item"].value_counts()
    similarity = {(a, b): 0.0 for a in items for b in items if a != b}
    for baskets in visits.values():
        weight = len(baskets) ** -0.5
        for first, basket in enumerate(baskets):
            for second in range(first, len(baskets)):
                for a in basket:
                    for b in baskets[second] - {a}:
                        similarity[a, b] += weight * 0.8 ** (second - first)
                        if second > first:
                            similarity[b, a] += weight * 0.3 * 0.8 ** (second - first)
    for a, b in similarity:
        similarity[a, b] /= taken[a] ** 0.6 * taken[b] ** 0.4
    counts = frame_of.groupby(["user", "at", "item"]).size()
    for user in range(30):
        mine = frame[frame["case"] == user].set_index("item")["score"]
        baskets = visits[f"u{user}"]
        times = sorted(frame_of[frame_of["user"] == f"u{user}"]["at"].unique())
        for item in items:
            wanted = sum(
                0.7 ** (len(baskets) - 1 - place) * counts[f"u{user}", times[place], had] * similarity[had, item]
                for place, basket in enumerate(baskets)
                for had in basket
                if had != item
            )
            assert mine.get(item, 0.0) == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_ease_equals_its_closed_form(events, lists):
    train = events(log())
    cases = events([(f"u{user:02d}", "?", 9) for user in range(40)])

    _, frame, _ = lists("ease", train, cases, k=12, l2=5.0, exclude_seen=False, fallback={"by": "nothing"})

    X = pd.crosstab(train.rows.frame["user"], train.rows.frame["item"]).clip(upper=1)
    inverse = np.linalg.inv(X.T.to_numpy() @ X.to_numpy() + 5.0 * np.eye(12))
    B = inverse / -np.diag(inverse)
    np.fill_diagonal(B, 0.0)
    wanted = pd.DataFrame(X.to_numpy() @ B, index=X.index, columns=X.columns)
    for case, item, score in zip(frame["case"], frame["item"], frame["score"], strict=True):
        assert score == pytest.approx(wanted.loc[f"u{case:02d}", item], rel=1e-4)
    assert len(frame) == int((wanted.to_numpy() > 0).sum())


def test_als_gives_the_lists_of_the_bare_library(events, lists):
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    train = events(log())
    cases = events([(f"u{user:02d}", "?", 9) for user in range(40)])

    found, _, _ = lists("als", train, cases, k=3, factors=8, iterations=5, alpha=4.0)

    matrix = pd.crosstab(train.rows.frame["user"], train.rows.frame["item"]).clip(upper=1)
    from scipy.sparse import csr_matrix

    with threadpool_limits(1, "blas"):
        bare = AlternatingLeastSquares(factors=8, iterations=5, alpha=4.0, random_state=7, num_threads=2)
        X = csr_matrix(matrix.to_numpy(dtype=np.float32))
        bare.fit(X, show_progress=False)
        items, _ = bare.recommend(np.arange(40), X, N=3, recalculate_user=True)
    assert found == {user: [matrix.columns[item] for item in row] for user, row in enumerate(items)}


@pytest.mark.parametrize("use", [name for name in FAST if name not in ("popularity", "own_history")])
def test_a_model_of_taste_shows_what_users_of_the_same_taste_took(use, events, lists):
    train, cases = events(log(users=200)), events([(f"u{user:02d}", "?", 9) for user in range(40)])

    found, _, _ = lists(use, train, cases, k=2, **FAST[use])

    own = [int(item[1:]) // 6 == user % 2 for user, shown in found.items() for item in shown]
    assert np.mean(own) > 0.9


@pytest.mark.parametrize("use", FAST)
def test_a_saved_model_gives_equal_lists_and_two_fits_give_equal_files(use, events, lists, component):
    train, cases = events(log()), events([(f"u{user:02d}", "?", 9) for user in range(45)])

    _, frame, model = lists(use, train, cases, k=5, **FAST[use])
    _, _, twin = lists(use, train, cases, k=5, **FAST[use])
    again = component("model", use, k=5, **FAST[use])
    again.restore(model.state())

    pd.testing.assert_frame_equal(again.predict(examples(cases.blind()), train), frame)
    assert model.state() == twin.state()


@pytest.mark.parametrize("use", FAST)
def test_nothing_that_is_taken_later_moves_a_list(use, events, lists):
    train = events(log())
    cases = events([(f"u{user:02d}", "i00", 9) for user in range(40)])
    tampered = events([(f"u{user:02d}", "i11", 9) for user in range(40)], price=99.0)

    _, frame, _ = lists(use, train, cases, k=5, **FAST[use])
    _, other, _ = lists(use, train, tampered, k=5, **FAST[use])

    pd.testing.assert_frame_equal(frame, other)


@pytest.mark.parametrize("use", [name for name in FAST if name != "popularity"])
def test_a_new_user_gets_the_declared_fallback_or_nothing(use, events, lists):
    train, cases = events(log()), events([("nobody", "?", 9)])

    popular, _, _ = lists("popularity", train, cases, k=3)
    filled, frame, _ = lists(use, train, cases, k=3, **FAST[use])
    empty, _, _ = lists(use, train, cases, k=3, fallback={"by": "nothing"}, **FAST[use])

    assert filled == popular and (frame["score"] < 0).all()
    assert empty == {}


@pytest.mark.parametrize("use", FAST)
def test_cases_of_one_user_at_one_moment_share_a_list_at_the_first_of_them(use, events, lists):
    train = events(log())
    cases = events([("u00", "?", 9), ("u01", "?", 9), ("u00", "?", 9), ("u00", "?", 10)])

    found, _, _ = lists(use, train, cases, k=2, **FAST[use])

    assert sorted(found) == [0, 1, 3]
    assert found[0] == found[3]


@pytest.mark.parametrize("use", FAST)
def test_a_list_longer_than_the_catalogue_is_refused_with_the_longest_possible(use, events, lists):
    with pytest.raises(DataError) as caught:
        lists(use, events(log()), events([("u00", "?", 9)]), k=13, **FAST[use])

    (problem,) = caught.value.problems
    assert (problem.where, problem.got) == ("model.k", "13")
    assert problem.sentence().startswith("must not exceed the 12 items that training knows; got 13; set model.k=12 or less")


def test_settings_are_chosen_by_the_gain_on_validation_lists_and_kept_when_fitted_again(events, lists):
    # Who took a takes b next, and who took c takes d next, which is the stronger pair: after c and then a, only recency says b.
    taught = [(f"t{user:02d}", item, step) for user in range(30) for step, item in enumerate("ab" if user < 10 else "cd")]
    train = events([*taught, *[(f"u{user}", item, step) for user in range(10) for step, item in enumerate("ca")]])
    validation = events([(f"u{user}", "b", 9) for user in range(10)])

    _, _, model = lists("item_knn", train, validation, validation=validation, k=3, decay=[1.0, 0.1], backward=[1.0, 0.0])
    curve = model.chosen_.curve()
    model.refit(examples(train), train.take(np.arange(0)), Compute(Seed(7), Threads(1)))

    assert model.chosen_.setting["decay"] == 0.1
    assert dict(zip(zip(curve["decay"], curve["backward"], strict=True), curve["score"].round(4), strict=True)) == {
        (1.0, 1.0): round(1 / np.log2(3), 4),
        (0.1, 1.0): 1.0,
        (0.1, 0.0): 1.0,
    }
    assert json.loads(model.state()["chosen.json"])["setting"]["decay"] == 0.1


@pytest.mark.parametrize(
    ("use", "name", "values"), [("item_knn", "decay", [0.5, 1.0]), ("ease", "l2", [1.0, 9.0]), ("als", "factors", [4, 8])]
)
def test_a_list_of_values_without_validation_is_refused_with_both_remedies(use, name, values, events, lists):
    with pytest.raises(RecipeError) as caught:
        lists(use, events(log()), events([("u00", "?", 9)]), k=3, **{name: values})

    (problem,) = caught.value.problems
    assert problem.where == f"model.{name}"
    assert problem.hint == f"give one value, such as {values[0]}, or give the split a validation part"


def test_confidence_counts_repeats_weights_and_age(events, lists):
    rows = log() + [("u00", "i09", 3)] * 5
    roles = Roles(time="at", entities=("user",), item="item", weight="weight")
    train, cases = events(rows, roles=roles, weight=1.0), events([("u00", "?", 9)], roles=roles, weight=1.0)

    scores = {
        words: lists("als", train, cases, k=3, factors=4, exclude_seen=False, **dict(words))[1]["score"].tolist()
        for words in (
            (),
            (("confidence", "count"),),
            (("confidence", "weight"),),
            (("confidence", "count"), ("half_life", 1.0)),
        )
    }

    assert scores[()] != scores[(("confidence", "count"),)] == scores[(("confidence", "weight"),)]
    assert scores[(("confidence", "count"),)] != scores[(("confidence", "count"), ("half_life", 1.0))]


def test_a_confidence_that_is_no_weight_is_refused_with_its_row(events, lists):
    roles = Roles(time="at", entities=("user",), item="item", weight="weight")
    train = events(log()[:8], roles=roles, weight=[1.0, 2.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])

    with pytest.raises(DataError, match="must be above 0 in every event; got row 2: 0"):
        lists("als", train, train, k=2, confidence="weight")
    with pytest.raises(DataError, match=r"data.roles.weight .*must name a column"):
        lists("als", events(log()), events([("u00", "?", 9)]), k=2, confidence="weight")


def test_training_rows_without_an_item_are_visits_and_teach_nothing(events, lists):
    with_visits = events([*log(), *[(f"u{user:02d}", None, 5) for user in range(40)]])
    cases = events([(f"u{user:02d}", "?", 9) for user in range(40)])

    plain, _, _ = lists("item_knn", events(log()), cases, k=3)
    visited, _, _ = lists("item_knn", with_visits, cases, k=3)

    assert plain == visited


def test_no_event_at_all_is_refused(events, lists):
    nothing = events([("u00", None, 0)])

    with pytest.raises(DataError, match="needs at least one training row with an item"):
        lists("popularity", nothing, nothing, k=1)


def test_a_history_without_an_event_that_counts_is_refused(events, component):
    history = events([(1, "a", 0)])
    model = component("model", "popularity", k=1)
    model.fit(examples(history), None, history, Compute(Seed(1), Threads(1)))

    with pytest.raises(DataError, match="nothing popular"):
        model.predict(examples(history.blind()), history.take(np.arange(0)))


def test_every_built_in_model_of_lists_is_in_these_tests():
    catalogue = load_catalogue()
    ranking = {
        name for name in catalogue.names("model") if getattr(catalogue.load(catalogue.find("model", name)), "gives", None) == "ranking"
    }

    assert ranking - {"two_stage"} == set(FAST)


def test_models_that_choose_can_be_fitted_again(component):
    assert all(isinstance(component("model", use, **FAST[use]), Refittable) for use in FAST if use != "popularity")


def test_users_and_items_may_be_numbers(events, lists):
    rows = [(int(user[1:]), int(item[1:]), at) for user, item, at in log()]

    numbers, _, _ = lists("item_knn", events(rows), events([(user, 0, 9) for user in range(40)]), k=3)
    texts, _, _ = lists("item_knn", events(log()), events([(f"u{user:02d}", "?", 9) for user in range(40)]), k=3)

    assert {case: [f"i{item:02d}" for item in shown] for case, shown in numbers.items()} == texts


def test_models_need_to_know_whom_a_row_belongs_to(events, lists):
    nobody = replace(events(log()), roles=replace(ROLES, entities=()))

    with pytest.raises(DataError, match="must name the column of the user"):
        lists("popularity", nobody, nobody, k=2)


def test_times_with_a_calendar_age_in_days(events, lists):
    train = events(
        [("ann", "tea", "2026-01-01"), ("ann", "milk", "2026-01-05"), ("ann", "tea", "2026-01-02"), ("bob", "tea", "2026-01-01")]
    )
    cases = events([("ann", "?", "2026-01-06")])

    slow, frame, _ = lists("own_history", train, cases, k=2, half_life=1000.0, popular_power=0.0)
    fast, _, _ = lists("own_history", train, cases, k=2, half_life=1.0, popular_power=0.0)

    assert slow[0] == ["tea", "milk"]
    assert frame["score"].tolist() == pytest.approx([0.5 ** (5 / 1000) + 0.5 ** (4 / 1000), 0.5 ** (1 / 1000)])
    assert fast[0] == ["milk", "tea"]  # 0.5 against 0.5 ** 4 + 0.5 ** 5


def test_cases_can_be_read_back_from_disk_types(events, lists):
    """Labels that come back as another text type than the history's still match."""
    train = events(log())
    arrow = replace(train, labels=Table.of(train.labels.frame.assign(label=train.labels.frame["label"].astype("string"))))

    assert isinstance(arrow, Cases) and arrow.tables == Map()
    assert lists("item_knn", arrow, train, k=3)[0] == lists("item_knn", train, train, k=3)[0]
