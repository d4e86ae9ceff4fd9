"""`upshot whatif`: what a run would be worth under other assumptions, its decisions kept as they are."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import date
from math import isfinite, nan
from typing import Any

from upshot.cli.context import Context, add_json
from upshot.cli.shapes import measurement, printed
from upshot.cli.text import columns, interval, number
from upshot.contracts.records import Valuation
from upshot.engine.past import Past, find_run
from upshot.errors import Problem, UsageError, did_you_mean
from upshot.report.words import amount, per_period, spoken
from upshot.value.sensitivity import with_values
from upshot.value.valuation import valuate


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="id of a run or the beginning of one, a recipe, or last")
    parser.add_argument("assumptions", nargs="+", metavar="NAME=VALUE", help="a money parameter of the KPI, and the value to try")
    parser.add_argument("--kpi", metavar="NAME", help="the KPI (default: the objective)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Value what happened anew, and print it beside what was recorded."""
    context = Context.of(arguments)
    past = Past(find_run(context.state, arguments.run), context.state, context.catalogue)
    valuations, flows = past.value("value"), past.value("play")
    if valuations is None or flows is None:
        rule = "has no money that is still kept" if "value" in past.digests else "did not come so far that anything was valued"
        raise UsageError("nothing can be valued", [Problem(past.row.id, rule, None, "upshot runs")])
    name = arguments.kpi or valuations.objective
    if name not in valuations.by_kpi:
        raise UsageError("the command line is wrong", [Problem("--kpi", "no such KPI", repr(name), did_you_mean(name, valuations.by_kpi))])
    was = valuations.by_kpi[name]
    values = _values(arguments.assumptions, was)
    today = date.fromisoformat(past.row.summary["environment"]["today"])
    now = valuate(with_values(was.kpi, values), flows, seed=past.row.seed, today=today)
    print(document(past, was, now, values) if arguments.json else render(was, now, values))
    return 0


def _values(words: Sequence[str], was: Valuation) -> dict[str, float]:
    """The assumptions to try.

    Raises:
        UsageError: All that are no parameter of the KPI, or no number.
    """
    problems: list[Problem] = []
    values: dict[str, float] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            problems.append(Problem(word, "must be NAME=VALUE", None, f"such as {next(iter(was.kpi.parameters), 'price')}=3.5"))
        elif name not in was.kpi.parameters:
            problems.append(Problem(name, f"is no assumption of {was.kpi.name}", None, did_you_mean(name, was.kpi.parameters)))
        else:
            values[name] = _number(text)
            if not isfinite(values[name]):
                problems.append(Problem(name, "must be a number", repr(text)))
    if problems:
        raise UsageError("the command line is wrong", problems)
    return values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


def render(was: Valuation, now: Valuation, values: Mapping[str, float]) -> str:
    """Assumptions, worth of every subject and gains, each as recorded and as tried."""
    kpi = was.kpi
    tried = [
        (name, amount(kpi.parameters[name].value, kpi.parameters[name].unit), amount(value, kpi.parameters[name].unit))
        for name, value in values.items()
    ]
    parts = [columns([("assumption", "recorded", "tried"), *tried])]
    rows = []
    for subject, measured in was.per_period.items():
        other = now.per_period[subject]
        rows.append((subject, number(measured.value), number(other.value), interval(other)))
    parts.append(columns([(kpi.name, f"{kpi.unit}{per_period(kpi)}", "tried", "95 % interval"), *rows]))
    gains = [
        (f"over {spoken(name)}", number(gain.value), number(now.gain[name].value), interval(now.gain[name]))
        for name, gain in was.gain.items()
    ]
    if gains:
        parts.append(columns([("gain", "recorded", "tried", "95 % interval"), *gains]))
    if now.expired:
        parts.append(f"expired assumptions, so nothing is concluded: {', '.join(now.expired)}")
    parts.append("Decisions are those of the run: a policy tuned under these assumptions might decide otherwise.")
    return "\n\n".join(parts)


def document(past: Past, was: Valuation, now: Valuation, values: Mapping[str, float]) -> str:
    """The same as one JSON document of shape `upshot.whatif/1`."""

    def told(valuation: Valuation) -> dict[str, Any]:
        return {side: {name: measurement(m) for name, m in getattr(valuation, side).items()} for side in ("per_period", "gain")}

    assumptions = {name: {"recorded": was.kpi.parameters[name].value, "tried": value} for name, value in values.items()}
    body = {"run": past.row.id, "kpi": was.kpi.name, "assumptions": assumptions, "recorded": told(was), "tried": told(now)}
    return printed("upshot.whatif/1", body)
