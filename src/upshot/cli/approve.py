"""`upshot approve`: approve a version for an environment, in a role, or take that back."""

from __future__ import annotations

import argparse

from upshot.cli.context import Context, add_json
from upshot.cli.governed import add_version, gates_text, person_text, standing_lines, standing_of, word_document
from upshot.cli.shapes import printed
from upshot.cli.text import columns


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_version(parser, "approve")
    parser.add_argument("--role", metavar="NAME", help="the role in which you approve; needed where you may act in several")
    parser.add_argument("--reason", metavar="TEXT", help="on what grounds; journalled")
    parser.add_argument("--withdraw", action="store_true", help="take your approval back")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Write the approval down, and show on what it was given."""
    from upshot.operate.acts import approve, withdraw
    from upshot.operate.standing import Standing

    context = Context.of(arguments)
    standing = standing_of(context, arguments.version, arguments.env, "approve")
    target = standing.target
    if arguments.withdraw:
        rows = withdraw(standing, context.person, gate=None, reason=arguments.reason)
        if arguments.json:
            print(printed("upshot.approvals/1", {"approvals": [word_document(row) for row in rows]}))
        else:
            roles = ", ".join(row.role for row in rows)
            print(f"{target.name} is no longer approved for {target.environment.name} by {context.person.name} as {roles}")
        return 0
    row = approve(standing, context.person, role=arguments.role, reason=arguments.reason)
    if arguments.json:
        print(printed("upshot.approvals/1", {"approvals": [word_document(row)]}))
        return 0
    now = Standing(target, standing.today)
    print(columns([("approved", f"{target.name} for {row.environment} as {row.role}"), ("by", person_text(row.person))]))
    print(f"\n{gates_text(now)}\n\n{columns(standing_lines(now))}\n\njournal entry {row.entry}")
    missing = [role.role for role in now.roles if role.missing]
    print(f"still to approve: {', '.join(missing)}" if missing else f"all have approved; {now.command('promote')}")
    return 0
