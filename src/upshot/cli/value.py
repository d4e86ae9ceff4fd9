"""`upshot value`: what a run's value is made of, in all or in one row, term by term."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from upshot.cli.context import Context, add_json, add_run
from upshot.cli.shapes import printed
from upshot.cli.text import columns, number
from upshot.contracts.records import Kpi
from upshot.contracts.tables import Map
from upshot.engine.audit import Audit, CaseAudit
from upshot.engine.past import Past, find_run
from upshot.errors import Problem, UsageError
from upshot.value.audit import Account

PREDICTIONS_SHOWN = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser)
    parser.add_argument("--row", metavar="N", type=int, help="one test case by its number, counted from 0")
    parser.add_argument("--key", metavar="KEY", help="one test case by its key; several key columns joined by commas")
    parser.add_argument("--kpi", metavar="NAME", help="the KPI (default: the objective)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the account."""
    if arguments.row is not None and arguments.key is not None:
        raise UsageError("the command line is wrong", [Problem("--key", "a row is named by its number or by its key, not by both")])
    context = Context.of(arguments)
    audit = Audit.of(Past(find_run(context.state, arguments.run), context.state, context.catalogue), arguments.kpi)
    row = arguments.row if arguments.key is None else audit.number_of(arguments.key)
    case = None if row is None else audit.case(row)
    print(document(audit, case) if arguments.json else render(audit, case))
    return 0


def render(audit: Audit, case: CaseAudit | None) -> str:
    """The account as text: what the KPI is, then every term of every subject."""
    kpi = audit.kpi
    parts = [_head(audit), _parameters(kpi, audit.expired)] if kpi.parameters else [_head(audit)]
    if case is not None and case.counted_at is not None:
        return "\n\n".join([*parts, _case(case, audit)])
    if case is not None:
        return "\n\n".join([*parts, _case(case, audit), _flows(audit, case.accounts), _terms(audit, case.accounts, scaled=False)])
    return "\n\n".join([*parts, _flows(audit, audit.totals()), _terms(audit, audit.totals(), scaled=True)])


def _head(audit: Audit) -> str:
    kpi = audit.kpi
    return columns([("run", f"{audit.past.row.id} of recipe {audit.past.row.recipe}"), (kpi.name, f"{kpi.formula}  in {kpi.unit}")])


def _parameters(kpi: Kpi, late: tuple[str, ...]) -> str:
    rows = []
    for name, money in kpi.parameters.items():
        span = [f"{word} {number(end)}" for word, end in (("low", money.low), ("high", money.high)) if end is not None]
        until = f"valid until {money.valid_until}" if money.valid_until else ""
        rows.append(
            (name, _exact(money.value), money.unit, ", ".join(span), money.owner or "", until + (" (expired)" if name in late else ""))
        )
    return columns([("parameter", "value", "unit", "range", "owner", ""), *rows])


def _case(case: CaseAudit, audit: Audit) -> str:
    facts = [("test case", str(case.case)), *((name, _shown(value)) for name, value in case.key.items()), ("outcome", _shown(case.outcome))]
    shown = case.predictions[:PREDICTIONS_SHOWN]
    facts += [("predicted", _words(row)) for row in shown]
    facts += [("", f"and {len(case.predictions) - len(shown)} more rows")] if len(case.predictions) > len(shown) else []
    facts += [("decided", _words(row)) for row in case.decisions[:PREDICTIONS_SHOWN]]
    elsewhere = f"at test case {case.counted_at}, with what came of it all; upshot value {audit.past.row.id} --row {case.counted_at}"
    return columns([*facts, *([("counted", elsewhere)] if case.counted_at is not None else [])])


def _words(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in row.items())


def _flows(audit: Audit, accounts: Map[Account]) -> str:
    """The flows that the KPI reads, subject by subject."""
    names = list(dict.fromkeys(name for found in accounts.values() for name in found.flows))
    rows = [(name, *(_exact(found.flows.get(name, 0.0)) for found in accounts.values()), audit.flows.units.get(name, "")) for name in names]
    return columns([("flow", *accounts, "unit"), *rows])


def _terms(audit: Audit, accounts: Map[Account], *, scaled: bool) -> str:
    """Every term, what they add up to, and the KPI of it."""
    kpi = audit.kpi
    labels = list(dict.fromkeys(label for found in accounts.values() for label in found.terms))
    rows = [(label, *(_exact(found.terms.get(label, 0.0)) for found in accounts.values())) for label in labels]
    rows.append(("sum", *(_exact(found.total) for found in accounts.values())))
    if kpi.per is not None:
        rows.append((f"over {kpi.per}", *(_exact(found.per or 0.0) for found in accounts.values())))
        rows.append((kpi.name, *(_exact(found.worth) for found in accounts.values())))
    elif scaled and audit.scale != 1.0:
        what = f"x {number(audit.scale)}{f', a {kpi.period}' if kpi.period else ''}"
        rows.append((what, *(_exact(found.total * audit.scale) for found in accounts.values())))
    return columns([(f"term, {kpi.unit}" if kpi.per is None else "term", *accounts), *rows])


def _exact(value: float) -> str:
    """A number to be checked by hand: to the cent, and small ones with six digits.

    Example:
        >>> _exact(1234567.891), _exact(5.0), _exact(0.00123456), _exact(-0.0)
        ('1,234,567.89', '5', '0.00123456', '0')
    """
    if value != value:
        return "undefined"
    text = f"{value:,.2f}" if abs(value) >= 1 or value == 0 else f"{value:.6g}"
    text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return "0" if text == "-0" else text


def _shown(value: Any) -> str:
    return "null" if value is None else _exact(value) if isinstance(value, float) else str(value)


def document(audit: Audit, case: CaseAudit | None) -> str:
    """The same as one JSON document of shape `upshot.value/1`."""
    kpi = audit.kpi
    accounts = audit.totals() if case is None else case.accounts
    return printed(
        "upshot.value/1",
        {
            "run": audit.past.row.id,
            "kpi": {
                "name": kpi.name,
                "expression": kpi.expression,
                "per": kpi.per,
                "unit": kpi.unit,
                "period": kpi.period,
                "parameters": {name: {"value": money.value, "unit": money.unit} for name, money in kpi.parameters.items()},
            },
            "scale": audit.scale,
            "case": None
            if case is None
            else {
                "row": case.case,
                "key": case.key,
                "outcome": case.outcome,
                "predictions": case.predictions,
                "decisions": case.decisions,
                "counted_at": case.counted_at,
            },
            "subjects": {
                subject: {
                    "rows": found.rows,
                    "flows": found.flows,
                    "terms": found.terms,
                    "sum": found.total,
                    "per": found.per,
                    "value": found.worth,
                }
                for subject, found in accounts.items()
            },
        },
    )
