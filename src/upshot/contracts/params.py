"""The base of every component's parameters: the only home of a parameter's type, bound, default and sentence.

Apart from the other contracts because it imports pydantic, which a repeat of an unchanged recipe does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from upshot.contracts.records import Roles
from upshot.secrets import HIDDEN


class Params(BaseModel):
    """Parameters of a component: strict, frozen, closed.

    Example:
        >>> class TopKParams(Params):
        ...     k: int = Field(100, ge=1, description="Cases a day.")
        >>> TopKParams().k
        100
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, protected_namespaces=())

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            field = type(self).model_fields.get(str(name))
            is_secret = field is not None and _holds(field.annotation, tuple(field.metadata), SecretMark)
            yield name, HIDDEN if is_secret and value is not None else value


class FileMark:
    """Marks a parameter as a file, folder or glob that is read: a plan hashes it, and its path is held to the project's rules."""


InputPath = Annotated[str, FileMark()]
"""A path relative to the project folder, resolved to an absolute one before the component is made."""


class SecretMark:
    """Marks a parameter as a secret: a recipe gives it as `${secret:NAME}`, and only the component sees the value."""


Secret = Annotated[str, SecretMark()]
"""A password or key. Everywhere but in the component it is the reference that the recipe wrote."""


class SecretTextMark(SecretMark):
    """Marks a text that may name secrets, and need not."""


SecretText = Annotated[str, SecretTextMark()]
"""A text with a secret inside, such as `postgresql://me:${secret:PASSWORD}@host/base`; a password in plain sight is refused."""


@dataclass(frozen=True)
class PartMark:
    """Marks a parameter as another component: a recipe writes `{use: NAME, ...}`, and the component that has it gets the made one.

    Args:
        kind: Kind of the component.

    Example:
        >>> class MeanParams(Params):
        ...     members: dict[str, Annotated[Any, PartMark("model")]] = Field(description="What is averaged.")
        >>> [(path, kind) for path, kind, _ in parts_of(MeanParams, {"members": {"flat": {"use": "seasonal_naive"}}})]
        [(('members', 'flat'), 'model')]
    """

    kind: str

    def __get_pydantic_json_schema__(self, core: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {**handler(core), "component": self.kind}


ModelPart = Annotated[Any, PartMark("model")]
"""A component of kind `model` inside another component's parameters."""

SourcePart = Annotated[Any, PartMark("data")]
"""A component of kind `data` inside another component's parameters."""

PolicyPart = Annotated[Any, PartMark("policy")]
"""A component of kind `policy` inside another component's parameters."""


@dataclass(frozen=True)
class Stricter:
    """Marks a parameter of a gate: which way it asks for more.

    Args:
        way: "up" where a larger number asks for more, "down" where a smaller one does; null is no bound, the weakest of all.
        order: Choices from the weakest to the strictest, for a parameter that has choices.

    Example:
        >>> Stricter("up").is_weaker(0.6, 0.5), Stricter("down").is_weaker(0.1, None), Stricter(order=("value", "interval")).is_weaker("value", "interval")
        (True, True, False)
    """

    way: Literal["up", "down"] = "up"
    order: tuple[str, ...] = ()

    def is_weaker(self, before: Any, now: Any) -> bool:
        """Whether the second value asks for less than the first."""
        if self.order:
            return self.order.index(now) < self.order.index(before)
        if before is None or now is None:
            return before is not None and now is None
        return bool(now < before if self.way == "up" else now > before)


Names = Annotated[tuple[str, ...], Field(strict=False)]
"""Column names. YAML has lists, frozen parameters have tuples: the one place where strictness gives way."""


class RolesParams(Params):
    """Which column plays which part."""

    key: Names = Field((), description="Columns that together name a row.")
    time: str | None = Field(None, description="When the row happened; decisions fall at this moment.")
    target: str | None = Field(None, description="Outcome to predict.")
    label_time: str | None = Field(None, description="When the outcome became known, where the data says so.")
    entities: Names = Field((), description="Whom the rows belong to: customer, terminal, series, user, unit.")
    item: str | None = Field(None, description="What is recommended or sold.")
    amount: str | None = Field(None, description="Money at stake in the row.")
    weight: str | None = Field(None, description="How much the row counts.")
    censored: str | None = Field(None, description="True where the outcome was not seen to its end.")
    known_ahead: Names = Field((), description="Columns known for future rows too.")
    static: Names = Field((), description="Columns that do not change within an entity.")
    protected: Names = Field((), description="Attributes that decisions must not depend on unfairly.")
    action: str | None = Field(
        None, description="What was done with the row when it happened, as logged; no model sees it when it predicts."
    )
    propensity: str | None = Field(None, description="Probability with which the logged action was drawn, where chance decided.")
    afterwards: Names = Field(
        (), description="Columns that are only known after the decision, such as the mode of a failure: never features."
    )

    def roles(self) -> Roles:
        """The same as a plain record."""
        return Roles(**self.model_dump())


class SourceParams(Params):
    """What every source declares beside its own parameters."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="Name of the snapshot table that the rows are pinned in.")
    roles: RolesParams = Field(default_factory=RolesParams, description="Which column plays which part.")
    tables: dict[str, SourcePart] = Field(
        default_factory=dict, description="Side tables by name, each a source of its own: the catalogue of items, users, stock, a calendar."
    )


Place = tuple[str | int, ...]


def key_of(name: str, field: FieldInfo) -> str:
    """The key that a recipe writes for a field: its alias, where the name is no Python name."""
    return field.validation_alias if isinstance(field.validation_alias, str) else field.alias or name


def with_marked(model: type[BaseModel], data: Any, mark: type, change: Callable[[Place, str], str]) -> Any:
    """A copy of a component's parameters in which every text that carries a mark is changed.

    Args:
        model: The class of the parameters.
        data: Parameters as plain data, under the keys that recipes write.
        mark: `FileMark` or `SecretMark`.
        change: Given the path of a text and the text, what stands there in the copy.

    Example:
        >>> class DoorParams(Params):
        ...     keys: dict[str, Secret] = Field(description="Keys by door.")
        >>> with_marked(DoorParams, {"keys": {"front": "a"}}, SecretMark, lambda path, text: f"{text} at {path}")
        {'keys': {'front': "a at ('keys', 'front')"}}
    """
    return _changed(model, data, (), (), mark, change) if _is_anywhere(model, mark) else data


def parts_of(model: type[BaseModel], data: Any) -> Iterator[tuple[Place, str, Any]]:
    """Every component inside a component's parameters: where it stands, its kind, and what stands there; nulls are left out.

    Args:
        model: The class of the parameters.
        data: Parameters as plain data, under the keys that recipes write.
    """
    if _is_anywhere(model, PartMark):
        yield from _parts(model, data, (), ())


def with_parts(model: type[BaseModel], data: Any, change: Callable[[Place, str, Any], Any]) -> Any:
    """A copy of a component's parameters in which every component inside them is changed.

    Args:
        model: The class of the parameters.
        data: Parameters as plain data, under the keys that recipes write.
        change: Given place, kind and what stands there, what stands there in the copy.
    """
    changed = {path: change(path, kind, value) for path, kind, value in parts_of(model, data)}
    return _replaced(data, (), changed) if changed else data


def _replaced(value: Any, path: Place, changed: dict[Place, Any]) -> Any:
    if path in changed:
        return changed[path]
    return {key: _replaced(item, (*path, key), changed) for key, item in value.items()} if isinstance(value, dict) else value


def _parts(annotation: Any, value: Any, metadata: tuple[Any, ...], path: Place) -> Iterator[tuple[Place, str, Any]]:
    mark = next((item for item in (*metadata, *_marks(annotation)) if isinstance(item, PartMark)), None)
    if mark is not None:
        if value is not None:
            yield path, mark.kind, value
    elif isinstance(value, dict):
        fields = {key_of(name, field): field for name, field in _fields(annotation).items()}
        inner = next(_arguments(annotation, dict), None)
        for key, item in value.items():
            if key in fields:
                yield from _parts(fields[key].annotation, item, tuple(fields[key].metadata), (*path, key))
            else:
                yield from _parts(inner, item, (), (*path, key))


def _changed(annotation: Any, value: Any, metadata: tuple[Any, ...], path: Place, mark: type, change: Callable[[Place, str], str]) -> Any:
    if isinstance(value, str):
        return change(path, value) if any(isinstance(item, mark) for item in (*metadata, *_marks(annotation))) else value
    if isinstance(value, dict):
        fields = {key_of(name, field): field for name, field in _fields(annotation).items()}
        inner = next(_arguments(annotation, dict), None)
        return {
            key: _changed(fields[key].annotation, item, tuple(fields[key].metadata), (*path, key), mark, change)
            if key in fields
            else _changed(inner, item, (), (*path, key), mark, change)
            for key, item in value.items()
        }
    if isinstance(value, list):
        inner = next(_arguments(annotation, list), None)
        return [_changed(inner, item, (), (*path, index), mark, change) for index, item in enumerate(value)]
    return value


@cache
def _is_anywhere(model: type[BaseModel], mark: type) -> bool:
    """Whether a mark stands anywhere in a class of parameters; most have none, and their values need not be walked through."""
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(model, ())]
    seen: set[type] = set()
    while waiting:
        annotation, metadata = waiting.pop()
        if any(isinstance(item, mark) for item in (*metadata, *getattr(annotation, "__metadata__", ()))):
            return True
        waiting += [(argument, ()) for argument in get_args(annotation)]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
            seen.add(annotation)
            waiting += [(field.annotation, tuple(field.metadata)) for field in annotation.model_fields.values()]
    return False


def _holds(annotation: Any, metadata: tuple[Any, ...], mark: type) -> bool:
    """Whether a text with the mark may stand anywhere in a value of this type; models inside tell of their own fields."""
    if any(isinstance(item, mark) for item in (*metadata, *getattr(annotation, "__metadata__", ()))):
        return True
    return any(_holds(argument, (), mark) for argument in get_args(annotation))


def _fields(annotation: Any) -> dict[str, FieldInfo]:
    """The fields of a model, also inside a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return dict(annotation.model_fields)
    if get_origin(annotation) in (list, tuple, dict):
        return {}
    return {name: field for argument in get_args(annotation) for name, field in _fields(argument).items()}


def _marks(annotation: Any) -> tuple[Any, ...]:
    """Metadata of an annotated text, also inside a union."""
    own = tuple(getattr(annotation, "__metadata__", ()))
    return own + tuple(
        mark for argument in get_args(annotation) if get_origin(annotation) not in (list, tuple, dict) for mark in _marks(argument)
    )


def _arguments(annotation: Any, shape: type) -> Iterator[Any]:
    """The type of what a list, tuple or map holds, also inside a union."""
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    is_map = isinstance(origin, type) and hasattr(origin, "keys")
    is_list = isinstance(origin, type) and not is_map and hasattr(origin, "__iter__")
    if (is_map and shape is dict) or (is_list and shape is list):
        yield arguments[-1] if is_map else arguments[0]
        return
    for argument in arguments:
        yield from _arguments(argument, shape)
