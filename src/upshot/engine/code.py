"""Digests of the code that a stage runs: its module and everything of the same package that this imports.

Read from the source files, not from version numbers, so that an edit in a helper module reaches the keys of all stages that use
it, and no others. Digests are remembered with the size and time of each file, so a repeat only looks at the files' dates.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from upshot.errors import PluginError, Problem
from upshot.ledger._files import write_whole


class CodeDigests:
    """Digest of a module with all it imports from its own top-level package.

    Args:
        memory: File in which digests are remembered between processes.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, dict[str, Any]] = _read(memory)
        self._checked: dict[str, str] = {}
        self._changed = False

    def of(self, module: str) -> str:
        """Digest of the module's closure, 16 hex digits."""
        if module not in self._checked:
            known = self._known.get(module)
            home = str(_home(module.split(".")[0]))
            if known is None or known.get("home") != home or not all(_stamp(Path(path)) == stamp for path, stamp in known["files"].items()):
                known = _measure(module)
                self._known[module] = known
                self._changed = True
            self._checked[module] = known["digest"]
        return self._checked[module]

    def remember(self) -> None:
        """Write what was measured; a lost race costs another process a second look."""
        if self._changed:
            write_whole(self._memory, json.dumps(self._known).encode())
            self._changed = False


def _read(memory: Path) -> dict[str, dict[str, Any]]:
    try:
        known: dict[str, dict[str, Any]] = json.loads(memory.read_text())
    except (OSError, ValueError):  # absent or half written: it is only a memory
        return {}
    return known


def _stamp(path: Path) -> list[int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_mtime_ns, stat.st_size]


def _measure(module: str) -> dict[str, Any]:
    top = module.split(".")[0]
    home = _home(top)
    root = home.parent if home.name == "__init__.py" else None
    first = _file(root, module) if root else home
    if first is None:
        raise PluginError("the code of a component cannot be found", [Problem(module, "must be an importable module with source")])
    files: dict[Path, bytes] = {}
    waiting = [first]
    while waiting:
        path = waiting.pop()
        if path not in files:
            files[path] = path.read_bytes()
            if root:
                waiting += [found for name in _imports(files[path], top) if (found := _file(root, name)) and found not in files]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(files[path]).digest())
    return {"digest": digest.hexdigest()[:16], "home": str(home), "files": {str(path): _stamp(path) for path in sorted(files)}}


@cache
def _home(top: str) -> Path:
    """Source file of a top-level module or package, as this process would import it."""
    spec = find_spec(top)
    if spec is None or spec.origin is None:
        raise PluginError("the code of a component cannot be found", [Problem(top, "must be an importable module with source")])
    return Path(spec.origin)


_IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#]*))", re.M)


@cache
def _imports(source: bytes, top: str) -> tuple[str, ...]:
    r"""Modules of the same package that a source names in absolute imports; a name after `import` may be a module too.

    By pattern, not by syntax tree: it is thirty times as fast, and a sentence that only looks like an import costs no more than a
    digest that covers one file too many.

    Example:
        >>> _imports(b"from a.b import (\n    c,\n    d as e,\n)\nimport x, a.f as g\n", "a")
        ('a.b', 'a.b.c', 'a.b.d', 'a.f')
    """
    names: list[str] = []
    for module, listed, plain in _IMPORT.findall(source):
        imported = [words.split()[0].decode() for words in (listed or plain).strip(b"() \t").split(b",") if words.split()]
        names += [module.decode(), *(f"{module.decode()}.{name}" for name in imported)] if module else imported
    return tuple(name for name in names if name.split(".")[0] == top)


@cache
def _file(root: Path, module: str) -> Path | None:
    place = root.joinpath(*module.split(".")[1:])
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None
