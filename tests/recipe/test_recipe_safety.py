from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from upshot.errors import IntegrityError, RecipeError

HOSTILE_FILES = {
    "target": "use: boost\n_target_: os.system\n",
    "nested": "use: boost\ngrowth: {_partial_: true}\n",
    "in a list": "use: boost\ndrop: [{_args_: [1]}]\n",
    "quoted": 'use: boost\n"_targ\\x65t_": os.system\n',
    "logging factory": 'use: boost\ngrowth: {"()": os.system}\n',
    "dotted key": "use: boost\na._target_: x\n",
    "hydra key": "use: boost\nhydra: {searchpath: [/tmp]}\n",
    "hydra choice": "defaults: [{override hydra/launcher: joblib}]\nuse: boost\n",
    "hydra package": "# @package hydra\nuse: boost\n",
    "python tag": "use: !!python/object/apply:os.system ['touch pwned']\n",
    "path tag": "use: !!python/object/apply:pathlib.Path [a]\n",
    "then broken": "use: !!python/name:os.system\na: [\n",
    "environment": "use: boost\ncountry: ${oc.env:HOME}\n",
    "environment in a choice": "defaults: [{/split: '${oc.env:HOME}'}]\nuse: boost\n",
    "way out": "defaults: [{/model: ../../../secret}]\nuse: boost\n",
}


@pytest.mark.parametrize("text", HOSTILE_FILES.values(), ids=HOSTILE_FILES.keys())
def test_a_hostile_file_is_refused_with_exit_code_5(bench: Any, text: str) -> None:
    bench.write({"conf/model/boost.yaml": text})

    with pytest.raises(IntegrityError) as caught:
        bench.load()

    assert caught.value.exit_code == 5
    assert not list(bench.project.root.rglob("pwned"))


@pytest.mark.parametrize(
    "override",
    [
        "model._target_=os.system",
        "+_target_=os.system",
        "model={use:boost,_partial_:true}",
        "model={growth:{_convert_:all}}",
        "hydra.searchpath=[/tmp]",
        "+hydra.run.dir=x",
        "hydra/launcher=joblib",
        "+model@hydra=boost",
        "~hydra",
        "model=../../secret",
        "seed=${oc.env:HOME}",
        "model={country:'${oc.env:HOME}'}",
        "model.country='a ${oc.env:HOME,x} b'",
    ],
)
def test_a_hostile_override_is_refused_with_exit_code_5(bench: Any, override: str) -> None:
    with pytest.raises(IntegrityError):
        bench.load(override)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)),
            "100,000 values",
        ),
        ("a: " + "[" * 3000 + "]" * 3000, "64 levels deep"),
        ("a: " + "x" * 2_100_000, "2,000,000 bytes"),
        ("a: [" + "1," * 100_001 + "]", "100,000 values"),
    ],
    ids=["aliases", "depth", "size", "values"],
)
def test_a_file_without_measure_is_refused_within_a_second(bench: Any, text: str, rule: str) -> None:
    bench.load()
    bench.write({"conf/model/boost.yaml": text})

    began = time.process_time()
    with pytest.raises(RecipeError, match=rule):
        bench.load()

    assert time.process_time() - began < 1


def test_a_resolver_of_somebody_else_in_this_process_is_never_called(bench: Any) -> None:
    from omegaconf import OmegaConf

    called: list[str] = []
    OmegaConf.register_new_resolver("spy", called.append)
    try:
        bench.write({"recipes/x.yaml": "defaults: [fraud, {override model: '${spy:a}'}]\n"})
        for overrides in (["seed=${spy:b}"], ["model=${spy:c}"], ["seed='${oc.select:${spy:d}}'"], ["model={rate:${spy:e}}"]):
            with pytest.raises(RecipeError, match="spy"):
                bench.load(*overrides)
        with pytest.raises(RecipeError, match="spy"):
            bench.load(name="x")
        bench.write({"conf/model/boost.yaml": "use: '${spy:f}'\nrate: ${spy:g}\ncountry: ${model.rate}\n"})
        with pytest.raises(RecipeError, match="spy"):
            bench.load()
    finally:
        OmegaConf.clear_resolver("spy")

    assert called == []


def test_refusing_imports_no_component_and_no_heavy_library(bench: Any) -> None:
    before = set(sys.modules)

    with pytest.raises(IntegrityError):
        bench.load("model._target_=antigravity.fly")

    assert not {name for name in set(sys.modules) - before if name.partition(".")[0] in ("antigravity", "pandas", "sklearn")}
