"""A run whose recipe and data carry harmful names wherever they may: its report is text in every medium, and a browser runs nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.report.conftest import Open

from upshot.testing import RecipeProject

MARKUP = "<img src=x onerror=alert(1)>"
COLUMN = f"amount {MARKUP}"
FORMULA = '=HYPERLINK("http://example.invalid")'
RECIPE = """
defaults: [{model: lightgbm}, _self_]
use_case: {name: harmful, problem: classification, owners: {engineering: "FORMULA MARKUP", business: "</script><script>alert(2)</script>"}}
data:
  use: csv
  path: data/cases.csv
  table: harmful
  roles: {key: [id], time: day, target: bad, amount: "COLUMN", protected: ["who\\u202e"]}
  columns: {id: int64, day: timestamp, "COLUMN": float64, "who\\u202e": string, bad: int64}
checks:
  amounts: {use: columns, columns: {"COLUMN": {min: 0.01}}}
split: {use: by_time, validation_from: "2026-01-09", test_from: "2026-01-17", allow: {single_feature_auc: "FORMULA MARKUP"}}
features:
  amount: {use: numeric, columns: ["COLUMN"]}
  who: {use: categorical, columns: ["who\\u202e"]}
model: {n_estimators: 5, min_child_samples: 2}
policy: {use: threshold}
rollout: {use: case_actions}
baselines:
  current_rule: {use: rule, when: "number(1) > 2"}
  do_nothing: {}
kpi:
  saved:
    expression: blocked_fraud - blocked_good * friction_cost
    unit: EUR
    impact: risk_mitigation
    period: day
    parameters:
      friction_cost: {value: 2.0, low: 1.0, high: 3.0, unit: EUR/case, owner: "MARKUP", source: "FORMULA", valid_until: "2099-12-31"}
metrics: {accuracy: {}}
sections: {data: {use: data_profile}, chosen: {use: tuning_curve}, slices: {}}
slices: {by_who: {by: ["who\\u202e"], min_cases: 1}}
gates:
  accurate: {metric: accuracy, min: 0.0, by: value}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> RecipeProject:
    rows = [f'id,day,"{COLUMN}",who\u202e,bad']
    for day in range(1, 25):
        rows += [
            f"{2 * day},2026-01-{day:02d} 08:00:00,10,{MARKUP},0",
            f"{2 * day + 1},2026-01-{day:02d} 20:00:00,{100 + day},\x1b[31mred,1",
        ]
    recipe = RECIPE.replace("MARKUP", MARKUP).replace("COLUMN", COLUMN).replace("FORMULA", FORMULA.replace('"', '\\"'))
    files = {"recipes/harmful.yaml": recipe, "data/cases.csv": "\n".join(rows) + "\n"}
    project = RecipeProject(Path(tmp_path_factory.mktemp("harmful")), files)
    outcome = project.run("run", "harmful", "threads=1")
    assert outcome.exit_code == 0, outcome.stderr
    return project


def test_a_browser_runs_nothing_of_it(project: RecipeProject, open_page: Open) -> None:
    html = project.run("report", "-o", "-").stdout
    opened = open_page(html, width=390)

    assert (opened.complaints, opened.requests) == ([], [])
    assert opened.page.locator("img, [onerror]").count() == 0
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
    shown = opened.page.evaluate("document.body.textContent")
    assert all(text in shown for text in (MARKUP, COLUMN, FORMULA, "\\x1b[31mred", "who\\u202e", "</script><script>alert(2)</script>"))
    assert {letter for letter in html if not letter.isprintable()} <= {"\n", "\u2060"}


@pytest.mark.parametrize("words", [["report"], ["report", "--format", "md"], ["card"], ["report", "last", "last", "-o", "both.html"]])
def test_a_terminal_and_a_pull_request_get_text(project: RecipeProject, words: list[str]) -> None:
    outcome = project.run(*words)

    assert outcome.exit_code == 0, outcome.stderr
    assert {letter for letter in outcome.stdout if not letter.isprintable()} <= {"\n", "\u2060"}
    if "md" in words or "card" in words:
        assert "<img" not in re.sub(r"(`+).+?\1", "", outcome.stdout)  # between backquotes it is code, which is shown as it is
