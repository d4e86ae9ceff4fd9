"""Turns pydantic's errors into problems that a person can act on: the recipe's own key, the rule, the value, the nearest name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined, to_jsonable_python

from upshot.contracts.params import key_of as key_of
from upshot.errors import Problem, did_you_mean
from upshot.recipe.provenance import COMMAND_LAYER, Provenance
from upshot.recipe.reading import KeyPath

_RULES = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a map",
    "model_type": "must be a map",
    "mapping_type": "must be a map",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "missing": "is required",
}
_PHRASES = (
    ("greater than or equal to", ">="),
    ("less than or equal to", "<="),
    ("greater than", ">"),
    ("less than", "<"),
)
_SHOWN = 60

Unknown = Callable[[KeyPath, str], Problem | None]
"""Given the path of an unknown key and its name: a better explanation than "unknown key", or None."""


def explain(
    error: ValidationError,
    *,
    path: KeyPath,
    data: Mapping[str, Any],
    model: type[BaseModel],
    provenance: Provenance,
    unknown: Unknown,
) -> list[Problem]:
    """One problem a key.

    Args:
        error: What pydantic found.
        path: Where the validated map stands in the recipe.
        data: The validated map.
        model: Its model, for names, bounds, defaults and sentences.
        provenance: For the place of each key.
        unknown: Explains unknown keys specially.
    """
    problems: dict[KeyPath, Problem] = {}
    for details in error.errors(include_url=False):
        inner = _known_part(details["loc"], data, details["type"])
        where = (*path, *inner)
        made = _problem(details, inner, where, model, provenance, unknown)
        before = problems.get(where)
        if before is None:
            problems[where] = made
        elif made.rule not in before.rule:  # a union: every branch complains
            problems[where] = Problem(before.where, f"{before.rule} or {made.rule}", before.got, before.hint, before.place)
    return list(problems.values())


def _problem(
    details: ErrorDetails, inner: KeyPath, where: KeyPath, model: type[BaseModel], provenance: Provenance, unknown: Unknown
) -> Problem:
    place, key = provenance.place(where), ".".join(str(part) for part in where)
    if details["type"] == "extra_forbidden":
        special = unknown(where, str(inner[-1]))
        fields = {name for cls in _models_at(model, inner[:-1]) for name in keys_of(cls)}
        return special or Problem(key, "unknown key", shown(details["input"]), did_you_mean(str(inner[-1]), fields), place)
    field = _field_at(model, inner)
    if details["type"] == "missing":
        return Problem(key, "is required", None, field.description if field else None, place)
    got = shown(details["input"]) if inner else None
    return Problem(key, _rule(details), got, _hint(details, where, field, provenance), place)


def _rule(details: ErrorDetails) -> str:
    if details["type"] in _RULES:
        return _RULES[details["type"]]
    said = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ").removesuffix(f"; got {details['input']!r}")
    said = re.sub(r"^(Input|[A-Z]\w+) should ", "must ", said)
    for phrase, sign in _PHRASES:
        said = said.replace(phrase, sign)
    return said[:1].lower() + said[1:]


def _hint(details: ErrorDetails, where: KeyPath, field: FieldInfo | None, provenance: Provenance) -> str | None:
    last = provenance.last(where)
    value = details["input"]
    is_surprise = details["type"] == "string_type" and isinstance(value, (bool, int, float))
    if is_surprise and field is not None and (broken := _rule_of_text(field, str(value))) is not None:
        return broken
    if is_surprise and last is not None and last.text != json.dumps(value) and last.text.partition("=")[2][:1] not in ("[", "{"):
        if last.layer == COMMAND_LAYER:
            key, _, written = last.text.partition("=")
            return f"""write it in quotes: '{key}="{written}"'"""
        return f"YAML reads {last.text} so: write it in quotes, '{last.text}'"
    if field is None:
        return None
    inner = list(nested_models(field.annotation)) if details["type"] in ("model_type", "model_attributes_type") else []
    return f"its keys are {', '.join(keys_of(inner[0]))}" if inner else _range_and_default(field)


def _rule_of_text(field: FieldInfo, text: str) -> str | None:
    """What the value would break as text too: quotes alone do not make 14 a length of time."""
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        return next((_rule(details) for details in error.errors(include_url=False) if details["type"] == "value_error"), None)
    return None


def _range_and_default(field: FieldInfo) -> str | None:
    """Its bounds where there are two, and its default where that is short and lies within them."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {value}" for item in field.metadata for name, sign in signs.items() if (value := getattr(item, name, None)) is not None
    ]
    parts = [f"range {' and '.join(bounds)}"] if len(bounds) > 1 else []
    default = default_of(field)
    if isinstance(default, int) and any(bound.startswith(">= ") and default < float(bound[3:]) for bound in bounds):
        return field.description  # a default that nobody can write, such as 0 for all cores
    if default is not PydanticUndefined:
        parts.append(f"default {shown(default)}")
    return "; ".join(parts) or None


def shown(value: Any) -> str:
    """A value as people wrote it, cut short.

    Example:
        >>> shown("six"), shown(None), shown(0)
        ("'six'", 'null', '0')
    """
    if isinstance(value, str):
        text = repr(value)
    else:
        text = json.dumps(to_jsonable_python(value), ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a model, as recipes write them."""
    return tuple(key_of(name, field) for name, field in model.model_fields.items())


def default_of(field: FieldInfo) -> Any:
    """A field's default as JSON-plain data; `PydanticUndefined` when it has none."""
    if field.is_required():
        return PydanticUndefined
    value = field.get_default(call_default_factory=True, validated_data={})
    return to_jsonable_python(value, by_alias=True)


def nested_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside a type: itself, or those in a union, list or map."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from nested_models(argument)


def _models_at(model: type[BaseModel], path: KeyPath) -> list[type[BaseModel]]:
    models = [model]
    for part in path:
        fields = [field for cls in models for name, field in cls.model_fields.items() if key_of(name, field) == part]
        if fields:  # otherwise the part is a name in a map or a position in a list of the same models
            models = [found for field in fields for found in nested_models(field.annotation)]
    return models


def _field_at(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    if not path:
        return None
    for cls in _models_at(model, path[:-1]):
        for name, field in cls.model_fields.items():
            if key_of(name, field) == path[-1]:
                return field
    return None


def _known_part(loc: tuple[int | str, ...], data: Any, kind: str) -> KeyPath:
    """An error's path without the tags that pydantic adds for unions: what leads through the data, and a missing last key."""
    path: list[int | str] = []
    for position, part in enumerate(loc):
        inside = (isinstance(data, Mapping) and part in data) or (isinstance(data, list) and isinstance(part, int) and part < len(data))
        if inside:
            data = data[part]
            path.append(part)
        elif kind == "missing" and position == len(loc) - 1:
            path.append(part)
    return tuple(path)
