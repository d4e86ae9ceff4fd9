"""The project: its folder, where its state lies, which plugins act in it.

A project is the folder that holds `upshot.yaml`, found from the current folder upwards; without one, the current folder is a
project with every default. The file is small and has its own closed schema: it is read before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from upshot.errors import Problem, UsageError, did_you_mean

PROJECT_FILE = "upshot.yaml"
_KEYS = ("name", "state", "use_plugins")


@dataclass(frozen=True)
class Project:
    """Folder, state folder and the plugins whose stages and watchers act.

    Args:
        root: The project's folder; the paths in its recipes are relative to it.
        state: Where runs, snapshots and artefacts lie.
        use_plugins: Plugins that may watch and add stages in every recipe of the project.
    """

    root: Path
    state: Path
    use_plugins: tuple[str, ...] = ()

    @property
    def conf(self) -> Path:
        """The project's own config groups."""
        return self.root / "conf"

    @property
    def recipes(self) -> Path:
        """The project's own recipes."""
        return self.root / "recipes"


def find_project(start: Path, state: str | None = None) -> Project:
    """The project that a folder belongs to.

    Args:
        start: Folder to look from, upwards.
        state: State folder that overrides the project file's, relative to `start`.

    Raises:
        UsageError: The project file is not what it should be.
    """
    start = start.resolve()
    root = next((folder for folder in (start, *start.parents) if (folder / PROJECT_FILE).is_file()), start)
    settings = _read(root / PROJECT_FILE) if (root / PROJECT_FILE).is_file() else {}
    place = (start / state) if state is not None else root / str(settings.get("state", ".upshot"))
    plugins = settings.get("use_plugins", [])
    return Project(root, place, tuple(plugins) if isinstance(plugins, list) else ())


def _read(path: Path) -> dict[str, object]:
    import yaml

    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError("the project file cannot be read", [Problem(PROJECT_FILE, " ".join(str(error).split()))]) from error
    settings = {} if settings is None else settings
    if not isinstance(settings, dict):
        raise UsageError("the project file cannot be read", [Problem(PROJECT_FILE, "must be a map", type(settings).__name__)])
    problems = [
        Problem(f"{PROJECT_FILE}: {key}", "unknown key", None, did_you_mean(str(key), _KEYS)) for key in settings if key not in _KEYS
    ]
    if not isinstance(settings.get("state", ""), str):
        problems.append(Problem(f"{PROJECT_FILE}: state", "must be a folder name", repr(settings["state"])))
    plugins = settings.get("use_plugins", [])
    if not isinstance(plugins, list) or not all(isinstance(name, str) for name in plugins):
        problems.append(Problem(f"{PROJECT_FILE}: use_plugins", "must be a list of plugin names", repr(plugins)))
    if problems:
        raise UsageError("the project file is wrong", problems)
    return settings
