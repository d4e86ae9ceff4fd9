"""Hydra's launchers (joblib, Submitit, Ray, ...) run the points of a sweep, through Hydra's own Launcher interface.

Named as an argument of `sweep` only, because Hydra finds launchers by importing every package called `hydra_plugins` on the import
path. The current folder is taken off that path first, so that a file lying in a project is never imported. Hydra composes nothing
here but its own node: the recipes were composed before, and a point travels as its number.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.types import HydraContext, RunMode
from hydra.version import setbase
from omegaconf import DictConfig, open_dict
from omegaconf.basecontainer import BaseContainer
from omegaconf.errors import OmegaConfBaseException

from upshot.errors import IntegrityError, Problem, UsageError, did_you_mean
from upshot.recipe.safety import hostile_key, keys_within
from upshot.recipe.sources import hydra_base, parse_override

GROUP = "hydra/launcher"
_SETTINGS = (
    "hydra/hydra_logging=none",
    "hydra/job_logging=none",
    "hydra.output_subdir=null",
    "hydra.sweep.subdir=.",
    "hydra.job.chdir=false",
    "hydra.mode=MULTIRUN",
)
"""Hydra writes no file, logs nothing and changes no folder."""

Task = Callable[[Mapping[str, Any]], object]
"""What a launcher calls for a point, in whatever process: importable by name; it is given the settings and "point"."""


@dataclass(frozen=True)
class _Loader:
    """What a launcher asks for a point's config. Hydra's own loader would compose anew for each: 75 to 96 ms."""

    master: DictConfig
    settings: Mapping[str, Any]
    numbers: Mapping[tuple[str, ...], int]

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        config = deepcopy(self.master)
        with open_dict(config):
            config.hydra.overrides.task = list(sweep_overrides)
            config.update({**self.settings, "point": self.numbers[tuple(sweep_overrides)]})
        return config


class HydraLauncher:
    """A launcher that is installed and set up as the command line says."""

    def __init__(self, config: DictConfig) -> None:
        self._config = config

    @property
    def jobs(self) -> int | None:
        """Points that run at a time on this machine; None where the launcher does not say."""
        stated = self._config.hydra.launcher.get("n_jobs")
        if not isinstance(stated, int):
            return None
        return stated if stated > 0 else max(1, (os.cpu_count() or 1) + 1 + stated)

    def launch(self, task: Task, settings: Mapping[str, Any], points: Sequence[tuple[str, ...]]) -> list[Exception | None]:
        """Run all points, and wait; for each what its process raised.

        Args:
            task: Called once a point, with `settings` and the point's number, counted from 1, under "point".
            settings: Plain values that every point gets.
            points: The overrides of each point; no two are the same.
        """
        from hydra.core.plugins import Plugins

        numbers = {point: number for number, point in enumerate(points, start=1)}
        context = HydraContext(config_loader=_Loader(self._config, settings, numbers), callbacks=Callbacks())  # type: ignore[arg-type]
        launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=self._config)
        try:
            returned: Sequence[JobReturn] = launcher.launch([list(point) for point in points], 0)
        except BrokenExecutor as error:  # a worker was killed; the points without an outcome say so
            return [error] * len(points)
        return [_raised(job) for job in returned]


def _raised(job: JobReturn) -> Exception | None:
    """What the task raised; the public property would raise it again and print."""
    return job._return_value if job.status is JobStatus.FAILED else None


@contextmanager
def hydra_launcher(words: Sequence[tuple[int, str]], scratch: Path) -> Iterator[HydraLauncher]:
    """The launcher that the command line names; afterwards the process is as it was.

    Args:
        words: `hydra/launcher=NAME` and `hydra.launcher.KEY=VALUE`, each with its number on the command line.
        scratch: Folder that launchers may use for what they must keep on disk.

    Raises:
        UsageError: No such launcher is installed, or it has no such setting.
        IntegrityError: A setting could name code or look outside.
    """
    _check(words)
    with _put_back():
        yield HydraLauncher(_config(words, scratch))


def _check(words: Sequence[tuple[int, str]]) -> None:
    problems, hostile = [], []
    named = False
    with hydra_base():
        for number, word in words:
            place = f"argument {number}"
            try:
                override = parse_override(word)
            except HydraException as error:
                problems.append(Problem(place, f"is no override: {str(error).splitlines()[0]}", repr(word[:80])))
                continue
            key, value = override.key_or_group, override.value()
            if override.is_sweep_override() or override.is_delete():
                problems.append(Problem(key, "takes one value: the launcher is the same for all points", word, None, place))
                continue
            named = named or key == GROUP
            found = [hostile_key(str(name), place, top=False) for name in (key, *keys_within(value))]
            hostile += [problem for problem in found if problem is not None]
            if "${" in word:
                hostile.append(Problem(place, "a launcher takes plain values: an interpolation is refused", word))
            if key == GROUP and not (isinstance(value, str) and value.replace("_", "").replace("-", "").isalnum()):
                problems.append(Problem(key, "must be the name of a launcher", word, f"write {GROUP}=joblib", place))
    if hostile:
        raise IntegrityError("'command line' is refused (nothing of it was used)", hostile)
    if not named and not problems:
        first, word = words[0]
        problems.append(Problem(f"argument {first}", "sets a launcher, and none is named", word, f"add {GROUP}=joblib"))
    if problems:
        raise UsageError("the launcher cannot be used (no data was read)", problems)


def _config(words: Sequence[tuple[int, str]], scratch: Path) -> DictConfig:
    """Hydra's own node, composed once, with the launcher's settings."""
    from hydra.core.plugins import Plugins

    Plugins.instance()  # its scan is what makes installed launchers known
    places = ConfigSearchPathImpl()
    places.append("hydra", "pkg://hydra.conf")
    places.append("schema", "structured://")
    loader = ConfigLoaderImpl(places)
    texts = [word for _, word in words]
    by_text = {word: f"argument {number}" for number, word in words}
    chosen = next(text for text in texts if text.partition("=")[0].lstrip("+") == GROUP)
    name, options = chosen.partition("=")[2].strip("'\""), loader.get_group_options(GROUP)
    if name not in options:
        hint = f"{did_you_mean(name, options)}; others are packages of their own, such as hydra-joblib-launcher"
        raise UsageError(
            "the launcher cannot be used (no data was read)", [Problem(GROUP, "is not installed", repr(name), hint, by_text[chosen])]
        )
    folder = f"hydra.sweep.dir={scratch.as_posix()!r}"
    try:
        return loader.load_configuration(
            None, [f"{GROUP}={name}", *_SETTINGS, folder, *(t for t in texts if t != chosen)], RunMode.MULTIRUN
        )
    except (HydraException, OmegaConfBaseException) as error:
        plain = loader.load_configuration(None, [f"{GROUP}={name}"], RunMode.MULTIRUN).hydra.launcher
        keys = [str(key) for key in plain if key != "_target_"]
        said = " ".join(str(error.__cause__ or error).split("\n")[0].split())
        wrong = next((text for text in texts if text.partition("=")[0] in said or text in said), texts[-1])
        key = wrong.partition("=")[0].lstrip("+")
        hint = did_you_mean(key.removeprefix("hydra.launcher."), keys, limit=20)
        problem = Problem(key, f"cannot be set: {said}", wrong, hint, by_text[wrong])
        raise UsageError("the launcher cannot be used (no data was read)", [problem]) from error


@contextmanager
def _put_back() -> Iterator[None]:
    """Take the current folder off the import path, here and in child processes; put back everything that Hydra changes in a process."""
    path, safe = list(sys.path), os.environ.get("PYTHONSAFEPATH")
    instances, resolvers = dict(Singleton._instances), dict(BaseContainer._resolvers)
    here = Path.cwd().resolve()
    sys.path[:] = [entry for entry in path if entry and Path(entry).resolve() != here]
    os.environ["PYTHONSAFEPATH"] = "1"
    Singleton._instances = deepcopy({kind: only for kind, only in instances.items() if kind.__name__ != "Plugins"})
    setbase("1.3")
    try:
        yield
    finally:
        sys.path[:] = path
        os.environ.pop("PYTHONSAFEPATH")
        if safe is not None:
            os.environ["PYTHONSAFEPATH"] = safe
        Singleton._instances = instances
        BaseContainer._resolvers = resolvers


__all__ = ["GROUP", "HydraLauncher", "Task", "hydra_launcher"]
