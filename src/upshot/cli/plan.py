"""`upshot plan`: which stages would run, and because of which change."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from upshot.cli.context import Context, add_json, add_recipe
from upshot.cli.shapes import printed
from upshot.cli.text import columns, duration
from upshot.contracts.tables import Map
from upshot.engine.plan import Plan
from upshot.engine.saved import SavedPlan
from upshot.recipe.recipe import ApprovalRule, Recipe

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
    weaker = weakened(context, recipe, arguments)
    print(printed("upshot.plan/1", document(plan, weaker)) if arguments.json else render(plan, weaker))
    return SOMETHING_TO_DO if arguments.detailed_exitcode and plan.to_run else 0


@dataclass(frozen=True)
class Weaker:
    """Something that is asked for less than of the version that an environment serves, and whose approval that needs."""

    environment: str
    serves: str
    where: str
    what: str
    needs: Map[ApprovalRule]


def weakened(context: Context, recipe: Recipe, arguments: argparse.Namespace) -> list[Weaker]:
    """In what the recipe asks for less than of what is deployed, in the environment that was named, or in all of them."""
    served = {row.environment: row.promotion for row in context.state.served(recipe.use_case.name)} if recipe.env else {}
    found = []
    for name in [recipe.environment] if recipe.environment is not None else list(recipe.env):
        if name in served:
            from upshot.operate.terms import losses

            there = context.recipe(arguments.recipe, arguments.overrides, name)
            row, rules = served[name], recipe.env[name].approvals
            for loss in losses(row.terms, there, str(context.project.root), context.catalogue):
                found.append(Weaker(name, f"{row.name}@{row.number}", loss.where, loss.what, rules))
    return found


def _needs(rules: Map[ApprovalRule]) -> str:
    """Whose approval a version needs."""
    who = [f"{role} ({rule.count} of {', '.join(rule.by) if rule.by else 'anybody but the makers'})" for role, rule in rules.items()]
    return f"needs the approval of {', '.join(who)}" if who else "needs nobody's approval there"


def render(plan: Plan, weaker: Sequence[Weaker] = ()) -> str:
    """The plan as text: one line a stage, what got weaker than what is deployed, then totals."""
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
    told = [(w.environment, w.serves, w.where, w.what, _needs(w.needs)) for w in weaker]
    parts = [columns(rows), *([columns([("weaker in", "than for", "key", "", ""), *told])] if told else []), total]
    return "\n\n".join(parts)


def document(plan: Plan, weaker: Sequence[Weaker] = ()) -> dict[str, object]:
    """The plan as JSON data of shape `upshot.plan/1`."""
    return {
        "recipe": plan.recipe.name,
        "recipe_digest": plan.recipe.digest,
        "stages": [
            {"stage": p.stage.name, "cached": p.is_cached, "reason": p.reason, "key": p.key, "seconds": p.seconds} for p in plan.stages
        ],
        "to_run": len(plan.to_run),
        "weaker": [
            {
                "environment": w.environment,
                "serves": w.serves,
                "where": w.where,
                "what": w.what,
                "needs": [{"role": role, "count": rule.count, "by": rule.by} for role, rule in w.needs.items()],
            }
            for w in weaker
        ],
    }
