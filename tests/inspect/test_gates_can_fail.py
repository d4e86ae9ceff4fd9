"""Every kind of gate passes on the sound world and fails on one whose input was doctored; nothing is then registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from tests.inspect.conftest import applications

from upshot.testing import RecipeProject

Doctor = Callable[[list[list[str]]], None]


class Case(NamedTuple):
    """A gate with what it needs, and what makes it fail: the data doctored, or another override."""

    kind: str
    gate: str
    overrides: tuple[str, ...]
    doctor: Doctor | None
    told: str
    instead: tuple[str, ...] = ()


def in_test(row: list[str]) -> bool:
    return row[1] >= "2026-01-17"


def amounts_are_negative(rows: list[list[str]]) -> None:
    for row in rows[:10]:
        row[4] = "-1"


def the_world_is_the_other_way_round(rows: list[list[str]]) -> None:
    for row in filter(in_test, rows):
        row[6] = str(1 - int(row[6]))


def group_b_is_the_other_way_round(rows: list[list[str]]) -> None:
    for row in rows:
        if in_test(row) and row[2] == "b":
            row[6] = "1" if row[3] == "0" else "0"


def all_of_group_b_have_the_flag(rows: list[list[str]]) -> None:
    for row in rows:
        if in_test(row) and row[2] == "b":
            row[3] = "1"


def the_other_column_is_the_one_that_tells(rows: list[list[str]]) -> None:
    for row in rows:
        row[3], row[5] = "0", row[3]


CASES = [
    Case(
        "data quality",
        "{max_quarantined_share: 0.01}",
        ("+checks.amounts={columns: {amount: {min: 0.01}}, action: quarantine}",),
        amounts_are_negative,
        "share of rows set aside <= 0.01: the value is 0.05208",
    ),
    Case(
        "metric",
        "{metric: accuracy, min: 0.7}",
        (),
        the_world_is_the_other_way_round,
        "accuracy >= 0.7: all of 0.25 [0.25, 0.25] misses it",
    ),
    Case("KPI", "{kpi: saved, min: 15}", (), the_world_is_the_other_way_round, "saved >= 15: all of 6 [6, 6] misses it"),
    Case(
        "against baseline",
        "{kpi: saved, against: rule, min_gain: 0}",
        ("+baselines.rule={when: \"sex == 'a' and flag == 1\"}",),
        group_b_is_the_other_way_round,
        "saved gain over rule >= 0: all of -4 [-4, -4] misses it",
    ),
    Case(
        "slice",
        "{slice: by_sex, measure: accuracy, min: 0.4}",
        ("+slices.by_sex={by: [sex], min_cases: 10}",),
        group_b_is_the_other_way_round,
        "by_sex: accuracy >= 0.4: worst of 2, sex = b: all of 0 [0, 0] misses it",
    ),
    Case(
        "fairness",
        "{slice: sex, measure: demographic_parity, max: 0.3}",
        ("+slices.sex={protected: [sex], min_cases: 10}",),
        all_of_group_b_have_the_flag,
        "sex: demographic parity <= 0.3: all of 0.75 [0.75, 0.75] misses it",
    ),
    Case(
        "calibration",
        "{metric: calibration_error, max: 0.2}",
        ("+metrics.calibration_error={}",),
        the_world_is_the_other_way_round,
        "calibration_error <= 0.2: all of ",
    ),
    Case(
        "robustness",
        "{probe: missing, measure: lost.value, entry: without other, max: 1}",
        ("+probes.missing={use: missing_columns, metrics: []}", "features.flag.impute=zero", "features.other.impute=zero"),
        the_other_column_is_the_one_that_tells,
        "missing: value lost <= 1: without other: all of 18 [18, 18] misses it",
    ),
    Case(
        "latency",
        "{probe: latency, measure: p50, max: 60000}",
        ("+probes.latency={calls: 72}",),
        None,
        "latency: p50 <= 0.001: one row a call: all of ",
        ("gates.asked.max=0.001",),
    ),
    Case(
        "artefact size",
        "{probe: artefact_size, measure: total, max: 0.05}",
        ("+probes.artefact_size={}",),
        None,
        "artefact_size: total <= 0.05: the value is ",
        ("model.n_estimators=300", "model.learning_rate=0.01"),
    ),
    Case(
        "drivers",
        "{probe: permutation, measure: lost.accuracy, entry: other, max: 0.01}",
        ("+probes.permutation={}",),
        the_other_column_is_the_one_that_tells,
        "permutation: accuracy lost <= 0.01: other: all of ",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_a_gate_of_each_kind_passes_sound_input_and_fails_doctored_input(loans: RecipeProject, case: Case) -> None:
    overrides = ("~gates.worth_it", f"+gates.asked={case.gate}", *case.overrides)

    sound = loans.run("run", "loans", *overrides, "--json")
    if case.doctor is not None:
        head, *rows = [line.split(",") for line in applications().splitlines()]
        case.doctor(rows)
        loans.write("data/loans.csv", "\n".join(map(",".join, [head, *rows])) + "\n")
    doctored = loans.run("run", "loans", *overrides, *case.instead, "--json")

    assert (sound.exit_code, sound.stderr) == (0, "")
    assert outcome(sound.json) == "PASS"
    assert (doctored.exit_code, outcome(doctored.json), doctored.json["version"]) == (4, "FAIL", None)
    head, empty, told = doctored.stderr.splitlines()
    assert (head, empty) == ("GateError: 1 of 1 gates failed; no version is registered", "")
    assert told.removeprefix("  gates.asked  ").startswith(case.told), told


def outcome(document: dict[str, Any]) -> str:
    (verdict,) = document["gates"]
    return str(verdict["outcome"])
