"""What a stage's arguments are made of: the values themselves, and the leaves of which its cache key is made.

One table says how each kind of argument is provided. A leaf is one fact with its recipe key as name (`model.max_depth`, `model.code`,
`library xgboost`), so a plan can say exactly which fact changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import version
from os import cpu_count
from typing import Any

from upshot.catalogue import BUILT_IN, Catalogue
from upshot.contracts.components import KINDS, Incumbent, Lake, Registry
from upshot.contracts.records import Device, Features, FittedModels, Kpis, Predictor, Seed, Threads, Today, UseCase
from upshot.contracts.tables import Map, thaw
from upshot.engine.champion import ServedVersion
from upshot.engine.code import CodeDigests
from upshot.engine.files import FileDigests
from upshot.recipe.recipe import Node, Recipe
from upshot.stages import Need

SERVICES = (Incumbent, Lake, Registry)
HOLDS: Mapping[type, tuple[str, ...]] = {
    Features: ("features",),
    FittedModels: ("model",),
    Predictor: ("features", "model", "calibration"),
}
"""Results that hold fitted components, and of which kinds. A fitted component is files and the code that reads them: whoever is given one
depends on that code too, which may change while the files come out equal."""


@dataclass(frozen=True)
class Inputs:
    """Provides the arguments of stages that are not other stages' results.

    Args:
        recipe: The composed recipe.
        catalogue: What is installed.
        code: Digests of components' code.
        files: Digests of input files.
        today: The day on which assumptions may have expired.
        incumbent: What the candidate is held against; nothing when left out.
    """

    recipe: Recipe
    catalogue: Catalogue
    code: CodeDigests
    files: FileDigests
    today: date
    incumbent: ServedVersion | None = None

    def leaves(self, need: Need) -> dict[str, str]:
        """Facts behind an argument: name -> short text. Empty for services that change no result."""
        recipe = self.recipe
        if need.kind is not None:
            return self._group(need.kind) if need.many else self._node(need.kind, recipe.nodes[need.kind])
        simple: Mapping[Any, Callable[[], dict[str, str]]] = {
            Seed: lambda: {"seed": str(recipe.seed)},
            Threads: lambda: {"threads": str(self.threads)},
            Device: lambda: {"compute.device": recipe.device},
            Today: lambda: {"expired": ",".join(self.expired())},
            UseCase: lambda: {f"use_case.{key}": text for key, text in _flat(_use_case(recipe.use_case))},
            Kpis: lambda: {**self._group("kpi"), "objective": recipe.objective},
            Incumbent: lambda: {} if self.incumbent is None else self.incumbent.leaves(self.code),
            Lake: dict,
            Registry: dict,
        }
        return simple[need.type]()

    def held(self, result: type) -> dict[str, str]:
        """Code, libraries and plugins of the fitted components that another stage's result holds: name -> short text."""
        recipe, leaves = self.recipe, dict[str, str]()
        for kind in HOLDS.get(result, ()):
            leaves |= self._group(kind) if KINDS[kind].many else self._node(kind, recipe.nodes[kind])
        return {name: text for name, text in leaves.items() if name.endswith(".code") or name.startswith(("library ", "plugin "))}

    def provides(self, need: Need) -> bool:
        """Whether the argument comes from here, not from another stage."""
        return need.kind is not None or need.type in (Seed, Threads, Device, Today, UseCase, Kpis, *SERVICES)

    def make(self, need: Need, services: Mapping[type, object]) -> Any:
        """The argument itself."""
        recipe = self.recipe
        if need.kind is not None:
            if not need.many:
                return self.catalogue.make(recipe.nodes[need.kind].spec())
            return {name: self.catalogue.make(node.spec()) for name, node in recipe.groups.get(need.kind, Map()).items()}
        if need.type in SERVICES:
            return services[need.type]
        return {Seed: recipe.seed, Threads: self.threads, Device: recipe.device, Today: self.today, UseCase: recipe.use_case}.get(
            need.type
        ) or self.kpis()

    @property
    def threads(self) -> int:
        """Threads that a fit may use; 0 in the recipe means all cores."""
        return self.recipe.threads or cpu_count() or 1

    def kpis(self) -> Kpis:
        """The KPIs by name."""
        nodes = self.recipe.groups["kpi"]
        return Kpis(
            Map({name: replace(self.catalogue.make(node.spec()), name=name) for name, node in nodes.items()}), self.recipe.objective
        )

    def expired(self) -> list[str]:
        """Money parameters whose `valid_until` lies before today."""
        found = []
        for name, node in self.recipe.groups["kpi"].items():
            for parameter, money in (node.params.get("parameters") or {}).items():
                until = money.get("valid_until")
                if until is not None and date.fromisoformat(str(until)) < self.today:
                    found.append(f"{name}.{parameter}")
        return found

    def _group(self, kind: str) -> dict[str, str]:
        leaves: dict[str, str] = {}
        for name, node in self.recipe.groups.get(kind, Map()).items():
            leaves |= self._node(f"{kind}.{name}", node)
        return leaves

    def _node(self, place: str, node: Node) -> dict[str, str]:
        component = self.catalogue.find(node.kind, node.use)
        leaves = {f"{place}.use": node.use, f"{place}.code": self.code.of(component.make.partition(":")[0])}
        leaves |= {f"{place}.{key}": text for key, text in _flat(thaw(node.params))}
        leaves |= {f"file {pattern}": self.files.of(pattern) for pattern in node.inputs}
        leaves |= {f"library {name}": library_version(name) for name in component.libraries}
        for within, part in node.parts.items():
            leaves |= self._node(f"{place}.{within}", part)
        provider = self.catalogue.provider(node.kind, node.use)
        if provider.name != BUILT_IN:
            leaves[f"plugin {provider.distribution}"] = provider.version
        if component.watched:
            with self.catalogue.secrets.kept():
                leaves["data behind it"] = self.catalogue.make(node.spec()).fingerprint()
        return leaves


@cache
def library_version(name: str) -> str:
    """Installed version of a distribution."""
    return version(name)


def _use_case(use_case: UseCase) -> dict[str, Any]:
    return {"name": use_case.name, "problem": use_case.problem, "owners": dict(use_case.owners)}


def _flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in _flat(item, f"{prefix}.{key}" if prefix else str(key))]
    return [(prefix, json.dumps(value, sort_keys=True, default=str))]
