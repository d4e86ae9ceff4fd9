"""The recipe language as JSON Schema, so that editors complete recipes and underline what is wrong while they are written.

It is made of the same parameter classes that check recipes, of everything that is installed. An editor sees one file, where
composition sees all of them; so the schema refuses only what no other file could mend: nothing is required, and every value may also be a
`${...}` pointer or `???`. A component that the file names itself may have that component's keys. One whose `use` comes from a group may have
those of the choice that the file's own defaults list makes, where nothing but that list decides it: a choice of a kind that holds one
component, in a list that extends no other recipe (whose body may say `use`, after the group). Elsewhere, and in maps (where an entry may come
from any of several files, and be another component in each), it may have the keys of any component of its kind.
`if` / `else` is used instead of `oneOf`, whose complaint is "not valid under any of the given schemas", without a key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from upshot.catalogue import Catalogue
from upshot.contracts.components import DEFAULT_USE, KINDS, Component, Kind
from upshot.project import Project
from upshot.recipe.choices import components_named
from upshot.recipe.environments import LAYERED, ApprovalOutline, EnvironmentOutline
from upshot.recipe.layers import list_groups
from upshot.recipe.nodes import NAME
from upshot.recipe.schema import Outline

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
POINTER = {"type": "string", "pattern": r"\$\{|^\?\?\?$"}
_POINTER_REF = {"$ref": "#/$defs/pointer"}
_EXTENDS = {"type": "string", "not": {"const": "_self_"}}
_REF = "#/$defs/{model}"
_TEXT_LIMITS = ("pattern", "format", "minLength", "maxLength", "enum", "const")
_FILLED_WHEN_NULL = ("seed", "threads", "compute", "objective", "use_plugins")


def recipe_schema(catalogue: Catalogue, project: Project | None = None) -> Schema:
    """The JSON Schema (2020-12) of recipe files.

    Args:
        catalogue: What is installed.
        project: Whose own groups and choices are offered in `defaults`; only plugins' and Upshot's own when left out.

    Returns:
        JSON-plain data; the same installation gives the same text.
    """
    components = sorted(catalogue.components(), key=lambda component: (list(KINDS).index(component.kind), component.name))
    classes: dict[Component, type[BaseModel]] = {component: catalogue.params_class(component) for component in components}
    models: list[type[BaseModel]] = list(dict.fromkeys([*classes.values(), Outline]))
    refs, generated = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    known: dict[str, Schema] = generated["$defs"]
    found = {component: known[_name(refs[(model, "validation")])] for component, model in classes.items()}
    definitions = {f"{component.kind}.{component.name}": _component(component, schema, known) for component, schema in found.items()}
    nodes = {}
    for name, kind in KINDS.items():
        own = {component: schema for component, schema in found.items() if component.kind == name}
        definitions[f"{name}.any"] = {"properties": {"use": True, **_union([*own.values()], known)}, "additionalProperties": False}
        definitions[name] = _node(kind, [*own])
        nodes[name] = _key(kind, [*own])
    outline = known[_name(refs[(Outline, "validation")])]
    definitions |= {name: _open(schema, known) for name, schema in _used(known, [*found.values(), outline])}
    for model in (EnvironmentOutline, ApprovalOutline):
        definitions[model.__name__]["type"] = ["object", "null"]  # a named thing may be taken out
    definitions[EnvironmentOutline.__name__]["properties"] |= {key: {"$ref": f"#/properties/{key}"} for key in LAYERED}
    return {
        "$schema": DIALECT,
        "title": "Upshot recipe",
        "description": "One use case, from its data to what it earns. Options of a key: upshot describe KIND NAME.",
        "type": "object",
        "properties": {"defaults": _defaults(catalogue, project), **_outline(outline, known), **nodes},
        "additionalProperties": False,
        "allOf": [_as_chosen(*choice) for choice in _choices(catalogue, project)],
        "$defs": {
            "pointer": {"description": "A pointer to another key, such as ${use_case.problem}; or ??? for one to be given.", **POINTER}
        }
        | dict(sorted(definitions.items())),
    }


def _name(ref: Any) -> str:
    return str(ref["$ref"]).rpartition("/")[2]


def _component(component: Component, schema: Schema, known: dict[str, Schema]) -> Schema:
    opened = _open(schema, known)
    properties = {"use": {"description": component.sentence}, **opened.get("properties", {})}
    return {"description": component.sentence, "properties": properties, "additionalProperties": False}


def _node(kind: Kind, components: list[Component]) -> Schema:
    """One component of a kind as a recipe names it."""
    body = {
        "type": ["object", "null"],
        "properties": {"use": _use(kind, components)},
        "if": {"properties": {"use": {"enum": [component.name for component in components]}}, "required": ["use"]},
        "then": {"allOf": [_when(component) for component in components]},
        "else": {"$ref": f"#/$defs/{kind.name}.any"},
    }
    return _or_pointer(body)


def _key(kind: Kind, components: list[Component]) -> Schema:
    """A kind's key in a recipe: one component, or a map of them by name."""
    one = {"$ref": f"#/$defs/{kind.name}"}
    if not kind.many:
        return {"description": kind.sentence, **one}
    offered = {component.name: {"description": component.sentence, **one} for component in components if component.by_key is None}
    names = {"pattern": f"^{NAME.pattern}$"}
    entries = {"type": ["object", "null"], "propertyNames": names, "properties": offered, "additionalProperties": one}
    return {"description": f"{kind.sentence} A map keyed by name.", **_or_pointer(entries)}


def _use(kind: Kind, components: list[Component]) -> Schema:
    sentences = [f"{component.name}: {component.sentence}" for component in components]
    stated = f" {DEFAULT_USE[kind.name]} when left out." if kind.name in DEFAULT_USE else ""
    return {
        "description": f"Which component.{stated}",
        "anyOf": [{"enum": [component.name for component in components], "enumDescriptions": sentences}, _POINTER_REF],
    }


def _when(component: Component) -> Schema:
    return {
        "if": {"properties": {"use": {"const": component.name}}},
        "then": {"$ref": f"#/$defs/{component.kind}.{component.name}"},
    }


def _choices(catalogue: Catalogue, project: Project | None) -> Iterator[tuple[str, str, str]]:
    """Kind, choice and component of every named choice that is one component under its kind's own key."""
    for kind, files in list_groups(catalogue, project).items():
        if kind in KINDS and not KINDS[kind].many:
            for file in files:
                named = () if file.shadowed else components_named(file, kind, catalogue)
                if len(named) == 1 and named[0] in catalogue.names(kind) and "@package" not in file.path.read_text(encoding="utf-8-sig"):
                    yield kind, file.name, named[0]


def _as_chosen(kind: str, choice: str, component: str) -> Schema:
    """A kind's keys are those of the component that the file's own defaults list chooses."""
    chosen = {"contains": {"type": "object", "properties": {kind: {"const": choice}}, "required": [kind]}, "not": {"contains": _EXTENDS}}
    unnamed = {"type": "object", "not": {"required": ["use"]}}
    return {
        "if": {"properties": {"defaults": chosen, kind: unnamed}, "required": ["defaults", kind]},
        "then": {"properties": {kind: {"$ref": f"#/$defs/{kind}.{component}"}}},
    }


def _union(schemas: list[Schema], known: dict[str, Schema]) -> Schema:
    """Every key of several components; where they differ in what it may be, any of them will do."""
    ways: dict[str, list[Schema]] = {}
    for schema in schemas:
        for key, value in _open(schema, known).get("properties", {}).items():
            seen = ways.setdefault(key, [])
            if _bare(value) not in [_bare(other) for other in seen]:
                seen.append(value)
    return {key: found[0] if len(found) == 1 else {"anyOf": found} for key, found in ways.items()}


def _bare(schema: Schema) -> str:
    return json.dumps({key: value for key, value in schema.items() if key not in ("default", "description")}, sort_keys=True)


def _outline(outline: Schema, known: dict[str, Schema]) -> Schema:
    properties: Schema = _open(outline, known)["properties"]
    for key in _FILLED_WHEN_NULL:
        said = {word: properties[key][word] for word in ("description", "default") if word in properties[key]}
        properties[key] = {**said, "if": {"type": "null"}, "else": properties[key]}
    return properties


def _defaults(catalogue: Catalogue, project: Project | None) -> Schema:
    """The defaults list: known groups only, and their choices offered; a choice that is not there yet is the command's to refuse."""
    groups = {name: [file.name for file in files] for name, files in list_groups(catalogue, project).items()}
    groups = {**{kind: [] for kind in KINDS}, **groups}
    choices = {
        group: {
            "description": KINDS[group].sentence if group in KINDS else f"A choice of conf/{group}/.",
            "anyOf": [{"enum": [*names, None]}, {"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        }
        for group, names in groups.items()
    }
    named = "|".join(re.escape(group) for group in groups)
    return {
        "description": "What the recipe is made of: one choice a line, lowest first; _self_ is where this file itself stands.",
        "type": "array",
        "items": {
            "type": ["string", "object"],
            "properties": choices,
            "propertyNames": {"pattern": f"^(override |optional )*/?({named})(@.*)?$"},
            "minProperties": 1,
            "maxProperties": 1,
        },
    }


def _used(known: dict[str, Schema], roots: list[Schema]) -> Iterator[tuple[str, Schema]]:
    """The definitions that roots point at, directly or not."""
    waiting, done = list(roots), set()
    while waiting:
        for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(waiting.pop())):
            if name not in done:
                done.add(name)
                waiting.append(known[name])
                yield name, known[name]


def _open(schema: Schema, known: dict[str, Schema]) -> Schema:
    """A schema of pydantic without what one file cannot know, and with pointers wherever a value stands."""
    opened = {word: value for word, value in schema.items() if word not in ("title", "required", "minProperties")}
    if "properties" in opened:
        opened["properties"] = {key: _value(value, known) for key, value in opened["properties"].items()}
    if isinstance(opened.get("additionalProperties"), dict):
        opened["additionalProperties"] = _value(opened["additionalProperties"], known)
    if isinstance(opened.get("items"), dict):
        opened["items"] = _value(opened["items"], known)
    if "prefixItems" in opened:
        opened["prefixItems"] = [_value(item, known) for item in opened["prefixItems"]]
    for word in ("anyOf", "oneOf", "allOf"):
        if word in opened:
            opened[word] = [_open(branch, known) for branch in opened[word]]
    return opened


def _value(schema: Schema, known: dict[str, Schema]) -> Schema:
    """A schema at which a pointer may stand instead; its sentence and default stay outside, where editors look."""
    said: Schema = {word: schema[word] for word in ("description", "default") if word in schema}
    if "component" in schema:
        return {**said, "$ref": f"#/$defs/{schema['component']}"}
    if "$ref" in schema and "description" not in said:
        said |= {"description": known[_name(schema)].get("description", "")}
    bare = _open({word: value for word, value in schema.items() if word not in ("description", "default")}, known)
    if _takes_any_text(bare):
        return {**said, **bare}
    if "enum" in bare or bare.get("type") == "boolean" or "anyOf" in bare:
        return {**said, "anyOf": [*(bare["anyOf"] if set(bare) == {"anyOf"} else [bare]), _POINTER_REF]}
    return {**said, **_or_pointer(bare)}


def _takes_any_text(schema: Schema) -> bool:
    if any(_takes_any_text(branch) for branch in schema.get("anyOf", ())):
        return True
    return schema.get("type") == "string" and not any(word in schema for word in _TEXT_LIMITS)


def _or_pointer(schema: Schema) -> Schema:
    """Text at a place that takes none must be a pointer; all else is judged by the schema itself, key by key."""
    return {"if": {**_POINTER_REF}, "else": schema}


__all__ = ["recipe_schema"]
