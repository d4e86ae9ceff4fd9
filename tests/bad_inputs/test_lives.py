"""What bad histories of units get from `upshot run`, word for word: where, the rule, what was there with its row, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

RECIPE = """\
use_case: {name: lives, problem: survival}
data:
  use: csv
  table: readings
  path: data/readings.csv
  columns: {unit: string, cycle: int64, heat: float64, running: bool}
  roles: {key: [unit, cycle], time: cycle, entities: [unit], censored: running}
checks: {forward: {use: unit_order}}
labels: {use: remaining_life}
split: {use: by_entity, validation: [u4], test: [u5, u6]}
features: {sensors: {use: sensor_history, columns: [heat], windows: [5 steps]}}
model: {use: linear_regression}
policy: {use: service_threshold}
rollout: {use: unit_life}
baselines: {run_to_failure: {use: do_nothing, decision: schedule}}
kpi:
  cost: {expression: services * s + breakdowns * b, per: cycles, unit: EUR/cycle, direction: minimize, impact: cost_reduction,
         parameters: {s: {value: 10.0, unit: EUR/service}, b: {value: 90.0, unit: EUR/breakdown}}}
gates: {value: {kpi: cost, max: 100, by: value}}
"""
LIVES = {"u1": 20, "u2": 24, "u3": 30, "u4": 26, "u5": 22, "u6": 28}
Rows = list[list[Any]]


def readings() -> Rows:
    """Unit, cycle, heat, running: every unit gets hotter until it fails, 150 rows."""
    return [[unit, cycle, 40 + 2.0 * cycle + cycle % 3, "false"] for unit, life in LIVES.items() for cycle in range(1, life + 1)]


def running(*units: str) -> Callable[[Rows], Rows]:
    return lambda rows: [[*row[:3], "true" if row[0] in units else "false"] for row in rows]


def back(rows: Rows) -> Rows:
    return [*rows[:5], rows[6], rows[5], *rows[7:]]


def twice(rows: Rows) -> Rows:
    return [*rows[:6], rows[5], *rows[6:]]


def constant(rows: Rows) -> Rows:
    return [[unit, cycle, 50.0 if unit in ("u1", "u2", "u3", "u4") else heat, end] for unit, cycle, heat, end in rows]


def whole(rows: Rows) -> Rows:
    return rows


@pytest.mark.parametrize(
    ("change", "overrides", "code", "text"),
    [
        (
            running("u2"),
            ["labels.without_failure=refuse"],
            3,
            "DataError: the cases cannot be made\n\n"
            "  unit  every unit must have been seen to fail; got 1 row: row 20: 'u2'; "
            "leave these units out, or keep what is known of them: labels.without_failure=censor\n",
        ),
        (
            running("u1", "u2", "u3"),
            [],
            3,
            "DataError: there is nothing to learn from\n\n"
            "  labels  must hold the outcome of some training row: linear_regression does not learn from censored ones; got all 74 rows are censored; "
            "train on rows whose outcome was seen, or take a model that learns from censored ones too: upshot describe model  (recipes/lives.yaml:9)\n",
        ),
        (
            back,
            [],
            3,
            "DataError: snapshot readings version 0 breaks its checks\n\n"
            "  checks.forward column 'cycle'  cycle must go forward within each unit: 1 of 150 rows go back or repeat; got row 6: 6 of 'u1' after 7; "
            "drop copies, sort rows that are only in disorder; where a counter was reset, each life needs a unit of its own; "
            "action: quarantine sets such rows aside  (recipes/lives.yaml:8)\n",
        ),
        (
            twice,
            ["~checks.forward"],
            3,
            "DataError: the cases cannot be made\n\n"
            "  cycle  must not repeat within 'unit'; got 1 row: row 6: '6'; drop the copies, or name another time or unit\n",
        ),
        (
            constant,
            [],
            3,
            "DataError: the features say what training could not teach\n\n"
            "  heat  must change in training if it changes in validation or test; "
            "got 50 in all training rows, and others in 50 rows of 76 (65.8%): row 100: 43, row 101: 46, row 102: 46; "
            "leave it out of features.sensors, or train on rows in which it changes, or say why not under split.allow.constant_in_training\n",
        ),
        (
            whole,
            ["split={use: random, reason: Rows are drawn whatever their unit., test: 0.3, validation: 0.2, stratify: false}"],
            3,
            "DataError: the split would leak from training to test\n\n"
            "  unit  must not have rows in two parts; got 6 values of 6 (100%), such as 'u1', 'u2', 'u3', 'u4', 'u5'; "
            "split by_entity on 'unit' or by_time, or leave the column out of data.roles.entities, or say why not under split.allow.shared_entity\n",
        ),
    ],
    ids=["not seen to fail", "nothing seen to fail", "cycles go back", "cycle twice", "constant in training", "unit in two parts"],
)
def test_a_bad_history_is_refused_with_its_row_and_a_remedy(
    recipe_project: Any, change: Callable[[Rows], Rows], overrides: list[str], code: int, text: str
) -> None:
    table = "\n".join(["unit,cycle,heat,running", *(",".join(map(str, row)) for row in change(readings()))])
    project = recipe_project({"recipes/lives.yaml": RECIPE, "data/readings.csv": table + "\n"})

    outcome = project.run("run", "lives", *overrides)

    assert (outcome.exit_code, outcome.stderr) == (code, text)


def test_units_of_measure_that_differ_are_refused_before_anything_is_read(recipe_project: Any) -> None:
    source = "readings: {use: csv, table: plant, path: data/readings.csv, columns: {unit: string, cycle: int64, heat: float64}}"
    data = f"""\
data:
  use: unit_tables
  table: readings
  unit: unit
  time: cycle
  histories:
    oslo: {{ends: failure, measures: {{heat: degC}}, {source}}}
    reno: {{ends: failure, measures: {{heat: degF}}, {source}}}
  roles: {{key: [unit, cycle], time: cycle, entities: [unit], label_time: ended, censored: running}}
"""
    before, after = RECIPE.partition("data:\n")[0], RECIPE[RECIPE.index("checks:") :]
    project = recipe_project({"recipes/lives.yaml": before + data + after})

    outcome = project.run("run", "lives")

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 1 problem in recipe 'lives' (no data was read)\n\n"
        "  data  heat is measured in degC in histories.oslo and in degF in histories.reno; "
        "convert one of them where it is read, and state the unit that all have then  (recipes/lives.yaml:10)\n",
    )


def test_a_quantile_that_is_looked_at_and_not_given_is_refused_before_anything_is_read(recipe_project: Any) -> None:
    project = recipe_project({"recipes/lives.yaml": RECIPE, "data/readings.csv": "unit,cycle,heat,running\n"})
    model = "model={use: similar_lives, levels: [0.1, 0.5]}"

    outcome = project.run("validate", "lives", model, "policy.level=0.2", "+metrics={order: {use: concordance, level: 0.3}}")
    sound = project.run("validate", "lives", model, "policy.level=0.1")

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 2 problems in recipe 'lives' (no data was read)\n\n"
        "  policy.level         must be a quantile that model 'similar_lives' gives; got 0.2; model.levels are 0.1, 0.5  (argument 2)\n"
        "  metrics.order.level  must be a quantile that model 'similar_lives' gives; got 0.3; model.levels are 0.1, 0.5  (argument 3)\n",
    )
    assert sound.exit_code == 0, sound.stderr
