"""`upshot gates`: what each gate found, on which evidence."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import asdict

from upshot.cli.context import Context, add_json, add_recipe
from upshot.cli.outcome import gate_line
from upshot.cli.shapes import printed
from upshot.cli.text import columns, interval, number
from upshot.contracts.records import Verdict, Verdicts
from upshot.errors import GateError, Problem, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_recipe(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Show the verdicts on the recipe as it stands; exit 4 when one failed."""
    context = Context.of(arguments)
    recipe = context.recipe(arguments.recipe, arguments.overrides, arguments.env)
    engine = context.engine(recipe)
    plan = engine.plan(recipe)
    receipt = next(planned.receipt for planned in plan.stages if planned.stage.name == "gate")
    if receipt is None:
        command = shlex.join(["upshot", "run", arguments.recipe, *arguments.overrides])
        raise UsageError("the gates of this recipe were not evaluated yet", [Problem(recipe.name, "run it first", None, command)])
    verdicts: Verdicts = engine.codec(plan).load(receipt.value)
    if arguments.json:
        print(printed("upshot.gates/1", {"recipe": recipe.name, "gates": [asdict(verdict) for verdict in verdicts.verdicts]}))
    else:
        rows = [_row(verdict) for verdict in verdicts.verdicts]
        print(columns([("gate", "outcome", "what", "measured", "95 % interval", "threshold", "why"), *rows]))
        print(f"\n{gate_line(verdicts)}")
    return GateError.exit_code if verdicts.count("FAIL") else 0


def _row(verdict: Verdict) -> tuple[str, ...]:
    measured = verdict.measured
    unit = "" if measured is None or measured.unit == "1" else f" {measured.unit}"
    shown = (number(measured.value) + unit, interval(measured)) if measured else ("", "")
    threshold = "" if verdict.threshold is None else number(verdict.threshold)
    return (verdict.gate, verdict.outcome, verdict.what, *shown, threshold, verdict.would_decide or verdict.reason)
