"""Recipes of lists, by the command: what does not fit is said before any data is read, and what the reader must know stands in the result."""

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
  roles: {key: [user, at], time: at, entities: [user], item: item, amount: price}
labels: {use: column, block: entity}
split: {use: leave_last_out}
model: {use: item_knn, k: 3}
policy: {use: top_k, k: 2}
rollout: {use: ranked_hits}
baselines:
  do_nothing: {decision: ranking}
kpi:
  margin:
    expression: hit_amount - slots * slot_cost
    unit: EUR
    impact: revenue_uplift
    volume: 1000.0
    parameters:
      slot_cost: {value: 0.1, unit: EUR/slot}
metrics:
  hit_rate_at_k: {k: 3}
gates:
  worth_it: {kpi: margin, against: do_nothing, min_gain: 0, by: value}
"""


def events() -> str:
    """Twenty users walk round eight items, each from another one on, a step a day."""
    rows = [f"u{user:02d},i{(user + step) % 8},2026-03-{user % 5 + step + 1:02d} 12:00:00,2.5" for user in range(20) for step in range(5)]
    return "\n".join(["user,item,at,price", *rows]) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> RecipeProject:
    return RecipeProject(tmp_path, {"recipes/shop.yaml": RECIPE, "data/events.csv": events()})


def test_lists_that_are_looked_at_further_down_than_they_reach_are_refused_in_the_plan(project):
    outcome = project.run("plan", "shop", "policy.k=5", "metrics.hit_rate_at_k.k=10")

    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines()[2:] == [
        "  policy.k                 must not exceed the 3 places of the lists that model 'item_knn' gives; got 5; set model.k=5, or ask for"
        " less  (argument 1)",
        "  metrics.hit_rate_at_k.k  must not exceed the 3 places of the lists that model 'item_knn' gives; got 10; set model.k=10, or ask for"
        " less  (argument 2)",
    ]


def test_a_choice_without_validation_rows_is_refused_in_the_plan(project):
    split = ("split={use: by_user, test: 0.3}", "model.decay=[0.5,1.0]")

    outcome = project.run("plan", "shop", *split)

    assert outcome.exit_code == 2
    assert "model.use  'item_knn' is fitted on validation rows, and split 'by_user' gives none" in outcome.stderr


def test_what_a_reader_must_know_of_the_split_stands_above_the_value(project):
    text = project.run("run", "shop").stdout
    document = project.run("run", "shop", "--json").json

    lines = [line for line in text.splitlines() if line.startswith("note ")]
    assert lines == [f"note      {note}" for note in document["notes"]]
    assert "calendar: 40% of the training rows are no earlier than the first test row (2026-03-05 12:00:00)" in document["notes"][0]
    assert text.index("note ") < text.index("value     EUR")


def test_money_per_so_many_cases_is_told_as_that(project):
    outcome = project.run("run", "shop")

    assert "margin      EUR per 1,000 cases" in outcome.stdout
    assert "value     EUR 2,300 per 1,000 cases" in outcome.stdout


def test_a_registered_model_of_lists_answers_its_golden_rows_from_its_files_alone(project):
    project.run("run", "shop", "model.decay=[0.5,1.0]", "split.refit=true")

    exported = project.run("model", "export", "shop@1", "elsewhere")
    verified = project.run("model", "verify", "elsewhere")

    assert exported.exit_code == 0, exported.stderr
    assert verified.exit_code == 0, verified.stderr
    assert "golden rows answered as before" in verified.stdout
