"""`upshot compare`: two runs beside each other, with paired intervals where they can be had."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from upshot.cli.context import Context, add_json
from upshot.cli.shapes import measurement, printed
from upshot.cli.show import change_rows, change_texts
from upshot.cli.text import columns, interval, number
from upshot.contracts.records import Measured
from upshot.engine.compare import Comparison, Pair, compare
from upshot.engine.past import Past, find_run

BARE = ("", "1", "share", "target", "time", "alarm")
"""Units of metrics that say no more than the metric's name; a KPI's is said."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("first", metavar="RUN", help="id of a run, the beginning of one, or last")
    parser.add_argument("second", metavar="RUN", help="the run that is held against it")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the comparison."""
    context = Context.of(arguments)
    pasts = [Past(find_run(context.state, word), context.state, context.catalogue) for word in (arguments.first, arguments.second)]
    found = compare(*pasts)
    print(document(found) if arguments.json else render(found))
    return 0


def render(found: Comparison) -> str:
    """The comparison as text."""
    runs = [(name, past.row.id, past.row.recipe, past.row.status) for name, past in (("first", found.first), ("second", found.second))]
    parts = [columns(runs)]
    parts.append("config\n" + columns(change_texts(found.config)) if found.config else "config: no key differs")
    data = [(change.what, _known(change.first), _known(change.second)) for change in found.data]
    parts.append(columns([("data", "first", "second"), *data]) if data else "data: the same version")
    parts += [text for title, pairs in (("metric", found.metrics), ("KPI", found.kpis)) for text in _pairs(title, pairs)]
    return "\n\n".join(parts)


def _pairs(title: str, pairs: Sequence[Pair]) -> list[str]:
    if not pairs:
        return []
    head = (title, "first", "second", "second - first", "95 % interval", "better")
    rows = [_row(pair) for pair in pairs]
    return [columns([head, *rows])]


def _row(pair: Pair) -> tuple[str, ...]:
    values = [_amount(measured) for measured in (pair.first, pair.second)]
    if pair.difference is None:
        return (pair.name, *values, "", "", pair.remark or "")
    text = number(pair.difference.value)
    return (pair.name, *values, text if text.startswith("-") else f"+{text}", interval(pair.difference), pair.better or "open")


def _amount(measured: Measured | None) -> str:
    return "" if measured is None else " ".join(part for part in (number(measured.value), measured.unit) if part not in BARE)


def _known(value: str | None) -> str:
    return "none" if value is None else value[:40]


def document(found: Comparison) -> str:
    """The comparison as one JSON document of shape `upshot.compare/1`."""
    return printed(
        "upshot.compare/1",
        {
            "first": found.first.row.id,
            "second": found.second.row.id,
            "config": change_rows(found.config),
            "data": [asdict(change) for change in found.data],
            "metrics": {pair.name: _pair(pair) for pair in found.metrics},
            "kpis": {pair.name: _pair(pair) for pair in found.kpis},
        },
    )


def _pair(pair: Pair) -> dict[str, Any]:
    sides = {"first": pair.first, "second": pair.second, "difference": pair.difference}
    shown = {name: None if measured is None else measurement(measured) for name, measured in sides.items()}
    return {**shown, "better": pair.better, "remark": pair.remark}
