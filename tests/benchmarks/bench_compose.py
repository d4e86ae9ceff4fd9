"""Writing recipes beside the bare import of pandas and scikit-learn: validate, explain, show, 500 recipes, a sweep's points.

usage: uv run python tests/benchmarks/bench_compose.py [PAIRS]
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from timing import PYTHON, Spent, ratio, refuse_without_bytecode, spend

IMPORTS = "import pandas, sklearn.ensemble"
RECIPES = 500
POINTS = 40


def make_recipes(folder: Path, how_many: int) -> None:
    """As many use cases, each extending the packaged one and each different."""
    (folder / "recipes").mkdir()
    for number in range(how_many):
        text = f"defaults:\n  - card_fraud\n  - _self_\n\nuse_case: {{name: case_{number}}}\nseed: {number}\n"
        path = folder / "recipes" / f"case_{number}.yaml"
        path.write_text(text)
        os.utime(path, (time.time() - 60,) * 2)  # as if edited a minute ago: younger files are read again by content


def point_milliseconds(folder: Path) -> list[float]:
    """Milliseconds of composing and checking each point of a sweep, in one process, as the sweep itself composes them."""
    from upshot import find_project, load_catalogue, load_recipe

    catalogue, project = load_catalogue(), find_project(folder)
    spent = []
    for number in range(POINTS):
        overrides = [f"model={'xgboost' if number % 2 else 'lightgbm'}", f"seed={number}", f"model.learning_rate={0.05 + number / 1000}"]
        started = time.perf_counter()
        load_recipe("card_fraud", overrides, catalogue=catalogue, project=project)
        spent.append((time.perf_counter() - started) * 1000)
    return spent[2:]  # the first ones import the components' parameter classes


def main(pairs: int) -> None:
    """Measure and print."""
    refuse_without_bytecode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeds = count(1)

        def upshot(*words: str) -> Spent:
            return spend([str(Path(PYTHON).with_name("upshot")), *words], folder)

        def bare() -> Spent:
            return spend([PYTHON, "-c", IMPORTS], folder)

        def fresh(*words: str) -> Callable[[], Spent]:
            return lambda: upshot(*words, f"seed={next(seeds)}")

        print(f"ratios to importing pandas and scikit-learn, medians of {pairs} pairs (least to most); our median wall time; peak memory")
        print(ratio("validate, never seen", fresh("validate", "card_fraud"), bare, pairs=pairs))
        print(ratio("validate, seen before", lambda: upshot("validate", "card_fraud"), bare, pairs=pairs))
        print(ratio("explain, every key", fresh("explain", "card_fraud"), bare, pairs=pairs))
        print(ratio("explain, one key", fresh("explain", "card_fraud", "model.task"), bare, pairs=pairs))
        print(ratio("show, never seen", fresh("show", "card_fraud"), bare, pairs=pairs))
        print(ratio("show, seen before", lambda: upshot("show", "card_fraud"), bare, pairs=pairs))
        print(ratio("describe model lightgbm", lambda: upshot("describe", "model", "lightgbm"), bare, pairs=pairs))
        print(ratio("schema", lambda: upshot("schema"), bare, pairs=pairs))
        spent = point_milliseconds(folder)
        print(f"composition of a sweep's point: {statistics.median(spent):.0f} ms ({min(spent):.0f} to {max(spent):.0f})")
        make_recipes(folder, RECIPES)
        whole = [upshot("validate", "--all").seconds]
        whole.append(upshot("validate", "--all").seconds)
        shutil.rmtree(folder / ".upshot")
        whole.append(upshot("validate", "--all").seconds)
        print(f"validate --all, {RECIPES} recipes: {whole[0]:.1f} s and {whole[2]:.1f} s; seen before {whole[1]:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
