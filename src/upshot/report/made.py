"""The report of a run: the first screen, what is always shown, and the sections that were stored with the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version

from upshot.contracts.records import Inspection
from upshot.engine.past import Past
from upshot.report.always.assumptions import assumptions
from upshot.report.always.cards import cards
from upshot.report.always.config import config
from upshot.report.always.decisions import decisions
from upshot.report.always.earlier import earlier
from upshot.report.always.gates import gates
from upshot.report.always.lineage import lineage
from upshot.report.always.money import money
from upshot.report.always.scores import scores
from upshot.report.always.signature import signature
from upshot.report.always.split import split
from upshot.report.always.stages import stages
from upshot.report.always.trust import trust
from upshot.report.document import Entry, Front, Report
from upshot.report.front import evidence_of, front_of


def sections(past: Past) -> Iterator[Entry]:
    """What components and plugins showed of the test rows when the run was evaluated, in the recipe's order."""
    inspection: Inspection | None = past.value("inspect")
    for name, section in ({} if inspection is None else inspection.sections).items():
        yield Entry(name, section, evidence_of(past, "inspect"))


ALWAYS: tuple[Callable[[Past], Iterator[Entry]], ...] = (
    money,
    scores,
    gates,
    decisions,
    assumptions,
    sections,
    split,
    earlier,
    trust,
    cards,
    lineage,
    config,
    stages,
    signature,
)
"""What a report shows, in order within each chapter."""


def report_of(past: Past) -> Report:
    """The report of one run.

    Raises:
        IntegrityError: Something that is kept of it is damaged.
    """
    entries = tuple(unique([entry for make in ALWAYS for entry in make(past)]))
    return _report(past, front_of(past), entries)


def cards_of(past: Past) -> Report:
    """Model card and datasheet alone."""
    return _report(past, None, tuple(cards(past)))


def _report(past: Past, front: Front | None, entries: tuple[Entry, ...]) -> Report:
    return Report(f"{past.recipe.use_case.name}: {past.row.id}", (past.row.id,), front, entries, version("upshot"))


def unique(entries: Sequence[Entry]) -> Iterator[Entry]:
    """The entries with names whose addresses differ: a second one of an address is numbered."""
    taken: set[str] = set()
    for entry in entries:
        named, count = entry, 1
        while named.anchor in taken:
            count += 1
            named = replace(entry, name=f"{entry.name} {count}")
        taken.add(named.anchor)
        yield named


__all__ = ["cards_of", "report_of", "unique"]
