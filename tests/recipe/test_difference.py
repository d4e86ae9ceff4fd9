from __future__ import annotations

from typing import Any

from upshot.recipe.difference import Change, difference


def test_each_key_that_differs_is_told_in_the_order_of_recipes(bench: Any) -> None:
    changes = difference(bench.load(), bench.load("seed=7", "model.drop=[a]", "gates.auc=null", "+gates.brier={metric:brier,max:0.1}"))

    assert changes == (
        Change("~", "model.drop", [], ["a"]),
        Change("-", "gates.auc.use", old="metric"),
        Change("-", "gates.auc.min", old=0.6),
        Change("-", "gates.auc.max", old=None),
        Change("-", "gates.auc.metric", old="roc_auc"),
        Change("+", "gates.brier.use", new="metric"),
        Change("+", "gates.brier.min", new=None),
        Change("+", "gates.brier.max", new=0.1),
        Change("+", "gates.brier.metric", new="brier"),
        Change("~", "seed", 42, 7),
    )


def test_another_component_shows_what_it_brings_and_what_goes(bench: Any) -> None:
    changes = difference(bench.load(), bench.load("model=forest"))

    assert [(change.sign, change.key) for change in changes] == [
        ("~", "model.use"),
        ("~", "model.max_depth"),
        ("-", "model.rate"),
        ("-", "model.growth.leaves"),
        ("-", "model.growth.policy"),
        ("-", "model.drop"),
        ("-", "model.country"),
        ("+", "model.n_trees"),
    ]


def test_where_a_value_is_written_and_in_which_order_makes_no_difference(bench: Any) -> None:
    bench.write({"recipes/same.yaml": "defaults: [fraud]\nmodel: {country: CH, max_depth: 8, growth: {policy: loss}}\nseed: 42\n"})

    assert difference(bench.load(), bench.load(name="same")) == ()


def test_the_opposite_direction_has_the_opposite_signs(bench: Any) -> None:
    old, new = bench.load(), bench.load("+features.x={use:numeric}", "seed=1")

    assert difference(old, new) == (Change("+", "features.x.use", new="numeric"), Change("~", "seed", 42, 1))
    assert difference(new, old) == (Change("-", "features.x.use", old="numeric"), Change("~", "seed", 1, 42))
