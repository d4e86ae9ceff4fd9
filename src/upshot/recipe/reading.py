"""Reads one YAML file into plain data with a mark for every key: line, column, raw text.

Built on the event stream of PyYAML instead of its loader, because limits must hold *before* aliases are expanded, because both
places of a duplicate key are wanted, and because a value's provenance is the line it stands on. Scalars mean what they mean to
OmegaConf (no dates, floats like 1e3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

from upshot.contracts.tables import thaw
from upshot.errors import Problem
from upshot.recipe.safety import MAX_BYTES, MAX_DEPTH, MAX_NODES, hostile_key, refuse

KeyPath = tuple[str | int, ...]
_PREFIX = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_PREFIX + name for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_ODD_NUMBER = re.compile(r"[-+]?(0[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
"""What YAML 1.1 takes for octal or base 60, and hardly anybody means so: 007, 12:30."""
_Events = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_ScalarLoader = get_yaml_loader()
_Event = Any
"""An event of PyYAML's parser; its stubs leave out anchor, tag and value."""

SMALLEST = "write at least `use_case: {name: NAME, problem: classification}` and a defaults list"


@dataclass(frozen=True)
class Mark:
    """Where a key or an item stands (1-based), and the raw text of its value when that is a scalar."""

    line: int
    text: str
    is_quoted: bool = False


@dataclass
class Document:
    """One file, read. `data` is empty when there are problems; `head` is the first lines, which may say `# @package`."""

    label: str
    layer: str
    data: dict[str, Any] = field(default_factory=dict)
    marks: dict[KeyPath, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    head: str = ""

    def place(self, path: KeyPath) -> str:
        """`file:line` of a key, or of the nearest one above it that is known."""
        mark = next((self.marks[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.marks), None)
        return f"{self.label}:{mark.line}" if mark else self.label


def read_document(path: Path, label: str, layer: str) -> Document:
    """Read a recipe or group file.

    Args:
        path: The file.
        label: How people are shown it.
        layer: The layer that it belongs to.

    Raises:
        IntegrityError: It holds a tag or key that could name code or belongs to the engine.
    """
    document = Document(label, layer)
    size = path.stat().st_size
    if size > MAX_BYTES:
        document.problems.append(Problem(label, f"a file may have {MAX_BYTES:,} bytes", f"{size:,}"))
        return document
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        rule = f"is not UTF-8 at byte {error.start}"
        document.problems.append(Problem(label, rule, f"0x{content[error.start]:02x}", "save the file as UTF-8"))
        return document
    return read_text(text, label, layer)


def read_text(text: str, label: str, layer: str) -> Document:
    """The same for what stands, or would stand, in a file. What was read before is remembered by its text."""
    known = _read_text(text, label, layer)
    return replace(known, data=thaw(known.data), problems=list(known.problems))


@lru_cache(maxsize=256)
def _read_text(text: str, label: str, layer: str) -> Document:
    document = Document(label, layer, head=text[:512])
    _fill(document, text)
    return document


def _fill(document: Document, text: str) -> None:
    reader = _Reader(document)
    data: Any = {}
    try:
        data = reader.read(text)
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(document.label, text, error))
    except _TooMuchError as error:
        document.problems.append(error.problem)
    refuse(repr(document.label), reader.hostile)
    data = {} if data is None else data
    if not isinstance(data, dict):
        document.problems.append(Problem(f"{document.label}:1", "must be a map at the top", type(data).__name__, SMALLEST))
    document.data = {} if document.problems else data


class _TooMuchError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.rule)
        self.problem = problem


@dataclass(frozen=True)
class _Anchored:
    value: Any
    nodes: int
    height: int


class _Reader:
    """Composes one document from events; every node passes `_node`, where the limits are."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.hostile: list[Problem] = []
        self._nodes = 0
        self._anchors: dict[str, _Anchored] = {}
        self._scalars = _ScalarLoader("")
        self._known: dict[tuple[str, str | None, bool], Any] = {}
        self._events: Iterator[_Event] = iter(())

    def read(self, text: str) -> Any:
        self._events = yaml.parse(text, Loader=_Events)
        next(self._events)  # stream start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value, _ = self._node(next(self._events), (), 1)
        next(self._events)  # document end
        extra = next(self._events)
        if not isinstance(extra, yaml.StreamEndEvent):
            self._complain(extra, "holds a second document", None, "one document a file: take out the `---`")
        return value

    def _node(self, event: _Event, path: KeyPath, depth: int) -> tuple[Any, int]:
        """The value of a node, and its height: 1 for a scalar."""
        self._grow(event, 1, depth)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        before = self._nodes
        self._refuse_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            value, height = self._scalar(event), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            value, height = self._sequence(path, depth)
        else:
            value, height = self._mapping(path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, self._nodes - before + 1, height)
        return value, height

    def _alias(self, event: _Event, depth: int) -> tuple[Any, int]:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            self._complain(event, f"the alias *{event.anchor} stands before the end of its anchor", None)
            return None, 1
        self._grow(event, anchored.nodes, depth + anchored.height)
        return anchored.value, anchored.height

    def _sequence(self, path: KeyPath, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        height = 1
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            here = (*path, len(items))
            self.document.marks[here] = _mark(event, event)
            value, inner = self._node(event, here, depth + 1)
            items.append(value)
            height = max(height, inner + 1)
        return items, height

    def _mapping(self, path: KeyPath, depth: int) -> tuple[dict[str, Any], int]:
        items: dict[str, Any] = {}
        merged: list[Any] = []
        height = 1
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path, depth)
            value_event = next(self._events)
            here = (*path, key)
            if key in items:
                first = self.document.marks[here].line
                self._complain(event, f"the key {key!r} stands twice", f"lines {first} and {event.start_mark.line + 1}")
            self.document.marks[here] = _mark(event, value_event)
            value, inner = self._node(value_event, here, depth + 1)
            height = max(height, inner + 1)
            if key == "<<":
                merged.extend(value if isinstance(value, list) else [value])
            else:
                items[key] = value
        for source in merged:
            if isinstance(source, dict):
                items = {**source, **items}
        return items, height

    def _key(self, event: _Event, path: KeyPath, depth: int) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._complain(event, "a key must be plain text", None)
            self._node(event, path, depth + 1)
            return ""
        self._grow(event, 1, depth)
        self._refuse_tag(event)
        value = self._scalar(event)
        if not isinstance(value, str):
            self._complain(event, "a key must be text", f"{event.value} ({type(value).__name__})", f"write it in quotes: '{event.value}'")
            return str(event.value)
        problem = hostile_key(value, self._place(event), top=not path)
        if problem is not None:
            self.hostile.append(problem)
        return value

    def _scalar(self, event: _Event) -> Any:
        known = (event.value, event.tag, event.implicit[0])
        if known not in self._known:
            self._known[known] = self._construct(event)
        return self._known[known]

    def _construct(self, event: _Event) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._scalars.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag not in _PLAIN_TAGS:
            tag = _PREFIX + "str"  # "<<" and "=" outside of keys
        try:
            value = self._scalars.construct_object(yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark))
        except ValueError:
            self._complain(event, f"is no {tag.removeprefix(_PREFIX)}", _short(event.value))
            return None
        if type(value) in (int, float) and _ODD_NUMBER.fullmatch(event.value):
            self._complain(
                event, f"YAML reads {event.value} as {value}", None, f"write it in quotes, '{event.value}', or the number itself"
            )
        return value

    def _refuse_tag(self, event: _Event) -> None:
        tag = event.tag
        if tag is None or tag == "!" or tag in _PLAIN_TAGS:
            return
        shown = tag.replace(_PREFIX, "!!")
        if "python" in shown:
            self.hostile.append(Problem(self._place(event), f"the tag {shown!r} is refused: it would build Python objects"))
        else:
            self._complain(event, f"unknown tag {shown!r}", None, "a recipe holds plain values: take the tag out")

    def _grow(self, event: _Event, nodes: int, depth: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _TooMuchError(Problem(self._place(event), f"a file may have {MAX_NODES:,} values, aliases expanded"))
        if depth > MAX_DEPTH:
            raise _TooMuchError(Problem(self._place(event), f"maps and lists may be {MAX_DEPTH} levels deep"))

    def _place(self, event: _Event) -> str:
        return f"{self.document.label}:{event.start_mark.line + 1}"

    def _complain(self, event: _Event, rule: str, got: str | None, hint: str | None = None) -> None:
        self.document.problems.append(Problem(self._place(event), rule, got, hint))


def _mark(key: _Event, value: _Event) -> Mark:
    is_scalar = isinstance(value, yaml.ScalarEvent)
    text = _short(value.value) if is_scalar else ""
    return Mark(key.start_mark.line + 1, text, is_scalar and value.style is not None)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _syntax_problem(label: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    if mark is None:
        return Problem(label, f"is not YAML: {said}")
    lines = text.splitlines()
    if not any(line.strip() for line in lines[mark.line :]):  # at the end of the file: what is wrong began earlier
        mark = getattr(error, "context_mark", None) or mark
    line = lines[mark.line] if mark.line < len(lines) else ""
    start = max(0, mark.column - 60)
    caret = " " * (mark.column - start) + "^"
    shown = line[start : start + 100].replace("\t", " ")
    hint = "indent with spaces, not tabs" if "\t" in line else None
    where = f"{label}:{mark.line + 1}:{mark.column + 1}"
    return Problem(where, f"is not YAML: {said}", None, f"{hint + chr(10) if hint else 'here:' + chr(10)}      {shown}\n      {caret}")
