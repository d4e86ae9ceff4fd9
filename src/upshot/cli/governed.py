"""What the commands on a version in an environment share: how it is named, and how its standing is shown."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from upshot.cli.context import Context, add_as
from upshot.cli.text import columns, interval, number
from upshot.contracts.records import Verdict

if TYPE_CHECKING:
    from upshot.ledger.environments import ApprovalRow, PromotionRow, WaiverRow
    from upshot.operate.standing import Standing


def add_version(parser: argparse.ArgumentParser, doing: str) -> None:
    """A version and the environment that it is meant for."""
    parser.add_argument("version", metavar="RECIPE@NUMBER", help=f"the version to {doing}, by the recipe that made it: card_fraud@3")
    parser.add_argument("--env", metavar="NAME", help="the environment that it is meant for")
    add_as(parser)


def standing_of(context: Context, word: str, env: str | None, command: str) -> Standing:
    """A version before an environment, by the words of the command line.

    Raises:
        UsageError: There is no such version or environment.
        RecipeError: The recipe, which says what is asked for, is wrong.
    """
    from datetime import UTC, datetime

    from upshot.operate.standing import Standing
    from upshot.operate.target import named_environment, split_name, target_of

    typed, number = split_name(word)
    plain = context.recipe(typed, [])
    name = named_environment(plain, env, f"upshot {command} {word}")
    recipe = context.recipe(typed, [], name)
    target = target_of(typed, recipe, number, state=context.state, catalogue=context.catalogue, project=context.project)
    return Standing(target, datetime.now(UTC).date())


def verdict_cells(verdict: Verdict) -> tuple[str, ...]:
    """A verdict as a row: gate, outcome, what is asked, measured, interval, threshold, why."""
    measured = verdict.measured
    unit = "" if measured is None or measured.unit == "1" else f" {measured.unit}"
    shown = (number(measured.value) + unit, interval(measured)) if measured else ("", "")
    threshold = "" if verdict.threshold is None else number(verdict.threshold)
    return (verdict.gate, verdict.outcome, verdict.what, *shown, threshold, verdict.would_decide or verdict.reason)


def gates_text(standing: Standing) -> str:
    """Every gate of the environment with its waiver."""
    rows = [(*verdict_cells(gate.verdict), waiver_text(gate.waiver) if gate.waiver else "") for gate in standing.gates]
    return columns([("gate", "outcome", "what", "measured", "95 % interval", "threshold", "why", "waived"), *rows])


def waiver_text(row: WaiverRow) -> str:
    """A waiver in a few words."""
    return f"by {row.person['name']} as {row.role} until {row.until}: {row.reason}"


def standing_lines(standing: Standing) -> list[tuple[str, str]]:
    """What else there is to know before somebody decides: evidence, approvals, and what is asked for less than of what is served."""
    from upshot.operate.people import who_may

    target = standing.target
    served = "nothing" if target.served is None else f"{target.version.name}@{target.served.number}"
    lines = [("evidence", f"run {target.past.row.id}"), ("serves", f"{served} in {target.environment.name}")]
    for role in standing.roles:
        given = ", ".join(f"{row.person['name']} at {row.at}" for row in role.given) or "nobody yet"
        void = "".join(f"; not counted: {row.person['name']}, {why}" for row, why in role.void)
        more = f"; {role.missing} more: {who_may(role.rule, standing.makers)}" if role.missing else ""
        lines.append((f"approved {role.role}", f"{given}{more}{void}"))
    return lines + [(f"weaker {loss.where}", loss.what) for loss in standing.weaker]


def person_text(person: Mapping[str, Any]) -> str:
    """Somebody, and what the name stands on."""
    from upshot.identity import Person

    return Person.from_json(person).sentence


def promotion_document(row: PromotionRow | None, standing: Standing | None) -> dict[str, Any]:
    """A promotion or rollback as JSON data of shape `upshot.promotion/1`; of one that changed nothing, what is served."""
    if row is None:
        assert standing is not None
        assert standing.target.served is not None
        row, changed = standing.target.served.promotion, False
    else:
        changed = True
    facts = {key: getattr(row, key) for key in ("name", "environment", "kind", "number", "previous", "at", "person", "reason", "entry")}
    return {**facts, "changed": changed, "terms": row.terms}


def word_document(row: ApprovalRow | WaiverRow) -> dict[str, Any]:
    """An approval or a waiver as JSON data."""
    keys = ("name", "number", "environment", "role", "at", "person", "reason", "entry", "withdrawn")
    return {key: getattr(row, key) for key in keys}


__all__ = ["add_version", "gates_text", "person_text", "promotion_document", "standing_lines", "standing_of", "verdict_cells"]
