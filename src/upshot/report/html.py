"""A report as one HTML file: nothing is loaded, nothing is sent, and nothing in a name can become markup.

The policy in the head lets only the style and the script of this file act, each named by its hash; no other script, no request of any
kind. All text goes through htpy, which escapes it; control characters are written out before (see `_whole`). Without script the file is
whole: scripts only sort, filter, switch the theme and show readings of charts.

A file stays below `MOST_BYTES`: where sections bring more than that, tables and charts are shortened until they fit, and each says what it
leaves out. `--format json` has everything.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import htpy as h
from markupsafe import Markup

from upshot.contracts.sections import Block, ChainBlock, ChartBlock, Column, Reader, TableBlock, TextBlock
from upshot.errors import printable
from upshot.report.charts import ink
from upshot.report.charts.drawn import figure
from upshot.report.document import EVIDENCE, FIGURES, READERS, Entry, Evidence, Front, Report
from upshot.report.words import NOTHING, head, text_of, with_ends

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 2_900_000
FOLDED = 24
"""A table with more rows is folded away until somebody asks for it."""
LONG = 40
"""Letters from which on a text wants room to be read in."""
SHORT = 28
"""Letters up to which it stays on one line."""
FORMULA = "=+@"
"""A cell that begins so is run by spreadsheets into which a table is pasted."""
JOINER = "\u2060"
"""Has no width; before such a cell it makes it text."""
KEPT = f"\n\u00a0{JOINER}"
"""Of what is not printable, what the page itself writes."""


@dataclass(frozen=True)
class Limits:
    """How much of a section is shown."""

    table_rows: int
    points: int
    rows: int


STEPS = (Limits(500, 600, 60), Limits(100, 240, 40), Limits(20, 80, 20), Limits(5, 20, 5))
"""Tried one after the other until the file is small enough."""


def page(report: Report) -> str:
    """The report as one HTML document."""
    written = ""
    for limits in STEPS:
        written = _page(report, limits)
        if len(written.encode()) <= MOST_BYTES:
            break
    return written


def _page(report: Report, limits: Limits) -> str:
    style, script = (files("upshot.report").joinpath("assets", name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    top = h.head[
        h.meta(charset="utf-8"),
        h.meta(http_equiv="Content-Security-Policy", content=policy),
        h.meta(name="viewport", content="width=device-width, initial-scale=1"),
        h.meta(name="referrer", content="no-referrer"),
        h.meta(name="color-scheme", content="light dark"),
        h.meta(name="generator", content=f"upshot {report.version}"),
        h.link(rel="icon", href="data:,"),
        h.title[report.title],
        h.style[Markup(style)],
    ]
    chapters = {reader: entries for reader in READERS if (entries := report.chapter(reader))}
    links = [("front", "In short")] if report.front is not None else []
    links += [(reader, READERS[reader]) for reader in chapters]
    body = h.body[
        h.a(".skip", href=f"#{links[0][0]}")["Skip to the report"],
        ink.textures(),
        h.header(".bar-top")[
            h.nav(aria_label="Chapters")[[h.a(href=f"#{anchor}")[title] for anchor, title in links]],
            h.div(".tools"),
        ],
        h.main[list(_main(report, chapters, limits)),],
        h.footer[
            h.p[f"Written by Upshot {report.version} from what was recorded of {' and '.join(report.runs)}."],
            h.p["Nothing in this file was computed anew after the run but sums over what it stored; the same run gives the same file."],
        ],
        h.script[Markup(script)],
    ]
    return f"{_whole(h.html(lang='en')[top, body])}\n"


def _main(report: Report, chapters: Mapping[Reader, Sequence[Entry]], limits: Limits) -> Iterator[h.Element]:
    if report.front is None:
        yield h.h1(".quiet")[report.title]
    else:
        yield _front(report.front, limits)
    for reader, entries in chapters.items():
        yield _chapter(reader, READERS[reader], entries, limits)


def _hash(content: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _whole(element: h.Element) -> str:
    r"""The element as text, with control and direction characters of names written out.

    Example:
        >>> _whole(h.p["safe\u202egnp.exe"])
        '<p>safe\\u202egnp.exe</p>'
    """
    return "".join(part if part.isprintable() else printable(part, keep=KEPT) for part in element.iter_chunks())


def harmless(text: str) -> str:
    """A cell of a table, harmless also where the table is pasted into a spreadsheet.

    Example:
        >>> harmless("=1+1") == "\u2060=1+1", harmless("-cmd") == "\u2060-cmd", harmless("-1.5")
        (True, True, '-1.5')
    """
    is_formula = text[:1] in tuple(FORMULA) or (text[:1] == "-" and not text[1:2].isdigit())
    return JOINER + text if is_formula else text


def _front(front: Front, limits: Limits) -> h.Element:
    columns = [
        _half(block, f"front-{name}", extra, limits)
        for name, block, extra in (("claims", front.claims, ()), ("assumptions", front.assumptions, front.breaks))
        if block is not None or extra
    ]
    return h.section("#front.front", tabindex="-1")[
        h.p(".kicker")[front.kicker],
        h.h1[front.headline],
        [h.p(".lead")[sentence] for sentence in front.sentences],
        h.div(".halves")[columns] if columns else None,
        h.div(".thirds")[list(_thirds(front))],
        _evidence(front.evidence),
    ]


def _half(block: ChartBlock | None, name: str, sentences: Sequence[str], limits: Limits) -> h.Element:
    drawn = None if block is None else _drawn(block, name, limits)
    return h.div[drawn, h.ul(".breaks")[[h.li[sentence] for sentence in sentences]] if sentences else None]


def _thirds(front: Front) -> Iterator[h.Element]:
    if front.verdict:
        yield h.div[h.h2["Gates"], h.p(".gates")[_pips(front)], h.p[front.verdict]]
    if front.owners:
        yield h.div[
            h.h2["Who owns it"],
            h.dl(".owners")[[[h.dt[side.replace("_", " ")], h.dd[who]] for side, who in front.owners.items()]],
        ]
    if front.steps:
        yield h.div[h.h2["What to do next"], h.ol(".steps")[[h.li[step] for step in front.steps]]]


def _pips(front: Front) -> list[h.Element]:
    """One sign a gate, told by shape beside colour; the sentence under them says the same."""
    signs = {"PASS": "✓", "FAIL": "✕", "INCONCLUSIVE": "?"}
    return [
        h.span(class_=f"outcome {outcome.lower()}", aria_hidden="true")[signs[outcome]]
        for outcome, count in front.gates.items()
        for _ in range(count)
    ]


def _chapter(reader: str, title: str, entries: Sequence[Entry], limits: Limits) -> h.Element:
    return h.section(".chapter", id=reader, tabindex="-1", aria_labelledby=f"{reader}-title")[
        h.h2(id=f"{reader}-title")[title], [_entry(entry, limits) for entry in entries]
    ]


def _entry(entry: Entry, limits: Limits) -> h.Element:
    blocks = [_block(block, f"{entry.anchor}-{index}", limits) for index, block in enumerate(entry.section.blocks)]
    return h.article(".entry", id=f"section-{entry.anchor}")[
        h.div(".side")[h.h3[entry.section.title], _evidence(entry.evidence)], h.div(".body")[blocks]
    ]


def _evidence(evidence: Sequence[Evidence]) -> h.Element | None:
    """Links to what the figures were made from."""
    if not evidence:
        return None
    links = [h.a(href=f"#evidence-{one.short}", title=one.digest)[one.stage, " ", h.code[one.short[:8]]] for one in evidence]
    return h.p(".evidence")[h.span["evidence"], links]


def _block(block: Block, name: str, limits: Limits) -> h.Element:
    if isinstance(block, TextBlock):
        return h.div(".text")[[h.p[paragraph] for paragraph in block.paragraphs]]
    if isinstance(block, ChainBlock):
        return _chain(block)
    return _table(block, name, limits) if isinstance(block, TableBlock) else _drawn(block, name, limits)


def _chain(block: ChainBlock) -> h.Element:
    links = [h.li[h.b[link.title], [h.span[line] for line in link.lines]] for link in block.links]
    return h.div[
        h.p(".title")[block.title] if block.title else None, h.ol(".chain")[links], h.p(".note")[block.note] if block.note else None
    ]


def _drawn(block: ChartBlock, name: str, limits: Limits) -> h.Element:
    return figure(block, name, most_points=limits.points, most_rows=limits.rows)


def _table(block: TableBlock, name: str, limits: Limits) -> h.Element:
    rows = block.rows.rows
    frame = block.rows.frame.head(limits.table_rows)
    columns = [_cells(column, frame) for column in block.columns]
    head_cells = [h.th(scope="col", class_=_align(column))[head(column)] for column in block.columns]
    is_named = any(column.title for column in block.columns)
    ids = [f"evidence-{str(digest)[:12]}" for digest in frame["digest"]] if name.startswith(f"{EVIDENCE}-") else [None] * len(frame)
    body = h.tbody[[h.tr(id=identity)[[column[i] for column in columns]] for i, identity in enumerate(ids)]]
    left_out = f"The first {len(frame):,} of {rows:,} rows." if rows > len(frame) else ""
    region = h.div(".wide", tabindex="0", role="region", aria_label=block.title or name.replace("-", " "))[
        h.table(".data")[
            h.caption[block.title] if block.title else None,
            h.thead[h.tr[head_cells]] if is_named else None,
            body,
        ]
    ]
    shown = h.details[h.summary[f"{len(frame):,} rows"], region] if len(frame) > FOLDED else region
    return h.div(".table")[shown, h.p(".note")[block.note] if block.note else None, h.p(".note.left-out")[left_out] if left_out else None]


def _align(column: Column) -> str | None:
    return "figure" if column.style in FIGURES else None


def _cells(column: Column, frame: pd.DataFrame) -> list[h.Element]:
    written = zip(frame[column.name].tolist(), with_ends(frame, column), strict=True)
    return [_cell(value, text, column, f" {low} to {high}" if low else "") for value, (text, low, high) in written]


def _cell(value: Any, text: str, column: Column, ends: str) -> h.Element:
    if column.style in FIGURES:
        return h.td(".figure", data_v=_raw(value))[text, h.span(".ends")[ends] if ends else None]
    if column.style == "outcome":
        return h.td[h.span(class_=f"outcome {str(value).lower()}")[text]]
    if column.style == "code":
        return h.td[h.code[harmless(text)]]
    if column.style == "date":
        return h.td(".date", data_v=text_of(value, column))[text]
    return h.td(class_="long" if len(text) > LONG else "word" if len(text) <= SHORT else None)[harmless(text)]


def _raw(value: Any) -> str | None:
    """The number itself, for sorting."""
    return None if text_of(value, Column("", "", "number")) == NOTHING or isinstance(value, str) else repr(float(value))


__all__ = ["harmless", "page"]
