"""The project: its folder, where its state lies, which plugins act in it, and what else it may read.

A project is the folder that holds `upshot.yaml`, found from the current folder upwards; without one, the current folder is a
project with every default. The file is small and has its own closed schema: it is read before anything else, and what it says is
trusted, because it is where a project says whom it trusts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upshot.errors import IntegrityError, Problem, UsageError, did_you_mean

PROJECT_FILE = "upshot.yaml"
MAX_BYTES = 100_000
_DEEPEST = 8
_KEYS = ("identity", "ledger", "name", "paths", "people", "secrets", "state", "use_plugins")
_IDENTITIES = ("accounts", "names")
_EXAMPLES = {
    "identity": "write identity: accounts, or identity: names",
    "ledger": "write ledger: postgresql+psycopg://USER@HOST/DATABASE",
    "name": "write name: NAME",
    "people": "write people: {ada: [ada@example.org]}",
    "paths": "write paths: {allow: [../shared/data]}",
    "secrets": "write secrets: {file: secrets.env}",
    "state": "write state: FOLDER",
    "use_plugins": "write use_plugins: [NAME]",
}

_PASSWORD = re.compile(r"://[^/@:]*:(?!\$\{secret:[^}]*\}@)[^@]*@|[?&]password=(?!\$\{secret:)")
"""A password that stands in a URL as it is."""


@dataclass(frozen=True)
class Project:
    """Folder, state folder, the plugins whose stages and watchers act, and what lies outside and may be read.

    Args:
        root: The project's folder; the paths in its recipes are relative to it.
        state: Where runs, snapshots and artefacts lie.
        use_plugins: Plugins that may watch and add stages in every recipe of the project.
        allowed: Folders outside the project, absolute, that recipes may read from.
        secrets: File with lines `NAME=value`, or None.
        ledger: URL of the ledger's database, with its secrets named; a file in the state folder when None.
        identity: What keeps people apart: "accounts" or "names" (see `upshot.identity`).
        people: Name -> other names and addresses of the same person.
    """

    root: Path
    state: Path
    use_plugins: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    secrets: Path | None = None
    ledger: str | None = None
    identity: str = "accounts"
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def conf(self) -> Path:
        """The project's own config groups."""
        return self.root / "conf"

    @property
    def recipes(self) -> Path:
        """The project's own recipes."""
        return self.root / "recipes"

    def is_made(self) -> bool:
        """Whether somebody made a project of the folder: it has a project file, or recipes of its own."""
        return (self.root / PROJECT_FILE).is_file() or self.recipes.is_dir()

    def path(self, text: str) -> str:
        """A path or glob of a recipe, absolute; addresses of other machines stay as they are.

        Example:
            >>> Project(Path("/p"), Path("/p/.upshot")).path("file:///d/../e.csv")
            '/e.csv'
        """
        local = text.removeprefix("file://").removeprefix("local://")
        return text if "://" in local else os.path.normpath(self.root / local)

    def leads_out(self, path: str) -> str | None:
        """Where a path leads when that is neither in the project nor allowed; None when it may be read.

        Links are followed, also those among the files of a folder or glob. An address leads to another machine, unless it is one of
        several chained by `::`, which may end anywhere.

        Args:
            path: What `path` gives.
        """
        if "://" in path:
            return path if "::" in path else None
        homes = [os.path.realpath(home) for home in (str(self.root), *self.allowed)]
        for place in _places(path):
            real = os.path.realpath(place)
            if not any(real == home or real.startswith(home.rstrip(os.sep) + os.sep) for home in homes):
                return real
        return None


def _places(path: str) -> Iterator[str]:
    """The path itself, or the fixed part of a glob, and every link that a folder or glob reaches."""
    fixed = Path(path)
    while any(mark in str(fixed) for mark in "*?["):
        fixed = fixed.parent
    yield str(fixed)
    if str(fixed) != path and not Path(path).exists():
        yield from map(str, fixed.glob(str(Path(path).relative_to(fixed))))
    elif fixed.is_dir():
        for folder, folders, files in os.walk(fixed):
            yield from (place for name in (*folders, *files) if Path(place := str(Path(folder, name))).is_symlink())


def find_project(start: Path, state: str | None = None) -> Project:
    """The project that a folder belongs to.

    Args:
        start: Folder to look from, upwards.
        state: State folder that overrides the project file's, relative to `start`.

    Raises:
        UsageError: The project file is not what it should be.
        IntegrityError: It holds something that could run code or belongs to the engine.
    """
    start = start.resolve()
    root = next((folder for folder in (start, *start.parents) if (folder / PROJECT_FILE).is_file()), start)
    settings = _read(root / PROJECT_FILE) if (root / PROJECT_FILE).is_file() else {}
    place = (start / state) if state is not None else root / str(settings.get("state", ".upshot"))
    allowed = [os.path.normpath(root / Path(text).expanduser()) for text in settings.get("paths", {}).get("allow", [])]
    file = settings.get("secrets", {}).get("file")
    secrets = None if file is None else root / Path(file).expanduser()
    people = {name: tuple(others) for name, others in settings.get("people", {}).items()}
    return Project(
        root,
        place,
        tuple(settings.get("use_plugins", [])),
        tuple(allowed),
        secrets,
        settings.get("ledger"),
        settings.get("identity", _IDENTITIES[0]),
        people,
    )


def _read(path: Path) -> dict[str, Any]:
    import yaml

    size = path.stat().st_size
    if size > MAX_BYTES:
        raise _unreadable(f"may have {MAX_BYTES:,} bytes", f"{size:,}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        _refuse_all_but_plain(yaml.parse(text, Loader=yaml.SafeLoader))
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        settings = {} if node is None else yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(" ".join(str(error).split())) from error
    if not isinstance(settings, dict):
        raise _unreadable("must be a map", type(settings).__name__, _EXAMPLES["name"])
    problems = [*_repeated(node), *_wrong(settings)]
    if problems:
        raise UsageError("the project file is wrong", problems)
    return settings


def _unreadable(rule: str, got: str | None = None, hint: str | None = None) -> UsageError:
    return UsageError("the project file cannot be read", [Problem(PROJECT_FILE, rule, got, hint)])


def _refuse_all_but_plain(events: Iterator[Any]) -> None:
    """Aliases and tags have no place here; looked for before anything is built of them."""
    depth = 0
    for event in events:
        place = f"{PROJECT_FILE}:{event.start_mark.line + 1}"
        if getattr(event, "anchor", None) is not None:
            raise UsageError("the project file cannot be read", [Problem(place, "anchors and aliases have no place here")])
        if getattr(event, "tag", None) not in (None, "!"):
            raise IntegrityError(
                "the project file is refused", [Problem(place, f"the tag {event.tag!r} is refused: it holds plain values")]
            )
        depth += type(event).__name__.endswith("StartEvent") - type(event).__name__.endswith("EndEvent")
        if depth > _DEEPEST:
            raise UsageError("the project file cannot be read", [Problem(place, f"maps and lists may be {_DEEPEST - 2} levels deep")])


def _repeated(node: Any) -> Iterator[Problem]:
    """Keys that stand twice in one map."""
    if isinstance(node, (list, tuple)):
        for part in node:
            yield from _repeated(part)
    elif hasattr(node, "flow_style"):
        seen: dict[str, int] = {}
        for item in node.value:
            key = item[0] if isinstance(item, tuple) else None
            if key is not None and str(key.value) in seen:
                lines = f"lines {seen[str(key.value)]} and {key.start_mark.line + 1}"
                yield Problem(f"{PROJECT_FILE}:{key.start_mark.line + 1}", f"the key {str(key.value)!r} stands twice", lines)
            elif key is not None:
                seen[str(key.value)] = key.start_mark.line + 1
            yield from _repeated(item if isinstance(item, tuple) else [item])


def _wrong(settings: dict[str, Any]) -> Iterator[Problem]:
    engine = [key for key in settings if str(key).split("/")[0].split(".")[0] == "hydra"]
    if engine:
        hint = "Upshot composes recipes itself; nothing of Hydra's own settings is used"
        raise IntegrityError(
            "the project file is refused",
            [Problem(PROJECT_FILE, f"the key {key!r} is refused: it belongs to the engine", None, hint) for key in engine],
        )
    for key in settings:
        if key not in _KEYS:
            yield Problem(f"{PROJECT_FILE}: {key}", "unknown key", None, did_you_mean(str(key), _KEYS))
    for key, rule in (("name", "must be text"), ("state", "must be a folder name"), ("ledger", "must be the URL of a database")):
        if not isinstance(settings.get(key, ""), str):
            yield Problem(f"{PROJECT_FILE}: {key}", rule, repr(settings[key]), _EXAMPLES[key])
    if settings.get("identity", _IDENTITIES[0]) not in _IDENTITIES:
        yield Problem(f"{PROJECT_FILE}: identity", "must be accounts or names", repr(settings["identity"]), _EXAMPLES["identity"])
    yield from _wrong_people(settings.get("people", {}))
    if _PASSWORD.search(str(settings.get("ledger", ""))):
        hint = "write ${secret:NAME} for it, or leave it to PGPASSFILE"
        yield Problem(f"{PROJECT_FILE}: ledger", "must not hold a password", None, hint)
    if not _are_texts(settings.get("use_plugins", [])):
        yield Problem(
            f"{PROJECT_FILE}: use_plugins", "must be a list of plugin names", repr(settings["use_plugins"]), _EXAMPLES["use_plugins"]
        )
    paths, secrets = settings.get("paths", {"allow": []}), settings.get("secrets", {"file": ""})
    if not isinstance(paths, dict) or set(paths) != {"allow"} or not _are_texts(paths["allow"]):
        yield Problem(f"{PROJECT_FILE}: paths", "must hold `allow`, a list of folders", repr(paths), _EXAMPLES["paths"])
    if not isinstance(secrets, dict) or set(secrets) != {"file"} or not isinstance(secrets["file"], str):
        yield Problem(f"{PROJECT_FILE}: secrets", "must hold `file`, the name of a file", None, _EXAMPLES["secrets"])


def _wrong_people(people: Any) -> Iterator[Problem]:
    if not isinstance(people, dict) or not all(isinstance(name, str) and _are_texts(others) for name, others in people.items()):
        yield Problem(f"{PROJECT_FILE}: people", "must hold lists of other names by name", repr(people), _EXAMPLES["people"])
        return
    owners: dict[str, str] = {}
    for name, others in people.items():
        for other in dict.fromkeys((name, *others)):
            if owners.setdefault(other, name) != name:
                yield Problem(
                    f"{PROJECT_FILE}: people", f"the name {other!r} stands for {owners[other]} and for {name}", None, "leave it with one"
                )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
