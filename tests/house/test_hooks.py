"""Every hook, called for real: one test each, one that pins the order of all calls, and what happens to plugins that are wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PathDistribution, entry_points, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from upshot.catalogue import Catalogue, load_catalogue
from upshot.contracts.components import Component
from upshot.contracts.records import Verdicts
from upshot.engine.plan import PlannedStage
from upshot.engine.run import Engine, RunRecord
from upshot.engine.state import State
from upshot.errors import DataError, GateError, IntegrityError, PluginError
from upshot.hookspecs import Promotion, RunInfo, StageInfo, hookimpl
from upshot.project import find_project
from upshot.recipe.compose import list_recipes, load_recipe
from upshot.testing import RecipeProject

ASSETS = Path(__file__).parents[1] / "assets"
BUILT_IN = next(point for point in entry_points(group="upshot") if point.name == "upshot")
STAGES = [
    "ingest",
    "validate",
    "label",
    "split",
    "featurize",
    "train",
    "calibrate",
    "predict",
    "decide",
    "play",
    "value",
    "evaluate",
    "inspect",
    "gate",
    "register",
]


class Nothing:
    def stage_begins(self, planned: PlannedStage) -> None:
        pass

    def stage_ends(self, stage: StageInfo) -> None:
        pass


@dataclass
class House:
    """A project, and plugins made by the test beside the built-ins."""

    project: RecipeProject
    modules: dict[str, ModuleType] = field(default_factory=dict)

    def plugin(self, name: str, **hooks: Any) -> ModuleType:
        """A plugin with these functions as its hooks, found by entry point."""
        module = ModuleType(f"upshot_test_{name}")
        for hook, function in hooks.items():
            setattr(module, hook, hookimpl(function))
        self.modules[name] = sys.modules[module.__name__] = module
        self.distribution(name, module.__name__)
        return module

    def distribution(self, name: str, module: str) -> None:
        """What an installer would leave behind."""
        self.project.write(f"site/upshot_{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: upshot-{name}\nVersion: 1.0\n")
        self.project.write(f"site/upshot_{name}-1.0.dist-info/entry_points.txt", f"[upshot]\n{name} = {module}\n")

    def catalogue(self) -> Catalogue:
        found = [PathDistribution(folder) for folder in sorted((self.project.root / "site").iterdir())]
        return load_catalogue(lambda: [BUILT_IN, *(point for distribution in found for point in distribution.entry_points)])

    def run(self, *overrides: str, use: Sequence[str] = ()) -> RunRecord:
        catalogue = self.catalogue()
        recipe = load_recipe("tiny", overrides, catalogue=catalogue, project=find_project(self.project.root))
        engine = Engine(catalogue, State(self.project.root / ".upshot"), tuple(use))
        return engine.run(engine.plan(recipe), Nothing())


@pytest.fixture
def house(tiny: RecipeProject) -> Iterator[House]:
    house = House(tiny)
    yield house
    for module in house.modules.values():
        del sys.modules[module.__name__]


def entry(name: str, kind: str = "metrics") -> Component:
    where = "upshot.components.metrics.accuracy:Accuracy"
    return Component(kind, name, params=f"{where}Params", make=where, sentence="Share of right answers.")


def test_hook_register_components(house: House) -> None:
    house.plugin("rightness", register_components=lambda: [entry("rightness")])

    catalogue = house.catalogue()

    assert catalogue.find("metrics", "rightness") == entry("rightness")
    assert catalogue.provider("metrics", "rightness").name == "rightness"


def test_hook_register_config(house: House, tmp_path: Path) -> None:
    choice, recipe = tmp_path / "conf" / "model" / "strict.yaml", tmp_path / "conf" / "recipes" / "theirs.yaml"
    for file in (choice, recipe):
        file.parent.mkdir(parents=True)
    choice.write_text("# Small coefficients\nuse: logistic_regression\nC: 0.25\n")
    recipe.write_text(house.project.root.joinpath("recipes/tiny.yaml").read_text())
    house.plugin("strict", register_config=lambda: [tmp_path / "conf"])

    catalogue, project = house.catalogue(), find_project(house.project.root)

    composed = load_recipe("theirs", ["model=strict"], catalogue=catalogue, project=project)
    assert "theirs" in [found.name for found in list_recipes(catalogue, project)]
    assert composed.nodes["model"].params["C"] == 0.25


def test_hook_register_stages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ASSETS / "upshot-house-style" / "src")
    profile = import_module("upshot_house_style.profile").profile
    house.plugin("sharing", register_stages=lambda: [profile])

    record = house.run(use=["sharing"])

    assert [stage.name for stage in record.stages] == [*STAGES[:4], "profile", *STAGES[4:]]


def test_hook_before_run(house: House) -> None:
    heard: list[RunInfo] = []

    def before_run(run: RunInfo) -> None:
        heard.append(run)

    house.plugin("ear", before_run=before_run)

    record = house.run(use=["ear"])
    house.run(use=["ear"])  # a repeat, in which nothing runs

    assert [(run.id, run.recipe, run.state) for run in heard] == [(record.id, "tiny", house.project.root / ".upshot")]


def test_hook_before_stage(house: House) -> None:
    heard: list[StageInfo] = []

    def before_stage(stage: StageInfo) -> None:
        heard.append(stage)

    house.plugin("ear", before_stage=before_stage)
    house.run(use=["ear"])
    heard.clear()

    record = house.run("policy.threshold=0.4", use=["ear"])

    ran = [stage for stage in record.stages if not stage.cached]
    assert heard == [StageInfo(stage.name, stage.key) for stage in ran]
    assert ran[0].name == "decide"


def test_hook_after_stage(house: House) -> None:
    heard: list[tuple[StageInfo, object]] = []

    def after_stage(stage: StageInfo, value: object) -> None:
        heard.append((stage, value))

    house.plugin("ear", after_stage=after_stage)

    record = house.run(use=["ear"])

    assert [stage for stage, _ in heard] == list(record.stages)
    verdicts = next(value for stage, value in heard if stage.name == "gate")
    assert isinstance(verdicts, Verdicts)
    assert [verdict.outcome for verdict in verdicts.verdicts] == ["PASS", "PASS"]


def test_hook_on_stage_error(house: House) -> None:
    heard: list[tuple[str, BaseException]] = []

    def on_stage_error(stage: StageInfo, error: BaseException) -> None:
        heard.append((stage.name, error))

    house.plugin("ear", on_stage_error=on_stage_error)

    with pytest.raises(DataError) as caught:
        house.run("features.amount.columns=[amont]", use=["ear"])

    assert heard == [("featurize", caught.value)]


def test_hook_after_run(house: House) -> None:
    heard: list[tuple[str, int]] = []

    def after_run(status: str, values: dict[str, str]) -> None:
        heard.append((status, len(values)))

    house.plugin("ear", after_run=after_run)

    house.run(use=["ear"])
    house.run("gates.worth_it.min_gain=5000", use=["ear"])
    with pytest.raises(DataError):
        house.run("features.amount.columns=[amont]", use=["ear"])

    assert heard == [("done", 15), ("refused", 14), ("failed", 4)]


def deployable(house: House) -> House:
    """The house with one environment that asks for nothing, and a version that could go there."""
    recipe = (house.project.root / "recipes/tiny.yaml").read_text()
    house.project.write("recipes/tiny.yaml", recipe + "env: {live: {}}\n")
    house.run()
    return house


def promoted(house: House, number: int, *use: str) -> Any:
    """Promote as the command does, with the plugins of the test."""
    from datetime import UTC, datetime

    from upshot.identity import Person
    from upshot.operate.acts import promote
    from upshot.operate.standing import Standing
    from upshot.operate.target import target_of

    catalogue, project = house.catalogue(), find_project(house.project.root)
    recipe = load_recipe("tiny", env="live", catalogue=catalogue, project=project)
    target = target_of("tiny", recipe, number, state=State(house.project.root / ".upshot"), catalogue=catalogue, project=project)
    standing = Standing(target, datetime.now(UTC).date())
    return promote(standing, Person("ops", "said", "ops@here"), use_plugins=use, force=False, reason=None, expected="any")


def test_hook_decide_promotion(house: House) -> None:
    asked: list[tuple[str, int, int | None, str, float]] = []

    def decide_promotion(candidate: Any, champion: Any, environment: str, verdicts: Verdicts, evaluation: Any, valuations: Any) -> Any:
        served = None if champion is None else champion.number
        worth = valuations.by_kpi["saved"].per_period["candidate"].value
        asked.append((candidate.name, candidate.number, served, environment, worth))
        assert [verdict.outcome for verdict in verdicts.verdicts] == ["PASS", "PASS"]
        assert evaluation.rows == 16
        return Promotion(candidate.number != 2, "two is unlucky") if candidate.number < 3 else None

    house.plugin("judge", decide_promotion=decide_promotion)
    deployable(house)
    house.run("model.C=2")
    house.run("model.C=3")

    granted = promoted(house, 1, "judge")
    with pytest.raises(GateError) as caught:
        promoted(house, 2, "judge")
    unanswered = promoted(house, 3, "judge")

    assert [ask[:4] for ask in asked] == [("tiny", 1, None, "live"), ("tiny", 2, 1, "live"), ("tiny", 3, 1, "live")]
    assert asked[0][4] == pytest.approx(120.5)
    assert (granted.decision.reason, granted.row.terms["decision"]) == ("two is unlucky", "two is unlucky")
    assert str(caught.value) == "tiny@2 is not promoted to live\n\n  decide_promotion  a plugin in use refuses; two is unlucky"
    assert unanswered.decision.reason == "all that the environment asks for is there"  # the built-in rule answers last
    assert [row.number for row in State(house.project.root / ".upshot").ledger.environments.promotions("tiny")] == [1, 3]


def test_the_first_listed_plugin_that_answers_decides_a_promotion(house: House) -> None:
    for name in ("adam", "zoe"):
        house.plugin(name, decide_promotion=lambda name=name: Promotion(True, name))
    house.plugin("mute", decide_promotion=lambda: None)
    deployable(house)
    house.run("model.C=2")

    assert promoted(house, 1, "mute", "zoe", "adam").decision.reason == "zoe"
    assert promoted(house, 2).decision.reason == "all that the environment asks for is there"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: True, "a plugin breaks a hook's contract\n\n  hook decide_promotion  must answer a Promotion, or None; got bool"),
        (
            lambda: 1 / 0,
            "plugin 'odd' of upshot-odd 1.0 failed in a hook\n\n  hook decide_promotion  must not raise; got ZeroDivisionError: division by zero",
        ),
    ],
    ids=["wrong answer", "raises"],
)
def test_a_plugin_that_decides_wrongly_changes_nothing(house: House, answer: Any, told: str) -> None:
    house.plugin("odd", decide_promotion=answer)
    deployable(house)

    with pytest.raises(PluginError) as caught:
        promoted(house, 1, "odd")

    ledger = State(house.project.root / ".upshot").ledger
    assert (caught.value.exit_code, str(caught.value)) == (8, told)
    assert ledger.environments.promotions("tiny") == ()
    assert ledger.leases() == ()


def test_all_hooks_of_a_run_are_called_in_one_order_plugin_by_plugin_as_listed(house: House) -> None:
    calls: list[str] = []

    def ear(name: str) -> dict[str, Any]:
        def register_components() -> list[Component]:
            calls.append(f"{name}.register_components")
            return []

        def register_config() -> list[Path]:
            calls.append(f"{name}.register_config")
            return []

        def register_stages() -> list[Any]:
            calls.append(f"{name}.register_stages")
            return []

        def before_run(run: RunInfo) -> None:
            calls.append(f"{name}.before_run")

        def before_stage(stage: StageInfo) -> None:
            calls.append(f"{name}.before_stage {stage.name}")

        def after_stage(stage: StageInfo) -> None:
            calls.append(f"{name}.after_stage {stage.name}")

        def on_stage_error(stage: StageInfo) -> None:
            calls.append(f"{name}.on_stage_error {stage.name}")

        def after_run(status: str) -> None:
            calls.append(f"{name}.after_run {status}")

        return {name: function for name, function in locals().items() if callable(function)}

    for name in ("zoe", "adam"):
        house.plugin(name, **ear(name))

    house.run("gates.worth_it.min_gain=5000", use=["zoe", "adam"])

    both = ("zoe", "adam")
    offered = [f"{name}.{hook}" for name in ("adam", "zoe") for hook in ("register_components", "register_config")]
    around = [f"{n}.{when}_stage {stage}" for stage in STAGES[:-1] for when in ("before", "after") for n in both]
    refused = [f"{n}.{hook} register" for hook in ("before_stage", "on_stage_error") for n in both]
    heard = [call for call in calls if not call.endswith("register_stages")]
    assert heard == [*offered, *(f"{n}.before_run" for n in both), *around, *refused, *(f"{n}.after_run refused" for n in both)]
    planned = [call for call in calls if call.endswith("register_stages")]
    assert planned[:2] == ["zoe.register_stages", "adam.register_stages"]


def test_a_misspelt_hook_names_the_distribution_and_the_nearest_hook(house: House) -> None:
    house.plugin("hasty", before_stge=lambda stage: None)

    with pytest.raises(PluginError) as caught:
        house.catalogue()

    assert str(caught.value) == (
        "plugin 'hasty' of upshot-hasty 1.0 has a hook that does not fit\n\n"
        "  hook before_stge  there is no such hook; did you mean 'before_stage'?"
    )  # fmt: skip


def test_two_components_with_one_name_stop_the_start_and_name_both_distributions(house: House) -> None:
    house.plugin("copycat", register_components=lambda: [entry("accuracy")])

    with pytest.raises(IntegrityError) as caught:
        house.catalogue()

    assert caught.value.exit_code == 5
    assert str(caught.value) == (
        "two plugins offer one component; uninstall one of them\n\n  metrics accuracy  offered by upshot "
        f"{version('upshot')} and by upshot-copycat 1.0"
    )


def test_a_plugin_that_cannot_be_imported_or_asked_does_not_stop_the_others(house: House) -> None:
    def register_components() -> list[Component]:
        raise RuntimeError("no licence")

    house.plugin("sound", register_components=lambda: [entry("rightness")])
    house.plugin("greedy", register_components=register_components)
    house.distribution("lost", "upshot_test_lost")

    catalogue = house.catalogue()

    assert [plugin.name for plugin in catalogue.plugins] == ["upshot", "sound"]
    assert [(broken.name, broken.distribution, broken.reason) for broken in catalogue.broken] == [
        ("greedy", "upshot-greedy", "RuntimeError: no licence"),
        ("lost", "upshot-lost", "ModuleNotFoundError: No module named 'upshot_test_lost'"),
    ]


@pytest.mark.parametrize(("hook", "stages"), [("before_run", 0), ("before_stage", 0), ("after_stage", 1), ("after_run", 15)])
def test_a_watcher_that_raises_is_named_and_the_run_is_closed(house: House, hook: str, stages: int) -> None:
    def raising(run: RunInfo) -> None:
        raise RuntimeError("no network")

    house.plugin("quiet", **{hook: lambda run: None})
    house.plugin("loud", **{hook: raising})

    with pytest.raises(PluginError) as caught:
        house.run(use=["quiet", "loud"])

    assert (caught.value.exit_code, str(caught.value)) == (
        8,
        f"plugin 'loud' of upshot-loud 1.0 failed in a hook\n\n  hook {hook}  must not raise; got RuntimeError: no network",
    )
    (run,) = State(house.project.root / ".upshot").ledger.runs()
    assert run.status == ("done" if hook == "after_run" else "failed")
    assert len(State(house.project.root / ".upshot").ledger.stages(run.id)) == stages


def test_a_plugin_in_use_that_is_not_installed_is_told_with_the_nearest_name(house: House) -> None:
    house.plugin("watcher")

    with pytest.raises(PluginError) as caught:
        house.run(use=["wather"])

    assert str(caught.value) == (
        "a plugin in use_plugins is not available\n\n  use_plugins  no such plugin; got 'wather'; did you mean 'watcher'? options: upshot, watcher"
    )
