"""`upshot run`: from data to a registered version, with its value in money."""

from __future__ import annotations

import argparse
import json
import sys

from upshot.cli.context import Context, add_as, add_json, add_recipe
from upshot.cli.outcome import document, render
from upshot.cli.progress import Quiet, watching
from upshot.engine.plan import Plan
from upshot.engine.run import Engine, RunRecord, results
from upshot.errors import GateError

SHOWN = ("validate", "split", "play", "evaluate", "value", "inspect", "gate", "register")
LIBRARIES = ("numpy", "pandas", "sqlalchemy")
"""What every run that is not all remembered works with, whatever its recipe."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_recipe(parser)
    add_as(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Plan, run what is not cached, print what came out."""
    context = Context.of(arguments)
    recipe = context.recipe(arguments.recipe, arguments.overrides, arguments.env, libraries=LIBRARIES)
    engine = context.engine(recipe)
    return carry_out(engine, engine.plan(recipe), as_json=arguments.json)


def carry_out(engine: Engine, plan: Plan, *, as_json: bool) -> int:
    """Run a plan, print what came out, and give the exit code."""
    with Quiet() if as_json else watching(plan) as watch:
        record = engine.run(plan, watch)
    values = results(record, engine.codec(plan), *SHOWN)
    print(json.dumps(document(record, values), indent=1) if as_json else render(record, values))
    return _exit_code(record)


def _exit_code(record: RunRecord) -> int:
    if record.status != "refused":
        return 0
    sys.stdout.flush()
    print(f"GateError: {record.refusal}", file=sys.stderr)
    return GateError.exit_code
