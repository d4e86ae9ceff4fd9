"""A small world of which every rate is known by hand: eight applications a day, two groups, one flag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.records import Breakdown, Inspection, Measured
from upshot.engine.state import State
from upshot.project import find_project
from upshot.testing import RecipeProject

RECIPE = """\
# Applications of two groups; whoever has the flag is turned down
defaults:
  - _self_
use_case: {name: loans, problem: classification}
data:
  use: csv
  path: data/loans.csv
  table: loans
  roles: {key: [id], time: day, target: bad, amount: amount, protected: [sex]}
  columns: {id: int64, day: timestamp, sex: string, flag: int64, amount: float64, other: float64, bad: int64}
split: {use: by_time, validation_from: "2026-01-09", test_from: "2026-01-17"}
features:
  flag: {use: numeric, columns: [flag]}
  other: {use: numeric, columns: [other]}
model: {use: lightgbm, n_estimators: 20, learning_rate: 0.5}
policy: {use: threshold, threshold: 0.5}
rollout: {use: case_actions}
baselines:
  do_nothing: {}
kpi:
  saved: {expression: blocked_fraud - blocked_good * cost, unit: EUR, impact: risk_mitigation, period: day, parameters: {cost: {value: 2.0, unit: EUR/case}}}
metrics:
  accuracy: {}
gates:
  worth_it: {kpi: saved, against: do_nothing, min_gain: 0}
threads: 1
"""
DAY = (
    # sex, flag, bad: those with the flag are bad in two of three cases, the others in one of five
    ("a", 0, 0),
    ("a", 0, 0),
    ("a", 0, 0),
    ("a", 1, 1),
    ("b", 0, 0),
    ("b", 0, 1),
    ("b", 1, 0),
    ("b", 1, 1),
)
"""Turned down: 1 of 4 of group a, 2 of 4 of group b; of the good ones 0 of 3 and 1 of 2; of the bad ones 1 of 1 and 1 of 2."""


def applications(days: int = 24) -> str:
    """Every application is for 10 EUR; `other` says nothing: it is 1 and 2 in turns."""
    rows = ["id,day,sex,flag,amount,other,bad"]
    for day in range(1, days + 1):
        for place, (sex, flag, bad) in enumerate(DAY):
            rows.append(f"{8 * day + place},2026-01-{day:02d} {8 + place:02d}:00:00,{sex},{flag},10,{1 + day % 2},{bad}")
    return "\n".join(rows) + "\n"


@pytest.fixture
def loans(recipe_project: Callable[..., RecipeProject]) -> RecipeProject:
    return recipe_project({"recipes/loans.yaml": RECIPE, "data/loans.csv": applications()})


@pytest.fixture
def inspected(loans: RecipeProject) -> Callable[..., Inspection]:
    """Runs the recipe `loans` with overrides and gives what was stored."""

    def run(*overrides: str) -> Inspection:
        outcome = loans.run("run", "loans", *overrides, "--json")
        assert outcome.exit_code == 0, outcome.stderr
        return stored(loans.root, outcome.json)

    return run


def stored(root: Path, document: dict[str, Any]) -> Inspection:
    """What the stage inspect of a run kept, read back from the disk."""
    digest = next(stage["value"] for stage in document["stages"] if stage["stage"] == "inspect")
    found = State.of(find_project(root)).codec(load_catalogue().revive, ()).load(digest)
    assert isinstance(found, Inspection)
    return found


def values(breakdown: Breakdown, measure: str) -> dict[str, float]:
    """Entry -> the value of one of its numbers."""
    return {entry.name: entry.measures[measure].value for entry in breakdown.entries if measure in entry.measures}


def value(measured: Measured) -> float:
    return measured.value
