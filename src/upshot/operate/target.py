"""Which version is meant, for which environment, and which run holds the evidence on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from upshot.catalogue import Catalogue
from upshot.contracts.records import CHAMPION
from upshot.engine.past import Past
from upshot.engine.state import State
from upshot.errors import Problem, UsageError, did_you_mean, nearest
from upshot.ledger.environments import ServedRow
from upshot.operate.protocol import modern, protocol_of
from upshot.project import Project
from upshot.recipe.difference import Change, changes_between
from upshot.recipe.recipe import Environment, Recipe

if TYPE_CHECKING:
    from upshot.ledger.ledger import RunRow, VersionRow

_NUMBERED = re.compile(r"(.+)@(\d{1,9})")
SHOWN = 8


@dataclass(frozen=True)
class Target:
    """A version on its way into an environment.

    Args:
        typed: The recipe as it was typed, for commands that are told.
        recipe: The recipe as the project's files have it now, with the environment laid over it: what is asked for.
        version: The registered version.
        runs: Runs whose outcome it is, the newest first.
        state: The state folder.
        catalogue: What is installed.
        project: The project.
    """

    typed: str
    recipe: Recipe
    version: VersionRow
    runs: tuple[RunRow, ...]
    state: State
    catalogue: Catalogue
    project: Project

    @property
    def environment(self) -> Environment:
        """What the environment says of itself."""
        return self.recipe.env[str(self.recipe.environment)]

    @property
    def name(self) -> str:
        """The version as people write it: `card_fraud@3`."""
        return f"{self.version.name}@{self.version.number}"

    @property
    def record(self) -> str:
        """Digest of the version's content."""
        return str(self.version.record)

    @cached_property
    def served(self) -> ServedRow | None:
        """What the environment serves now, as the ledger says at the first look."""
        rows = self.state.ledger.environments.served(self.version.name)
        return next((row for row in rows if row.environment == self.environment.name), None)

    @cached_property
    def past(self) -> Past:
        """The run whose evidence counts: the newest that was measured as the recipe asks and against what is served; else as the recipe asks."""
        pasts = [Past(row, self.state, self.catalogue) for row in self.runs]
        asked = [past for past in pasts if not self.measured_otherwise(past)]
        return next((past for past in asked if self._is_against_served(past)), (asked or pasts)[0])

    def measured_otherwise(self, past: Past) -> tuple[Change, ...]:
        """Keys of data, split, money and scores in which a run differs from what the recipe asks for in this environment."""
        root = past.row.person.get("root", str(self.project.root))
        return tuple(changes_between(modern(protocol_of(past.recipe, str(root)), self.catalogue), self.protocol))

    @cached_property
    def protocol(self) -> dict[str, object]:
        """How the recipe measures, as its files say."""
        return protocol_of(self.recipe, str(self.project.root))

    def _is_against_served(self, past: Past) -> bool:
        told = past.row.summary.get(CHAMPION) or {}
        return told.get("record") == (None if self.served is None else self.served.promotion.record)


def split_name(word: str) -> tuple[str, int | None]:
    """The recipe and the number of a version.

    Example:
        >>> split_name("card_fraud@3"), split_name("recipes/x.yaml@12"), split_name("card_fraud")
        (('card_fraud', 3), ('recipes/x.yaml', 12), ('card_fraud', None))
    """
    found = _NUMBERED.fullmatch(word)
    return (found[1], int(found[2])) if found else (word, None)


def target_of(typed: str, recipe: Recipe, number: int | None, *, state: State, catalogue: Catalogue, project: Project) -> Target:
    """The version of a recipe, in the environment that was laid over it.

    Args:
        typed: The recipe as it was typed.
        recipe: With the environment laid over it.
        number: Of the version; None where none was typed.
        state: The state folder.
        catalogue: What is installed.
        project: The project.

    Raises:
        UsageError: There is no such version, or another recipe made it; names those that there are.
    """
    name = recipe.use_case.name
    rows = state.ledger.versions(name) if state.has_ledger() else ()
    version = next((row for row in rows if row.number == number), None)
    if version is None:
        raise no_version(name, number, [row.number for row in rows])
    runs = state.ledger.runs_of(name, version.number)
    if not any(run.recipe == recipe.name for run in runs):
        makers = ", ".join(sorted({run.recipe for run in runs})) or "a run that is not recorded any more"
        problem = Problem(
            f"{name}@{number}", f"was made by {makers}, and recipe {recipe.name!r} says what is asked of its own", None, "name that one"
        )
        raise UsageError("there is no such version", [problem])
    return Target(typed, recipe, version, tuple(run for run in runs if run.recipe == recipe.name), state, catalogue, project)


def no_version(name: str, number: int | None, numbers: Sequence[int]) -> UsageError:
    """There is no such version; the registered ones are named, the newest last."""
    known = [f"{name}@{each}" for each in numbers]
    shown = known if len(known) <= SHOWN else ["...", *known[-SHOWN:]]
    hint = f"registered: {', '.join(shown)}" if known else f"none is registered: upshot run {name}"
    if number is None:
        return UsageError("the command line is wrong", [Problem(name, "say which version: NAME@NUMBER", None, hint)])
    return UsageError("there is no such version", [Problem(f"{name}@{number}", "no such registered version", None, hint)])


def named_environment(recipe: Recipe, name: str | None, command: str) -> str:
    """The environment that was named.

    Raises:
        UsageError: None was, or the recipe has none; says which there are.
    """
    if not recipe.env:
        hint = "write `- env: standard` in defaults, or env: {NAME: {...}}"
        raise UsageError("the recipe has no environments", [Problem(recipe.name, "declares none, so nothing can be served", None, hint)])
    if name is None:
        hint = f"{command} --env NAME; environments, in their order: {', '.join(recipe.env)}"
        raise UsageError("the command line is wrong", [Problem("--env", "say which environment", None, hint)])
    if name not in recipe.env:
        hint = did_you_mean(name, recipe.env) if nearest(name, recipe.env) else f"environments, in their order: {', '.join(recipe.env)}"
        raise UsageError("the command line is wrong", [Problem("--env", "there is no such environment", repr(name), hint)])
    return name


__all__ = ["Target", "named_environment", "no_version", "split_name", "target_of"]
