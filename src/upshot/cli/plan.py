"""`upshot plan`: which stages would run, and because of which change."""

from __future__ import annotations

import argparse
from pathlib import Path

from upshot.cli.context import Context, add_json, add_recipe
from upshot.cli.shapes import printed
from upshot.cli.text import columns, duration
from upshot.engine.plan import Plan
from upshot.engine.saved import SavedPlan

SOMETHING_TO_DO = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_recipe(parser)
    add_json(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="save the plan; `upshot apply FILE` carries out exactly that")
    parser.add_argument("--detailed-exitcode", action="store_true", help=f"exit {SOMETHING_TO_DO} when there is something to do")


def execute(arguments: argparse.Namespace) -> int:
    """Print the plan; nothing runs, and nothing is written but the file that was asked for."""
    context = Context.of(arguments)
    recipe = context.recipe(arguments.recipe, arguments.overrides, arguments.env)
    plan = context.engine(recipe).plan(recipe)
    if arguments.output is not None:
        SavedPlan.of(arguments.recipe, arguments.overrides, arguments.env, plan).write(arguments.output)
    print(printed("upshot.plan/1", document(plan)) if arguments.json else render(plan))
    return SOMETHING_TO_DO if arguments.detailed_exitcode and plan.to_run else 0


def render(plan: Plan) -> str:
    """The plan as text: one line a stage, then totals."""
    rows = [
        (
            "+" if not planned.is_cached else " ",
            planned.stage.name,
            planned.reason,
            duration(None if planned.is_cached else planned.seconds),
        )
        for planned in plan.stages
    ]
    known = [planned.seconds for planned in plan.to_run if planned.seconds is not None]
    estimate = f", about {duration(sum(known))}" if known else ""
    total = f"Plan: {len(plan.to_run)} to run{estimate}, {len(plan.stages) - len(plan.to_run)} cached."
    return f"{columns(rows)}\n\n{total}"


def document(plan: Plan) -> dict[str, object]:
    """The plan as JSON data of shape `upshot.plan/1`."""
    return {
        "recipe": plan.recipe.name,
        "recipe_digest": plan.recipe.digest,
        "stages": [
            {"stage": p.stage.name, "cached": p.is_cached, "reason": p.reason, "key": p.key, "seconds": p.seconds} for p in plan.stages
        ],
        "to_run": len(plan.to_run),
    }
