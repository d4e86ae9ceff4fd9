"""Secrets: named in a recipe, found outside of it, known only to the component that asks for them.

A recipe holds `${secret:NAME}`, and that text is what is composed, cached, hashed, recorded and shown. The value is looked up when
the component is made, in the environment first, then in the project's secrets file, then in the state folder; it is never written, and
it is taken out of every error that leaves the component.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from upshot.errors import IntegrityError, PluginError, Problem, RecipeError, UpshotError
from upshot.project import Project

REFERENCE = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_]{0,62})\}")
VARIABLE = "UPSHOT_SECRET_"
SHORTEST = 4
"""Characters that a secret must have: a shorter one could not be taken out of a text without spoiling it."""
HIDDEN = "<secret>"


class Secrets:
    """Where the values of secrets are looked up, and which of them this process has seen.

    Args:
        file: Lines `NAME=value`, readable by its owner alone.
        folder: One file a secret, named as the secret, readable by its owner alone.
    """

    def __init__(self, file: Path | None = None, folder: Path | None = None) -> None:
        self._file = file
        self._folder = folder
        self._seen: set[str] = set()

    @classmethod
    def of(cls, project: Project) -> Secrets:
        """Those of a project."""
        return cls(project.secrets, project.state / "secrets")

    def reveal(self, text: str) -> str:
        """A text with the values of the secrets that it names.

        Raises:
            RecipeError: A secret is not given, or too short.
            IntegrityError: Others may read the file that holds it.
        """
        return REFERENCE.sub(lambda found: self._value(found.group(1)), text)

    def problems(self, names: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Secrets that cannot be used: name -> rule and remedy.

        Raises:
            IntegrityError: Others may read the file that holds one.
        """
        unusable = {}
        for name in names:
            value = self._find(name)
            if value is None:
                unusable[name] = (f"the secret {name!r} is not given", self._remedy(name))
            elif len(value) < SHORTEST:
                unusable[name] = (f"the secret {name!r} must have at least {SHORTEST} characters", self._remedy(name))
        return unusable

    def hide(self, text: str) -> str:
        """A text without any value that was revealed, also where it is quoted as Python, JSON or an address would."""
        for form in sorted(self._forms(), key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Run a component inside this block: no error leaves it with a secret in its text, its notes or its causes.

        Raises:
            PluginError: An error held one that could not be taken out of it.
        """
        try:
            yield
        except BaseException as error:
            if self._seen and not self._cleaned(error):
                rule = f"{type(error).__name__}, whose text is withheld because it holds a secret"
                raise PluginError("a component failed", [Problem(type(error).__module__, rule)]) from None
            raise

    def _value(self, name: str) -> str:
        wrong = self.problems([name])
        if wrong:
            raise RecipeError("a secret is missing", [Problem(f"${{secret:{name}}}", rule, None, hint) for rule, hint in wrong.values()])
        value = str(self._find(name))
        self._seen.add(value)
        return value

    def _find(self, name: str) -> str | None:
        value = os.environ.get(f"{VARIABLE}{name}")
        if value is None and self._file is not None:
            value = _lines(self._file).get(name)
        if value is None and self._folder is not None and (self._folder / name).is_file():
            value = _private(self._folder / name).rstrip("\r\n")
        return value

    def _remedy(self, name: str) -> str:
        ways = [f"set {VARIABLE}{name} in the environment"]
        ways += [f"write {name}=... into {self._file.name}"] if self._file is not None else []
        ways += [f"write it to {self._folder.parent.name}/{self._folder.name}/{name} (mode 0600)"] if self._folder is not None else []
        return ", or ".join(ways)

    def _forms(self) -> set[str]:
        from urllib.parse import quote

        whole = {form for value in self._seen for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value, safe=""))}
        return whole | {line for value in self._seen for line in value.splitlines() if len(line) >= SHORTEST}

    def _cleaned(self, error: BaseException) -> bool:
        """Take the values out of an error and all that led to it; False when one is still in its text."""
        if isinstance(error, UpshotError):
            error.headline = self.hide(error.headline)
            error.problems = tuple(self._hidden(problem) for problem in error.problems)
        error.args = tuple(self.hide(item) if isinstance(item, str) else item for item in error.args)
        for name in ("filename", "filename2", "strerror"):  # an OSError's text is made of these
            if isinstance(getattr(error, name, None), str):
                setattr(error, name, self.hide(getattr(error, name)))
        if hasattr(error, "__notes__"):
            error.__notes__ = [self.hide(note) for note in error.__notes__]
        for before in (error.__cause__, error.__context__):
            if before is not None and not self._cleaned(before):
                error.__cause__ = error.__context__ = None
        return self.hide(str(error)) == str(error) and self.hide(repr(error)) == repr(error)

    def _hidden(self, problem: Problem) -> Problem:
        texts = (problem.where, problem.rule, problem.got, problem.hint, problem.place)
        where, rule, got, hint, place = (text if text is None else self.hide(text) for text in texts)
        return Problem(str(where), str(rule), got, hint, place)


def secret_names(text: str) -> list[str]:
    """The secrets that a text names.

    Example:
        >>> secret_names("postgresql://me:${secret:DB}@host/${secret:BASE}")
        ['DB', 'BASE']
    """
    return REFERENCE.findall(text) if "${" in text else []


def _lines(file: Path) -> dict[str, str]:
    """`NAME=value` lines; blank ones and comments are passed over."""
    if not file.is_file():
        return {}
    pairs = (line.partition("=") for line in _private(file).splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _private(file: Path) -> str:
    """The text of a file that only its owner may read.

    Raises:
        IntegrityError: Others may read or write it.
    """
    mode = stat.S_IMODE(file.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        problem = Problem(file.name, "a file of secrets is readable by its owner alone", f"mode {mode:04o}", f"chmod 600 {file}")
        raise IntegrityError("secrets are refused", [problem])
    return file.read_text(encoding="utf-8")


__all__ = ["HIDDEN", "REFERENCE", "SHORTEST", "VARIABLE", "Secrets", "secret_names"]
