"""`upshot sweep`: many points of one recipe, and how they stand beside each other."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from upshot.cli.context import Context, add_as, add_json, add_recipe
from upshot.cli.text import columns, duration, interval, number
from upshot.contracts.components import Component
from upshot.contracts.records import Measured
from upshot.engine.leaderboard import Measure, Standing, measure_of, ranked, remarks, standing
from upshot.engine.plan import PlannedStage
from upshot.engine.sweep import Launcher, Outcome, Point, Sweep, compose_sweep, exit_code, resumed, run_sweep, unfinished
from upshot.engine.workers import Workers
from upshot.errors import GateError, Problem, RecipeError, UsageError, printable
from upshot.hookspecs import StageInfo
from upshot.ledger.codec import Codec
from upshot.ledger.sweeps import Sweeps
from upshot.recipe.recipe import Recipe
from upshot.report.words import spoken

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


LABEL_WIDTH = 60
MANY = 50
"""Points from which on composing them takes a second or more."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_recipe(parser)
    add_as(parser)
    add_json(parser)
    parser.epilog = (
        "Several values make points, all combinations of them: model=xgboost,lightgbm 'seed=range(1,4)' 'model=glob(*boost*)'.\n"
        "Points run one after the other, each with the threads of its recipe; with --jobs N so many run side by side and share the cores.\n"
        "hydra/launcher=joblib hydra.launcher.n_jobs=2 lets an installed launcher of Hydra run them."
    )
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="points that run at a time (default: 1)")
    parser.add_argument("--by", metavar="NAME", help="rank by this metric or KPI (default: the objective)")
    parser.add_argument("--fail-fast", action="store_true", help="start no further point once one has failed")
    parser.add_argument("--resume", action="store_true", help="go on with the last sweep of the same words that did not come to its end")


def execute(arguments: argparse.Namespace) -> int:
    """Compose every point, run them, print the leaderboard."""
    context = Context.of(arguments)
    words = list(enumerate(arguments.overrides, start=1))
    kept = Sweeps(context.state.root / "sweeps")
    with _launcher(arguments.jobs, [word for word in words if _is_launcher(word[1])], context) as launcher:
        own = [word for word in words if not _is_launcher(word[1])]
        if arguments.resume:
            sweep = _resumed(arguments.recipe, [word for _, word in own], arguments.env, kept, context)
        else:
            sweep = _composed(arguments, own, context, launcher)
        measure = measure_of(arguments.by, sweep.points)
        if isinstance(launcher, Workers):
            launcher.prepare(_components([point.recipe for point in sweep.points], context))
        watch = _watch(sweep, measure, context.state.codec(context.catalogue.revive), quiet=arguments.json)
        try:
            with watch:
                outcomes = run_sweep(
                    sweep,
                    kept,
                    context.project,
                    context.engine,
                    watch,
                    launcher=launcher,
                    fail_fast=arguments.fail_fast,
                    debug=arguments.debug,
                )
        except KeyboardInterrupt:
            _say_how_to_go_on(arguments, len(watch.standings), len(sweep.points))
            raise
    standings = ranked([watch.standings[point.number] for point in sweep.points], measure)
    notes = remarks(standings, sweep.repeated)
    print(json.dumps(document(sweep, measure, standings, notes), indent=1) if arguments.json else render(sweep, measure, standings, notes))
    return _closing(outcomes, standings)


def _composed(arguments: argparse.Namespace, words: Sequence[tuple[int, str]], context: Context, launcher: Launcher | None) -> Sweep:
    """All points, composed. Where workers will run them, these load what the first point needs while the others are still composed."""

    def told(done: int, points: int, recipe: Recipe | RecipeError) -> None:
        if isinstance(launcher, Workers) and isinstance(recipe, Recipe):
            launcher.prepare(_components([recipe], context))
        if points > MANY and sys.stderr.isatty():
            print(f"\rcomposing {done:,} of {points:,} points" if done < points else "\r\x1b[K", end="", file=sys.stderr, flush=True)

    jobs = None if launcher is None else launcher.jobs
    return compose_sweep(
        arguments.recipe, words, context.catalogue, context.project, context.engine, env=arguments.env, jobs=jobs, composed=told
    )


def _is_launcher(word: str) -> bool:
    """Whether an argument is about Hydra's launcher; told without importing Hydra."""
    key = word.lstrip("+").partition("=")[0]
    return key in ("hydra/launcher", "hydra.launcher") or key.startswith("hydra.launcher.")


@contextmanager
def _launcher(jobs: int, words: Sequence[tuple[int, str]], context: Context) -> Iterator[Launcher | None]:
    """Who runs points side by side: our own workers, the launcher that the words name, or nobody. Only words make Hydra's plugins looked for.

    Raises:
        UsageError: There are both, or no job at all.
    """
    if jobs < 1:
        raise UsageError("the command line is wrong", [Problem("--jobs", "must be at least 1", str(jobs))])
    if jobs > 1 and words:
        hint = "leave one of them out; a launcher has its own setting, such as hydra.launcher.n_jobs"
        raise UsageError("the command line is wrong", [Problem("--jobs", "is of our own workers, not of a launcher", words[0][1], hint)])
    if not words:
        yield Workers(jobs) if jobs > 1 else None
        return
    from upshot.recipe.launch import hydra_launcher

    with hydra_launcher(words, context.state.root / "tmp" / "launcher") as launcher:
        yield launcher


def _components(recipes: Iterable[Recipe], context: Context) -> list[Component]:
    """All that the recipes name."""
    nodes = {(node.kind, node.use) for recipe in recipes for node in recipe.every_node()}
    return [context.catalogue.find(kind, use) for kind, use in sorted(nodes)]


def _resumed(name: str, words: list[str], env: str | None, kept: Sweeps, context: Context) -> Sweep:
    """The last unfinished sweep of this recipe and these words, as it was launched.

    Raises:
        UsageError: There is none; names those that there are.
    """
    waiting = list(unfinished(kept))
    for id, launch in waiting:
        if (launch["recipe"], launch["words"], launch.get("env")) == (name, words, env):
            print(
                f"sweep {id} of {launch['launched_at'][:19].replace('T', ' ')} UTC goes on with its {len(launch['points'])} points as they were then",
                file=sys.stderr,
            )
            return resumed(id, launch, context.catalogue, context.project)
    others = "; ".join(
        shlex.join(["upshot", "sweep", launch["recipe"], *launch["words"], *_env(launch.get("env"))]) for _, launch in waiting[:5]
    )
    hint = f"unfinished are: {others}" if others else "every sweep here came to its end: leave --resume out to start one"
    raise UsageError("there is nothing to resume", [Problem("--resume", "no unfinished sweep has this recipe and these words", None, hint)])


def _env(name: str | None) -> list[str]:
    return [] if name is None else [f"--env={name}"]


def _say_how_to_go_on(arguments: argparse.Namespace, done: int, points: int) -> None:
    flags = [*([f"--by={arguments.by}"] if arguments.by else []), *([f"--jobs={arguments.jobs}"] if arguments.jobs > 1 else [])]
    flags += _env(arguments.env)
    command = shlex.join(["upshot", "sweep", arguments.recipe, *arguments.overrides, *flags, "--resume"])
    print(f"\nthe sweep stopped after {done} of {points} points; go on with\n  {command}", file=sys.stderr)


def _closing(outcomes: Sequence[Outcome], standings: Sequence[Standing]) -> int:
    code = exit_code(outcomes)
    if code == GateError.exit_code and not any(outcome.status == "failed" for outcome in outcomes):
        sys.stdout.flush()
        print(f"GateError: a gate refused every point; {standings[0].outcome.error}", file=sys.stderr)
    return code


class Told:
    """Keeps every point's standing, and tells a failure at once."""

    def __init__(self, sweep: Sweep, measure: Measure, codec: Codec) -> None:
        self.sweep, self.measure, self.codec = sweep, measure, codec
        self.standings: dict[int, Standing] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to close."""

    def shared_begins(self, stages: Sequence[str]) -> None:
        """The stages that all points share start to run."""

    def point_begins(self, point: Point) -> None:
        """A point starts in this process."""

    def stage_begins(self, planned: PlannedStage) -> None:
        """A stage starts to run."""

    def stage_ends(self, stage: StageInfo) -> None:
        """A stage has its value."""

    def point_ends(self, point: Point, outcome: Outcome) -> None:
        """Keep where it stands; a failure is told."""
        self.standings[point.number] = standing(point, outcome, self.measure, self.codec)
        if outcome.status == "failed":
            self.failed(f"point {point.number}, {printable(point.label)}: {outcome.error}")

    def failed(self, text: str) -> None:
        """Write a failure where errors go."""
        print(text, file=sys.stderr, flush=True)


class Lines(Told):
    """One line a point, for logs and pipes."""

    def shared_begins(self, stages: Sequence[str]) -> None:
        """Say what runs before the points."""
        self.line(f"{'shared':<{self._width}}  {' '.join(stages)}")

    def point_ends(self, point: Point, outcome: Outcome) -> None:
        """Say how it came out."""
        super().point_ends(point, outcome)
        measured = self.standings[point.number].measured
        shown = f"{amount(measured, self.measure)} {interval(measured)}".strip() if measured else ""
        took = "known" if outcome.known else duration(outcome.seconds)
        cells = (place(point, self.sweep), clipped(point.label).ljust(self._labels), outcome.status.ljust(7), took.ljust(9), shown)
        self.line("  ".join(cells).rstrip())

    def line(self, text: str) -> None:
        """Write a line."""
        print(text, flush=True)

    @property
    def _width(self) -> int:
        return len(place(self.sweep.points[-1], self.sweep))

    @property
    def _labels(self) -> int:
        return max(len(clipped(point.label)) for point in self.sweep.points)


class Live(Lines):
    """The lines above a bar with the point and stage that run, and the time that is left at this pace."""

    def __enter__(self) -> Self:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

        parts = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._progress: Progress = Progress(*parts, transient=True)
        self._task: TaskID = self._progress.add_task("", total=len(self.sweep.points))
        self._at = "shared"
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Clear the bar."""
        self._progress.stop()

    def point_begins(self, point: Point) -> None:
        """Name the point."""
        self._at = clipped(point.label)
        self._progress.update(self._task, description=self._at)

    def stage_begins(self, planned: PlannedStage) -> None:
        """Name the stage."""
        self._progress.update(self._task, description=f"{self._at}  {planned.stage.name}")

    def point_ends(self, point: Point, outcome: Outcome) -> None:
        """Write its line above the bar."""
        super().point_ends(point, outcome)
        self._progress.advance(self._task)

    def line(self, text: str) -> None:
        """Write a line above the bar."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def failed(self, text: str) -> None:
        """Write a failure above the bar."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True, style="red")


def _watch(sweep: Sweep, measure: Measure, codec: Codec, *, quiet: bool) -> Told:
    """The right way to show a sweep's progress on this output."""
    if quiet:
        return Told(sweep, measure, codec)
    return Live(sweep, measure, codec) if sys.stdout.isatty() and sys.stderr.isatty() else Lines(sweep, measure, codec)


def place(point: Point, sweep: Sweep) -> str:
    """Which of how many, aligned."""
    count = str(len(sweep.points))
    return f"{point.number:>{len(count)}}/{count}"


def clipped(label: str) -> str:
    """A label short enough for a line."""
    text = printable(label)
    return text if len(text) <= LABEL_WIDTH else f"{text[: LABEL_WIDTH - 3]}..."


def amount(measured: Measured, measure: Measure) -> str:
    """A measured value with its unit; a gain with its sign."""
    sign = "+" if measure.against and measured.value > 0 else ""
    unit = f"{measured.unit} " if measure.is_kpi else ""
    return f"{unit}{sign}{number(measured.value)}"


def render(sweep: Sweep, measure: Measure, standings: Sequence[Standing], notes: Sequence[str]) -> str:
    """The leaderboard as text."""
    rows = []
    for rank, entry in enumerate(standings, start=1):
        measured, outcome = entry.measured, entry.outcome
        shown = (amount(measured, measure), interval(measured)) if measured else ("", "")
        version = f"{entry.version.name} {entry.version.number}" if entry.version else outcome.status
        rows.append((str(rank) if entry.is_ranked else "", clipped(entry.point.label), *shown, _gates(entry), version, outcome.run or ""))
    head = ("", "point", heading(measure), "95 % interval", "gates", "version", "run")
    return "\n" + "\n\n".join([columns([head, *rows]), *notes, f"sweep   {sweep.id}"])


def heading(measure: Measure) -> str:
    """What the column of values holds.

    Example:
        >>> heading(Measure("savings", True, "current_rule", "year")), heading(Measure("brier", False))
        ('savings a year, gain over the current rule', 'brier')
    """
    period = f" a {measure.period}" if measure.period else ""
    return f"{measure.name}{period}" + (f", gain over {spoken(measure.against)}" if measure.against else "")


def _gates(entry: Standing) -> str:
    if entry.verdicts is None:
        return ""
    counts = (
        (entry.verdicts.count("PASS"), "pass"),
        (entry.verdicts.count("FAIL"), "fail"),
        (entry.verdicts.count("INCONCLUSIVE"), "open"),
    )
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def document(sweep: Sweep, measure: Measure, standings: Sequence[Standing], notes: Sequence[str]) -> dict[str, object]:
    """The sweep as one JSON document of shape `upshot.sweep/1`, points in the order of the leaderboard."""
    return {
        "shape": "upshot.sweep/1",
        "sweep": sweep.id,
        "recipe": sweep.recipe,
        "words": list(sweep.words),
        "by": {"name": measure.name, "kind": "kpi" if measure.is_kpi else "metric", "against": measure.against, "period": measure.period},
        "points": [_point(rank, entry) for rank, entry in enumerate(standings, start=1)],
        "winner": standings[0].point.number if standings[0].is_ranked else None,
        "notes": list(notes),
    }


def _point(rank: int, entry: Standing) -> dict[str, object]:
    outcome, version, verdicts = entry.outcome, entry.version, entry.verdicts
    return {
        "rank": rank if entry.is_ranked else None,
        "point": entry.point.number,
        "overrides": list(entry.point.overrides),
        "status": outcome.status,
        "run": outcome.run,
        "known": outcome.known,
        "seconds": outcome.seconds,
        "measured": _plain(asdict(entry.measured)) if entry.measured else None,
        "metrics": {name: _plain(found.value) for name, found in entry.evaluation.metrics.items()} if entry.evaluation else {},
        "gates": {verdict.gate: verdict.outcome for verdict in verdicts.verdicts} if verdicts else {},
        "version": {"name": version.name, "number": version.number} if version else None,
        "error": outcome.error,
        "exit_code": outcome.exit_code,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and value != value else value
