"""Replay: run every stage of a run again, from its own recipe and pinned data, and say how nearly it came out the same.

It is the ordinary engine over a scratch state: nothing is cached there, every source is the version that the run had pinned, and a version
that it publishes is only looked up, never registered. The clock of assumptions is set to the day of the run. What is not set back is what
is installed: today's code and libraries run, so a result that moved with them is found, and the facts that changed are named.

Levels, the strictest first:

- `bit`: every stage gave the same value, model files included.
- `prediction`: the predictions and all that follows from them are the same, though a file of the model differs.
- `metric`: scores, money and gates agree to 1e-9, though predictions differ.
- `diverged`: they do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

from upshot.contracts.components import GrowingSource
from upshot.contracts.records import Fitted, Roles, Snapshot
from upshot.contracts.tables import Blob, Map, Table, thaw
from upshot.engine.champion import ServedVersion, recorded
from upshot.engine.past import Past
from upshot.engine.registry import LedgerRegistry
from upshot.engine.run import Engine, Watch
from upshot.engine.state import State
from upshot.errors import IntegrityError, Problem, UsageError
from upshot.ledger import snapshots
from upshot.ledger.codec import Codec

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from upshot.engine.plan import Plan
    from upshot.ledger.ledger import Ledger

Level = Literal["bit", "prediction", "metric", "diverged"]
TOLERANCE = 1e-9
"""How far numbers may differ, relative to those above 1, and still be called equal."""
PREDICTING = "predict"
MEASURING = ("value", "evaluate")
LAST = "register"


@dataclass(frozen=True)
class Difference:
    """Where two values of a stage differ most. `amount` is None where it is no number that differs, but a file or a text."""

    where: str
    amount: float | None


@dataclass(frozen=True)
class StageReplay:
    """One stage: digest of what it gave then and now (None where it gave nothing)."""

    stage: str
    recorded: str
    replayed: str | None

    @property
    def is_same(self) -> bool:
        """Whether it gave the same value."""
        return self.recorded == self.replayed


@dataclass(frozen=True)
class Replay:
    """What came of a replay.

    Attributes:
        run: The run that was replayed.
        level: How nearly it came out the same.
        stages: Every stage that had a value.
        first: The first stage that gave another value; None at level `bit`.
        difference: Where its values differ most; None where they are equal or the recorded one is no longer kept.
        largest: The largest difference of predictions, money or scores, whichever stage comes first; None where they are equal.
        changed: Facts that differ from those of the run: "library xgboost 3.0.2 -> 3.1.0", "train: model.code".
    """

    run: str
    level: Level
    stages: tuple[StageReplay, ...]
    first: str | None
    difference: Difference | None
    largest: Difference | None
    changed: tuple[str, ...]


class PinnedLake(snapshots.Lake):
    """A lake in which every source is the version that a run had pinned; nothing is written.

    Args:
        root: The folder of the original lake.
        version: The version.
    """

    def __init__(self, root: Path, version: int) -> None:
        super().__init__(root, lambda _: None)
        self._version = version

    def pin(self, table: str, tables: Iterator[pa.Table], roles: Roles) -> Snapshot:
        """The pinned version, whatever the source holds today."""
        return self.at(table, self._version, roles)

    def grow(self, source: GrowingSource) -> Snapshot:
        """The pinned version, whatever was added since."""
        return self.at(source.table, self._version, source.roles)


class ScratchState(State):
    """A state of its own that reads the pins of another one."""

    def __init__(self, root: Path, original: State, version: int) -> None:
        super().__init__(root)
        self._original = original
        self._version = version

    @cached_property
    def lake(self) -> snapshots.Lake:
        """The original's, held at the version."""
        return PinnedLake(self._original.root / "snapshots", self._version)


@dataclass(frozen=True)
class Rehearsal(LedgerRegistry):
    """A registry that registers nothing: a version has the number under which the original ledger knows its content, or 0."""

    original: Ledger | None = None

    def publish(self, name: str, files: Map[Blob], record: Map[str]) -> tuple[int, Map[str]]:
        """The number that this content has, and its manifest."""
        manifest, key = self.keep(files, record)
        assert self.original is not None
        return next((row.number for row in self.original.versions(name) if row.stage_key == key), 0), manifest


@dataclass(frozen=True)
class Replayer:
    """Replays one run in a folder that is empty.

    Args:
        past: The run.
        folder: Where everything is written; the caller takes it away.
    """

    past: Past
    folder: Path

    @cached_property
    def engine(self) -> Engine:
        """The ordinary engine over the scratch state.

        Raises:
            UsageError: The run did not end, so there is nothing to compare with.
            IntegrityError: The pinned data is not what it was.
        """
        past, row = self.past, self.past.row
        if row.status not in ("done", "refused"):
            raise UsageError("this run cannot be replayed", [Problem(row.id, "must have ended as done or refused", row.status)])
        pinned, facts = row.summary["data"], row.summary["environment"]
        found = past.state.lake.find(pinned["table"], pinned["version"])
        if found.digest != pinned["digest"]:
            name = f"{pinned['table']} version {pinned['version']}"
            raise IntegrityError("the pinned data is not what the run used", [Problem(name, f"must be {pinned['digest']}", found.digest)])
        scratch = ScratchState(self.folder, past.state, pinned["version"])
        registry = partial(Rehearsal, original=past.state.ledger)
        today = date.fromisoformat(facts["today"])
        champion = ServedVersion(recorded(row.summary.get("champion")), past.state.artefacts, past.catalogue)
        return Engine(
            past.catalogue,
            scratch,
            tuple(facts["use_plugins"]),
            today,
            leased=True,
            registry=registry,
            is_watched=False,
            champion=lambda *_: champion,
        )

    @cached_property
    def plan(self) -> Plan:
        """All stages, with the recorded number of threads."""
        return self.engine.plan(replace(self.past.recipe, threads=self.past.row.threads))

    def carry_out(self, watch: Watch) -> Replay:
        """Run every stage and compare.

        Raises:
            UpshotError: A stage refuses what it took then.
        """
        record = self.engine.run(self.plan, watch)
        then, now = self.past, Past(self.engine.state.ledger.run(record.id), self.engine.state, self.past.catalogue)
        stages = tuple(StageReplay(name, digest, record.values.get(name)) for name, digest in then.digests.items())
        moved = [stage.stage for stage in stages if not stage.is_same]
        first = moved[0] if moved else None
        level = "diverged" if record.status != then.row.status else self._level(moved, now)
        told = next((name for name in (PREDICTING, *MEASURING) if name in moved), None)
        found = [self._difference(name, now) for name in (first, told)]
        return Replay(then.row.id, level, stages, first, found[0], found[1], tuple(self._changed(now, first)))

    def _level(self, moved: list[str], now: Past) -> Level:
        if not moved:
            return "bit"
        order = [planned.stage.name for planned in self.plan.stages]
        after = set(order[order.index(PREDICTING) :]) - {LAST}
        if not after.intersection(moved):
            return "prediction"
        return "metric" if self._measures_alike(now) else "diverged"

    def _measures_alike(self, now: Past) -> bool:
        """Whether scores, money and the outcome of gates agree."""
        then = self.past
        for stage in MEASURING:
            old, new = then.value(stage), now.value(stage)
            if old is None or new is None:
                return False
            numbers = [_numbers(value) for value in (old, new)]
            if list(numbers[0]) != list(numbers[1]) or not all(map(_close, numbers[0].values(), numbers[1].values())):
                return False
        verdicts = [past.value("gate") for past in (then, now)]
        outcomes = [None if found is None else [(v.gate, v.outcome) for v in found.verdicts] for found in verdicts]
        return outcomes[0] == outcomes[1] is not None

    def _difference(self, name: str | None, now: Past) -> Difference | None:
        stage = next((planned.stage for planned in self.plan.stages if planned.stage.name == name), None)
        if stage is None or self.past.is_cleared(stage.name) or stage.name not in now.digests:
            return None
        codecs = [_codec(past, self.plan) for past in (self.past, now)]
        old, new = (codec.load(past.digests[stage.name]) for codec, past in zip(codecs, (self.past, now), strict=True))
        return largest(differences(old, new, stage.gives.__name__))

    def _changed(self, now: Past, first: str | None) -> Iterator[str]:
        """What differs from then: environment first, then the facts of each stage's key that no earlier stage accounts for.

        Input files are no fact of a replay: it reads what was pinned.
        """
        then, here = (dict(_flat(thaw(past.row.summary["environment"]))) for past in (self.past, now))
        for name in dict.fromkeys([*then, *here]):
            if then.get(name) != here.get(name):
                yield f"{name} {then.get(name, 'none')} -> {here.get(name, 'none')}"
        given = {planned.stage.gives.__name__ for planned in self.plan.stages}
        keys = {stage.stage: stage.key for stage in now.stages}
        for stage in self.past.stages:
            old, new = self.past.state.receipts.find(stage.key), now.state.receipts.find(keys.get(stage.stage, ""))
            if old is None and stage.stage == first and stage.key != keys.get(first):
                yield f"{first}: other code, libraries or parameters; which ones is no longer kept"
            elif old is not None and new is not None:
                yield from (
                    f"{stage.stage}: {name}" for name in old.changed(new.inputs) if name not in given and not name.startswith("file ")
                )


def _codec(past: Past, plan: Plan) -> Codec:
    return past.state.codec(past.catalogue.revive, tuple(planned.stage.gives for planned in plan.stages))


def differences(old: Any, new: Any, at: str) -> Iterator[Difference]:
    """Where two values of one type differ: numbers by how much, everything else by its place.

    Example:
        >>> list(differences(Map({"a": 1.0, "b": "x"}), Map({"a": 1.5, "b": "x"}), "scores"))
        [Difference(where='scores.a', amount=0.5)]
    """
    if type(old) is not type(new):
        yield Difference(at, None)
    elif isinstance(old, Table):
        yield from _in_tables(old, new, at)
    elif isinstance(old, Fitted):
        yield from differences(old.files, new.files, at)
    elif isinstance(old, Blob):
        if old.content != new.content:
            yield Difference(at, None)
    elif isinstance(old, Map):
        for name in dict.fromkeys([*old, *new]):
            yield from differences(old.get(name), new.get(name), f"{at}.{name}")
    elif isinstance(old, tuple):
        if len(old) != len(new):
            yield Difference(at, None)
        for index, (left, right) in enumerate(zip(old, new, strict=False)):
            yield from differences(left, right, f"{at}[{index}]")
    elif is_dataclass(old):
        for field in fields(old):
            yield from differences(getattr(old, field.name), getattr(new, field.name), f"{at}.{field.name}")
    elif isinstance(old, (int, float)) and not isinstance(old, bool):
        if old != new and not (old != old and new != new):
            yield Difference(at, abs(float(new) - float(old)))
    elif old != new:
        yield Difference(at, None)


def _in_tables(old: Table, new: Table, at: str) -> Iterator[Difference]:
    if old.stored is not None and old.stored == new.stored:
        return
    if old.columns != new.columns or old.rows != new.rows:
        yield Difference(at, None)
        return
    for name in old.columns:
        left, right = old.frame[name], new.frame[name]
        if not left.equals(right):
            yield Difference(f"{at}.{name}", _apart(left, right))


def _apart(left: pd.Series[Any], right: pd.Series[Any]) -> float | None:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if not all(is_numeric_dtype(side) and not is_bool_dtype(side) for side in (left, right)):
        return None
    apart = float((left.astype("float64") - right.astype("float64")).abs().max())
    return apart if math.isfinite(apart) else None


def largest(found: Iterator[Difference]) -> Difference | None:
    """The largest number; where nothing but texts and files differ, the first of them."""
    every = list(found)
    numbers = [difference for difference in every if difference.amount is not None]
    return max(numbers, key=lambda difference: difference.amount or 0.0) if numbers else next(iter(every), None)


def _numbers(value: Any) -> dict[str, float]:
    """What a run is judged by: the scores, or the money of every subject."""
    if hasattr(value, "metrics"):
        return {name: measured.value for name, measured in value.metrics.items()}
    return {f"{name}.{subject}": m.value for name, valuation in value.by_kpi.items() for subject, m in valuation.per_period.items()}


def _close(old: float, new: float) -> bool:
    return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or (math.isnan(old) and math.isnan(new))


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _flat(item, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, item in enumerate(value):
            yield from _flat(item, f"{prefix}[{index}]")
    else:
        yield prefix, str(value)


__all__ = ["Difference", "Level", "Replay", "Replayer", "StageReplay", "differences", "largest"]
