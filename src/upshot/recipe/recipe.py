"""What a recipe is once it is composed and checked: frozen, complete, plain.

Nobody downstream asks the config again, so every default is filled in here and every value is JSON-like: text, numbers, booleans,
None, tuples and immutable maps. That makes a recipe comparable, hashable and a small JSON file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from upshot.contracts.components import KINDS
from upshot.contracts.records import CPU, Spec, UseCase
from upshot.contracts.tables import Map, freeze, thaw

DEFAULT_LAYER = "component default"
"""Layer of what nobody wrote."""


@dataclass(frozen=True)
class Place:
    """Who wrote a value.

    Args:
        layer: "component default", "packaged", "plugin NAME", "project", "recipe", "env NAME" or "command line".
        where: "conf/model/xgboost.yaml:3", "argument 2", or the parameter class that holds the default.
        text: What stood there, as written.
    """

    layer: str
    where: str
    text: str

    def __str__(self) -> str:
        """The place as an error shows it; the layer is told where the file alone does not say it."""
        foreign = self.layer == "packaged" or self.layer.startswith("plugin ")
        return f"{self.layer} {self.where}" if foreign else self.where


@dataclass(frozen=True)
class Origin:
    """Where one value comes from: everybody who set it, lowest layer first. The last one won, the others lost."""

    value_text: str
    chain: tuple[Place, ...]


@dataclass(frozen=True)
class Node:
    """One component as the recipe names it.

    Args:
        kind: One of `KINDS`.
        use: The component's name.
        params: Its parameters, validated and complete, JSON-like.
        inputs: Files, folders and globs that it reads, absolute; `params` holds the same text.
        parts: Place -> component inside its parameters ("members.flat"); `params` holds the same maps.
    """

    kind: str
    use: str
    params: Map[Any]
    inputs: tuple[str, ...] = ()
    parts: Map[Node] = field(default_factory=Map)

    def spec(self) -> Spec:
        """What the catalogue makes the component from."""
        return Spec(self.kind, self.use, self.params)


@dataclass(frozen=True)
class ApprovalRule:
    """How many people of a role must approve, and who may: None for anybody but the makers."""

    count: int
    by: tuple[str, ...] | None


_SAID = ("inconclusive_passes", "author_may_promote")


@dataclass(frozen=True)
class Environment:
    """One place where versions are served.

    Args:
        name: Its name.
        approvals: Role -> how many must approve, and who may.
        inconclusive_passes: Whether a gate that the evidence cannot decide lets a version in.
        author_may_promote: Whether those who made a version may promote it themselves.
        layer: Keys of the recipe that are laid over it here, JSON-like.
    """

    name: str
    approvals: Map[ApprovalRule]
    inconclusive_passes: bool
    author_may_promote: bool
    layer: Map[Any]

    def to_json(self) -> dict[str, Any]:
        """As plain data, in the form in which recipes are written."""
        rules = {role: {"count": rule.count, "by": None if rule.by is None else list(rule.by)} for role, rule in self.approvals.items()}
        return {"approvals": rules, **{key: getattr(self, key) for key in _SAID}, **thaw(self.layer)}

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any]) -> Environment:
        """The environment that `to_json` wrote."""
        rules = {
            role: ApprovalRule(rule["count"], None if rule["by"] is None else tuple(rule["by"])) for role, rule in data["approvals"].items()
        }
        layer = {key: freeze(value) for key, value in data.items() if key not in ("approvals", *_SAID)}
        return cls(name, Map(rules), **{key: data[key] for key in _SAID}, layer=Map(layer))


@dataclass(frozen=True)
class Recipe:
    """One use case, resolved.

    Args:
        name: Name of the recipe file, without its ending.
        use_case: What it is about and who answers for it.
        nodes: Kind -> its component, for kinds that hold one; in the order of `KINDS`.
        groups: Kind -> name -> component, for kinds that hold a map; entries set to null are gone.
        seed: Seed of everything random.
        threads: Threads a fit may use; 0 means all cores.
        objective: Name of the KPI that policies are tuned by.
        use_plugins: Plugins whose stages and watchers act in this recipe.
        origins: Dotted key -> where its value comes from.
        env: Environments by name, in the order in which a version goes through them.
        environment: The one that was laid over the recipe; None for the recipe as it is anywhere.
        device: What fits run on: "cpu" or "gpu".
    """

    name: str
    use_case: UseCase
    nodes: Map[Node]
    groups: Map[Map[Node]]
    seed: int
    threads: int
    objective: str
    use_plugins: tuple[str, ...]
    origins: Map[Origin]
    env: Map[Environment] = field(default_factory=Map)
    environment: str | None = None
    device: str = CPU

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything but the origins: two recipes with one digest mean the same, wherever their values were written."""
        content = {key: value for key, value in self.to_json().items() if key != "origins"}
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def files(self) -> tuple[str, ...]:
        """The project's own files that it is made of, relative to the project's folder."""
        places = (place for origin in self.origins.values() for place in origin.chain)
        own = (place.where for place in places if place.layer in ("recipe", "project") or place.layer.startswith("env "))
        return tuple(dict.fromkeys(where.rpartition(":")[0] for where in own))

    def every_node(self) -> Iterator[Node]:
        """All components, those inside others among them."""
        waiting = [*self.nodes.values(), *(node for group in self.groups.values() for node in group.values())]
        while waiting:
            node = waiting.pop(0)
            yield node
            waiting += node.parts.values()

    def stated(self) -> Recipe:
        """The same with the origins of what somebody wrote alone: a key that has none is its component's default."""
        written = {key: [place for place in origin.chain if place.layer != DEFAULT_LAYER] for key, origin in self.origins.items()}
        return replace(self, origins=Map({k: Origin(self.origins[k].value_text, tuple(chain)) for k, chain in written.items() if chain}))

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON-plain data; `from_json` is the opposite."""
        use_case = self.use_case
        return {
            "name": self.name,
            "use_case": {"name": use_case.name, "problem": use_case.problem, "owners": dict(use_case.owners)},
            "nodes": {kind: _node_to_json(node) for kind, node in self.nodes.items()},
            "groups": {kind: {name: _node_to_json(node) for name, node in group.items()} for kind, group in self.groups.items()},
            "seed": self.seed,
            "threads": self.threads,
            "device": self.device,
            "objective": self.objective,
            "use_plugins": list(self.use_plugins),
            "env": {name: environment.to_json() for name, environment in self.env.items()},
            "environment": self.environment,
            "origins": {
                key: [origin.value_text, [[place.layer, place.where, place.text] for place in origin.chain]]
                for key, origin in self.origins.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_json` wrote.

        Raises:
            KeyError: The data is not such a recipe.
        """
        use_case = data["use_case"]
        return cls(
            name=data["name"],
            use_case=UseCase(use_case["name"], use_case["problem"], Map(use_case["owners"])),
            nodes=Map({kind: _node_from_json(kind, node) for kind, node in data["nodes"].items()}),
            groups=Map({kind: Map({n: _node_from_json(kind, node) for n, node in g.items()}) for kind, g in data["groups"].items()}),
            seed=data["seed"],
            threads=data["threads"],
            objective=data["objective"],
            use_plugins=tuple(data["use_plugins"]),
            origins=Map({k: Origin(text, tuple(Place(*place) for place in chain)) for k, (text, chain) in data["origins"].items()}),
            env=Map({name: Environment.from_json(name, entry) for name, entry in data.get("env", {}).items()}),
            environment=data.get("environment"),
            device=data.get("device", CPU),
        )


def _node_to_json(node: Node) -> dict[str, Any]:
    parts = {"parts": {place: [part.kind, _node_to_json(part)] for place, part in node.parts.items()}} if node.parts else {}
    return {"use": node.use, "params": thaw(node.params), "inputs": list(node.inputs), **parts}


def _node_from_json(kind: str, data: Mapping[str, Any]) -> Node:
    parts = {place: _node_from_json(of_kind, part) for place, (of_kind, part) in data.get("parts", {}).items()}
    return Node(kind, data["use"], Map({key: freeze(value) for key, value in data["params"].items()}), tuple(data["inputs"]), Map(parts))


def as_written(recipe: Recipe) -> dict[str, Any]:
    """A resolved recipe in the form in which recipes are written, kinds in the order of `KINDS`."""
    tree: dict[str, Any] = {"use_case": thaw(vars(recipe.use_case))}
    for kind in KINDS:
        if kind in recipe.nodes:
            tree[kind] = _written(recipe.nodes[kind])
        else:
            tree[kind] = {name: _written(node) for name, node in recipe.groups[kind].items()}
    tree |= {
        "seed": recipe.seed,
        "threads": recipe.threads,
        "compute": {"device": recipe.device},
        "objective": recipe.objective,
        "use_plugins": list(recipe.use_plugins),
    }
    if recipe.env:
        tree["env"] = {name: environment.to_json() for name, environment in recipe.env.items()}
    return tree


def _written(node: Node) -> dict[str, Any]:
    return {"use": node.use, **thaw(node.params)}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value of a tree with the path to it; an empty map is a value, and so is a list.

    Example:
        >>> list(leaves({"a": {"b": 1}, "c": [2], "d": {}}))
        [(('a', 'b'), 1), (('c',), [2]), (('d',), {})]
    """
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, value
