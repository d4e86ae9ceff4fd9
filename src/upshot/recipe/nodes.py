"""The components that a recipe names: found in the catalogue, filled with their defaults, checked by their own `Params`.

Two passes, because values may point at each other and at defaults: first every node gets its component and the defaults that
nobody set; when interpolations are resolved, each node is validated. Only the parameter classes of named components are imported.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined

from upshot.catalogue import Catalogue
from upshot.contracts.components import DEFAULT_USE, KINDS, Component, Kind
from upshot.contracts.params import FileMark, Params, SecretMark, SecretTextMark, parts_of, with_marked, with_parts
from upshot.contracts.tables import Map, freeze, thaw
from upshot.errors import Problem, did_you_mean, nearest
from upshot.project import Project
from upshot.recipe.composition import Composition
from upshot.recipe.interpolation import dotted, leaves, peek
from upshot.recipe.reading import KeyPath
from upshot.recipe.recipe import Node
from upshot.recipe.wording import default_of, explain, key_of, keys_of, shown
from upshot.secrets import secret_names

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")
NAMED = "a name has letters, digits, _ and -, and starts with a letter"
_NO_SECRET = "must name a secret, so that the value itself is never stored"
_STORED = "a secret cannot stand here: the value would be stored and shown"
_SECRETS = "only a parameter that is declared as a secret takes one; `upshot describe KIND NAME` marks them"
NO_GATE = "no gate is declared: a version that nothing was asked of cannot pass"


@dataclass(frozen=True)
class Draft:
    """A node whose component is known and whose parameters are not yet checked.

    Attributes:
        name: Its key in a map of its kind, None for a kind that holds one component; for a part, its place within its owner.
        path: Where it stands in the recipe.
        parts: The components inside its parameters.
    """

    kind: str
    name: str | None
    path: KeyPath
    component: Component
    params: type[Params]
    parts: list[Draft] = dataclasses.field(default_factory=list)

    def family(self) -> Iterator[Draft]:
        """It and all that it is made of."""
        yield self
        for part in self.parts:
            yield from part.family()


def draft_nodes(composition: Composition, catalogue: Catalogue) -> list[Draft]:
    """Every node with its component; fills component defaults into the tree and notes what is wrong."""
    drafts: list[Draft] = []
    for kind in KINDS.values():
        if kind.name in composition.broken:
            composition.tree.pop(kind.name, None)
        elif kind.many:
            drafts += _draft_map(kind, composition, catalogue)
        else:
            drafts += _draft_single(kind, composition, catalogue)
    for draft in drafts:
        _fill(draft, composition, catalogue)
    return drafts


def _draft_single(kind: Kind, composition: Composition, catalogue: Catalogue) -> Iterator[Draft]:
    tree, path = composition.tree, (kind.name,)
    if tree.get(kind.name) is None:
        tree.pop(kind.name, None)
        if kind.name not in DEFAULT_USE:
            hint = f"write `- {kind.name}: NAME` in defaults or {kind.name}: {{use: NAME}}; {_listed(catalogue, kind.name)}"
            _note(composition, path, "is required", None, hint)
            return
        tree[kind.name] = {}
    node = _node_map(path, composition)
    if not isinstance(node, dict):
        _note(composition, path, "must be a map", shown(node), _single_hint(kind.name, node))
        return
    if "use" not in node and kind.name in DEFAULT_USE:
        _imply(composition, path, DEFAULT_USE[kind.name], f"{kind.name} left out")
    elif "use" not in node:
        _note(composition, (*path, "use"), "is required", None, _listed(catalogue, kind.name))
        return
    yield from _draft(kind.name, None, path, composition, catalogue)


def _single_hint(kind: str, node: Any) -> str:
    if isinstance(node, str):
        return f"write {kind}: {{use: {node}}} (as an argument: {kind}.use={node}), or `- {kind}: {node}` in defaults where conf/{kind}/{node}.yaml is"
    return f"write {kind}: {{use: NAME, ...}}"


def _draft_map(kind: Kind, composition: Composition, catalogue: Catalogue) -> Iterator[Draft]:
    tree, path = composition.tree, (kind.name,)
    group = _node_map(path, composition) if tree.get(kind.name) is not None else {}
    if not isinstance(group, dict):
        example = f"{group[0]}: {{}}" if isinstance(group, list) and group and isinstance(group[0], str) else "NAME: {...}"
        _note(composition, path, "must be a map keyed by name", shown(group), f"write {kind.name}: {{{example}}}")
        return
    if kind.name not in tree:
        composition.provenance.default(path, {}, f"{kind.name} left out")
    tree[kind.name] = group = {name: entry for name, entry in group.items() if entry is not None}
    if not group and kind.name == "gates":
        _note(composition, path, NO_GATE, None, "write gates: {NAME: {...}} or `- gates: NAME` in defaults")
    elif not group and kind.name == "kpi":
        _note(composition, path, "at least one KPI is required", None, "write kpi: {NAME: {...}} or `- kpi: NAME` in defaults")
    yield from _draft_entries(kind.name, group, composition, catalogue)


def _draft_entries(kind: str, group: dict[str, Any], composition: Composition, catalogue: Catalogue) -> Iterator[Draft]:
    seen: dict[str, str] = {}
    for name in list(group):
        path = (kind, name)
        if not NAME.fullmatch(name):
            _note(composition, path, NAMED, repr(name[:80]), None)
        if name.lower() in seen:
            _note(composition, path, f"differs from {seen[name.lower()]!r} only in case", None, "choose another name")
        seen[name.lower()] = name
        entry = _node_map(path, composition)
        if not isinstance(entry, dict):
            _note(composition, path, "must be a map", shown(entry), f"write {name}: {{}} to have it, {name}: null to remove it")
            continue
        if "use" in entry or _imply_entry(kind, name, entry, composition, catalogue):
            yield from _draft(kind, name, path, composition, catalogue)


def _imply_entry(kind: str, name: str, entry: dict[str, Any], composition: Composition, catalogue: Catalogue) -> bool:
    """Fill in `use` from the entry's keys or its name; False, with a problem, when neither says it."""
    of_kind = [component for component in catalogue.components() if component.kind == kind]
    implied = [component for component in of_kind if component.by_key is not None and component.by_key in entry]
    if len(implied) > 1 and name not in {component.name for component in implied}:
        names = " or ".join(f"use: {component.name}" for component in implied)
        found_keys = ", ".join(str(component.by_key) for component in implied)
        _note(composition, (kind, name, "use"), "could mean several components", found_keys, f"write {names}", at=(kind, name))
        return False
    if implied:
        found = implied[0] if len(implied) == 1 else next(component for component in implied if component.name == name)
        _imply(composition, (kind, name), found.name, f"implied by the key {found.by_key!r}")
        return True
    if name in catalogue.names(kind):
        _imply(composition, (kind, name), name, "implied by its name")
        return True
    keys = sorted(component.by_key for component in of_kind if component.by_key)
    meant = nearest(name, (other for other in composition.tree[kind] if other != name))
    ways = [f"did you mean {kind}.{meant}?"] if meant else []
    ways += [f"write `use:`, or a key that implies it ({', '.join(keys)})" if keys else "write `use:`", catalogue.hint(kind, name)]
    _note(composition, (kind, name, "use"), f"is required: no {kind} is named {name!r}", None, "; ".join(ways))
    return False


def _imply(composition: Composition, path: KeyPath, use: str, why: str) -> None:
    node: dict[str, Any] = composition.tree
    for key in path:
        node = node[str(key)]
    node["use"] = use
    composition.provenance.default((*path, "use"), use, why)


def _draft(kind: str, name: str | None, at: KeyPath, composition: Composition, catalogue: Catalogue) -> Iterator[Draft]:
    path = (*at, "use")
    use = _node_at(at, composition.tree)["use"]
    if isinstance(use, str) and "${" in use:
        use = peek(composition.tree, path)
    if use == "???" or use is None:
        _note(composition, path, "must name a component", shown(use), _listed(catalogue, kind))
    elif not isinstance(use, str) or use not in catalogue.names(kind):
        hint = catalogue.hint(kind, use) if isinstance(use, str) else _listed(catalogue, kind)
        _note(composition, path, f"unknown {kind}", shown(use), hint)
    else:
        component = catalogue.find(kind, use)
        yield Draft(kind, name, at, component, catalogue.params_class(component))


def _draft_parts(draft: Draft, composition: Composition, catalogue: Catalogue) -> Iterator[Draft]:
    """The components inside a node's parameters."""
    found = [(path, kind) for path, kind, _ in parts_of(draft.params, _node_at(draft.path, composition.tree))]
    for within, kind in found:
        path = (*draft.path, *within)
        node = _node_map(path, composition)
        if not NAME.fullmatch(str(within[-1])):
            _note(composition, path, NAMED, repr(str(within[-1])[:80]), None)
        elif not isinstance(node, dict):
            _note(composition, path, "must be a map", shown(node), f"write {within[-1]}: {{use: NAME, ...}}; {_listed(catalogue, kind)}")
        elif "use" not in node:
            _note(composition, (*path, "use"), "is required", None, _listed(catalogue, kind))
        else:
            yield from _draft(kind, dotted(within), path, composition, catalogue)


def _node_at(path: KeyPath, tree: dict[str, Any]) -> dict[str, Any]:
    node: Any = tree
    for key in path:
        node = node[key]
    found: dict[str, Any] = node
    return found


def _node_map(path: KeyPath, composition: Composition) -> Any:
    """The value at a path; a whole node that is an interpolation is replaced by what it points at."""
    parent: Any = composition.tree
    for key in path[:-1]:
        parent = parent[key]
    value = parent[path[-1]]
    if isinstance(value, str) and "${" in value:
        found = peek(composition.tree, path)
        if isinstance(found, dict):
            parent[path[-1]] = value = found
    return value


def _fill(draft: Draft, composition: Composition, catalogue: Catalogue) -> None:
    """Defaults that nobody set go beneath, so that values can point at them."""
    _fill_model(draft.params, _node_at(draft.path, composition.tree), draft.path, draft.component.params, composition)
    draft.parts.extend(_draft_parts(draft, composition, catalogue))
    for part in draft.parts:
        _fill(part, composition, catalogue)


def _fill_model(model: type[BaseModel], node: dict[str, Any], path: KeyPath, where: str, composition: Composition) -> None:
    for name, field in model.model_fields.items():
        key, default = key_of(name, field), default_of(field)
        if default is PydanticUndefined:
            continue
        composition.provenance.default((*path, key), default, where)
        inner = field.annotation
        if key not in node:
            node[key] = default
        elif _is_component(default) and isinstance(node[key], dict) and "use" not in node[key]:  # one key of the default component was set
            node[key] = {**default, **node[key]}
        elif isinstance(node[key], dict) and isinstance(inner, type) and issubclass(inner, BaseModel):
            _fill_model(inner, node[key], (*path, key), where, composition)


def _is_component(value: Any) -> bool:
    return isinstance(value, dict) and "use" in value


def check_node(draft: Draft, tree: dict[str, Any], composition: Composition, catalogue: Catalogue, project: Project) -> Node | None:
    """The node, validated; None, with problems noted, when its parameters are wrong."""
    data = {key: value for key, value in _node_at(draft.path, tree).items() if key != "use"}
    parts = {part.path[len(draft.path) :]: check_node(part, tree, composition, catalogue, project) for part in draft.parts}
    try:
        params = draft.params.model_validate(data)
    except ValidationError as error:

        def leftover(where: KeyPath, key: str) -> Problem | None:
            return _leftover(draft, where, key, composition, catalogue)

        composition.problems += explain(
            error, path=draft.path, data=data, model=draft.params, provenance=composition.provenance, unknown=leftover
        )
        return None
    plain = params.model_dump(mode="json", by_alias=True)
    inputs: list[str] = []

    def absolute(_: KeyPath, text: str) -> str:
        inputs.append(project.path(text))
        return inputs[-1]

    plain = with_marked(draft.params, plain, FileMark, absolute)
    sound = {path: part for path, part in parts.items() if part is not None}
    if len(sound) < sum(1 for _ in parts_of(draft.params, plain)):
        return None
    plain = with_parts(draft.params, plain, lambda path, kind, _: {"use": sound[path].use, **thaw(sound[path].params)})
    inputs += [path for part in sound.values() for path in part.inputs]
    checked = Map({key: freeze(value) for key, value in plain.items()})
    return Node(draft.kind, draft.component.name, checked, tuple(inputs), Map({dotted(path): part for path, part in sound.items()}))


def _leftover(draft: Draft, where: KeyPath, key: str, composition: Composition, catalogue: Catalogue) -> Problem | None:
    """A key that another component of the kind has: probably left behind when the component was swapped."""
    if where != (*draft.path, key):
        return None
    others = [name for name in catalogue.names(draft.kind) if key in keys_of(catalogue.params_class(catalogue.find(draft.kind, name)))]
    place = composition.provenance.last(where)
    close = did_you_mean(key, keys_of(draft.params))
    if not others or place is None or (close.startswith("did you mean") and place.layer == "command line"):
        return None
    dotted = ".".join(str(part) for part in where)
    composition.note_losers()
    before = {write.place.text for write in composition.provenance.writes((*draft.path, "use"))}
    others = [name for name in others if name in before] or others  # those that the recipe had chosen, where one of them has it
    shown_others = " or ".join(repr(name) for name in others[:3])
    rule = f"is a parameter of {shown_others}, not of {draft.component.name!r}"
    away = f"take it out of {place}" if place.layer != "command line" else f"leave {place} out"
    stays = (
        f"move it to conf/{draft.kind}/{others[0]}.yaml, so that it goes with that choice"
        if draft.name is None
        else f"write use: {others[0]}"
    )
    hint = f"{away} (for one run: ~{dotted}), or {stays}" if place.layer != "command line" else f"{away}, or choose {shown_others}"
    return Problem(dotted, rule, None, hint, str(place))


def check_secrets(drafts: list[Draft], tree: dict[str, Any], composition: Composition) -> list[Problem]:
    """Secrets that stand where a value is stored and shown, and values that stand where a secret belongs."""
    meant: dict[KeyPath, str] = {}
    free: set[KeyPath] = set()
    for draft in (member for top in drafts for member in top.family()):
        node = _node_at(draft.path, tree)

        def note(path: KeyPath, text: str, above: KeyPath = draft.path) -> str:
            meant[*above, *path] = text
            return text

        def note_free(path: KeyPath, text: str, above: KeyPath = draft.path) -> str:
            free.add((*above, *path))
            return text

        with_marked(draft.params, node, SecretMark, note)
        with_marked(draft.params, node, SecretTextMark, note_free)
    problems = [
        Problem(dotted(path), _NO_SECRET, None, "write ${secret:NAME} and set UPSHOT_SECRET_NAME", composition.provenance.place(path))
        for path, text in meant.items()
        if not secret_names(text) and (path not in free or _PASSWORD.search(text))
    ]
    return problems + [
        Problem(dotted(path), _STORED, repr(text), _SECRETS, composition.provenance.place(path))
        for path, text in leaves(tree)
        if isinstance(text, str) and path not in meant and secret_names(text)
    ]


def _listed(catalogue: Catalogue, kind: str) -> str:
    return f"options: {', '.join(catalogue.names(kind)) or 'none is installed'}"


def _note(composition: Composition, path: KeyPath, rule: str, got: str | None, hint: str | None, *, at: KeyPath | None = None) -> None:
    where = ".".join(str(part) for part in path)
    composition.problems.append(Problem(where, rule, got, hint, composition.provenance.place(at or path)))
