"""How a recipe measures: everything by which a version is judged, apart from the version itself.

A version may come of any model, features, policy and seed. What it was measured on and by (data, checks, labels, split, rollout, baselines,
money, scores) must be what the recipe's files say, or a run with an easier test, or a cheaper review, would look better than it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from upshot.catalogue import Catalogue
from upshot.contracts.components import KINDS
from upshot.contracts.tables import thaw
from upshot.recipe.recipe import Node, Recipe

MEASURING = ("data", "checks", "labels", "split", "rollout", "baselines", "kpi", "metrics")


def protocol_of(recipe: Recipe, root: str) -> dict[str, Any]:
    """The measuring components of a recipe, in the form in which recipes are written.

    Args:
        recipe: As it was resolved.
        root: The project's folder then; files are named relative to it, so that the same project on two machines measures the same.
    """
    tree: dict[str, Any] = {}
    for kind in MEASURING:
        if kind in recipe.nodes:
            tree[kind] = written(recipe.nodes[kind], root)
        elif kind in recipe.groups:
            tree[kind] = {name: written(node, root) for name, node in recipe.groups[kind].items()}
    return {**tree, "objective": recipe.objective}


def written(node: Node, root: str) -> dict[str, Any]:
    """A component as recipes write it, with its files relative to a folder."""
    return {"use": node.use, **_relative(thaw(node.params), set(node.inputs), root)}


def modern(tree: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A protocol of before, as today's components would say it: parameters that they gained since have their defaults.

    What is not installed any more, or would not be valid any more, stays as it was.
    """
    filled: dict[str, Any] = {}
    for kind, entry in tree.items():
        if kind not in KINDS or not isinstance(entry, dict):
            filled[kind] = entry
        elif KINDS[kind].many:
            filled[kind] = {name: modern_component(kind, each, catalogue) for name, each in entry.items()}
        else:
            filled[kind] = modern_component(kind, entry, catalogue)
    return filled


def modern_component(kind: str, entry: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """One component of before, as today's class of parameters says it."""
    from pydantic import ValidationError

    use = entry["use"]
    if use not in catalogue.names(kind):
        return entry
    model = catalogue.params_class(catalogue.find(kind, use))
    try:
        found = model.model_validate({key: value for key, value in entry.items() if key != "use"}, strict=False)
    except ValidationError:
        return entry
    return {"use": use, **found.model_dump(mode="json", by_alias=True)}


def digest_of(tree: dict[str, Any]) -> str:
    """SHA-256 of a tree of plain data."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _relative(value: Any, files: set[str], root: str) -> Any:
    if isinstance(value, dict):
        return {key: _relative(item, files, root) for key, item in value.items()}
    if isinstance(value, list):
        return [_relative(item, files, root) for item in value]
    return os.path.relpath(value, root) if isinstance(value, str) and value in files and "://" not in value else value


__all__ = ["digest_of", "modern", "modern_component", "protocol_of", "written"]
