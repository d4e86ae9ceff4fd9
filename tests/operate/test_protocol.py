"""What a version is measured on and by: the same project measures the same on two machines, and after an upgrade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from upshot.catalogue import load_catalogue
from upshot.contracts.tables import Map
from upshot.engine.code import CodeDigests
from upshot.engine.state import State
from upshot.operate.protocol import modern, protocol_of
from upshot.project import find_project
from upshot.recipe.compose import load_recipe
from upshot.recipe.difference import changes_between
from upshot.recipe.recipe import Recipe

CATALOGUE = load_catalogue()


def recipe_of(shop: Any, *overrides: str) -> Recipe:
    return load_recipe("tiny", overrides, catalogue=CATALOGUE, project=find_project(shop.project.root))


def test_model_features_policy_and_seed_are_the_versions_own_and_all_else_is_protocol(shop: Any) -> None:
    root = str(shop.project.root)
    plain = protocol_of(recipe_of(shop), root)

    own = recipe_of(
        shop, "model.C=9", "policy.threshold=0.1", "seed=7", "features.amount.columns=[id]", "calibration.use=sigmoid", "threads=1"
    )
    others = recipe_of(shop, "split.test_from='2026-01-19'", "kpi.saved.period=week", "data.null_values=[x]")

    assert list(changes_between(plain, protocol_of(own, root))) == []
    assert [change.key for change in changes_between(plain, protocol_of(others, root))] == [
        "data.null_values",
        "split.test_from",
        "kpi.saved.period",
    ]


def test_files_are_named_relative_to_the_project_wherever_it_lies(shop: Any) -> None:
    recipe = recipe_of(shop)
    elsewhere = Map({**recipe.nodes["data"].params, "path": "/home/ada/shop/data/cases.csv"})
    moved = replace(
        recipe, nodes=Map({**recipe.nodes, "data": replace(recipe.nodes["data"], params=elsewhere, inputs=(elsewhere["path"],))})
    )

    here, there = protocol_of(recipe, str(shop.project.root)), protocol_of(moved, "/home/ada/shop")

    assert here["data"]["path"] == "data/cases.csv"
    assert here == there


def test_a_parameter_that_came_with_an_upgrade_has_its_default_in_what_was_measured_before(shop: Any) -> None:
    now = protocol_of(recipe_of(shop), str(shop.project.root))
    before = {**now, "data": {key: value for key, value in now["data"].items() if key != "append_only"}}
    unknown = {**now, "split": {"use": "by_moon", "phase": 3}}

    assert list(changes_between(modern(before, CATALOGUE), now)) == []
    assert modern(unknown, CATALOGUE)["split"] == {"use": "by_moon", "phase": 3}


def test_the_code_of_the_champions_components_is_a_fact_of_the_plan(shop: Any) -> None:
    shop.train()
    shop.deploy(1)
    state = State(shop.project.root / ".upshot")
    from upshot.engine.champion import incumbent

    leaves = incumbent(recipe_of(shop), state, CATALOGUE).leaves(CodeDigests(shop.project.root / "code.json"))

    assert list(leaves) == [
        "champion",
        "champion.calibration.code",
        "champion.features/amount.code",
        "champion.model.code",
        "champion.policy.code",
    ]
