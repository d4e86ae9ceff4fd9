"""`upshot promote`: let an environment serve a version, when all that it asks for is there."""

from __future__ import annotations

import argparse
import re

from upshot.cli.context import Context, add_json
from upshot.cli.governed import add_version, person_text, promotion_document, standing_of
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.errors import Problem, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_version(parser, "promote")
    parser.add_argument("--force", action="store_true", help="use recorded waivers for gates that did not pass; nothing else is forced")
    parser.add_argument("--reason", metavar="TEXT", help="why now; journalled")
    parser.add_argument("--expect", metavar="NUMBER", help="only if the environment serves this version now, or none")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Judge, then promote; exit 4 with all that is missing, 6 when somebody else was faster."""
    from upshot.operate.acts import promote

    context = Context.of(arguments)
    expected = _expected(arguments.expect)
    standing = standing_of(context, arguments.version, arguments.env, "promote")
    target = standing.target
    plugins = tuple(dict.fromkeys((*context.project.use_plugins, *target.recipe.use_plugins)))
    done = promote(standing, context.person, use_plugins=plugins, force=arguments.force, reason=arguments.reason, expected=expected)
    if arguments.json:
        print(printed("upshot.promotion/1", promotion_document(done.row, standing)))
    elif done.row is None:
        assert target.served is not None
        print(
            f"{target.name} is already there: {target.environment.name} serves it since {target.served.promotion.at}; nothing was changed"
        )
    else:
        row = done.row
        was = "nothing" if row.previous is None else f"{row.name}@{row.previous}"
        outcomes = [gate.verdict.outcome for gate in standing.gates]
        counts = ", ".join(f"{outcomes.count(outcome)} {outcome.lower()}" for outcome in ("PASS", "FAIL", "INCONCLUSIVE"))
        waived = ", ".join(f"{name} (entry {entry})" for name, entry in row.terms["waivers"].items())
        lines = [("served", f"{target.name} in {row.environment}, in place of {was}"), ("by", person_text(row.person))]
        lines += [("gates", counts + (f"; waived: {waived}" if waived else ""))]
        lines += [(f"approved {role.role}", ", ".join(given.person["name"] for given in role.given) or "nobody") for role in standing.roles]
        lines += [(f"weaker {loss.where}", loss.what) for loss in standing.weaker]
        lines += [("decided", row.terms["decision"]), ("evidence", f"run {row.terms['run']}"), ("journal", f"entry {row.entry}")]
        print(columns(lines))
    return 0


def _expected(text: str | None) -> int | str | None:
    if text is None:
        return "any"
    if text == "none":
        return None
    if not re.fullmatch(r"\d{1,9}", text):
        raise UsageError("the command line is wrong", [Problem("--expect", "must be the number of a version, or none", repr(text))])
    return int(text)
