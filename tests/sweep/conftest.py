"""A recipe small enough to sweep in a second: 24 days of one good case of 10 EUR and one bad case of 100 EUR; test days are the last 8.

Whoever blocks all bad cases and no good one saves 100 EUR a day; a threshold of 1 blocks nothing and saves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

RECIPE = """\
# Bad cases are ten times as large as good ones
defaults:
  - model: logistic_regression
  - _self_

use_case: {name: tiny, problem: classification}
data:
  use: csv
  path: data/cases.csv
  table: tiny
  roles: {key: [id], time: day, target: bad, amount: amount}
  columns: {id: int64, day: timestamp, amount: float64, bad: int64}
checks:
  amounts: {use: columns, columns: {amount: {min: 1.0}}}
split: {use: by_time, validation_from: "2026-01-09", test_from: "2026-01-17"}
features:
  amount: {use: numeric, columns: [amount]}
calibration: {use: none}
policy: {use: threshold, threshold: 0.5}
rollout: {use: case_actions}
baselines:
  do_nothing: {}
kpi:
  saved: {expression: blocked_fraud - blocked_good_amount, unit: EUR, impact: risk_mitigation, period: day, parameters: {}}
metrics:
  accuracy: {}
gates:
  accurate: {metric: accuracy, min: 0.4, by: value}
"""


def cases() -> str:
    lines = ["id,day,amount,bad"]
    for day in range(1, 25):
        lines += [f"{2 * day},2026-01-{day:02d} 08:00:00,10,0", f"{2 * day + 1},2026-01-{day:02d} 20:00:00,100,1"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def tiny(recipe_project: Callable[..., Any]) -> Any:
    return recipe_project({"recipes/tiny.yaml": RECIPE, "data/cases.csv": cases()})
