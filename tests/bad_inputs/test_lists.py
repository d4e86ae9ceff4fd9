"""Events that a recommendation meets and should not trip over: each is told in a sentence with its row and a remedy, by the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from upshot.testing import RecipeProject

RECIPE = """
use_case: {name: shop, problem: ranking}
data:
  use: csv
  table: events
  path: data/events.csv
  columns: {user: string, item: string, at: timestamp, price: float64}
  roles: {time: at, entities: [user], item: item, amount: price}
labels: {use: column, block: entity}
split: {use: leave_last_out}
model: {use: popularity, k: 3, exclude_seen: false}
policy: {use: top_k, k: 2}
rollout: {use: ranked_hits}
baselines:
  do_nothing: {decision: ranking}
kpi:
  margin: {expression: hit_amount, unit: EUR, impact: revenue_uplift, volume: 1000.0}
metrics:
  hit_rate_at_k: {k: 3}
gates:
  worth_it: {kpi: margin, against: do_nothing, min_gain: -1e9, by: value}
"""
VISITS = [f"u{user:02d},i{(user + step) % 8},2026-03-{user % 5 + step + 1:02d} 12:00:00,2.5" for user in range(20) for step in range(5)]
WINDOWS = 'split={use: next_window, validation_from: "2026-03-06", test_from: "2026-03-08"}'


@pytest.fixture
def shop(tmp_path: Path):
    """`shop(rows, *words)`: the outcome of a run over the usual visits and these."""

    def run(rows: list[str], *words: str):
        text = "\n".join(["user,item,at,price", *VISITS, *rows]) + "\n"
        return RecipeProject(tmp_path, {"recipes/shop.yaml": RECIPE, "data/events.csv": text}).run("run", "shop", *words)

    return run


def test_a_user_with_one_event_only_trains_and_is_told_with_row_and_the_split_that_tests_it(shop):
    outcome = shop(["once,i1,2026-03-02 12:00:00,2.5"])

    assert outcome.exit_code == 0, outcome.stderr
    told = (
        "short: 1 of 21 users have fewer than 3 rows and only train, such as 'once' in row 100; split=by_user tests users with one row too"
    )
    assert told in outcome.stdout


def test_an_item_never_seen_before_is_told_with_its_row_and_what_keeps_places_for_it(shop):
    outcome = shop(["u03,brand-new,2026-03-20 12:00:00,2.5"])

    assert outcome.exit_code == 0, outcome.stderr
    assert "ask for items that no earlier row has, such as 'brand-new' in row 100" in outcome.stdout
    assert "no list can hit them, and policy.new_items keeps places for new ones" in outcome.stdout


def test_an_event_that_stands_twice_is_refused_with_both_rows_and_the_check_that_drops_it(shop):
    outcome = shop([VISITS[24]])

    assert outcome.exit_code == 3
    assert "an event that is to be guessed must not stand among the earlier ones too; got 1 row: row 100 is row 24 again" in outcome.stderr
    remedy = "checks: {events: {use: unique, unique: [user, item, at], action: quarantine}}"
    assert remedy in outcome.stderr
    assert shop([VISITS[24]], f"+{remedy.replace('checks: ', 'checks=')}").exit_code == 0


def test_lists_longer_than_the_catalogue_are_refused_with_the_longest_that_can_be(shop):
    outcome = shop([], "model.k=12")

    assert outcome.exit_code == 3
    assert "model.k  must not exceed the 8 items that training knows; got 12; set model.k=8 or less" in outcome.stderr


def test_a_user_without_candidates_gets_an_empty_list_that_is_counted_and_told_with_what_fills_it(shop):
    outcome = shop(
        [f"alone,only-{step},2026-03-{day:02d} 12:00:00,2.5" for step, day in enumerate((2, 3, 4))],
        "model={use: item_knn, k: 3, fallback: {by: nothing}, reach: 1}",
    )

    assert outcome.exit_code == 0, outcome.stderr
    assert "empty: 1 of 21 lists hold no item, such as that of 'alone' (test row 20)" in outcome.stdout
    assert "model.fallback serves users without candidates, policy.where, limits and show leave items out" in outcome.stdout


def test_training_rows_after_the_cutoff_are_refused_before_any_data_is_read(shop):
    windows = 'train: [null, "2026-03-09"], validation: ["2026-03-05", "2026-03-06"], test: ["2026-03-06", "2026-03-10"]'

    outcome = shop([], f"split={{use: next_window, {windows}}}")

    assert outcome.exit_code == 2
    told = "split  parts must follow each other in time; train '2026-03-09' is not before validation '2026-03-05'  (argument 1)"
    assert told in outcome.stderr


def test_outcomes_of_users_who_train_and_test_by_a_column_are_refused_with_the_users_and_the_splits_that_keep_them_apart(shop, tmp_path):
    rows = [f"{row},{'test' if place % 5 == 4 else 'train'}" for place, row in enumerate(VISITS)]
    text = "\n".join(["user,item,at,price,part", *rows]) + "\n"
    project = RecipeProject(tmp_path, {"recipes/shop.yaml": RECIPE, "data/events.csv": text})

    outcome = project.run("run", "shop", "split={use: by_column, column: part}", "+data.columns.part=string")

    assert outcome.exit_code == 3
    assert "user  must not have rows in two parts; got 20 values of 20 (100%), such as 'u00'" in outcome.stderr
