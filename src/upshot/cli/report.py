"""`upshot report`: one file in which each reader of a run finds their answer, and a summary on the terminal."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from upshot.cli.context import Context
from upshot.cli.shapes import printed
from upshot.cli.text import columns, size
from upshot.contracts.sections import ChartBlock
from upshot.errors import Problem, UsageError, printable

if TYPE_CHECKING:
    from upshot.report.document import Report

STDOUT = "-"
FORMATS = ("html", "md", "json")
CURVES_SHOWN = 6
"""Curves of sections that a terminal is shown."""
CURVES_OF_A_CHART = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "run", nargs="?", default="last", metavar="RUN", help="id of a run or the beginning of one, a recipe, or last (default)"
    )
    parser.add_argument("other", nargs="?", metavar="RUN", help="a second run, which is held against the first")
    add_output(parser, "html")
    parser.add_argument("--open", action="store_true", help="open the file in the browser")


def add_output(parser: argparse.ArgumentParser, default: str) -> None:
    """Where a report goes, and as what."""
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="file to write, - for standard output (default: a file for html, else standard output)"
    )
    parser.add_argument("--format", choices=FORMATS, default=default, help=f"how it is written (default: {default})")


def execute(arguments: argparse.Namespace) -> int:
    """Write the report, and say what is in it."""
    from upshot.engine.past import Past, find_run
    from upshot.report.made import report_of

    context = Context.of(arguments)
    if arguments.open and (arguments.format != "html" or arguments.output == STDOUT):
        raise UsageError("the command line is wrong", [Problem("--open", "needs an HTML file", None, "leave out --format and -o -")])
    words = [word for word in (arguments.run, arguments.other) if word is not None]
    pasts = [Past(find_run(context.state, word), context.state, context.catalogue) for word in words]
    if len(pasts) == 2:
        from upshot.engine.compare import compare
        from upshot.report.comparison import comparison_of

        report = comparison_of(compare(*pasts))
    else:
        report = report_of(pasts[0])
    written = write(report, arguments, f"report-{'-'.join(report.runs)}.html")
    if written is not None:
        print(f"{summary(report)}\n\n{columns([('file', f'{written}, {size(written.stat().st_size)}')])}")
        if arguments.open:
            webbrowser.open(written.resolve().as_uri())
    return 0


def write(report: Report, arguments: argparse.Namespace, name: str) -> Path | None:
    """Write a report as it was asked for; the file, or None where it went to standard output.

    Raises:
        UsageError: The file cannot be written there.
    """
    text = _text(report, arguments.format)
    target = arguments.output or (name if arguments.format == "html" else STDOUT)
    if target == STDOUT:
        print(text, end="")
        return None
    path = Path(target)
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise UsageError(
            "the report cannot be written", [Problem("-o", "must be a file that can be written", target, error.strerror)]
        ) from None
    return path


def _text(report: Report, form: str) -> str:
    if form == "json":
        from upshot.report.data import data

        return printed("upshot.report/1", data(report)) + "\n"
    if form == "md":
        from upshot.report.markdown import markdown

        return markdown(report)
    from upshot.report.html import page

    return page(report)


def summary(report: Report) -> str:
    """The first screen and the curves of the report, as text."""
    front = report.front
    assert front is not None
    parts = [f"{printable(front.kicker)}\n{printable(front.headline)}", "\n".join(map(printable, front.sentences))]
    parts += [_intervals(block) for block in (front.claims, front.assumptions) if block is not None]
    parts += ["\n".join(map(printable, front.breaks))] if front.breaks else []
    curves = list(_curves(report))[:CURVES_SHOWN]
    parts += [columns(curves)] if curves else []
    lines = [("gates", front.verdict)] if front.verdict else []
    lines += [("next" if number == 0 else "", step) for number, step in enumerate(front.steps)]
    return "\n\n".join(part for part in [*parts, columns(lines)] if part)


def _intervals(block: ChartBlock) -> str:
    """A chart of intervals as a table."""
    from upshot.report.words import NOTHING, brief

    frame, y = block.rows.frame, block.y[0]
    rows = []
    for values in frame.itertuples(index=False):
        row = dict(zip(frame.columns, values, strict=True))
        value, *ends = (brief(row[column.name], y) for column in (y, block.low, block.high) if column is not None)
        between = " to ".join(ends) if NOTHING not in ends and set(ends) != {value} else ""
        rows.append((f"  {row[block.x.name]}", value, between))
    return f"{printable(block.title)}\n{columns(rows)}"


def _curves(report: Report) -> Iterator[tuple[str, str, str]]:
    """Series of all charts that are curves: name, bars, ends."""
    from upshot.report.markdown import CURVES, letters

    for entry in report.entries:
        for block in entry.section.blocks:
            if isinstance(block, ChartBlock) and block.form in CURVES:
                for name, curve, ends in islice(letters(block), CURVES_OF_A_CHART):
                    yield (f"{block.title}: {name}", curve, ends)
