"""Run: walk the plan once, reuse what is known, run what is not, and remember both.

The heart is one loop. Whatever happens, the run is closed in the ledger: done, refused by a gate, failed or interrupted; a process
that is killed leaves an open run and whole receipts, and the next run goes on from them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from upshot.catalogue import Catalogue
from upshot.contracts.components import Incumbent, Lake, Registry
from upshot.contracts.records import ModelVersion, Snapshot
from upshot.contracts.tables import Map, freeze
from upshot.engine.blame import blamed
from upshot.engine.champion import ServedVersion, incumbent
from upshot.engine.devices import require_device
from upshot.engine.environment import environment
from upshot.engine.inputs import Inputs, library_version
from upshot.engine.interrupts import interrupt_in
from upshot.engine.memory import shortage
from upshot.engine.plan import Plan, PlannedStage, digest_of, key_of, make_plan, stage_leaves
from upshot.engine.registry import LedgerRegistry
from upshot.engine.state import State
from upshot.engine.threads import budget
from upshot.engine.watchers import Watchers
from upshot.errors import DataError, GateError, Problem, UpshotError
from upshot.hookspecs import RunInfo, StageInfo
from upshot.ledger.codec import Codec
from upshot.ledger.receipts import Receipt
from upshot.recipe.recipe import Recipe

if TYPE_CHECKING:
    from upshot.engine.log import RunLog
    from upshot.ledger.leases import Lease
    from upshot.ledger.ledger import RunRow


@dataclass(frozen=True)
class RunRecord:
    """What a run did. `values` maps each stage that has a result to the digest of its value; `refusal` is a gate's sentence.

    `answered_by` names the run that already held the whole answer, when nothing had to run.
    """

    id: str
    recipe: str
    status: str
    stages: tuple[StageInfo, ...]
    values: Map[str]
    seconds: float
    refusal: str | None = None
    answered_by: str | None = None


class Watch(Protocol):
    """Whoever shows progress."""

    def stage_begins(self, planned: PlannedStage) -> None:
        """A stage starts to run."""

    def stage_ends(self, stage: StageInfo) -> None:
        """A stage has its value, by running or from the cache."""


@dataclass
class Engine:
    """Everything that a run needs besides its plan.

    Args:
        catalogue: What is installed.
        state: The state folder.
        use_plugins: Plugins whose stages and watchers act.
        today: The day on which assumptions may have expired.
        leased: The caller holds the lease of the recipe, as a sweep does for all its points; a run takes it itself when False.
        note: What else stands in the summary of each run, as the sweep and the point that it belongs to.
        registry: Makes the service by which a run publishes a version: of state, catalogue and run.
        is_watched: Whether plugins are told what happens; a replay goes by in silence.
        champion: Finds what a recipe's candidate is held against, of recipe, state and catalogue.
        maker: Says who runs this recipe, and who wrote it, as it is written down; nobody when left out.
    """

    catalogue: Catalogue
    state: State
    use_plugins: tuple[str, ...] = ()
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    leased: bool = False
    note: Map[Any] = field(default_factory=Map)
    registry: Callable[[State, Catalogue, str], Registry] = LedgerRegistry
    is_watched: bool = True
    champion: Callable[[Recipe, State, Catalogue], ServedVersion] = incumbent
    maker: Callable[[Recipe], Mapping[str, Any]] = field(default=lambda _: {})

    def plan(self, recipe: Recipe) -> Plan:
        """Plan a sound recipe."""
        served = self.champion(recipe, self.state, self.catalogue)
        return make_plan(recipe, self.catalogue, self.state, use_plugins=self.use_plugins, today=self.today, incumbent=served)

    def codec(self, plan: Plan) -> Codec:
        """Loads the values of a plan's stages."""
        return self.state.codec(self.catalogue.revive, tuple(planned.stage.gives for planned in plan.stages))

    def run(self, plan: Plan, watch: Watch) -> RunRecord:
        """Carry out a plan.

        Raises:
            UpshotError: A stage refuses its input; recorded as failed.
            RecipeError: It asks for a GPU, and there is none; nothing is recorded.
            BusyError: Another process runs this recipe; nothing is recorded.
        """
        answer = self.state.receipts.answer(plan.digest) if plan.digest is not None else None
        if answer is not None and (answer["status"] == "refused" or not plan.to_run):
            for planned in plan.stages:
                if planned.receipt is not None:
                    self.state.receipts.touch(planned.receipt.key)
            return _known(plan, answer)
        require_device(plan)
        return _Run(self, plan, watch).carry_out()


def lease_of(recipe: str) -> str:
    """Name of the lease under which a recipe is run, so that two runs of it never mix.

    Example:
        >>> lease_of("card_fraud")
        'recipe card_fraud'
    """
    return f"recipe {recipe}"


def _known(plan: Plan, answer: Mapping[str, Any]) -> RunRecord:
    """The record of a run that already holds the answer; no database is opened."""
    cached = [planned for planned in plan.stages if planned.receipt is not None]
    stages = tuple(StageInfo(p.stage.name, p.receipt.key, p.receipt.value, cached=True) for p in cached if p.receipt)
    values = Map({stage.name: stage.digest for stage in stages if stage.digest})
    return RunRecord(answer["run"], plan.recipe.name, answer["status"], stages, values, 0.0, answer["refusal"], answer["run"])


class _Run:
    """One run in progress."""

    def __init__(self, engine: Engine, plan: Plan, watch: Watch) -> None:
        self.engine, self.plan, self.watch = engine, plan, watch
        self.state, self.recipe = engine.state, plan.recipe
        self.codec = engine.codec(plan)
        self.inputs = Inputs(self.recipe, engine.catalogue, self.state.code, self.state.files, engine.today, plan.incumbent)
        self.watchers = Watchers(engine.catalogue, engine.use_plugins if engine.is_watched else ())
        self.digests: dict[object, str] = {}
        self.values: dict[object, Any] = {}
        self.stages: list[StageInfo] = []
        self.keys: list[str] = []
        self.lease: Lease | None = None
        self.data: dict[str, Any] | None = None

    def carry_out(self) -> RunRecord:
        """The run, under the recipe's lease."""
        row, ledger = self._row(), self.state.ledger
        if self.engine.leased:
            ledger.begin_run(row)
            return self._work(row.id)
        with ledger.alone(row, lease_of(self.recipe.name)) as self.lease:
            return self._work(row.id)

    def _work(self, run: str) -> RunRecord:
        from upshot.engine.log import RunLog, log_of

        self.log: RunLog
        with RunLog(log_of(self.state.root, run), self.engine.catalogue.secrets.hide) as self.log:
            return self._logged(run)

    def _logged(self, run: str) -> RunRecord:
        started = time.monotonic()
        self.info = RunInfo(run, self.recipe.name, self.recipe.digest, self.state.root)
        registry = self.engine.registry(self.state, self.engine.catalogue, run)
        self.services: dict[type, object] = {Lake: self.state.lake, Registry: registry, Incumbent: self.plan.incumbent}
        status, failure = "failed", None
        try:
            self.log.write("run", f"{run} of recipe {self.recipe.name} begins with {self.inputs.threads} threads")
            self.watchers.tell("before_run", run=self.info)
            for planned in self.plan.stages:
                if self.lease is not None:
                    self.lease.check()
                self._stage(planned)
            status = "done"
        except GateError as error:
            status, failure = "refused", str(error)
        except (KeyboardInterrupt, BrokenPipeError):  # whoever read our progress has gone, as after `| head`
            status = "interrupted"
            raise
        except Exception as error:
            failure = str(error) if isinstance(error, UpshotError) else f"{type(error).__name__}: {error}"
            raise
        finally:
            record = self._close(run, status, failure, time.monotonic() - started)
        return record

    def _close(self, run: str, status: str, failure: str | None, seconds: float) -> RunRecord:
        """Write down how it ended, then tell the watchers."""
        self._finish(run, status, failure, seconds)
        self.log.write("run", f"ends: {status} after {seconds:.3f} s")
        self.state.code.remember()
        self.state.files.remember()
        values = Map({stage.name: stage.digest for stage in self.stages if stage.digest})
        record = RunRecord(run, self.recipe.name, status, tuple(self.stages), values, seconds, failure)
        if status in ("done", "refused"):
            self._keep_answer(record)
        self.watchers.tell("after_run", run=self.info, status=status, values=values)
        return record

    def _row(self) -> RunRow:
        from upshot.ledger.ledger import RunRow, new_run_id, now

        recipe = self.recipe
        config: Map[Any] = freeze(recipe.stated().to_json())
        threads = self.inputs.threads
        person = Map(self.engine.maker(recipe))
        version = library_version("upshot")
        return RunRow(new_run_id(), recipe.name, recipe.digest, now(), version, recipe.seed, threads, config, person=person)

    def _finish(self, run: str, status: str, refusal: str | None, seconds: float) -> None:
        from upshot.ledger.ledger import StageRow

        ledger = self.state.ledger
        for position, stage in enumerate(self.stages):
            ledger.add_stage(StageRow(run, position, stage.name, stage.key, stage.digest, stage.cached, stage.seconds))
        version = self.values.get(ModelVersion)
        summary: dict[str, Any] = {"seconds": seconds, "version": None if version is None else f"{version.name} {version.number}"}
        champion = self.plan.incumbent.champion
        served = None if champion.environment is None else {key: getattr(champion, key) for key in ("environment", "version", "record")}
        summary |= {"data": self.data, "environment": self._environment(), "champion": served, **self.engine.note}
        ledger.finish_run(run, status, summary, refusal, lease=self.lease)

    def _stage(self, planned: PlannedStage) -> None:
        stage = planned.stage
        leaves = stage_leaves(stage, self.inputs, self.digests)
        key = key_of(stage, leaves)
        self.keys.append(key)
        receipt = planned.receipt if planned.key == key and planned.receipt else self.state.receipts.find(key)
        if receipt is None:
            receipt = self._compute(planned, key, leaves)
        else:
            self.log.write(stage.name, "is cached")
            self.stages.append(StageInfo(stage.name, key, receipt.value, cached=True))
            self.state.receipts.point(self.recipe.name, stage.name, key)
            self.state.receipts.touch(key)
        self.digests[stage.gives] = receipt.value
        if stage.gives is Snapshot:
            snapshot = self._result(Snapshot)
            self.data = {"table": snapshot.table, "version": snapshot.version, "rows": snapshot.rows, "digest": snapshot.digest}
        self.watch.stage_ends(self.stages[-1])

    def _compute(self, planned: PlannedStage, key: str, leaves: Mapping[str, str]) -> Receipt:
        stage = planned.stage
        self.watch.stage_begins(planned)
        self.log.write(stage.name, "begins")
        self.watchers.tell("before_stage", run=self.info, stage=StageInfo(stage.name, key))
        started = time.monotonic()
        try:
            with self.engine.catalogue.secrets.kept():
                arguments = {
                    need.argument: self.inputs.make(need, self.services) if self.inputs.provides(need) else self._result(need.type)
                    for need in stage.needs
                }
                with budget(stage, self.inputs.threads):
                    value = stage.run(**arguments)
                self._hold_files(leaves)
                digest = self.codec.store(value)
        except BaseException as raised:  # watchers hear of every end, also of an interruption; it then goes on its way
            error = interrupt_in(raised) or shortage(raised) or blamed(raised, self.recipe, self.engine.catalogue)
            if isinstance(error, UpshotError):
                from upshot.recipe.places import located

                error.problems = tuple(located(problem, self.recipe) for problem in error.problems)
            self.log.fails(stage.name, error)
            error.add_note(f"in stage {stage.name!r} of recipe {self.recipe.name!r}")
            self.watchers.tell("on_stage_error", run=self.info, stage=StageInfo(stage.name, key), error=error)
            if error is not raised:
                raise error from raised
            raise
        seconds = time.monotonic() - started
        receipt = Receipt(key, stage.name, digest, Map(dict(leaves)), self.info.id, seconds, datetime.now(UTC).isoformat())
        self.state.receipts.keep(receipt, self.recipe.name)
        self.values[stage.gives] = value
        done = StageInfo(stage.name, key, digest, cached=False, seconds=seconds)
        self.stages.append(done)
        self.log.write(stage.name, f"ends after {seconds:.3f} s: {digest[:12]}")
        self.watchers.tell("after_stage", run=self.info, stage=done, value=value)
        return receipt

    def _hold_files(self, leaves: Mapping[str, str]) -> None:
        """Refuse a result of files that changed after its key was made: it would be found again under the wrong content."""
        files = {name: text for name, text in leaves.items() if name.startswith("file ")}
        changed = [name for name, text in files.items() if self.state.files.of(name.removeprefix("file ")) != text]
        if changed:
            problems = [Problem(name, "must stay as it is", None, "run again") for name in changed]
            raise DataError("the data changed while it was read", problems)

    def _result(self, kind: object) -> Any:
        """A stage's value: in hand, or loaded when the first later stage asks for it."""
        if kind not in self.values:
            self.values[kind] = self.codec.load(self.digests[kind])
        return self.values[kind]

    def _environment(self) -> Map[Any]:
        engine = self.engine
        return environment(self.recipe, engine.catalogue, threads=self.inputs.threads, use_plugins=engine.use_plugins, today=engine.today)

    def _keep_answer(self, record: RunRecord) -> None:
        """Remember the whole answer under the digest of the plan that asks for it, now that all keys are known."""
        reached_all = len(self.keys) == len(self.plan.stages)
        if reached_all and any(
            planned.stage.gives is ModelVersion for planned in self.plan.stages
        ):  # a part of a plan answers for no whole
            answer = {"run": record.id, "status": record.status, "refusal": record.refusal}
            self.state.receipts.keep_answer(digest_of(self.keys), answer)


def results(record: RunRecord, codec: Codec, *stages: str) -> Mapping[str, Any]:
    """Stage name -> value of the stages that have one; frames are read when somebody looks."""
    return {stage: codec.load(record.values[stage]) for stage in stages if stage in record.values}
