"""`upshot card`: the model card and the datasheet of a run, from recorded facts only."""

from __future__ import annotations

import argparse

from upshot.cli.context import Context, add_run
from upshot.cli.report import add_output, write
from upshot.cli.text import columns, size


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser)
    add_output(parser, "md")


def execute(arguments: argparse.Namespace) -> int:
    """Print or write both."""
    from upshot.engine.past import Past, find_run
    from upshot.report.made import cards_of

    context = Context.of(arguments)
    report = cards_of(Past(find_run(context.state, arguments.run), context.state, context.catalogue))
    written = write(report, arguments, f"card-{report.runs[0]}.html")
    if written is not None:
        print(columns([("file", f"{written}, {size(written.stat().st_size)}")]))
    return 0
