"""Every extension point, in call order.

Three kinds, told apart by the verb: `register_*` offers things (all answers are joined), `decide_*` answers a question (the first
answer counts), `before_*`, `after_*` and `on_*_error` watch and return nothing. Installed means offered:
`register_components` and `register_config` act when a recipe names what they offer; stages and watchers act only for plugins that
the project file or the recipe lists under `use_plugins`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from upshot.contracts.components import Component
    from upshot.contracts.records import Evaluation, ModelVersion, Valuations, Verdicts
    from upshot.contracts.tables import Map

PROJECT_NAME = "upshot"
hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


@dataclass(frozen=True)
class RunInfo:
    """What a watcher may know of a run: identity, recipe, where it writes."""

    id: str
    recipe: str
    recipe_digest: str
    state: Path


@dataclass(frozen=True)
class StageInfo:
    """One stage of a run. `digest` is that of its value, None before it has one; `seconds` by the monotonic clock."""

    name: str
    key: str
    digest: str | None = None
    cached: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Promotion:
    """An answer to `decide_promotion`: whether the candidate may be served, and why; the reason is journalled."""

    is_granted: bool
    reason: str


@hookspec
def register_components() -> Sequence[Component]:
    """Offer components: sources, features, models, policies and all other kinds.

    Called: once, when the catalogue is loaded; before any recipe is read.
    Answers: joined. Two components with one kind and name stop the start and name both distributions.

    Example:
        >>> @hookimpl
        ... def register_components():
        ...     return [Component("model", "mean", params="my.mean:MeanParams", make="my.mean:Mean", sentence="Predicts the mean.")]
    """
    return ()


@hookspec
def register_config() -> Sequence[Path]:
    """Offer folders of named choices, laid out as `conf/` (`model/mean.yaml`), with recipes in a subfolder `recipes/`.

    Called: once, when the catalogue is loaded.
    Answers: joined in the order of the distributions' names; the project's own files come before them, the packaged ones after.

    Example:
        >>> @hookimpl
        ... def register_config():
        ...     return [Path(__file__).parent / "conf"]
    """
    return ()


@hookspec
def register_stages() -> Sequence[Any]:
    """Offer stages: typed functions, placed in the lifecycle by what they need and give.

    Called: when a plan is made, for the plugins in `use_plugins`.
    Answers: joined. A stage whose need no earlier stage gives is refused before anything runs.

    Example:
        >>> def profile(checked: Checked) -> Profile: ...
        >>> @hookimpl
        ... def register_stages():
        ...     return [profile]
    """
    return ()


@hookspec
def before_run(run: RunInfo) -> None:
    """Watch a run begin.

    Called: once per run in which something runs, before its first stage.
    Answers: none. Listed plugins only.

    Example:
        >>> @hookimpl
        ... def before_run(run):
        ...     print(run.id)
    """


@hookspec
def before_stage(run: RunInfo, stage: StageInfo) -> None:
    """Watch a stage begin.

    Called: before each stage that runs; not for cached ones.
    Answers: none. Listed plugins only.

    Example:
        >>> @hookimpl
        ... def before_stage(stage):
        ...     print(stage.name)
    """


@hookspec
def after_stage(run: RunInfo, stage: StageInfo, value: object) -> None:
    """Watch a stage end; `value` is what it gave, to be read and not changed.

    Called: after each stage that ran, when its value is stored and recorded.
    Answers: none. Listed plugins only.

    Example:
        >>> @hookimpl
        ... def after_stage(stage, value):
        ...     print(stage.name, stage.seconds)
    """


@hookspec
def on_stage_error(run: RunInfo, stage: StageInfo, error: BaseException) -> None:
    """Watch a stage fail; the error goes on its way afterwards.

    Called: when a stage raises, before the run is recorded as failed.
    Answers: none. Listed plugins only.

    Example:
        >>> @hookimpl
        ... def on_stage_error(stage, error):
        ...     print(stage.name, error)
    """


@hookspec
def after_run(run: RunInfo, status: str, values: Map[str]) -> None:
    """Watch a run end, well or not.

    Called: once per run in which something ran, after its record is closed. `status` is "done", "refused" or "failed"; `values`
    maps each stage that has a value to its digest.
    Answers: none. Listed plugins only.

    Example:
        >>> @hookimpl
        ... def after_run(run, status):
        ...     print(run.id, status)
    """


@hookspec(firstresult=True)
def decide_promotion(
    candidate: ModelVersion,
    champion: ModelVersion | None,
    environment: str,
    verdicts: Verdicts,
    evaluation: Evaluation,
    valuations: Valuations,
) -> Promotion | None:
    """Say whether a version becomes the champion of an environment.

    It can only refuse what gates, waivers and approvals have let through; nothing that it answers replaces one of them.

    Called: by `upshot promote`, once gates, waivers and approvals allow the promotion, before anything is changed; not by `rollback`.
    Answers: the first listed plugin that does not return None decides; the built-in rule answers last (`trylast`) and grants.

    Args:
        candidate: The registered version.
        champion: What the environment serves now; None for the first.
        environment: Its name.
        verdicts: Of the environment's gates, on the recorded evidence.
        evaluation: Scores of the candidate on its test rows.
        valuations: Money of the candidate, the baselines and, where it could be played, the champion on the same rows.

    Example:
        >>> @hookimpl
        ... def decide_promotion(environment, valuations):      # take only the arguments you need
        ...     gain = valuations.by_kpi[valuations.objective].gain.get("champion")
        ...     if environment == "prod" and gain is not None and gain.value < 1000:
        ...         return Promotion(False, reason="not worth a change of what is served")
    """
