"""A report as Markdown, for pull requests and files beside the code.

Names are escaped so that they stay text: no HTML, no link, no heading, and nobody is called by name. What is opened first stands open;
risk and engineering are folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.contracts.sections import Block, ChainBlock, ChartBlock, Column, TableBlock, TextBlock
from upshot.errors import printable
from upshot.report.charts.series import drawn_from
from upshot.report.document import FIGURES, READERS, Entry, Front, Report
from upshot.report.spark import spark
from upshot.report.words import between, head, with_ends

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 60
"""Rows of a table that are written out; comments on a pull request are limited."""
CURVES = ("line", "band", "step", "histogram")
"""Forms that are told as a curve of letters; the others as a table."""
FOLDED = ("risk", "engineering")
JOINER = "\u2060"
_SPECIAL = re.compile(r"[\\`*_{}\[\]|~$#]")
_AT_START = re.compile(r"^([-+=]|\d+[.)](?=\s|$))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": f"@{JOINER}"}


def markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown."""
    return "\n\n".join(part for part in _parts(report) if part) + "\n"


def escaped(text: str) -> str:
    r"""A text that Markdown shows as it is.

    Example:
        >>> escaped("a*b <script> |"), escaped("1. x"), escaped("-cmd")
        ('a\\*b &lt;script&gt; \\|', '1\\. x', '\\-cmd')
        >>> escaped("# @team") == "\\# @\u2060team"
        True
    """
    clean = "".join(_ENTITIES.get(letter, letter) for letter in printable(text))
    clean = _SPECIAL.sub(lambda found: f"\\{found[0]}", clean)
    return _AT_START.sub(lambda found: f"{found[1][:-1]}\\{found[1][-1]}", clean)


def code(text: str) -> str:
    r"""A text as code, whatever it holds.

    Example:
        >>> code("a|b"), code("x`y"), code("")
        ('`a\\|b`', '`` x`y ``', '')
    """
    clean = printable(text).replace("|", "\\|")
    if not clean:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", clean)), default=0) + 1)
    return f"{fence}{clean}{fence}" if fence == "`" else f"{fence} {clean} {fence}"


def _parts(report: Report) -> Iterator[str]:
    yield from [f"# {escaped(report.title)}"] if report.front is None else _front(report.front)
    for reader, title in READERS.items():
        entries = report.chapter(reader)
        body = [part for entry in entries for part in _entry(entry) if part]
        if entries and report.front is not None and reader in FOLDED:
            yield "\n\n".join([f"<details><summary>{title}</summary>", *body, "</details>"])
        elif entries:
            yield "\n\n".join([f"## {title}", *body] if report.front is not None else body)
    yield f"Written by Upshot {report.version} from what was recorded of {escaped(' and '.join(report.runs))}."


def _front(front: Front) -> Iterator[str]:
    yield escaped(front.kicker)
    yield f"# {escaped(front.headline)}"
    yield from map(escaped, front.sentences)
    for block in (front.claims, front.assumptions):
        if block is not None:
            yield from _chart(block)
    yield "\n".join(f"- {escaped(sentence)}" for sentence in front.breaks)
    yield f"**Gates.** {escaped(front.verdict)}" if front.verdict else ""
    if front.owners:
        yield "**Owners.** " + ", ".join(f"{escaped(side.replace('_', ' '))}: {escaped(who)}" for side, who in front.owners.items())
    if front.steps:
        yield "**Next.**"
        yield "\n".join(f"{number}. {escaped(step)}" for number, step in enumerate(front.steps, start=1))


def _entry(entry: Entry) -> Iterator[str]:
    yield f"### {escaped(entry.section.title)}"
    for block in entry.section.blocks:
        yield from _block(block)
    if entry.evidence:
        yield "Evidence: " + ", ".join(f"{escaped(one.stage)} {code(one.short)}" for one in entry.evidence) + "."


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, TextBlock):
        yield from map(escaped, block.paragraphs)
    elif isinstance(block, ChainBlock):
        yield f"**{escaped(block.title)}**" if block.title else ""
        yield " → ".join(" ".join([f"**{escaped(link.title)}**", *map(escaped, link.lines)]) for link in block.links)
        yield escaped(block.note)
    elif isinstance(block, TableBlock):
        yield from _table(block)
    else:
        yield from _chart(block)


def _table(block: TableBlock) -> Iterator[str]:
    frame = block.rows.frame.head(MOST_ROWS)
    yield f"**{escaped(block.title)}**" if block.title else ""
    heads = [escaped(head(column)) or " " for column in block.columns]
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join('---:' if column.style in FIGURES else '---' for column in block.columns)}|"]
    cells = [_cells(column, frame) for column in block.columns]
    yield "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in zip(*cells, strict=True))])
    left_out = block.rows.rows - len(frame)
    yield " ".join(part for part in (escaped(block.note), f"{left_out:,} more rows." if left_out else "") if part)


def _cells(column: Column, frame: pd.DataFrame) -> list[str]:
    write = code if column.style == "code" else escaped
    return [write(text) + (f" \\[{low}, {high}\\]" if low else "") for text, low, high in with_ends(frame, column)]


def _chart(block: ChartBlock) -> Iterator[str]:
    yield f"**{escaped(block.title)}**"
    if block.form in CURVES:
        yield "\n".join(f"- {code(curve)} {escaped(name)}: {escaped(ends)}" for name, curve, ends in letters(block))
    else:
        yield from _table(TableBlock("", tuple(_columns(block)), block.rows))
    yield escaped(block.note)


def _columns(block: ChartBlock) -> Iterator[Column]:
    """The columns of a chart as those of a table, each once."""
    if block.by is not None:
        yield block.by
    if block.form == "timeline":
        yield from (column for column in (*block.y, block.low or block.x, block.high) if column is not None and column != block.by)
        return
    yield block.x
    for y in block.y:
        yield y if block.low is None or block.high is None else replace(y, low=block.low.name, high=block.high.name)


def letters(block: ChartBlock) -> Iterator[tuple[str, str, str]]:
    """Each series of a curve: its name, the curve in letters, and its least and greatest value."""
    import numpy as np

    for one in drawn_from(block, most_points=4_000).series:
        known = one.y[np.isfinite(one.y)]
        if len(known):
            yield one.name or one.column.title, spark(one.y.tolist()), between(float(known.min()), float(known.max()), one.column)


__all__ = ["CURVES", "code", "escaped", "letters", "markdown"]
