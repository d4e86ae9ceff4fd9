"""Who may approve, waive and promote: never those who made the version, and only those whom the environment names for a role.

See `upshot.identity` for what a name is worth. Makers are whoever ran a run whose outcome the version is, and whoever last committed a file
of its recipe when it was run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upshot.identity import Person, is_named, shared
from upshot.project import Project
from upshot.recipe.recipe import ApprovalRule


@dataclass(frozen=True)
class Makers:
    """Who made a version.

    Args:
        trainers: Who ran the runs whose outcome it is.
        authors: Addresses of those who committed its recipe.
        known: Whether every run says who ran it; of a run that does not, nobody can be kept apart.
        project: Says what keeps people apart.
    """

    trainers: tuple[Person, ...]
    authors: tuple[str, ...]
    known: bool
    project: Project

    def made_by(self, person: Person) -> str | None:
        """Why somebody counts as a maker; None for somebody else."""
        for trainer in self.trainers:
            why = shared(person, trainer, self.project)
            if why is not None:
                return f"{trainer.name} trained it" + ("" if why.startswith("the name") else f", under {why}")
        for author in self.authors:
            if any(is_named(mark, author, self.project.people) for mark in (person.name, person.git) if mark is not None):
                return f"{author} wrote the recipe"
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody's name."""
        return tuple(dict.fromkeys([*(trainer.name for trainer in self.trainers), *self.authors]))


def makers_of(recorded: tuple[Mapping[str, Any], ...], project: Project) -> Makers:
    """The makers, as runs wrote them down.

    Args:
        recorded: `RunRow.person` of every run.
        project: Says what keeps people apart.
    """
    trainers = tuple(dict.fromkeys(Person.from_json(person) for person in recorded if person))
    authors = tuple(dict.fromkeys(author for person in recorded for author in person.get("authors", ())))
    return Makers(trainers, authors, all(recorded), project)


def may(person: Person, rule: ApprovalRule, project: Project) -> bool:
    """Whether an environment's rule lets somebody act in a role."""
    return rule.by is None or any(is_named(person.name, name, project.people) for name in rule.by)


def who_may(rule: ApprovalRule, makers: Makers) -> str:
    """Who may act in a role, in words.

    Example:
        >>> from pathlib import Path
        >>> nobody = Makers((), ("ada",), True, Project(Path("/p"), Path("/p/.upshot")))
        >>> who_may(ApprovalRule(1, ("grace", "ada", "mia")), nobody), who_may(ApprovalRule(1, None), nobody)
        ('grace or mia', 'anybody but ada')
    """
    if rule.by is None:
        return f"anybody but {' and '.join(makers.names)}" if makers.names else "anybody"
    others = [name for name in rule.by if not any(is_named(name, maker, makers.project.people) for maker in makers.names)]
    return " or ".join(others) or f"nobody: {', '.join(rule.by)} made it"


__all__ = ["Makers", "makers_of", "may", "who_may"]
