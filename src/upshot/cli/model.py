"""`upshot model`: registered versions, their files, and folders with a model from somewhere else."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from upshot.cli.context import Context, add_json
from upshot.cli.text import columns, number, size
from upshot.contracts.tables import thaw
from upshot.errors import Problem, UsageError, did_you_mean
from upshot.report.words import stamp

if TYPE_CHECKING:
    from upshot.engine.state import State
    from upshot.ledger.ledger import VersionRow

DIGITS = 12
"""Digits of a hash that people are shown."""
_FRACTION = re.compile(r"-?\d+\.\d+(e[-+]?\d+)?")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "action", nargs="?", choices=["list", "show", "export", "verify"], default="list", help="what to do (default: list)"
    )
    parser.add_argument("what", nargs="?", help="show, export: NAME@NUMBER; verify: a folder that `export` wrote, here or elsewhere")
    parser.add_argument("folder", nargs="?", type=Path, help="export: the folder to write; new or empty")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List, show, export or verify."""
    needed = {"list": 0, "show": 1, "export": 2, "verify": 1}[arguments.action]
    given = sum(word is not None for word in (arguments.what, arguments.folder))
    if given != needed:
        usage = {"list": "upshot model list", "show": "upshot model show NAME@NUMBER", "verify": "upshot model verify FOLDER"}
        hint = usage.get(arguments.action, "upshot model export NAME@NUMBER FOLDER")
        raise UsageError("the command line is wrong", [Problem(f"model {arguments.action}", f"must be written as: {hint}")])
    if arguments.action == "verify":
        return _verify(Path(arguments.what), as_json=arguments.json)
    state = Context.of(arguments).state
    if arguments.action == "list":
        return _list(state, as_json=arguments.json)
    version = version_of(state, arguments.what)
    if arguments.action == "show":
        return _show(state, version, as_json=arguments.json)
    from upshot.engine.foreign import export

    libraries = state.ledger.run(version.run).summary.get("environment", {}).get("libraries", {})
    export(version, state.artefacts, arguments.folder, libraries)
    print(f"{version.name}@{version.number}: {len(version.manifest)} files and their manifest in {arguments.folder}")
    return 0


def version_of(state: State, text: str) -> VersionRow:
    """The registered version of a NAME@NUMBER.

    Raises:
        UsageError: There is none.
    """
    rows = state.ledger.versions() if state.has_ledger() else ()
    known = {f"{row.name}@{row.number}": row for row in rows}
    if text not in known:
        problem = Problem("version", "no such registered version, NAME@NUMBER", repr(text), did_you_mean(text, known))
        raise UsageError("there is no such version", [problem])
    return known[text]


def _list(state: State, *, as_json: bool) -> int:
    rows = state.ledger.versions() if state.has_ledger() else ()
    if as_json:
        versions = [{"name": row.name, "number": row.number, "run": row.run, "created_at": row.created_at} for row in rows]
        print(json.dumps({"shape": "upshot.models/1", "versions": versions}, indent=1))
    elif rows:
        print(columns([("version", "registered", "run"), *((f"{row.name}@{row.number}", stamp(row.created_at), row.run) for row in rows)]))
    else:
        print(f"no version is registered in {state.root}")
    return 0


def _show(state: State, version: VersionRow, *, as_json: bool) -> int:
    """Its files, and the record that was sealed with them."""
    content: list[dict[str, str]] = json.loads(state.artefacts.read(str(version.record)))
    if as_json:
        print(json.dumps({"shape": "upshot.model.show/1", **thaw(asdict(version)), "record": content[1]}, indent=1, default=thaw))
        return 0
    print(
        columns(
            [
                ("version", f"{version.name}@{version.number}"),
                ("registered", stamp(version.created_at)),
                ("run", version.run),
                *((name, _readable(text)) for name, text in content[1].items()),
            ]
        )
    )
    files = [(path, size(state.artefacts.path(digest).stat().st_size), digest[:DIGITS]) for path, digest in version.manifest.items()]
    print("\n" + columns([("file", "size", "SHA-256"), *files]))
    return 0


def _readable(text: str) -> str:
    """A recorded number with as many digits as it deserves; everything else as it was recorded.

    Example:
        >>> _readable("24.024178630051324"), _readable("train"), _readable("0")
        ('24', 'train', '0')
    """
    return number(float(text)) if _FRACTION.fullmatch(text) else text


def _verify(folder: Path, *, as_json: bool) -> int:
    """Look at a folder, and load it in a process of its own."""
    from upshot.engine.foreign import verify

    found = verify(folder)
    if as_json:
        print(json.dumps({"shape": "upshot.model.verify/1", **asdict(found)}, indent=1))
    else:
        print(
            f"{found.name}@{found.number}: {len(found.files)} files are what the manifest says; {found.golden_rows} golden rows answered as before"
        )
        for library, (trained, here) in found.libraries.items():
            print(f"warning: trained with {library} {trained}, and here is {here}")
    return 0
