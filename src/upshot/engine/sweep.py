"""A sweep: many points of one recipe, each an ordinary run, all composed and frozen before the first one starts.

The stages that all points share run once, before the points, so that nothing is computed twice even when points run side by side, and
so that bad data is told once. A point that fails is written down and the others go on. Going on after an interruption is the same sweep again:
what has its answer is found in the stage cache.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from os import cpu_count
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

from upshot.catalogue import Catalogue, load_catalogue
from upshot.contracts.tables import Map
from upshot.engine.inputs import Inputs
from upshot.engine.plan import Plan, PlannedStage
from upshot.engine.prove import prove
from upshot.engine.run import Engine, Watch, lease_of
from upshot.engine.state import State
from upshot.errors import Problem, RecipeError, UpshotError
from upshot.hookspecs import StageInfo
from upshot.ledger.sweeps import Sweeps, new_sweep_id
from upshot.project import Project, find_project
from upshot.recipe.outside import refuse_foreign_paths, refuse_missing_secrets
from upshot.recipe.recipe import Place, Recipe
from upshot.secrets import Secrets

POLL_SECONDS = 0.1
LOST = 8
"""Exit code of a point whose process died: the launcher's plugin did not bring it home."""


@dataclass(frozen=True)
class Point:
    """One point: its overrides, the few that tell it from the others, and the recipe that they gave when the sweep was launched."""

    number: int
    overrides: tuple[str, ...]
    label: str
    recipe: Recipe


@dataclass(frozen=True)
class Outcome:
    """What came of a point.

    Attributes:
        status: "done", "refused" by a gate, "failed", or "skipped" after another one failed.
        run: The run that holds the answer; `known` when it held it before.
        values: Stage -> digest of its value.
        error: Why it failed or was refused, in the sentences that `run` would print.
        exit_code: What `run` would have exited with.
    """

    number: int
    status: str
    seconds: float
    run: str | None = None
    known: bool = False
    values: Map[str] = field(default_factory=Map)
    error: str | None = None
    exit_code: int = 0


@dataclass(frozen=True)
class Sweep:
    """What a sweep sets out to do. `words` are the arguments without the launcher's; `repeated` counts points that stood there twice."""

    id: str
    recipe: str
    words: tuple[str, ...]
    points: tuple[Point, ...]
    repeated: int = 0
    env: str | None = None


class SweepWatch(Watch, Protocol):
    """Whoever shows how a sweep goes on; between a point's begin and end the stages are that point's."""

    def shared_begins(self, stages: Sequence[str]) -> None:
        """The stages that all points share start to run."""

    def point_begins(self, point: Point) -> None:
        """A point starts in this process."""

    def point_ends(self, point: Point, outcome: Outcome) -> None:
        """A point has its outcome."""


class Launcher(Protocol):
    """Whoever runs points side by side: our own workers, or a launcher of Hydra."""

    @property
    def jobs(self) -> int | None:
        """Points that run at a time on this machine; None where it does not say."""

    def launch(
        self, task: Callable[[Mapping[str, Any]], object], settings: Mapping[str, Any], points: Sequence[tuple[str, ...]]
    ) -> list[Exception | None]:
        """Call the task once a point, with the settings and its number under "point", and wait; for each what its process raised."""


EngineFor = Callable[[Recipe], Engine]


def compose_sweep(
    name: str,
    words: Sequence[tuple[int, str]],
    catalogue: Catalogue,
    project: Project,
    engine_for: EngineFor,
    *,
    env: str | None = None,
    jobs: int | None,
    composed: Callable[[int, int, Recipe | RecipeError], None] = lambda _done, _points, _recipe: None,
) -> Sweep:
    """Compose and prove every point.

    Args:
        name: Name of the recipe, or path of its file.
        words: The overrides, each with its number on the command line.
        catalogue: What is installed.
        project: Whose own files come first.
        engine_for: The engine with the plugins that act in a recipe.
        env: The environment that is laid over the recipe.
        jobs: Points that will run at a time on this machine, which share its cores; None for one after the other.
        composed: Told after each point how many of how many are composed, and its recipe or what is wrong with it.

    Raises:
        RecipeError: A point is wrong; the problems of all points at once.
        UsageError: The points cannot be told.
    """
    from upshot.recipe.points import compose_points, expand, told_of_points

    grid = expand(name, words, catalogue, project)
    points: list[Point] = []
    wrong: list[tuple[int, Sequence[Problem]]] = []
    for index, recipe in enumerate(compose_points(name, grid, catalogue, project, env=env)):
        composed(index + 1, len(grid.points), recipe)
        if isinstance(recipe, RecipeError):
            wrong.append((index, recipe.problems))
            continue
        try:
            refuse_missing_secrets(recipe, catalogue.secrets)
            _prove(recipe, engine_for(recipe))
        except RecipeError as error:
            wrong.append((index, error.problems))
        overrides = grid.points[index]
        points.append(Point(index + 1, overrides, grid.label(overrides), _sharing_cores(recipe, jobs, len(grid.points))))
    if wrong:
        raise told_of_points(name, grid, wrong)
    return Sweep(new_sweep_id(), name, tuple(word for _, word in words), tuple(points), grid.repeated, env)


def _prove(recipe: Recipe, engine: Engine) -> None:
    prove(recipe, engine.catalogue, engine.state.code, engine.state.files, engine.today)


def _sharing_cores(recipe: Recipe, jobs: int | None, points: int) -> Recipe:
    """The recipe with its share of the cores, where it leaves threads open and several points run at a time."""
    at_a_time = min(jobs or 1, points)
    if at_a_time < 2 or recipe.threads:
        return recipe
    threads = max(1, (cpu_count() or 1) // at_a_time)
    before = recipe.origins["threads"]
    origin = replace(before, value_text=str(threads), chain=(*before.chain, Place("sweep", f"{at_a_time} points at a time", str(threads))))
    return replace(recipe, threads=threads, origins=Map({**recipe.origins, "threads": origin}))


def _write_down(sweep: Sweep, kept: Sweeps) -> None:
    """Freeze a sweep: from here on its files may change and its points do not."""
    points = [{"overrides": list(p.overrides), "label": p.label, "recipe": p.recipe.to_json()} for p in sweep.points]
    kept.begin(
        sweep.id,
        {
            "shape": "upshot.sweep-launch/1",
            "recipe": sweep.recipe,
            "words": list(sweep.words),
            "env": sweep.env,
            "launched_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "repeated": sweep.repeated,
            "points": points,
        },
    )


def written_down(id: str, launch: Mapping[str, Any]) -> Sweep:
    """The sweep of a launch that was written down."""
    points = tuple(
        Point(number, tuple(point["overrides"]), point["label"], Recipe.from_json(point["recipe"]))
        for number, point in enumerate(launch["points"], start=1)
    )
    return Sweep(id, launch["recipe"], tuple(launch["words"]), points, launch["repeated"], launch.get("env"))


def resumed(id: str, launch: Mapping[str, Any], catalogue: Catalogue, project: Project) -> Sweep:
    """A sweep that goes on, if the project still lets it read what it reads.

    Raises:
        IntegrityError: A file of it leads out of the project.
        RecipeError: A secret of it is not given any more.
    """
    sweep = written_down(id, launch)
    for point in sweep.points:
        refuse_foreign_paths(point.recipe, project)
        refuse_missing_secrets(point.recipe, catalogue.secrets)
    return sweep


def unfinished(kept: Sweeps) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sweeps with a point that neither came through nor was refused, the newest first: id and launch."""
    for id, launch in kept.newest_first():
        outcomes = (kept.outcome(id, number) for number in range(1, len(launch["points"]) + 1))
        if any(outcome is None or outcome["status"] not in ("done", "refused") for outcome in outcomes):
            yield id, launch


def run_sweep(
    sweep: Sweep,
    kept: Sweeps,
    project: Project,
    engine_for: EngineFor,
    watch: SweepWatch,
    *,
    launcher: Launcher | None = None,
    fail_fast: bool = False,
    debug: bool = False,
) -> tuple[Outcome, ...]:
    """Run what all points share, then the points: here, one after the other, or side by side. The sweep holds the recipe's lease.

    Args:
        sweep: Composed now, or written down before.
        kept: Where each point's outcome is written.
        project: Found again by the processes of a launcher.
        engine_for: The engine with the plugins that act in a recipe.
        watch: Told what happens.
        launcher: Runs the points side by side, in processes of its own.
        fail_fast: Start no further point once one has failed.
        debug: Let an unexpected error of a point rise, with its trace.

    Raises:
        UpshotError: A stage that all points share refuses its input.
        BusyError: Another process runs the recipe; nothing is written.
    """
    first = sweep.points[0].recipe
    with engine_for(first).state.ledger.lease(lease_of(first.name), f"sweep {sweep.id}") as lease:
        if kept.launch(sweep.id) is None:
            _write_down(sweep, kept)
        kept.forget(sweep.id)
        _run_shared(sweep, engine_for, watch)
        if launcher is not None:
            return _by_launcher(sweep, kept, launcher, engine_for, project, watch, fail_fast=fail_fast)
        outcomes: list[Outcome] = []
        with engine_for(first).state.frames_held():
            for point in sweep.points:
                lease.check()
                if fail_fast and any(outcome.status == "failed" for outcome in outcomes):
                    outcome = Outcome(point.number, "skipped", 0.0)
                else:
                    watch.point_begins(point)
                    outcome = _run_point(sweep, point, engine_for(point.recipe), watch, debug=debug)
                kept.keep(sweep.id, point.number, asdict(outcome) | {"values": dict(outcome.values)})
                outcomes.append(outcome)
                watch.point_ends(point, outcome)
        return tuple(outcomes)


def _run_point(sweep: Sweep, point: Point, engine: Engine, watch: Watch, *, debug: bool) -> Outcome:
    """Run a point as `run` would; whatever goes wrong is this point's outcome."""
    engine = replace(engine, leased=True, note=Map({"sweep": sweep.id, "point": point.number}))
    started = time.monotonic()
    try:
        record = engine.run(engine.plan(point.recipe), watch)
    except UpshotError as error:
        said = f"{type(error).__name__}: {error}"
        return Outcome(point.number, "failed", time.monotonic() - started, error=said, exit_code=error.exit_code)
    except Exception as error:  # the edge of a point, as `main` is the edge of a process: the other points do not fall with it
        if debug:
            raise
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        said = f"internal error: {type(error).__name__}: {error}{notes}"
        return Outcome(point.number, "failed", time.monotonic() - started, error=said, exit_code=1)
    seconds = time.monotonic() - started
    return Outcome(point.number, record.status, seconds, record.id, record.answered_by is not None, record.values, record.refusal)


def _run_shared(sweep: Sweep, engine_for: EngineFor, watch: SweepWatch) -> None:
    """Run the stages that all points share, where they are not cached, as a run of its own."""
    first = sweep.points[0].recipe
    engine = replace(engine_for(first), leased=True, note=Map({"sweep": sweep.id, "point": None}))
    engines = [engine_for(point.recipe) for point in sweep.points[1:]]
    if not engines or any(other.use_plugins != engine.use_plugins for other in engines):
        return
    plan = engine.plan(first)
    shared = tuple(shared_stages(plan, engine, [point.recipe for point in sweep.points]))
    if len(shared) < len(plan.stages) and any(not planned.is_cached for planned in shared):
        watch.shared_begins([planned.stage.name for planned in shared])
        engine.run(replace(plan, stages=shared), watch)


def shared_stages(plan: Plan, engine: Engine, recipes: Sequence[Recipe]) -> Iterator[PlannedStage]:
    """Stages that see the same in all recipes: the same facts of their own, and results of shared stages only."""
    state, served = engine.state, plan.incumbent
    inputs = [Inputs(recipe, engine.catalogue, state.code, state.files, engine.today, served) for recipe in recipes]
    given: set[object] = set()
    for planned in plan.stages:
        own = [need for need in planned.stage.needs if inputs[0].provides(need)]
        results = {need.type for need in planned.stage.needs} - {need.type for need in own}
        facts = [[each.leaves(need) for need in own] for each in inputs] if results <= given else []
        if facts and all(fact == facts[0] for fact in facts):
            given.add(planned.stage.gives)
            yield planned


def _by_launcher(
    sweep: Sweep, kept: Sweeps, launcher: Launcher, engine_for: EngineFor, project: Project, watch: SweepWatch, *, fail_fast: bool
) -> tuple[Outcome, ...]:
    """Let a launcher run the points; each is told when its outcome is on the disk."""
    engine = engine_for(sweep.points[0].recipe)
    settings = {
        "sweep": sweep.id,
        "root": str(project.root),
        "state": str(engine.state.root),
        "use_plugins": [list(engine_for(point.recipe).use_plugins) for point in sweep.points],
        "today": engine.today.isoformat(),
        "fail_fast": fail_fast,
        "maker": json.dumps(dict(engine.maker(sweep.points[0].recipe))),  # as a text: launchers make nodes of lists
    }
    told: dict[int, Outcome] = {}
    over = Event()
    teller = Thread(target=_tell, args=(sweep, kept, watch, told, over), name="sweep outcomes")
    teller.start()
    try:
        raised = launcher.launch(launched_point, settings, [point.overrides for point in sweep.points])
    finally:
        over.set()
        teller.join()
    for point, error in zip(sweep.points, raised, strict=True):
        if point.number not in told:
            said = "its process ended without an outcome" if error is None else f"{type(error).__name__}: {error}"
            outcome = Outcome(point.number, "failed", 0.0, error=f"PluginError: the point was lost: {said}", exit_code=LOST)
            kept.keep(sweep.id, point.number, asdict(outcome) | {"values": {}})
            told[point.number] = outcome
            watch.point_ends(point, outcome)
    return tuple(told[point.number] for point in sweep.points)


def _tell(sweep: Sweep, kept: Sweeps, watch: SweepWatch, told: dict[int, Outcome], over: Event) -> None:
    """Tell of each outcome as it appears, until all are told or the launcher is over and nothing new is there."""
    while len(told) < len(sweep.points):
        last_look = over.wait(POLL_SECONDS)
        for point in sweep.points:
            found = kept.outcome(sweep.id, point.number) if point.number not in told else None
            if found is not None:
                told[point.number] = Outcome(**{**found, "values": Map(found["values"])})
                watch.point_ends(point, told[point.number])
        if last_look:
            return


class _Silent:
    """Watches a point in a worker: whoever waits is told by its outcome."""

    def stage_begins(self, planned: PlannedStage) -> None:
        """Nobody looks."""

    def stage_ends(self, stage: StageInfo) -> None:
        """Nobody looks."""


@cache
def _worker(root: str, state: str, sweep: str) -> tuple[Sweep, Sweeps, Catalogue, State]:
    """What the points of one sweep need in one worker process: read once."""
    project = find_project(Path(root), state)
    kept = Sweeps(project.state / "sweeps")
    launch = kept.launch(sweep)
    if launch is None:
        raise FileNotFoundError(kept.folder(sweep))
    found = State.of(project)
    found.hold_frames()
    return written_down(sweep, launch), kept, load_catalogue(secrets=Secrets.of(project)), found


def launched_point(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Run one point in whatever process a launcher calls it, and write its outcome.

    Args:
        settings: What `_by_launcher` says, and the number of the point.

    Returns:
        Number and status.
    """
    sweep, kept, catalogue, state = _worker(settings["root"], settings["state"], settings["sweep"])
    point = sweep.points[settings["point"] - 1]
    earlier = [kept.outcome(sweep.id, other.number) for other in sweep.points] if settings["fail_fast"] else []
    if any(outcome is not None and outcome["status"] == "failed" for outcome in earlier):
        outcome = Outcome(point.number, "skipped", 0.0)
    else:
        use = tuple(settings["use_plugins"][point.number - 1])
        maker = json.loads(settings["maker"])
        engine = Engine(catalogue, state, use, date.fromisoformat(settings["today"]), maker=lambda _: maker)
        outcome = _run_point(sweep, point, engine, _Silent(), debug=False)
    kept.keep(sweep.id, point.number, asdict(outcome) | {"values": dict(outcome.values)})
    return {"point": point.number, "status": outcome.status}


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Of a whole sweep: the first failure's; 4 when gates refused every point; else 0.

    Example:
        >>> exit_code([Outcome(1, "done", 0.1), Outcome(2, "refused", 0.1), Outcome(3, "failed", 0.1, exit_code=3)])
        3
        >>> exit_code([Outcome(1, "done", 0.1), Outcome(2, "refused", 0.1)]), exit_code([Outcome(1, "refused", 0.1)])
        (0, 4)
    """
    failed = next((outcome.exit_code for outcome in outcomes if outcome.status == "failed"), None)
    if failed is not None:
        return failed
    return 4 if all(outcome.status == "refused" for outcome in outcomes) else 0
