"""`${model.max_depth}`: values that point at other values of the same recipe.

Only keys of the recipe can be pointed at. Resolvers, which compute or look outside (`oc.env`, `oc.decode`, and whatever another
package registered in this process), are refused by name before OmegaConf sees the text, so a recipe means the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import split_key
from omegaconf.base import Container
from omegaconf.errors import GrammarParseError, InterpolationToMissingValueError, MissingMandatoryValue, OmegaConfBaseException
from omegaconf.grammar.gen.OmegaConfGrammarParser import OmegaConfGrammarParser
from omegaconf.grammar_parser import parse

from upshot.errors import Problem
from upshot.recipe.reading import KeyPath
from upshot.secrets import REFERENCE, secret_names

ALLOWED_RESOLVERS = ("oc.select", "oc.dict.keys", "oc.dict.values", "secret")
ENVIRONMENT = ("oc.env", "env")
MAX_POINTERS = 32
_ALLOWED = "${key.of.the.recipe}, ${secret:NAME} and the resolvers " + ", ".join(ALLOWED_RESOLVERS[:-1]) + " are allowed"
MISSING = "???"
_VEIL = ("\ue000", "\ue001")
_VEILED = re.compile(rf"{_VEIL[0]}(\w+){_VEIL[1]}")
"""Characters of no script; a secret's reference stands between them while other interpolations are resolved."""


_NO_VALUE = object()


@dataclass(frozen=True)
class References:
    """What one text points at: keys as written ("model.max_depth", "..use") and names of resolvers."""

    keys: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def references(text: str) -> References:
    """Read the interpolations of a text.

    Raises:
        GrammarParseError: It is not well formed.

    Example:
        >>> references("${model.use} with ${oc.env:HOME}")
        References(keys=('model.use',), resolvers=('oc.env',))
    """
    if "${" not in text:
        return References()
    if text.count("${") > MAX_POINTERS:
        raise GrammarParseError(f"a text may hold {MAX_POINTERS} interpolations")
    keys: list[str] = []
    resolvers: list[str] = []
    waiting = [parse(text)]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, OmegaConfGrammarParser.InterpolationNodeContext):
            keys.append(node.getText()[2:-1].strip())
        elif isinstance(node, OmegaConfGrammarParser.InterpolationResolverContext):
            resolvers.append(str(node.resolverName().getText()))  # type: ignore[no-untyped-call]
        waiting += getattr(node, "children", None) or []
    return References(tuple(keys), tuple(resolvers))


def text_problem(text: str, where: str, place: str | None) -> Problem | None:
    """What is wrong with a text's interpolations, or None; called for every text before Hydra or OmegaConf gets it."""
    try:
        found = references(text)
    except GrammarParseError as error:
        return Problem(where, "is no well-formed interpolation", repr(text[:80]), str(error).splitlines()[0], place)
    if len(secret_names(text)) != found.resolvers.count("secret") or _is_nested(text):
        return Problem(
            where, "is no reference to a secret", repr(text[:80]), "write ${secret:NAME}, with letters, digits and _ in the name", place
        )
    foreign = [name for name in found.resolvers if name not in ALLOWED_RESOLVERS]
    if not foreign:
        return None
    rule = f"the resolver {foreign[0]!r} is refused" if foreign[0].startswith("oc.") else f"unknown resolver {foreign[0]!r}"
    return Problem(where, rule, repr(text[:80]), _ALLOWED, place)


def _is_nested(text: str) -> bool:
    """Whether a secret stands inside another interpolation, which would then show it."""
    before = (text[: found.start()] for found in REFERENCE.finditer(text))
    return any(part.count("${") > part.count("}") for part in before)


def hostile_text(text: str, where: str, place: str | None) -> Problem | None:
    """The problem of a text that reads the environment into a value that is stored and shown, or None."""
    try:
        found = references(text)
    except GrammarParseError:
        return None  # `text_problem` says so
    if not set(ENVIRONMENT) & set(found.resolvers):
        return None
    rule = "reading the environment is refused: the value would be stored and shown"
    return Problem(where, rule, repr(text[:80]), "a parameter that takes a secret gets it as ${secret:NAME}", place)


def leaves(value: Any) -> list[tuple[KeyPath, Any]]:
    """Every scalar and every empty container inside a value, with its path."""
    found: list[tuple[KeyPath, Any]] = []
    _gather(value, (), found)
    return found


def _gather(value: Any, path: KeyPath, found: list[tuple[KeyPath, Any]]) -> None:
    if value and isinstance(value, dict):
        for key, item in value.items():
            _gather(item, (*path, key), found)
    elif value and isinstance(value, list):
        for index, item in enumerate(value):
            _gather(item, (*path, index), found)
    else:
        found.append((path, value))


def dotted(path: KeyPath) -> str:
    """A path as people write it."""
    return ".".join(str(part) for part in path)


@dataclass
class Resolved:
    """A tree whose pointers are followed. Keys in `open_keys` have no value yet, for a reason that `problems` tells once."""

    tree: dict[str, Any]
    problems: list[Problem]
    open_keys: set[str]


def resolve(tree: dict[str, Any], place: Callable[[KeyPath], str | None]) -> Resolved:
    """Replace every interpolation by what it points at, and list what cannot be: cycles, dangling pointers, `???` left in.

    Args:
        tree: The whole recipe with every default filled in; it is not changed.
        place: Gives the `file:line` or argument of a path.
    """
    tree = _veiled(tree)
    pointing = [(path, text) for path, text in leaves(tree) if isinstance(text, str) and "${" in text]
    problems = [
        Problem(dotted(path), "must be given: it is still ???", None, f"write {dotted(path)}=VALUE, or set it in the recipe", place(path))
        for path, value in leaves(tree)
        if value == MISSING
    ]
    cycles = _cycles(dict(pointing))
    for cycle in cycles:
        chain = " -> ".join(dotted(path) for path in cycle)
        problems.append(Problem(dotted(cycle[0]), "points at itself", chain, "give one of them a value", place(cycle[0])))
    open_keys = {problem.where for problem in problems}
    if not pointing or cycles:
        return Resolved(_unveiled(tree), problems, open_keys | {dotted(path) for path, _ in pointing})
    config: DictConfig | None = None
    solved = _copy(tree)
    for path, text in pointing:
        value = _simple(tree, path, text)
        try:
            if value is _NO_VALUE:
                config = OmegaConf.create(tree) if config is None else config
                value = _value(config, path)
            put(solved, path, value)
            continue
        except (InterpolationToMissingValueError, MissingMandatoryValue):
            pass  # the ??? that it points at is a problem of its own
        except OmegaConfBaseException as error:
            problems.append(Problem(dotted(path), "points at nothing", repr(text), _first_line(error), place(path)))
        open_keys.add(dotted(path))
    return Resolved(_unveiled(solved), problems, open_keys)


def _veiled(value: Any) -> Any:
    """A copy in which references to secrets are no interpolations: what is resolved is everything else."""
    return _with_texts(value, lambda text: REFERENCE.sub(rf"{_VEIL[0]}\1{_VEIL[1]}", text) if "${secret:" in text else text)


def _unveiled(value: Any) -> Any:
    return _with_texts(value, lambda text: _VEILED.sub(r"${secret:\1}", text) if _VEIL[0] in text else text)


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_texts(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _simple(tree: dict[str, Any], path: KeyPath, text: str) -> Any:
    """What a text that is nothing but one pointer to a plain value means; the rest is OmegaConf's."""
    keys = references(text).keys
    if len(keys) != 1 or text != f"${{{keys[0]}}}":
        return _NO_VALUE
    value: Any = tree
    for key in _absolute(path, keys[0]):
        if not isinstance(value, dict) or key not in value:
            return _NO_VALUE
        value = value[key]
    is_plain = not isinstance(value, (dict, list)) and not (isinstance(value, str) and ("${" in value or value == MISSING))
    return value if is_plain else _NO_VALUE


def peek(tree: dict[str, Any], path: KeyPath) -> Any:
    """What one interpolated value of a tree points at, or None when that cannot be told; `resolve` then says why."""
    try:
        return _unveiled(_value(OmegaConf.create(_veiled(tree)), path))
    except OmegaConfBaseException:
        return None


def _value(config: DictConfig, path: KeyPath) -> Any:
    container: Any = config
    for key in path[:-1]:
        container = container[key]
    value = container[path[-1]]
    return OmegaConf.to_container(value, resolve=True, throw_on_missing=True) if isinstance(value, Container) else value


def _cycles(pointing: dict[KeyPath, str]) -> list[list[KeyPath]]:
    edges = {path: [target for key in references(text).keys for target in _targets(path, key, pointing)] for path, text in pointing.items()}
    done: set[KeyPath] = set()
    return [cycle for start in edges if (cycle := _walk(start, edges, done))]


def _walk(start: KeyPath, edges: dict[KeyPath, list[KeyPath]], done: set[KeyPath]) -> list[KeyPath]:
    """The first cycle that is reached from a path, closed; empty when there is none."""
    trail: list[KeyPath] = []
    stack: list[tuple[KeyPath, Iterator[KeyPath]]] = []

    def enter(path: KeyPath) -> None:
        trail.append(path)
        stack.append((path, iter(edges.get(path, ()))))

    if start not in done:
        enter(start)
    while stack:
        path, following = stack[-1]
        target = next((node for node in following if node not in done), None)
        if target is None:
            done.add(path)
            trail.pop()
            stack.pop()
        elif target in trail:
            cycle = [*trail[trail.index(target) :], target]
            done.update(trail)
            return cycle
        else:
            enter(target)
    return []


def _targets(path: KeyPath, key: str, pointing: dict[KeyPath, str]) -> list[KeyPath]:
    """The interpolated paths that a reference reaches: the one it names and those inside it, whole-map pointers followed."""
    wanted = _absolute(path, key)
    for _ in range(MAX_POINTERS):
        through = next((other for other in pointing if len(other) < len(wanted) and _names(other) == wanted[: len(other)]), None)
        if through is None:
            return [other for other in pointing if _names(other)[: len(wanted)] == wanted] if wanted else []
        keys = references(pointing[through]).keys
        if pointing[through].strip() != f"${{{keys[0]}}}":
            return [through]
        wanted = (*_absolute(through, keys[0]), *wanted[len(through) :])
    return [path]


def _absolute(path: KeyPath, key: str) -> tuple[str, ...]:
    if "${" in key:
        return ()  # the name itself is computed; its own parts are listed apart
    dots = len(key) - len(key.lstrip("."))
    parts = tuple(str(part) for part in split_key(key.lstrip(".")))
    return (*_names(path[: len(path) - dots]), *parts) if dots else parts


def _names(path: KeyPath) -> tuple[str, ...]:
    return tuple(str(part) for part in path)


def put(tree: Any, path: KeyPath, value: Any) -> None:
    """Set the value at a path that exists."""
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
