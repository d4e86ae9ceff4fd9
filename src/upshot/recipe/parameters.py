"""Parameters as people read them: type, bounds, default and sentence, taken from the parameter classes themselves.

`describe` prints them, `explain` looks one up. Both read the JSON Schema that pydantic makes of a class, so that whatever a class can
say (a bound inside a union, a day, a list of choices) needs no second reading of Python annotations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from upshot.recipe.reading import KeyPath
from upshot.recipe.wording import default_of, key_of

_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "object": "map",
    "array": "list",
}
_SIGNS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_SIZES = (
    ("minLength", "maxLength", "character", "characters"),
    ("minItems", "maxItems", "item", "items"),
    ("minProperties", "maxProperties", "entry", "entries"),
)


@dataclass(frozen=True)
class Parameter:
    """One key that a recipe may write.

    Args:
        key: As a recipe writes it.
        type: In words: "whole number", "text or null", "list of text".
        bounds: In words, "" where there are none: ">= 1, <= 64".
        required: Whether it has no default.
        default: JSON-plain; None where it is required.
        sentence: What it is.
        inner: Keys of the map that it is, or of each entry of the map or list that it is.
        is_keyed: Whether names or positions stand between the key and its inner ones.
        choices: The values that it may have, as a recipe writes them, where they can be listed.
    """

    key: str
    type: str
    bounds: str
    required: bool
    default: Any
    sentence: str
    inner: tuple[Parameter, ...] = ()
    is_keyed: bool = False
    choices: tuple[str, ...] = ()

    @property
    def default_text(self) -> str:
        """The default as a recipe would write it."""
        return "required" if self.required else json.dumps(self.default, ensure_ascii=False)

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        shown: dict[str, Any] = {"key": self.key, "type": self.type, "bounds": self.bounds, "required": self.required}
        if not self.required:
            shown["default"] = self.default
        shown["sentence"] = self.sentence
        if self.inner:
            shown["keys"] = [parameter.to_json() for parameter in self.inner]
        return shown


def parameters_of(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """Every parameter of a class, nested ones inside.

    Example:
        >>> from upshot.contracts.params import Params
        >>> from pydantic import Field
        >>> class TopKParams(Params):
        ...     k: int = Field(100, ge=1, description="Cases a day.")
        >>> parameters_of(TopKParams)[0]
        Parameter(key='k', type='whole number', bounds='>= 1', required=False, default=100, sentence='Cases a day.', inner=(), is_keyed=False, choices=())
    """
    schema = model.model_json_schema(by_alias=True)
    defaults = {key_of(name, field): default_of(field) for name, field in model.model_fields.items() if not field.is_required()}
    return tuple(_parameters(schema, schema.get("$defs", {}), defaults, (model.__name__,)))


def parameter_at(parameters: Sequence[Parameter], path: KeyPath) -> Parameter | None:
    """The parameter at a path below a component; None where a name, a position or free text stands there."""
    wanted = next((parameter for parameter in parameters if path and parameter.key == path[0]), None)
    if wanted is None or len(path) == 1:
        return wanted
    return parameter_at(wanted.inner, path[2:] if wanted.is_keyed else path[1:])


def _parameters(schema: dict[str, Any], known: dict[str, Any], defaults: dict[str, Any], above: tuple[str, ...]) -> Iterator[Parameter]:
    required = set(schema.get("required", ()))
    for key, raw in schema.get("properties", {}).items():
        inner, is_keyed, name = _inner(raw, known)
        default = defaults.get(key, raw.get("default"))
        below = default if isinstance(default, dict) and not is_keyed else {}
        yield Parameter(
            key=key,
            type=type_text(raw, known),
            bounds=bounds_text(raw, known),
            required=key in required,
            default=default,
            sentence=raw.get("description", ""),
            inner=tuple(_parameters(inner, known, below, (*above, name))) if inner is not None and name not in above else (),
            is_keyed=is_keyed,
            choices=tuple(_choices(raw, known)),
        )


def _choices(schema: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        yield from _choices(known[str(schema["$ref"]).rpartition("/")[2]], known)
    elif "enum" in schema or "const" in schema:
        yield from (_choice(choice) for choice in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "boolean":
        yield from ("true", "false")
    for branch in _branches(schema):
        yield from _choices(branch, known)


def _inner(schema: dict[str, Any], known: dict[str, Any]) -> tuple[dict[str, Any] | None, bool, str]:
    """The closed map inside a schema, whether names or positions lead to it, and what its class is called."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        inner, is_keyed, _ = _inner(known[name], known)
        return inner, is_keyed, name
    if "properties" in schema:
        return schema, False, str(schema.get("title", ""))
    for entry in (schema.get("additionalProperties"), schema.get("items")):
        if isinstance(entry, dict):
            inner, _, name = _inner(entry, known)
            return inner, True, name
    for branch in _branches(schema):
        inner, is_keyed, name = _inner(branch, known)
        if inner is not None:
            return inner, is_keyed, name
    return None, False, ""


def type_text(schema: dict[str, Any], known: dict[str, Any]) -> str:
    """A schema's type in words.

    Example:
        >>> type_text({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}, {})
        'list of text, or null'
    """
    if "$ref" in schema:
        return type_text(known[str(schema["$ref"]).rpartition("/")[2]], known)
    if "enum" in schema or "const" in schema:
        choices = [_choice(choice) for choice in schema.get("enum", [schema.get("const")])]
        return f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
    if "component" in schema:
        return f"component of kind {schema['component']}"
    branches = list(dict.fromkeys(type_text(branch, known) for branch in _branches(schema)))
    if "whole number" in branches and "number" in branches:
        branches.remove("whole number")
    if branches:
        *first, last = branches
        comma = "," if any(" of " in text for text in branches) else ""
        return f"{', '.join(first)}{comma} or {last}" if first else last
    kind = str(schema.get("type", ""))
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"list of {type_text(schema['items'], known)}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        value = type_text(schema["additionalProperties"], known)
        return "map keyed by name" if value == "map" else f"map of name to {value}"
    if schema.get("format") == "date":
        return "day"
    return _TYPES.get(kind, "any value")


def bounds_text(schema: dict[str, Any], known: dict[str, Any]) -> str:
    """A schema's bounds in words; those of a union's branches together.

    Example:
        >>> bounds_text({"type": "integer", "minimum": 1, "maximum": 64}, {})
        '>= 1, <= 64'
    """
    parts = [f"{sign} {_number(schema[name])}" for name, sign in _SIGNS.items() if name in schema]
    if "pattern" in schema:
        parts.append(f"like {schema['pattern']}")
    for least, most, one, many in _SIZES:
        if least in schema and schema[least] == schema.get(most):
            parts.append(f"{schema[least]} {one if schema[least] == 1 else many}")
            continue
        parts += [f"at least {schema[least]} {one if schema[least] == 1 else many}"] if schema.get(least) else []
        parts += [f"at most {schema[most]} {one if schema[most] == 1 else many}"] if most in schema else []
    if isinstance(schema.get("items"), dict):
        each = bounds_text(schema["items"], known)
        parts += [f"each {each}"] if each else []
    parts += [text for branch in _branches(schema) if (text := bounds_text(branch, known))]
    return ", ".join(dict.fromkeys(parts))


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _choice(choice: Any) -> str:
    """A choice as recipes write it; in quotes where it is no plain word."""
    return choice if isinstance(choice, str) and choice.isidentifier() else repr(choice) if isinstance(choice, str) else json.dumps(choice)


def _branches(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [branch for word in ("anyOf", "oneOf", "allOf") for branch in schema.get(word, ())]


__all__ = ["Parameter", "bounds_text", "parameter_at", "parameters_of", "type_text"]
