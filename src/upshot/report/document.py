"""A report as it is before it is written: typed, and the same for HTML, Markdown, JSON and a terminal.

Everything in it is a block of `upshot.contracts.sections`, so whatever a component or plugin may show, the report itself is made of too,
and each medium needs to know nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upshot.contracts.records import Outcome
from upshot.contracts.sections import Block, ChartBlock, Column, Reader, Section, Style, TableBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import pandas as pd

READERS: dict[Reader, str] = {
    "business": "Business",
    "data_science": "Data science",
    "risk": "Risk",
    "engineering": "Engineering",
}
"""Reader -> title of the chapter that is for them, in the order of the report."""

FIGURES: tuple[Style, ...] = ("number", "count", "money", "share", "duration", "size")
"""Styles whose values are aligned by their last digit."""
EVIDENCE = "evidence"
"""Name of the entry that lists the values of all stages, to which figures are linked."""


@dataclass(frozen=True)
class Evidence:
    """Where a figure comes from: a stage, and the digest of the value that it gave."""

    stage: str
    digest: str

    @property
    def short(self) -> str:
        """The first digits of the digest, by which people know it again."""
        return self.digest[:12]


@dataclass(frozen=True)
class Entry:
    """A section in its place.

    Args:
        name: Its name in the recipe, or that of what is always shown; unique in the report.
        section: What it shows.
        evidence: What it was made from.
    """

    name: str
    section: Section
    evidence: tuple[Evidence, ...] = ()

    @property
    def anchor(self) -> str:
        """Its name as part of an address.

        Example:
            >>> Entry("tuning curve <b>", Section("", "business", ())).anchor
            'tuning-curve-b'
        """
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or "section"


@dataclass(frozen=True)
class Front:
    """The first screen: the answer, what it stands on, and what to do.

    Attributes:
        kicker: What the report is about.
        headline: The answer in figures, a few words.
        sentences: What the headline means and how it was measured.
        claims: What is gained over each alternative, with intervals.
        assumptions: How far the answer moves when each assumption does; None where none has a range.
        breaks: Under which assumption the answer is no longer true.
        gates: Outcome -> how many gates came out so.
        verdict: The gates in one line.
        owners: Side -> who answers for it.
        steps: What to do next, the most pressing first.
        evidence: What the figures stand on.
    """

    kicker: str
    headline: str
    sentences: tuple[str, ...]
    claims: ChartBlock | None
    assumptions: ChartBlock | None
    breaks: tuple[str, ...]
    gates: Mapping[Outcome, int]
    verdict: str
    owners: Mapping[str, str]
    steps: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Report:
    """One report.

    Args:
        title: Of the whole.
        runs: Ids of the runs that it tells of.
        front: The first screen; None in a report of a few sections.
        entries: Everything else, in order; chapters follow `READERS`.
        version: Of the Upshot that writes it.
    """

    title: str
    runs: tuple[str, ...]
    front: Front | None
    entries: tuple[Entry, ...]
    version: str

    def chapter(self, reader: Reader) -> tuple[Entry, ...]:
        """The entries that are for one reader first of all."""
        return tuple(entry for entry in self.entries if entry.section.reader == reader)


def facts(
    title: str, rows: Sequence[tuple[str, str]], *, note: str = "", of: str = "", says: str = "", style: Style = "text"
) -> TableBlock:
    """A table of two columns: what it is, and how it is."""
    return table(title, (Column("fact", of, "text"), Column("value", says, style)), rows, note=note)


def table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, note: str = "", also: Sequence[str] = ()) -> TableBlock:
    """A table of rows in hand.

    Args:
        title: What it shows.
        columns: The columns that are shown.
        rows: One value a column, and behind them one for each of `also`.
        note: What it counts.
        also: Names of columns that are not shown by themselves, such as ends of intervals.
    """
    return TableBlock(title, tuple(columns), rows_of([*(column.name for column in columns), *also], rows), note)


def rows_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Rows in hand as a table."""
    import pandas as pd

    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    return Table.of(pd.DataFrame({name: _values(values) for name, values in columns.items()}))


def _values(values: Sequence[Any]) -> pd.Series:
    """A column; as plain objects where a text has half a letter, as an argument of a command line may."""
    import pandas as pd

    try:
        return pd.Series(list(values))
    except UnicodeEncodeError:
        return pd.Series(list(values), dtype=object)


def section(title: str, reader: Reader, *blocks: Block | None) -> Section:
    """A section of the blocks that there are."""
    return Section(title, reader, tuple(block for block in blocks if block is not None))


__all__ = ["EVIDENCE", "FIGURES", "READERS", "Entry", "Evidence", "Front", "Report", "facts", "rows_of", "section", "table"]
