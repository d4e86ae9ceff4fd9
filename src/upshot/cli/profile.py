"""`upshot data profile`: checks inferred from pinned rows, printed or written into the project's `conf/checks/` for their owner.

A file that is there already is its owner's: it is never written over. `--update` adds what it does not name, at the end of its columns, and leaves
every other byte, comments included, as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from upshot.errors import Problem, UsageError

if TYPE_CHECKING:
    from upshot.components.checks._inferred import Draft, Line
    from upshot.engine.state import State
    from upshot.ledger.snapshots import Pin

COLUMNS = "columns"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the action."""
    parser.add_argument(
        "--write", nargs="?", const="", metavar="NAME", help="for profile: write conf/checks/NAME.yaml (default: the table's name)"
    )
    parser.add_argument("--update", action="store_true", help="for profile --write: add to the file what it does not name")


def profile(state: State, pin: Pin, root: Path, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """The checks of a pinned version as a document and as text; with `--write` also as a file.

    Raises:
        UsageError: The file exists and nothing was said of it, or its columns cannot be added to.
    """
    from upshot.components.checks._inferred import draft

    found = draft(state.lake.read(pin.table, pin.version), state.lake.roles(pin.table))
    text = written(found, f"{pin.table} was in its version {pin.version} ({pin.rows:,} rows)")
    document: dict[str, Any] = {
        "shape": "upshot.data.profile/1",
        "table": pin.table,
        "version": pin.version,
        "rows": pin.rows,
        "yaml": text,
    }
    document["file"] = document["added"] = None
    if arguments.write is None:
        if arguments.update:
            raise UsageError("the command line is wrong", [Problem("--update", "adds to a file", None, "give --write too")])
        return document, text.rstrip("\n")
    name = arguments.write or pin.table
    path = root / "conf" / "checks" / f"{_named(name)}.yaml"
    shown = path.relative_to(root)
    added = _write(path, text, found, update=arguments.update)
    document |= {"file": str(shown), "added": added}
    use = f"use it: write `- checks: {name}` in the defaults of a recipe"
    told = f"wrote {shown}: {len(found.columns)} columns and {len(found.others)} other checks; it is yours from now on\n{use}"
    if added is not None:
        told = f"added to {shown}: {', '.join(added)}" if added else f"{shown} names all of it already; nothing was changed"
    return document, told


def _named(name: str) -> str:
    import re

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", name):
        raise UsageError(
            "the command line is wrong",
            [Problem("--write", "a name has letters, digits, _ and -, and starts with a letter", repr(name[:80]))],
        )
    return name


def _write(path: Path, text: str, found: Draft, *, update: bool) -> list[str] | None:
    """Write a new file, or add to one that is there; what was added, None for a new file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return None
    if not update:
        hint = "--update adds what it does not name; without --write the draft is only printed"
        raise UsageError("nothing was written", [Problem(str(path.name), "is there already, and it is its owner's", None, hint)])
    old = path.read_text(encoding="utf-8")
    new, added = updated(old, found, path.name)
    if added:
        path.write_text(new, encoding="utf-8")
    return added


def written(found: Draft, what: str) -> str:
    """The draft as a file of `conf/checks/`.

    Args:
        found: The draft.
        what: Of which rows, for the first line: "payments was in its version 0 (300 rows)".
    """
    lines = [f"# What table {what}; inferred once, and its owner's from then on.", f"{COLUMNS}:", f"  {COLUMNS}:"]
    lines += _aligned(found.columns, "    ")
    lines += _aligned(found.others, "")
    lines += [f"# {aside}" for aside in found.asides]
    return "\n".join(lines) + "\n"


def updated(text: str, found: Draft, file: str) -> tuple[str, list[str]]:
    """A file with the draft's columns and entries that it does not name; every byte of it stays.

    Args:
        text: The file.
        found: The draft.
        file: Its name, for errors.

    Returns:
        The new text, and the names that were added.

    Raises:
        UsageError: The file cannot be read, or its columns stand in flow style.
    """
    try:
        data, root = yaml.safe_load(text) or {}, yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UsageError("nothing was written", [Problem(file, "must be YAML", str(error).partition("\n")[0])]) from error
    entries = [(key, value) for key, value in data.items() if isinstance(value, dict)] if isinstance(data, dict) else []
    known = {name for _, entry in entries for name in (entry.get(COLUMNS) or {}) if isinstance(entry.get(COLUMNS), dict)}
    columns = tuple(line for line in found.columns if line.key not in known)
    others = tuple(line for line in found.others if not _has(line, dict(entries)))
    holder = next((key for key, entry in entries if isinstance(entry.get(COLUMNS), dict) and entry.get("use", COLUMNS) == COLUMNS), None)
    new = text if text.endswith("\n") or not text else text + "\n"
    if columns and holder is None:
        new += "\n".join([f"{COLUMNS}:", f"  {COLUMNS}:", *_aligned(columns, "    ")]) + "\n"
    elif columns:
        new = _inserted(new, root, str(holder), columns, file)
    if others:
        new += "\n".join(_aligned(others, "")) + "\n"
    return new, [line.key for line in (*columns, *others)]


def _has(line: Line, entries: dict[str, Any]) -> bool:
    """Whether an entry of this name, or one that checks the same, is there."""
    wanted = next(iter(yaml.safe_load(line.value)))
    return line.key in entries or any(wanted in entry if wanted != "use" else entry.get("use") == "row_count" for entry in entries.values())


def _inserted(text: str, root: Any, holder: str, columns: tuple[Line, ...], file: str) -> str:
    """The text with lines behind the last column of an entry."""
    entry = next(value for key, value in root.value if key.value == holder)
    node = next(value for key, value in entry.value if key.value == COLUMNS)
    if node.flow_style or entry.flow_style or not node.value:
        lines = "; ".join(f"{line.key}: {line.value}" for line in columns)
        raise UsageError(
            "nothing was written",
            [Problem(f"{file} {holder}.{COLUMNS}", "stands on one line, so nothing can be added under it", None, f"add: {lines}")],
        )
    first_key, (_, last) = node.value[0][0], node.value[-1]
    at = text.find("\n", max(last.end_mark.index - (0 if last.flow_style or not hasattr(last, "value") else 1), first_key.end_mark.index))
    at = len(text) if at < 0 else at + 1
    return text[:at] + "\n".join(_aligned(columns, " " * first_key.start_mark.column)) + "\n" + text[at:]


def _aligned(lines: tuple[Line, ...], indent: str) -> list[str]:
    from upshot.components.checks._inferred import flow

    texts = [f"{indent}{flow(line.key)}: {line.value}" for line in lines]
    width = min(max(map(len, texts), default=0), 76)
    return [f"{text:<{width}}  # {line.seen}" if line.seen else text for text, line in zip(texts, lines, strict=True)]


__all__ = ["configure", "profile", "updated", "written"]
