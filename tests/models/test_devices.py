"""GPU: used by models that can, refused for others, and never pretended where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.components import Compute
from upshot.contracts.records import Device, Seed, Threads
from upshot.engine.devices import gpus
from upshot.errors import RecipeError
from upshot.testing import RecipeProject

needs_no_gpu = pytest.mark.skipif(gpus() > 0, reason="this machine has a GPU")


@needs_no_gpu
def test_a_run_that_asks_for_a_gpu_is_refused_before_any_data_where_there_is_none(tiny: RecipeProject) -> None:
    asked = ("model=xgboost", "compute.device=gpu")

    plan, run = tiny.run("plan", "tiny", *asked), tiny.run("run", "tiny", *asked)

    assert plan.exit_code == 0, plan.stderr
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.stderr.splitlines() == [
        "RecipeError: the recipe asks for a device that is not there (no data was read)",
        "",
        "  compute.device  this machine has no GPU that its driver knows; got 'gpu'; "
        "set compute.device=cpu, or run it where there is one  (argument 2)",
    ]
    assert tiny.run("runs", "--json").json["runs"] == []


def test_a_model_that_has_no_use_for_a_gpu_is_refused_by_the_plan_with_those_that_have(tiny: RecipeProject) -> None:
    outcome = tiny.run("validate", "tiny", "compute.device=gpu")

    assert outcome.exit_code == 2
    assert "compute.device  model 'logistic_regression' is fitted on cpu only; got 'gpu'; models that can: " in outcome.stderr
    assert "lightgbm" in outcome.stderr and "xgboost" in outcome.stderr


def test_the_device_is_a_fact_of_the_training_and_recorded_with_the_run(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny", "model=lightgbm", "model.min_child_samples=2")

    plan = tiny.run("plan", "tiny", "model=lightgbm", "model.min_child_samples=2", "compute.device=gpu").stdout

    assert "train      runs because compute.device cpu -> gpu" in plan
    assert tiny.run("show", "last", "--json").json["environment"]["device"] == "cpu"
    assert "compute.device = cpu" in tiny.run("explain", "tiny", "compute.device").stdout


@needs_no_gpu
@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_a_library_that_finds_no_gpu_does_not_fall_back_in_silence(name, component, examples_of, no_history):
    X = pd.DataFrame({"a": np.arange(60.0)})
    examples = examples_of(X, [0, 1] * 30)

    with pytest.raises(RecipeError) as refused:
        component("model", name, n_estimators=2).fit(examples, None, no_history, Compute(Seed(1), Threads(1), Device("gpu")))

    assert refused.value.problems[0].where == "compute.device"


def test_an_ensemble_can_use_what_all_of_its_members_can(component):
    from upshot.contracts.tables import Map

    both = {"a": Map({"use": "xgboost"}), "b": Map({"use": "lightgbm"})}
    mixed = {**both, "c": Map({"use": "logistic_regression"})}

    assert component("model", "ensemble", members=Map(both)).devices == ("cpu", "gpu")
    assert component("model", "ensemble", members=Map(mixed)).devices == ("cpu",)
