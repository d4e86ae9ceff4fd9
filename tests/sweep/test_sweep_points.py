"""Which points the overrides of a sweep mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from upshot.catalogue import load_catalogue
from upshot.errors import UsageError
from upshot.project import Project
from upshot.recipe.points import Grid, compose_points, expand

ROOT = Path(__file__).parents[2]
MODELS = sorted(path.stem for path in (ROOT / "conf/model").glob("*.yaml"))


def grid_of(*words: str) -> Grid:
    project = Project(ROOT, ROOT / ".upshot")
    return expand("card_fraud", list(enumerate(words, start=1)), load_catalogue(), project)


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("seed=1,2,1", ["seed=1", "seed=2"]),
        ("seed=range(1,4)", ["seed=1", "seed=2", "seed=3"]),
        ("model.learning_rate=range(0.1,0.4,0.1)", ["model.learning_rate=0.1", "model.learning_rate=0.2", "model.learning_rate=0.3"]),
        ("seed=range(3,0,-1)", ["seed=3", "seed=2", "seed=1"]),
        ("model=glob(xgb*,exclude=[*_aft])", ["model=xgboost"]),
        ("seed=sort(3,1,2)", ["seed=1", "seed=2", "seed=3"]),
        ("a='x, y','z'", ["a='x, y'", "a='z'"]),
        ("a=[1,2],[3]", ["a=[1,2]", "a=[3]"]),
        ("a={b:1},null,true", ["a={b:1}", "a=null", "a=True"]),
        ("+gates.g.min=1,2", ["+gates.g.min=1", "+gates.g.min=2"]),
        ("++seed=tag(fast,choice(1,2))", ["++seed=1", "++seed=2"]),
        ("~gates.brier", ["~gates.brier"]),
        ("a='b,c'", ["a='b,c'"]),
    ],
)
def test_every_sweep_of_the_grammar_becomes_single_values(word: str, values: list[str]) -> None:
    assert [point[0] for point in grid_of(word).points] == values


def test_the_first_argument_varies_slowest_and_arguments_keep_their_order() -> None:
    grid = grid_of("seed=1,2", "threads=1", "model=xgboost,lightgbm")

    assert grid.points == (
        ("seed=1", "threads=1", "model=xgboost"),
        ("seed=1", "threads=1", "model=lightgbm"),
        ("seed=2", "threads=1", "model=xgboost"),
        ("seed=2", "threads=1", "model=lightgbm"),
    )
    assert [grid.label(point) for point in grid.points] == [
        "seed=1 model=xgboost",
        "seed=1 model=lightgbm",
        "seed=2 model=xgboost",
        "seed=2 model=lightgbm",
    ]


def test_a_shuffled_sweep_has_the_same_order_each_time() -> None:
    shuffled = grid_of("seed=shuffle(range(1,10))").points

    assert shuffled == grid_of("seed=shuffle(range(1,10))").points
    assert sorted(shuffled) == list(grid_of("seed=range(1,10)").points) != list(shuffled)


def test_a_repeated_point_is_counted_and_left_out() -> None:
    grid = grid_of("seed=1,2,1", "threads=1,2")

    assert (len(grid.points), grid.repeated) == (4, 2)


def test_all_sweeps_that_have_no_points_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        grid_of(
            "model.learning_rate=interval(0.01,0.3)",
            "seed=range(5,1)",
            "model=glob(zz*)",
            "seed=glob(*)",
            "threads=range(1,10**9)",
            "threads=range(1,1000000000)",
        )

    assert str(caught.value) == (
        "the points of the sweep cannot be told (no data was read)\n"
        "\n"
        "  model.learning_rate  an interval needs an optimiser to choose its points, and none is installed;"
        " got model.learning_rate=interval(0.01,0.3); write values: model.learning_rate=0.01,0.3 or"
        " model.learning_rate=range(0.01,0.3,STEP)  (argument 1)\n"
        "  seed                 the range is empty: its stop is left out; got seed=range(5,1); write seed=range(1,5,1)  (argument 2)\n"
        "  model                the glob matches no choice; got model=glob(zz*);"
        f" options: {', '.join(MODELS)}  (argument 3)\n"
        "  seed                 a glob chooses among a group's files, and this is no group; got seed=glob(*);"
        " write values: seed=A,B  (argument 4)\n"
        "  threads              a range may have 10,000 values, and this one has 999,999,999; got threads=range(1,1000000000);"
        " take a wider step  (argument 6)"
    )


def test_too_many_points_are_refused_before_they_are_made() -> None:
    with pytest.raises(UsageError) as caught:
        grid_of("seed=range(0,10000)", "threads=range(1,10000)")

    assert [problem.sentence() for problem in caught.value.problems] == [
        "may have 10,000 points; got 99,990,000; take fewer values, or sweep in parts"
    ]


def test_points_are_the_recipes_that_single_runs_compose() -> None:
    from upshot.recipe.compose import load_recipe

    catalogue, project = load_catalogue(), Project(ROOT, ROOT / ".upshot")
    grid = grid_of("model=xgboost,lightgbm", "seed=1,2", "model.max_depth=4,5", "~gates.calibration")

    composed = list(compose_points("card_fraud", grid, catalogue, project))

    assert composed == [load_recipe("card_fraud", point, catalogue=catalogue, project=project) for point in grid.points]
    assert len({recipe.digest for recipe in composed if not isinstance(recipe, Exception)}) == 8
