"""Who somebody is, as far as that can be known: what is written down of whoever trains, approves, waives and promotes.

This is no authentication, and nothing here pretends to be one. `--as NAME` is what somebody says, the git address is what a file of theirs
says, and the account is what the operating system of one machine says; all three are recorded with every act. What keeps people apart is
said in the project file, which is reviewed as code is:

- `identity: accounts` (when left out): two acts are by one person as soon as a name, a git address or an account of them is the same. So
  nobody approves their own work by typing another name; and people who share an account cannot approve each other's.
- `identity: names`: only names count, for people who share an account. Then `--as` is a promise among colleagues.

`people: {ada: [ada@example.org, ada.l]}` says under which other names and addresses somebody is known. Whoever can write the ledger's
database itself can write anything; a server of its own, and checkpoints kept elsewhere, are the answer to that.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from upshot.errors import Problem, UsageError
from upshot.project import Project

Source = Literal["said", "git", "account"]
ACCOUNTS, NAMES = "accounts", "names"
_NAME = re.compile(r"\S(?:.{0,98}\S)?")
_GIT = ("git", "--no-pager", "--no-optional-locks", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false")
"""Git so that it reads, and starts nothing that a config of the folder names."""
_PATIENCE = 5.0
"""Seconds that git may take to say an address."""


@dataclass(frozen=True)
class Person:
    """Whoever does something.

    Args:
        name: As policies know them.
        source: What the name was taken from: `--as`, git, or the account.
        account: User and machine, as the operating system says: "ada@laptop".
        git: Address in git's config; None where there is none.
    """

    name: str
    source: Source
    account: str
    git: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Person:
        """The opposite of `to_json`."""
        return cls(str(data["name"]), data["source"], str(data["account"]), data["git"])

    @property
    def sentence(self) -> str:
        """The name, and what stands behind it.

        Example:
            >>> Person("grace", "said", "ci@runner", None).sentence, Person("ada", "account", "ada@laptop").sentence
            ('grace (as said; account ci@runner)', 'ada (account ada@laptop)')
        """
        facts = [*(["as said"] if self.source == "said" else []), *([f"git {self.git}"] if self.git else []), f"account {self.account}"]
        return f"{self.name} ({'; '.join(facts)})"


def whoami(project: Project, said: str | None = None) -> Person:
    """Who acts: the name that was said, else git's address, else the account's user.

    Args:
        project: Says under which names people are known; git is asked in its folder.
        said: What stood behind `--as`.

    Raises:
        UsageError: What was said is no name.
    """
    if said is not None and (_NAME.fullmatch(said) is None or not said.isprintable()):
        raise UsageError("the command line is wrong", [Problem("--as", "must be a name of 1 to 100 letters on one line", ascii(said[:80]))])
    user, git = _user(), git_address(project.root)
    name, source = next((name, source) for name, source in _ways(said, git, user) if name)
    return Person(known_as(name, project.people), source, f"{user}@{socket.gethostname()}", git)


def _ways(said: str | None, git: str | None, user: str) -> tuple[tuple[str | None, Source], ...]:
    return ((said, "said"), (git, "git"), (user, "account"))


def known_as(name: str, people: Mapping[str, tuple[str, ...]]) -> str:
    """The name by which policies know somebody; capital letters make no other person.

    Example:
        >>> known_as("ada@example.org", {"ada": ("ada@example.org",)}), known_as("mia", {})
        ('ada', 'mia')
    """
    plain = name.casefold()
    return next((known for known, others in people.items() if plain in {each.casefold() for each in (known, *others)}), name)


def shared(first: Person, second: Person, project: Project) -> str | None:
    """What makes two people one; None where nothing does.

    Example:
        >>> here = Project(Path("/p"), Path("/p/.upshot"))
        >>> ada, mia = Person("ada", "said", "ci@runner"), Person("mia", "said", "ci@runner")
        >>> shared(ada, mia, here)
        'the account ci@runner'
        >>> shared(ada, mia, Project(Path("/p"), Path("/p/.upshot"), identity="names")) is None
        True
    """
    people = project.people
    if is_named(first.name, second.name, people):
        return f"the name {known_as(first.name, people)}"
    if project.identity == NAMES:
        return None
    both = _marks(first, people) & _marks(second, people)
    if not both:
        return None
    if first.git is not None and first.git == second.git:
        return f"the git address {first.git}"
    return f"the account {first.account}" if first.account == second.account else f"the name {min(both)}"


def is_named(name: str, other: str, people: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether two names are those of one person."""
    return known_as(name, people).casefold() == known_as(other, people).casefold()


def _marks(person: Person, people: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Everything by which somebody may be recognised."""
    return {known_as(mark, people).casefold() for mark in (person.name, person.git, person.account) if mark is not None}


def git_address(folder: Path) -> str | None:
    """The address in git's config; None where git has none, or is not there."""
    return next(iter(_git(folder, "config", "--get", "user.email")), None)


def authors(files: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """Addresses of those who last committed these files, sorted; files that nobody committed have no author but whoever runs them.

    Args:
        files: Relative to the folder.
        folder: In a git work tree, or nowhere; then nobody is known.
    """
    if not any((home / ".git").exists() for home in (folder, *folder.parents)):
        return ()
    with ThreadPoolExecutor(max_workers=8) as pool:  # a process a file, and each of them waits
        found = pool.map(lambda file: _git(folder, "log", "-1", "--format=%ae", "--", file), files)
        return tuple(sorted({line for lines in found for line in lines}))


def _git(folder: Path, *words: str) -> tuple[str, ...]:
    try:
        done = subprocess.run([*_GIT, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip()) if done.returncode == 0 else ()


def _user() -> str:
    """Asked of the system; LOGNAME and its like are what anybody may set."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


__all__ = ["ACCOUNTS", "NAMES", "Person", "authors", "git_address", "is_named", "known_as", "shared", "whoami"]
