"""`upshot gates`: what each gate found, on which evidence; what an environment's gates find for a version; and waivers of them."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import asdict
from typing import Any

from upshot.cli.context import Context, add_as, add_json, add_recipe
from upshot.cli.governed import gates_text, standing_lines, standing_of, verdict_cells, waiver_text, word_document
from upshot.cli.outcome import gate_line
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.contracts.records import Verdicts
from upshot.errors import GateError, Problem, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_recipe(parser)
    parser.add_argument("--waive", metavar="GATE", help="of RECIPE@NUMBER: let this gate be passed over by `promote --force`, for a while")
    parser.add_argument("--role", metavar="NAME", help="with --waive: the role in which you waive")
    parser.add_argument("--reason", metavar="TEXT", help="with --waive: why; journalled")
    parser.add_argument("--until", metavar="DAY", help="with --waive: the last day on which it counts, at most a year from now: 2026-12-31")
    parser.add_argument("--withdraw", metavar="GATE", help="of RECIPE@NUMBER: take your waiver of this gate back")
    add_as(parser)
    add_json(parser)
    parser.epilog = "RECIPE shows the verdicts of the last run of the recipe as it stands; RECIPE@NUMBER --env NAME judges a version for an environment."


def execute(arguments: argparse.Namespace) -> int:
    """Show verdicts, or waive; exit 4 when a gate failed, or does not let the version in."""
    from upshot.operate.target import split_name

    context = Context.of(arguments)
    if split_name(arguments.recipe)[1] is not None:
        return _of_version(context, arguments)
    given = [f"--{name}" for name in ("waive", "role", "reason", "until", "withdraw") if getattr(arguments, name) is not None]
    if given:
        problem = Problem(given[0], "is of a version", None, f"upshot gates {arguments.recipe}@NUMBER --env NAME {given[0]} ...")
        raise UsageError("the command line is wrong", [problem])
    return _of_recipe(context, arguments)


def _of_recipe(context: Context, arguments: argparse.Namespace) -> int:
    recipe = context.recipe(arguments.recipe, arguments.overrides, arguments.env)
    engine = context.engine(recipe)
    plan = engine.plan(recipe)
    receipt = next(planned.receipt for planned in plan.stages if planned.stage.name == "gate")
    if receipt is None:
        env = [] if arguments.env is None else ["--env", arguments.env]
        command = shlex.join(["upshot", "run", arguments.recipe, *arguments.overrides, *env])
        before = context.state.ledger.runs(limit=1, recipe=recipe.name) if context.state.has_ledger() else ()
        rule = f"run it first; its last run, {before[0].id}, was of other settings, data or code" if before else "run it first"
        raise UsageError("the gates of this recipe were not evaluated yet", [Problem(recipe.name, rule, None, command)])
    verdicts: Verdicts = engine.codec(plan).load(receipt.value)
    if arguments.json:
        print(printed("upshot.gates/1", {"recipe": recipe.name, "gates": [asdict(verdict) for verdict in verdicts.verdicts]}))
    else:
        rows = [verdict_cells(verdict) for verdict in verdicts.verdicts]
        print(columns([("gate", "outcome", "what", "measured", "95 % interval", "threshold", "why"), *rows]))
        print(f"\n{gate_line(verdicts)}")
    return GateError.exit_code if verdicts.count("FAIL") else 0


def _of_version(context: Context, arguments: argparse.Namespace) -> int:
    from upshot.operate.acts import waive, withdraw

    if arguments.overrides:
        problem = Problem(arguments.overrides[0], "a version is judged by what the recipe's files ask for", None, "leave it out")
        raise UsageError("the command line is wrong", [problem])
    standing = standing_of(context, arguments.recipe, arguments.env, "gates")
    target = standing.target
    if arguments.withdraw is not None:
        rows = withdraw(standing, context.person, gate=arguments.withdraw, reason=arguments.reason)
        told = f"{arguments.withdraw} of {target.name} in {target.environment.name} is no longer waived by {context.person.name}"
        print(printed("upshot.waivers/1", {"waivers": [_waiver(row) for row in rows]}) if arguments.json else told)
        return 0
    if arguments.waive is not None:
        row = waive(standing, context.person, arguments.waive, role=arguments.role, reason=arguments.reason, until=arguments.until)
        told = f"{row.gate} of {target.name} in {target.environment.name} is waived {waiver_text(row)}\njournal entry {row.entry}"
        print(printed("upshot.waivers/1", {"waivers": [_waiver(row)]}) if arguments.json else told)
        return 0
    if arguments.json:
        print(printed("upshot.standing/1", _document(standing)))
    else:
        print(f"{gates_text(standing)}\n\n{columns(standing_lines(standing))}")
    closed = [gate for gate in standing.gates if not gate.passes and gate.waiver is None]
    return GateError.exit_code if closed else 0


def _waiver(row: Any) -> dict[str, Any]:
    return {**word_document(row), "gate": row.gate, "until": row.until}


def _document(standing: Any) -> dict[str, Any]:
    target = standing.target
    return {
        "name": target.version.name,
        "number": target.version.number,
        "environment": target.environment.name,
        "run": target.past.row.id,
        "serves": None if target.served is None else target.served.number,
        "gates": [
            {**asdict(gate.verdict), "passes": gate.passes, "waiver": None if gate.waiver is None else _waiver(gate.waiver)}
            for gate in standing.gates
        ],
        "approvals": [
            {
                "role": role.role,
                "count": role.rule.count,
                "by": role.rule.by,
                "given": [word_document(row) for row in role.given],
                "void": [{**word_document(row), "why": why} for row, why in role.void],
            }
            for role in standing.roles
        ],
        "weaker": [asdict(loss) for loss in standing.weaker],
    }
