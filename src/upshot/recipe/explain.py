"""Where the values of a recipe come from: each key with its type, bounds and sentence, and everybody who set it, losers included.

A recipe's own `origins` hold who wrote what of what was merged. Explaining looks further: it reads the files that are shadowed and
the choices that were overridden, which a run has no use for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from upshot.catalogue import Catalogue
from upshot.contracts.components import KINDS
from upshot.errors import Problem, RecipeError, did_you_mean
from upshot.project import Project
from upshot.recipe.composition import Choice, Composition, compose
from upshot.recipe.environments import KEY as ENV
from upshot.recipe.interpolation import dotted
from upshot.recipe.layers import find_recipe
from upshot.recipe.parameters import Parameter, parameter_at, parameters_of
from upshot.recipe.provenance import Write
from upshot.recipe.reading import KeyPath
from upshot.recipe.recipe import Recipe, as_written, leaves
from upshot.recipe.schema import Outline, check


@dataclass(frozen=True)
class Explained:
    """One key of a recipe.

    Args:
        key: Dotted.
        value: JSON-plain; None also where the key was taken out.
        is_there: Whether the recipe has it.
        points: What stands there as written, when that is a pointer: "${use_case.problem}".
        type: In words.
        bounds: In words.
        default: As a recipe would write it; "required" where there is none, "" where the key itself is the user's own name.
        sentence: What it is.
        writes: Everybody who set it, lowest layer first.
    """

    key: str
    value: Any
    is_there: bool
    points: str | None
    type: str
    bounds: str
    default: str
    sentence: str
    writes: tuple[Write, ...]


@dataclass(frozen=True)
class Explanation:
    """Keys in the order of the recipe, and the group choices that lead to them."""

    recipe: str
    choices: tuple[Choice, ...]
    keys: tuple[Explained, ...]


def explain_recipe(
    name: str, overrides: Sequence[str], keys: Sequence[str] = (), *, env: str | None = None, catalogue: Catalogue, project: Project
) -> Explanation:
    """Explain a sound recipe.

    Args:
        name: Name of a recipe, or the path of its file.
        overrides: In Hydra's grammar.
        keys: Only these and what stands below them; everything when empty.
        env: The environment that is laid over the recipe.
        catalogue: What is installed.
        project: Whose own files come first.

    Raises:
        RecipeError: The recipe is not sound, or has no such key; the hint is the nearest one.
        IntegrityError: Something in it could name code, or belongs to the engine.
    """
    file = find_recipe(name, catalogue, project)
    composition = compose(file, tuple(overrides), catalogue, project, env=env)
    composition.note_losers()
    recipe = check(file.name, composition, catalogue, project)
    every = list(leaves(as_written(recipe)))
    wanted = [_path(key, recipe) for key in keys]
    described = _Parameters(recipe, catalogue)
    found = [
        _explain(path, value, composition, described)
        for path, value in every
        if not wanted or any(path[: len(prefix)] == prefix for prefix in wanted)
    ]
    for prefix in wanted:
        if not any(path[: len(prefix)] == prefix for path, _ in every):
            found.append(_absent(prefix, [path for path, _ in every], composition, described))
    groups = {prefix[0] for prefix in wanted}
    choices = tuple(choice for choice in composition.choices if not groups or choice.group.split("/")[0] in groups)
    return Explanation(recipe.name, choices, tuple(found))


class _Parameters:
    """The parameters of a recipe's components by key, each class read once."""

    def __init__(self, recipe: Recipe, catalogue: Catalogue) -> None:
        self._recipe = recipe
        self._catalogue = catalogue
        self._known: dict[tuple[str, str], tuple[Parameter, ...]] = {}

    def at(self, path: KeyPath) -> Parameter | None:
        if len(path) > 3 and path[0] == ENV and path[2] in KINDS:
            return self.at(path[2:])  # as the recipe's own key of that name, where the recipe has it
        kind = str(path[0])
        if kind not in KINDS:
            return parameter_at(self._of("", ""), path)
        if KINDS[kind].many:
            node, below = self._recipe.groups[kind].get(str(path[1]) if len(path) > 1 else ""), path[2:]
        else:
            node, below = self._recipe.nodes.get(kind), path[1:]
        if node is None:
            return None
        while place := next((place for place in node.parts if dotted(below).startswith(f"{place}.")), None):
            node = node.parts[place]
            kind, below = node.kind, below[place.count(".") + 1 :]
        if below == ("use",):
            component = self._catalogue.find(kind, node.use)
            return Parameter("use", f"name of a component of kind {kind}", "", True, None, component.sentence)
        return parameter_at(self._of(kind, node.use), below)

    def _of(self, kind: str, use: str) -> tuple[Parameter, ...]:
        if (kind, use) not in self._known:
            model = self._catalogue.params_class(self._catalogue.find(kind, use)) if kind else Outline
            self._known[kind, use] = parameters_of(model)
        return self._known[kind, use]


def _explain(path: KeyPath, value: Any, composition: Composition, described: _Parameters) -> Explained:
    raw = _at(composition.tree, path)
    points = raw if isinstance(raw, str) and "${" in raw else None
    return _with_parameter(path, value, True, points, composition.provenance.writes(path), described)


def _absent(path: KeyPath, every: list[KeyPath], composition: Composition, described: _Parameters) -> Explained:
    """A key that somebody set and somebody took out again; one that nobody ever set is refused."""
    traces = composition.provenance.traces(path)
    if traces:
        return _with_parameter(path, None, False, None, traces, described)
    above = max((n for n in range(len(path)) if any(other[:n] == path[:n] for other in every)), default=0)
    known = sorted({str(other[above]) for other in every if other[:above] == path[:above] and len(other) > above})
    where = f"{dotted(path[:above])} has" if above else "the recipe has"
    problem = Problem(dotted(path), f"{where} no key {str(path[above])!r}", None, did_you_mean(str(path[above]), known, limit=20))
    raise RecipeError("there is nothing to explain", [problem])


def _with_parameter(
    path: KeyPath, value: Any, is_there: bool, points: str | None, writes: tuple[Write, ...], described: _Parameters
) -> Explained:
    parameter = described.at(path)
    if parameter is None:
        return Explained(dotted(path), value, is_there, points, "", "", "", "", writes)
    default = "" if parameter.key == "use" else parameter.default_text
    return Explained(dotted(path), value, is_there, points, parameter.type, parameter.bounds, default, parameter.sentence, writes)


def _path(key: str, recipe: Recipe) -> KeyPath:
    """The parts of a dotted key; a name that has dots itself is kept whole."""
    tree: Any = as_written(recipe)
    parts: list[str] = []
    rest = key
    while rest:
        names = [name for name in tree if rest == name or rest.startswith(f"{name}.")] if isinstance(tree, dict) else []
        part = max(names, key=len, default=rest.partition(".")[0])
        tree = tree[part] if names else None
        parts.append(part)
        rest = rest[len(part) + 1 :]
    return tuple(parts)


def _at(tree: Any, path: KeyPath) -> Any:
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree


def value_text(value: Any) -> str:
    """A value as recipes write it."""
    return (
        value
        if isinstance(value, str) and value.isprintable() and value.strip() == value and value
        else json.dumps(value, ensure_ascii=False)
    )


__all__ = ["Explained", "Explanation", "explain_recipe", "value_text"]
