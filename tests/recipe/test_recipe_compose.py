from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from upshot.contracts.tables import Map, thaw
from upshot.recipe.compose import show
from upshot.recipe.recipe import Recipe


def test_every_default_is_filled_in_and_higher_layers_win(bench: Any) -> None:
    recipe = bench.load("model.rate=0.1")

    assert thaw(recipe.nodes["model"].params) == {
        "max_depth": 8,
        "rate": 0.1,
        "growth": {"leaves": 31, "policy": "loss"},
        "drop": [],
        "country": "CH",
    }
    assert (recipe.nodes["labels"].use, recipe.nodes["calibration"].use) == ("column", "none")
    assert (recipe.seed, recipe.threads, recipe.objective) == (42, 0, "saved")


@pytest.mark.parametrize(
    ("overrides", "key", "value"),
    [
        (["model.growth.leaves=5"], ("growth", "leaves"), 5),  # stated nowhere: only a component default
        (["+model.growth.leaves=5"], ("growth", "leaves"), 5),
        (["++model.max_depth=9"], ("max_depth",), 9),
        (["model.drop=[a,'b c']"], ("drop",), ("a", "b c")),
        (["model.country=NO"], ("country",), "NO"),
        (["model.max_depth=3", "model.max_depth=4"], ("max_depth",), 4),
        (["~model.max_depth"], ("max_depth",), 6),
        (["model.growth={leaves:7}"], ("growth",), Map({"leaves": 7, "policy": "loss"})),
        (["model=forest"], ("n_trees",), 100),
        (["~model", "+model.use=forest"], ("n_trees",), 100),
    ],
)
def test_the_override_grammar_reaches_every_legal_key(bench: Any, overrides: list[str], key: tuple[str, ...], value: Any) -> None:
    found: Any = bench.load(*overrides).nodes["model"].params
    for part in key:
        found = found[part]

    assert found == value


def test_entries_of_maps_can_be_added_changed_and_removed(bench: Any) -> None:
    recipe = bench.load("gates.auc.min=0.7", "gates.worth=null", "+gates.brier={metric:brier,max:0.1}", "metrics.roc_auc={}")

    gates = {name: thaw(node.params) for name, node in recipe.groups["gates"].items()}
    assert gates == {"auc": {"min": 0.7, "max": None, "metric": "roc_auc"}, "brier": {"min": None, "max": 0.1, "metric": "brier"}}
    assert recipe.groups["metrics"]["roc_auc"].use == "roc_auc"
    assert recipe.groups["features"] == Map()


def test_values_point_at_other_values_even_at_component_defaults(bench: Any) -> None:
    pointers = [
        "seed=${model.growth.leaves}",
        "model.country=${use_case.problem}-${seed}",
        "gates.auc.min=${.metric}",
        "gates.auc.metric=0.5",
    ]

    recipe = bench.load(*pointers[:2], "kpi.saved.unit=${.expression}")

    assert recipe.seed == 31
    assert recipe.nodes["model"].params["country"] == "classification-31"
    assert recipe.groups["kpi"]["saved"].params["unit"] == "blocked - reviews"
    assert recipe.groups["gates"]["worth"].params["kpi"] == "saved"


def test_a_whole_node_may_point_at_another(bench: Any) -> None:
    recipe = bench.load("+gates.again=${gates.auc}", "gates.auc.min=0.9")

    assert recipe.groups["gates"]["again"] == recipe.groups["gates"]["auc"]


def test_a_recipe_extends_a_recipe(bench: Any) -> None:
    bench.write({"recipes/deeper.yaml": "defaults: [fraud, {override model: forest}, _self_]\nuse_case: {name: deeper}\nseed: 1\n"})

    recipe = bench.load("split.test=0.5", name="deeper")

    assert (recipe.name, recipe.use_case.name, recipe.use_case.problem) == ("deeper", "deeper", "classification")
    assert (recipe.nodes["model"].use, recipe.seed, recipe.nodes["split"].params["test"]) == ("forest", 1, 0.5)


def test_a_group_file_may_fill_the_whole_recipe(bench: Any) -> None:
    bench.write({"conf/preset/quick.yaml": "# @package _global_\nseed: 5\nmodel: {max_depth: 2}\n"})

    recipe = bench.load("+preset=quick")

    assert (recipe.seed, recipe.nodes["model"].params["max_depth"]) == (5, 2)


def test_aliases_and_merge_keys_mean_what_yaml_says(bench: Any) -> None:
    bench.write({"conf/kpi/two.yaml": "a: &a {expression: x, unit: USD}\nb: *a\nc: {<<: *a, unit: CHF}\n"})

    recipe = bench.load("+kpi=two")

    assert [(name, node.params["unit"]) for name, node in recipe.groups["kpi"].items()] == [
        ("saved", "EUR"),
        ("a", "USD"),
        ("b", "USD"),
        ("c", "CHF"),
    ]
    assert str(recipe.origins["kpi.b.unit"].chain[-1]) == "conf/kpi/two.yaml:2"


def test_files_are_absolute_and_listed_as_inputs(bench: Any) -> None:
    bench.project = replace(bench.project, allowed=("/b", str(bench.project.root.parent)))

    recipe = bench.load("data.more=[a/*.csv,/b/b.csv,'s3://bucket/x.csv']", "data.lookup='file://../up.csv'", "data.types={path: string}")

    root = bench.project.root
    node = recipe.nodes["data"]
    assert node.inputs == (
        str(root / "data/cards.csv"),
        str(root / "a/*.csv"),
        "/b/b.csv",
        "s3://bucket/x.csv",
        str(root.parent / "up.csv"),
    )
    assert (node.params["path"], node.params["more"], node.params["lookup"]) == (node.inputs[0], node.inputs[1:4], node.inputs[4])
    assert thaw(node.params["types"]) == {"path": "string"}


def test_dates_stay_text_that_reads_back(bench: Any) -> None:
    from tiny_components import SplitParams

    recipe = bench.load("split.test_from=2025-03-01")

    assert recipe.nodes["split"].params["test_from"] == "2025-03-01"
    assert SplitParams.model_validate(thaw(recipe.nodes["split"].params)).test_from == date(2025, 3, 1)


def test_a_shown_recipe_reads_back_as_the_same_recipe(bench: Any) -> None:
    recipe = bench.load("model.drop=[x]", "threads=3")

    bench.write({"recipes/fraud.yaml": show(recipe)})

    assert bench.load().digest == recipe.digest
    assert show(recipe).index("data:") < show(recipe).index("model:") < show(recipe).index("gates:")


def test_a_recipe_survives_json_and_is_immutable(bench: Any) -> None:
    recipe = bench.load("model.drop=[x]")

    again = Recipe.from_json(recipe.to_json())

    assert again == recipe
    assert hash(again.nodes) == hash(recipe.nodes)
    assert again.digest == recipe.digest != bench.load().digest


def test_the_digest_does_not_ask_where_a_value_was_written(bench: Any) -> None:
    assert bench.load("model.max_depth=8", "seed=42").digest == bench.load().digest


def test_composition_is_reentrant_and_leaves_nothing_behind(bench: Any) -> None:
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.singleton import Singleton

    bench.load()
    before = (Path.cwd(), dict(os.environ), sorted(bench.project.root.rglob("*")), {k: vars(v) for k, v in Singleton._instances.items()})

    with ThreadPoolExecutor(4) as pool:
        depths = list(pool.map(lambda n: bench.load(f"model.max_depth={n}").nodes["model"].params["max_depth"], range(1, 13)))

    async def within_a_loop() -> str:
        return bench.load().digest

    assert depths == list(range(1, 13))
    assert asyncio.run(within_a_loop()) == bench.load().digest
    after = (Path.cwd(), dict(os.environ), sorted(bench.project.root.rglob("*")), {k: vars(v) for k, v in Singleton._instances.items()})
    assert after == before
    assert not GlobalHydra.instance().is_initialized()
