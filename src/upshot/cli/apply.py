"""`upshot apply`: carry out exactly a saved plan, or nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from upshot.cli.context import Context, add_as, add_json
from upshot.cli.run import carry_out
from upshot.engine.saved import SavedPlan


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("plan", type=Path, help="file that `upshot plan RECIPE -o FILE` wrote")
    add_as(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Compare with a fresh plan, then run it."""
    saved = SavedPlan.read(arguments.plan)
    context = Context.of(arguments)
    recipe = context.recipe(saved.recipe, list(saved.overrides), saved.env)
    engine = context.engine(recipe)
    plan = engine.plan(recipe)
    saved.refuse_stale(plan)
    return carry_out(engine, plan, as_json=arguments.json)
