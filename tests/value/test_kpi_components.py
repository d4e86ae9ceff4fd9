"""KPIs as recipes write them: a formula, or four cells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.catalogue import load_catalogue
from upshot.contracts.records import Kpi, Money, Spec
from upshot.contracts.tables import Map
from upshot.value.money import check_kpi, money_rows

CELLS = {"true_positive": "case", "false_positive": "case", "false_negative": "case", "true_negative": "case", "amount": "EUR"}
COST = {"cost": {"value": 5.0, "unit": "EUR/case"}}
COMMON = {"unit": "EUR", "impact": "risk_mitigation"}


def made(use: str, **params: Any) -> Kpi:
    return replace(load_catalogue().make(Spec("kpi", use, Map({**COMMON, **params}))), name="net")


def refusals(use: str, **params: Any) -> list[tuple[str, str]]:
    catalogue = load_catalogue()
    with pytest.raises(ValidationError) as refusal:
        catalogue.params_class(catalogue.find("kpi", use)).model_validate({**COMMON, **params})
    return [(".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")) for error in refusal.value.errors()]


def test_a_formula_becomes_a_kpi_with_its_parameters() -> None:
    cost = {"value": 5, "unit": "EUR/case", "low": 3, "high": 8, "owner": "operations", "source": "budget", "valid_until": "2027-12-31"}

    kpi = made("expression", expression="amount - false_positive * cost", period="year", volume=1000, parameters={"cost": cost})

    money = Money(5.0, "EUR/case", 3.0, 8.0, "operations", "budget", date(2027, 12, 31))
    assert kpi == Kpi(
        "net", "amount - false_positive * cost", "EUR", "maximize", "risk_mitigation", Map({"cost": money}), period="year", volume=1000.0
    )
    assert check_kpi(kpi, CELLS) == []


def test_cells_say_what_one_case_is_worth() -> None:
    cells = {"true_positive": "amount * 0.9 - cost", "false_positive": "-cost", "false_negative": "-amount", "true_negative": 0.25}
    rng = np.random.default_rng(1)
    flows = pd.get_dummies(pd.Series(rng.permutation(list(CELLS)[:4] * 3))).astype(float).assign(amount=rng.integers(1, 100, 12))

    kpi = made("cells", cells=cells, parameters=COST)

    worth = {
        "true_positive": lambda a: a * 0.9 - 5,
        "false_positive": lambda a: -5,
        "false_negative": lambda a: -a,
        "true_negative": lambda a: 0.25,
    }
    kinds = flows[list(CELLS)[:4]].idxmax(axis=1)
    assert money_rows(kpi, flows).tolist() == pytest.approx([worth[kind](a) for kind, a in zip(kinds, flows["amount"], strict=True)])
    assert check_kpi(kpi, CELLS) == []
    assert kpi.parameters["true_negative_worth"] == Money(0.25, "EUR/case")


def test_a_share_of_a_case_counts_as_a_share_of_its_worth() -> None:
    kpi = made("cells", cells={"true_positive": "amount - cost"}, parameters=COST)

    assert money_rows(kpi, pd.DataFrame({"true_positive": [0.5], "amount": [100.0]})).tolist() == [47.5]


def test_a_cell_of_the_wrong_unit_is_found_by_the_check_of_the_kpi() -> None:
    kpi = made("cells", cells={"true_positive": "amount - 5"})

    assert [problem.rule for problem in check_kpi(kpi, CELLS)] == [
        "subtracts 'number(true_positive) * amount' in EUR and 'number(true_positive) * 5' in 1"
    ]


def test_what_cannot_be_read_is_refused_with_its_key() -> None:
    wrong = {"min": {"value": 1.0, "unit": "1"}, "cost": {"value": 5.0, "unit": "EUR per case", "low": 6.0, "valid_until": "soon"}}

    assert refusals("expression", expression="amount ** 2", per="", parameters=wrong, volume=0.0, direction="up") == [
        ("direction", "Input should be 'maximize' or 'minimize'"),
        ("volume", "Input should be greater than 0"),
        ("parameters.min.[key]", "a parameter's name is letters, digits and _, and none of abs, clip, max, min, missing, number, where"),
        (
            "parameters.cost.unit",
            'a unit is names joined by * and /; got \'EUR per case\'; examples: "EUR", "EUR/case", "unit*day", "1"',
        ),
        ("parameters.cost.valid_until", "a day is written as 2027-12-31"),
        ("expression", "there is no power; got 'amount ** 2'; multiply instead"),
        ("per", "an expression is needed; got ''"),
    ]


@pytest.mark.parametrize(
    ("use", "params", "refusal"),
    [
        ("expression", {"expression": "a", "per": "b", "period": "year"}, ("", "a ratio (per) is not scaled: remove period and volume")),
        (
            "expression",
            {"expression": "a", "parameters": {"c": {"value": 5.0, "unit": "1", "high": 4.0}}},
            ("parameters.c", "low <= value <= high must hold: low None, value 5.0, high 4.0"),
        ),
        ("expression", {"expression": "a", "parameters": {"c": {"value": float("nan"), "unit": "1"}}}, ("parameters.c.value", "")),
        ("expression", {"expression": 5}, ("expression", "Input should be a valid string")),
        (
            "expression",
            {"expression": "a", "parameters": {"c": {"value": 5.0, "unit": "1", "valid_until": 20271231}}},
            ("parameters.c.valid_until", ""),
        ),
        ("cells", {"cells": {}}, ("", "at least one cell must be worth something")),
        ("cells", {"cells": {"true_positive": "a b"}}, ("cells.true_positive", "this cannot be read as an expression; got 'a b'")),
        ("cells", {"cells": {"true_positive": float("inf")}}, ("cells.true_positive", "a number is at most 1e+15")),
        (
            "cells",
            {"cells": {"true_positive": 3.0}, "parameters": {"true_positive_worth": {"value": 5.0, "unit": "EUR/case"}}},
            ("", "the parameter name 'true_positive_worth' is taken by the cell's own number; write it as the cell, or rename it"),
        ),
    ],
)
def test_each_fault_has_a_sentence(use: str, params: dict[str, Any], refusal: tuple[str, str]) -> None:
    ((where, sentence),) = refusals(use, **params)

    assert where == refusal[0]
    assert sentence == refusal[1] or not refusal[1]
