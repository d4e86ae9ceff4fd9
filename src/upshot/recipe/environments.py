"""Environments: where a version may be served, in an order, and what each of them asks for beside the recipe.

An environment is an entry of the recipe's map `env`, and the order of the map is the way of a version. Beside who must approve, an entry
holds keys of the recipe itself: gates that are added there, the data of that place, another seed. They are laid over the recipe when
somebody says `--env NAME`, below the command line and above everything else; promotion judges a version by the gates that result.

Two rules hold along the way, whatever files and arguments say: gates never get fewer or weaker, and approvals never get fewer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from upshot.catalogue import Catalogue
from upshot.contracts.components import KINDS
from upshot.contracts.params import Names
from upshot.contracts.tables import Map, freeze
from upshot.errors import Problem
from upshot.recipe.provenance import Provenance
from upshot.recipe.recipe import ApprovalRule, Environment, Recipe
from upshot.recipe.strength import weaker
from upshot.recipe.wording import default_of

KEY = "env"
LAYERED = (*KINDS, "seed", "threads", "compute", "objective", "use_plugins")
"""Keys of a recipe that an environment may lay over it."""
_GATES = "policy: an environment asks for all that the one before it asks for"
_APPROVALS = "policy: an environment asks for at least the approvals of the one before it"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ApprovalOutline(_Closed):
    """How many people of a role must approve a version before it is served, and who they may be."""

    count: int = Field(1, ge=1, le=100, description="People of this role who must approve.")
    by: Names | None = Field(
        None, description="Who may approve in this role; whoever neither wrote the recipe nor trained the version when left out."
    )


class EnvironmentOutline(_Closed):
    """What an environment asks for; beside these, any key of a recipe that it lays over it."""

    approvals: dict[str, ApprovalOutline] = Field({}, description="Role -> how many people must approve, and who may.")
    inconclusive_passes: bool = Field(False, description="Whether a gate that the evidence cannot decide lets a version in here.")
    author_may_promote: bool = Field(
        False, description="Whether those who made a version may promote it themselves, once others have approved it."
    )


def own_keys(entry: Any) -> Any:
    """What an environment's entry says of itself, without the keys of a recipe that it lays over it; roles set to null are gone."""
    if not isinstance(entry, dict):
        return entry
    own = {key: value for key, value in entry.items() if key not in LAYERED}
    if "approvals" in own and (own["approvals"] is None or isinstance(own["approvals"], dict)):
        own["approvals"] = {role: rule for role, rule in (own["approvals"] or {}).items() if rule is not None}
    return own


def note_defaults(entries: Mapping[str, Any], provenance: Provenance) -> None:
    """Note what environments say of themselves by saying nothing."""
    for name, entry in entries.items():
        _note_defaults(EnvironmentOutline, own_keys(entry), (KEY, name), provenance)


def _note_defaults(model: type[BaseModel], given: Any, path: tuple[str, ...], provenance: Provenance) -> None:
    where = f"{model.__module__}:{model.__name__}"
    for key, field in model.model_fields.items():
        provenance.default((*path, key), default_of(field), where)
    for role, rule in (given.get("approvals") or {}).items() if isinstance(given, dict) else ():
        _note_defaults(ApprovalOutline, rule, (*path, "approvals", role), provenance)


def layer_of(entry: Any) -> dict[str, Any]:
    """What an environment's entry lays over the recipe."""
    return {key: value for key, value in entry.items() if key in LAYERED} if isinstance(entry, dict) else {}


def environments_of(outlines: Mapping[str, EnvironmentOutline], entries: Mapping[str, Any]) -> Map[Environment]:
    """The environments of a checked recipe, in their order.

    Args:
        outlines: What each says of itself.
        entries: What stands in the recipe, pointers followed.
    """
    return Map({name: _environment(name, outline, layer_of(entries[name])) for name, outline in outlines.items()})


def _environment(name: str, outline: EnvironmentOutline, layer: dict[str, Any]) -> Environment:
    rules = {role: ApprovalRule(rule.count, rule.by) for role, rule in outline.approvals.items()}
    own = {"inconclusive_passes": outline.inconclusive_passes, "author_may_promote": outline.author_may_promote}
    return Environment(name, Map(rules), **own, layer=Map({key: freeze(value) for key, value in layer.items()}))


def policy_problems(recipes: Mapping[str, Recipe], catalogue: Catalogue) -> Iterator[Problem]:
    """What is wrong with the environments of a recipe, taken together.

    Args:
        recipes: The recipe as it is in each environment, in their order.
        catalogue: What is installed.
    """
    for name, recipe in recipes.items():
        for role, rule in recipe.env[name].approvals.items():
            yield from _rule_problems(f"{KEY}.{name}.approvals.{role}", rule)
    names = list(recipes)
    for before, name in itertools.pairwise(names):
        yield from _fewer_gates(recipes[before], recipes[name], before, name, catalogue)
        yield from _fewer_approvals(recipes[name].env[before], recipes[name].env[name])
        if recipes[name].env[name].inconclusive_passes and not recipes[name].env[before].inconclusive_passes:
            yield Problem(f"{KEY}.{name}.inconclusive_passes", _GATES, f"true, where {before} says false")
    if len(names) > 1 and not recipes[names[-1]].env[names[-1]].approvals:
        hint = f"write {KEY}.{names[-1]}.approvals: {{ROLE: {{by: [NAME, ...]}}}}"
        yield Problem(f"{KEY}.{names[-1]}.approvals", "policy: the last environment asks for at least one approval", "none", hint)


def _rule_problems(where: str, rule: ApprovalRule) -> Iterator[Problem]:
    if rule.by == ():
        hint = "name somebody, or leave `by` out where anybody but the makers may approve"
        yield Problem(f"{where}.by", "policy: a list of approvers is not empty", "[]", hint)
    elif rule.by is not None and len(set(rule.by)) < rule.count:
        yield Problem(f"{where}.count", "policy: no more people are asked for than may approve", f"{rule.count} of {', '.join(rule.by)}")


def _fewer_gates(before: Recipe, after: Recipe, first: str, second: str, catalogue: Catalogue) -> Iterator[Problem]:
    for gate, node in before.groups["gates"].items():
        for loss in weaker(node, after.groups["gates"].get(gate), catalogue):
            yield Problem(
                f"{KEY}.{second}.gates.{gate}", _GATES, f"{loss}, compared with {first}", f"add the gate of {first} to {second} too"
            )


def _fewer_approvals(first: Environment, second: Environment) -> Iterator[Problem]:
    for role, rule in first.approvals.items():
        now = second.approvals.get(role)
        if now is None or now.count < rule.count:
            got = f"{0 if now is None else now.count} of role {role}, where {first.name} asks for {rule.count}"
            yield Problem(f"{KEY}.{second.name}.approvals.{role}", _APPROVALS, got)
    if first.approvals and second.author_may_promote and not first.author_may_promote:
        yield Problem(f"{KEY}.{second.name}.author_may_promote", _APPROVALS, f"true, where {first.name} says false")


__all__ = [
    "KEY",
    "LAYERED",
    "ApprovalOutline",
    "EnvironmentOutline",
    "environments_of",
    "layer_of",
    "note_defaults",
    "own_keys",
    "policy_problems",
]
