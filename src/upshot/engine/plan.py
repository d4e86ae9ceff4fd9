"""Plan: for each stage whether it is cached, and if not which fact changed. Nothing is read but digests.

A key is the hash of all facts that a stage's result depends on: the digests of the results it takes, the parameters, code and library
versions of its components, and its own code. A stage behind one that must run has no key yet; it may still turn out to be
cached, when what runs before it gives the same content again.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from upshot.catalogue import Catalogue
from upshot.engine.champion import ServedVersion
from upshot.engine.inputs import Inputs, library_version
from upshot.engine.lifecycle import lifecycle
from upshot.engine.state import State
from upshot.ledger.receipts import Receipt
from upshot.recipe.recipe import Recipe
from upshot.stages import Stage

EVERYWHERE = ("numpy", "pandas")
"""Libraries whose version may change the result of any stage."""
CHANGES_SHOWN = 3


@dataclass(frozen=True)
class PlannedStage:
    """One stage of a plan.

    Attributes:
        key: Its cache key; None while an earlier stage must run first.
        receipt: What was kept for the key; None when it must run.
        reason: "cached", or why it runs.
        seconds: How long it took when it last ran in this recipe, None if never.
    """

    stage: Stage
    key: str | None
    leaves: Mapping[str, str]
    receipt: Receipt | None
    reason: str
    seconds: float | None

    @property
    def is_cached(self) -> bool:
        """Whether nothing has to run."""
        return self.receipt is not None


@dataclass(frozen=True)
class Plan:
    """What a run would do, and the champion that it would be held against."""

    recipe: Recipe
    stages: tuple[PlannedStage, ...]
    incumbent: ServedVersion

    @cached_property
    def digest(self) -> str | None:
        """Hash of all keys; None while some are unknown."""
        keys = [planned.key for planned in self.stages if planned.key is not None]
        return digest_of(keys) if len(keys) == len(self.stages) else None

    @property
    def to_run(self) -> tuple[PlannedStage, ...]:
        """The stages that are not cached."""
        return tuple(planned for planned in self.stages if not planned.is_cached)


def make_plan(
    recipe: Recipe, catalogue: Catalogue, state: State, *, use_plugins: tuple[str, ...], today: date, incumbent: ServedVersion
) -> Plan:
    """Plan a recipe against what the state folder remembers.

    Args:
        recipe: A composed recipe that was found sound (see `prove`).
        catalogue: What is installed.
        state: The state folder.
        use_plugins: Plugins whose stages and watchers act.
        today: The day on which assumptions may have expired.
        incumbent: What the candidate is held against.

    Raises:
        PluginError: A plugin's stage cannot be placed.
    """
    inputs = Inputs(recipe, catalogue, state.code, state.files, today, incumbent)
    stages = lifecycle(catalogue, use_plugins, inputs.provides)
    digests: dict[object, str] = {}
    planned: list[PlannedStage] = []
    for stage in stages:
        waits_for = [need.type for need in stage.needs if not inputs.provides(need) and need.type not in digests]
        latest = state.receipts.latest(recipe.name, stage.name)
        seconds = latest.seconds if latest else None
        if waits_for:
            giver = [other.name for other in stages if other.gives in waits_for][-1]
            planned.append(PlannedStage(stage, None, {}, None, f"runs after {giver}", seconds))
            continue
        leaves = stage_leaves(stage, inputs, digests)
        key = key_of(stage, leaves)
        receipt = state.receipts.find(key)
        if receipt is not None and not state.is_whole(receipt.value):
            receipt = None
        if receipt is not None:
            digests[stage.gives] = receipt.value
        reason = "cached" if receipt else because(leaves, latest)
        planned.append(PlannedStage(stage, key, leaves, receipt, reason, seconds))
    return Plan(recipe, tuple(planned), incumbent)


def stage_leaves(stage: Stage, inputs: Inputs, digests: Mapping[object, str]) -> dict[str, str]:
    """All facts that a stage's result depends on: name -> short text."""
    leaves = {"code": inputs.code.of(stage.run.__module__), "python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    leaves |= {f"library {name}": library_version(name) for name in EVERYWHERE}
    for need in stage.needs:
        leaves |= inputs.leaves(need) if inputs.provides(need) else {need.type.__name__: digests[need.type], **inputs.held(need.type)}
    return leaves


def digest_of(keys: Sequence[str]) -> str:
    """SHA-256 of all keys of a plan, in order."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def key_of(stage: Stage, leaves: Mapping[str, str]) -> str:
    """SHA-256 of a stage and its facts."""
    return hashlib.sha256(json.dumps([stage.name, dict(leaves)], sort_keys=True).encode()).hexdigest()


def because(leaves: Mapping[str, str], latest: Receipt | None) -> str:
    """Which facts differ from the last time, in words: what a user wrote first, libraries and code last.

    Example:
        >>> because({"model.max_depth": "8"}, None)
        'runs for the first time'
    """
    if latest is None:
        return "runs for the first time"
    before = latest.inputs
    differing = [name for name in {**before, **leaves} if before.get(name) != leaves.get(name)]
    swapped = tuple(name.removesuffix("use") for name in differing if name.endswith(".use"))
    swapped += tuple(f"{name}." for name in differing)  # what belongs to a fact that differs is told by that
    told = [name for name in differing if name.endswith(".use") or not name.startswith(swapped)]  # another component has other parameters
    changes = [_change(name, before.get(name), leaves.get(name)) for name in sorted(told, key=_rank)]
    more = f" and {len(changes) - CHANGES_SHOWN} more" if len(changes) > CHANGES_SHOWN else ""
    return f"runs because {', '.join(changes[:CHANGES_SHOWN])}{more}" if changes else "runs because its result was cleared away"


def _rank(name: str) -> int:
    """Keys of the recipe first, then files and results of other stages, then what is installed."""
    if name.startswith("library ") or name == "python":
        return 2
    if name == "code" or name.endswith(".code"):
        return 3
    return 1 if _is_hashed(name) else 0


def _is_hashed(name: str) -> bool:
    return name[0].isupper() or name == "code" or name.endswith(".code") or name.startswith("file ")


def _change(name: str, before: str | None, now: str | None) -> str:
    if before is None or now is None:
        return f"{name} is {'new' if before is None else 'gone'}"
    return f"{name} changed" if _is_hashed(name) else f"{name} {before} -> {now}"
