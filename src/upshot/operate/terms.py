"""The terms on which an environment takes a version: what is frozen with a promotion, and what an approval is bound to.

An approval is one of these gates, on evidence that was measured in this way, for this content. When one of the three changes, it is void:
nobody has approved what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upshot.catalogue import Catalogue
from upshot.contracts.tables import Map, freeze
from upshot.operate.protocol import digest_of, modern, modern_component, protocol_of, written
from upshot.recipe.difference import changes_between
from upshot.recipe.recipe import Node, Recipe
from upshot.recipe.strength import weaker


def terms_of(recipe: Recipe, root: str) -> dict[str, Any]:
    """What the environment that was laid over a recipe asks for, as plain data.

    Args:
        recipe: With the environment laid over it.
        root: The project's folder.
    """
    environment = recipe.env[str(recipe.environment)].to_json()
    own = {key: environment[key] for key in ("approvals", "inconclusive_passes", "author_may_promote")}
    gates = {name: written(node, root) for name, node in recipe.groups["gates"].items()}
    return {"gates": gates, **own, "protocol": protocol_of(recipe, root)}


def approved_terms(terms: Mapping[str, Any]) -> str:
    """Digest of what an approval is bound to beside the version: gates and protocol. Who may approve is looked at when it counts."""
    return digest_of({"gates": terms["gates"], "protocol": terms["protocol"]})


def gate_terms(terms: Mapping[str, Any], gate: str) -> str:
    """Digest of what a waiver is bound to beside the version: its gate as it is written, and the protocol."""
    return digest_of({"gate": terms["gates"].get(gate), "protocol": terms["protocol"]})


@dataclass(frozen=True)
class Loss:
    """Something that is asked for less than of what is deployed: the recipe's key, and in what."""

    where: str
    what: str


def losses(before: Mapping[str, Any], recipe: Recipe, root: str, catalogue: Catalogue) -> Iterator[Loss]:
    """In what a recipe asks for less, in its environment, than was asked of the version that is served there.

    Args:
        before: The terms of its promotion.
        recipe: With the environment laid over it.
        root: The project's folder.
        catalogue: Says which way gates get stricter.
    """
    now = recipe.groups["gates"]
    for name, gate in before["gates"].items():
        gate = modern_component("gates", gate, catalogue)
        node = Node("gates", gate["use"], Map({key: freeze(value) for key, value in gate.items() if key != "use"}))
        yield from (Loss(f"gates.{name}", what) for what in weaker(node, now.get(name), catalogue))
    place = f"env.{recipe.environment}"
    rules = recipe.env[str(recipe.environment)].approvals
    for role, rule in before["approvals"].items():
        count = rules[role].count if role in rules else 0
        if count < rule["count"]:
            yield Loss(f"{place}.approvals.{role}", f"count {rule['count']} -> {count}")
    for key in ("inconclusive_passes", "author_may_promote"):
        if getattr(recipe.env[str(recipe.environment)], key) and not before[key]:
            yield Loss(f"{place}.{key}", "false -> true")
    for change in changes_between(modern(dict(before["protocol"]), catalogue), protocol_of(recipe, root)):
        what = {"+": "is new", "-": "is gone"}.get(change.sign, f"{change.old!r} -> {change.new!r}")
        yield Loss(change.key, f"is measured otherwise: {what}")


__all__ = ["Loss", "approved_terms", "gate_terms", "losses", "terms_of"]
