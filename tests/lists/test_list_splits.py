"""Splits of events: who is asked for what, as of when, and what they say of the calendar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.records import PARTS, Roles
from upshot.errors import DataError, RecipeError
from upshot.stages.split import split


def parts_of(folds) -> list[str]:
    return [PARTS[code] for code in folds.assignment.frame["main"]]


def days(*rows: tuple[str, str | None, int]) -> list[tuple[str, str | None, str]]:
    return [(user, item, f"2026-01-{day:02d}") for user, item, day in rows]


SHOP = days(
    ("ann", "a", 1),
    ("bob", "b", 2),
    ("ann", "c", 11),
    ("bob", "a", 12),
    ("cat", "d", 13),
    ("ann", "a", 21),
    ("cat", "e", 22),
    ("dan", "b", 23),
)
WINDOWS = {"validation_from": "2026-01-10", "test_from": "2026-01-20"}


def test_a_scored_window_is_decided_on_when_it_begins(component, events):
    folds = split(events(SHOP), component("split", "next_window", **WINDOWS))

    assert parts_of(folds) == ["train", "train", "validation", "validation", "validation", "test", "test", "test"]
    as_of = folds.cases.labels.frame["as_of"]
    assert as_of.dt.day.tolist() == [1, 2, 10, 10, 10, 20, 20, 20]
    assert folds.cases.rows.frame["at"].dt.day.tolist() == [1, 2, 11, 12, 13, 21, 22, 23]
    assert folds.in_time


def test_what_is_not_asked_for_on_validation_stays_history_for_the_test(component, events):
    folds = split(events(SHOP), component("split", "next_window", **WINDOWS, users="known", items="known"))

    # Nobody knows c and d before validation, nor cat; e and dan are new in the test window.
    assert parts_of(folds) == ["train", "train", "validation", "validation", "validation", "test", "unused", "unused"]
    assert folds.cases.labels.frame["asked"].tolist() == [True, True, False, True, False, True, False, False]
    assert folds.history("main", "test").size == 5


def test_only_what_is_new_to_the_user_can_be_asked_for(component, events):
    folds = split(events([*SHOP, ("bob", "c", "2026-01-25")]), component("split", "next_window", **WINDOWS, items="new_to_user"))

    test = folds.part("main", "test").rows.frame
    assert list(zip(test["user"], test["item"], strict=True)) == [("dan", "b"), ("bob", "c")]  # ann had a; e is new to everybody


def test_new_users_and_items_are_told_with_their_share_and_first_row(component, events):
    folds = split(events(SHOP), component("split", "next_window", **WINDOWS))

    assert folds.notes == (
        "new: 1 of 3 test rows (33.3%) are of users that no earlier row has, such as 'dan' in row 7; they get the model's fallback",
        "new: 1 of 3 test rows (33.3%) ask for items that no earlier row has, such as 'e' in row 6; no list can hit them, and policy.new_items keeps places "
        "for new ones",
    )


def test_a_visit_without_a_purchase_is_asked_for_too(component, events):
    folds = split(events([*SHOP, ("bob", None, "2026-01-24")]), component("split", "next_window", **WINDOWS, items="known", users="known"))

    assert parts_of(folds)[-1] == "test"


def test_the_last_row_of_each_user_tests_and_the_one_before_tunes(component, events):
    rows = [("ann", "a", 1), ("bob", "b", 1), ("ann", "c", 2), ("ann", "d", 3), ("ann", None, 4), ("bob", "a", 2)]

    folds = split(events(rows), component("split", "leave_last_out"))

    assert parts_of(folds) == ["train", "train", "validation", "test", "unused", "train"]
    assert folds.in_order == ("user",)
    assert folds.notes[:2] == (
        "short: 1 of 2 users have fewer than 3 rows and only train, such as 'bob' in row 1; split=by_user tests users with one row too",
        "calendar: at counts and is no date, so nobody can see whether training rows of other users are later than a test row; what is "
        "popular later may leak",
    )


def test_leave_last_out_says_how_much_of_training_is_later_than_the_test_rows(component, events):
    rows = days(("ann", "a", 1), ("ann", "b", 2), ("ann", "c", 3), ("bob", "c", 11), ("bob", "b", 12), ("bob", "a", 13))

    folds = split(events(rows), component("split", "leave_last_out"))

    assert folds.notes == (
        "calendar: 50% of the training rows are no earlier than the first test row (2026-01-03 00:00:00), and 50% of the test rows have later "
        "training rows of other users, so what became popular later leaks; split=next_window keeps them apart",
    )


def test_leave_last_out_on_one_calendar_says_so(component, events):
    rows = days(*[(user, items[day - 1], day) for user, items in (("ann", "abc"), ("bob", "cba")) for day in (1, 2, 3)])

    folds = split(events(rows), component("split", "leave_last_out"))

    assert folds.notes == ("calendar: no training row is later than the first test row (2026-01-03 00:00:00)",)


@pytest.mark.parametrize("use", ["leave_last_out", "by_user"])
def test_an_event_that_stands_twice_is_refused_with_both_rows_and_the_remedy(use, component, events):
    rows = [("ann", "a", 1), ("ann", "b", 2), ("ann", "c", 3), ("ann", "c", 3), ("ann", "c", 3)]
    params = {} if use == "leave_last_out" else {"test": 0.5}
    more = [] if use == "leave_last_out" else [("bob", "a", 1), ("bob", "b", 2)]
    made = events([*rows, *more])

    with pytest.raises(DataError) as caught:
        for seed in range(20):  # by_user: until ann is drawn
            component("split", use, **params, **({} if use == "leave_last_out" else {"seed": seed})).split(made)

    (problem,) = caught.value.problems
    assert problem.where == "item"
    assert problem.rule == "an event that is to be guessed must not stand among the earlier ones too"
    assert "row 4 is row 2 again ('c')" in problem.got
    assert problem.hint == "drop them: checks: {events: {use: unique, unique: [user, item, at], action: quarantine}}"


def test_by_user_learns_nothing_of_scored_users_and_knows_their_earlier_rows(component, events):
    rows = [(f"u{user}", item, step) for user in range(10) for step, item in enumerate("abc")]

    folds = split(events(rows), component("split", "by_user", test=0.2, validation=0.1, last=1))

    of = {part: folds.part("main", part).rows.frame for part in ("history", "train", "validation", "test")}
    assert {part: len(frame) for part, frame in of.items()} == {"history": 6, "train": 21, "validation": 1, "test": 2}
    assert set(of["test"]["item"]) == {"c"} and set(of["history"]["user"]) == {*of["test"]["user"], *of["validation"]["user"]}
    assert set(of["train"]["user"]).isdisjoint(of["history"]["user"])
    assert (folds.apart, folds.in_order) == (("user",), ("user",))


def test_a_user_with_one_row_can_test_by_user_and_has_no_history(component, events):
    rows = [
        *[(f"u{user}", "a", 1) for user in range(5)],
        *[(f"v{user}", item, step) for user in range(5) for step, item in enumerate("ab")],
    ]

    folds = split(events(rows), component("split", "by_user", test=0.5))

    test, history = folds.part("main", "test").rows.frame, folds.part("main", "history").rows.frame
    assert len(test) == 5
    single = test["user"].str.startswith("u")
    assert single.any() and set(history["user"]).isdisjoint(test["user"][single])


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"test": 0.8, "validation": 0.3}, "must leave users to train on; they take 1.1"),
        ({"test": 0.5, "last": 0}, "greater than or equal to 1"),
    ],
)
def test_shares_of_users_that_leave_nobody_are_refused(params, said, component):
    with pytest.raises(ValueError, match=said):
        component("split", "by_user", **params)


@pytest.mark.parametrize("use", ["next_window", "by_user"])
def test_splits_of_lists_need_an_item_as_outcome(use, component, events):
    params = WINDOWS if use == "next_window" else {}
    made = events(SHOP, roles=Roles(time="at", entities=("user",), item="item", target="price"))

    with pytest.raises(RecipeError, match="must name the column of the item that is taken"):
        component("split", use, **params).split(made)


def test_a_training_row_after_the_cutoff_is_refused_where_a_split_lets_it_in(component, events):
    folds = split(events(SHOP), component("split", "next_window", **WINDOWS))
    labels = folds.cases.labels.frame.copy()
    labels.loc[0, "as_of"] = pd.Timestamp("2026-01-21")
    from upshot.contracts.tables import Table
    from upshot.stages.leaks import refuse_leaks

    with pytest.raises(DataError, match=r"test rows must be later than the last training row \(2026-01-21 00:00:00\)"):
        refuse_leaks(replace(folds, cases=replace(folds.cases, labels=Table.of(labels))))


def test_shares_of_the_time_span_work_as_in_by_time(component, events):
    rows = [(f"u{row % 7}", f"i{row % 5}", row) for row in range(100)]

    folds = split(events(rows), component("split", "next_window", validation=0.2, test=0.2))

    assert np.bincount(folds.assignment.frame["main"], minlength=5).tolist() == [0, 60, 20, 20, 0]
    assert set(folds.part("main", "test").labels.frame["as_of"]) == {80}
