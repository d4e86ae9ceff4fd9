"""`upshot fsck`: whether everything in the state folder is what it should be."""

from __future__ import annotations

import argparse

from upshot.cli.context import Context, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.errors import IntegrityError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--repair", action="store_true", help="remove what is damaged and can be made again; nothing else is ever removed")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List every fault; exit 5 while one is left."""
    upkeep = Context.of(arguments).state.upkeep()
    faults = list(upkeep.check())
    mended = upkeep.repair(faults) if arguments.repair else 0
    if arguments.json:
        rows = [{"where": fault.where, "what": fault.what, "mends": fault.mends} for fault in faults]
        print(printed("upshot.fsck/1", {"faults": rows, "mended": mended}))
    elif not faults:
        print("every file, receipt, version, snapshot and journal entry is what it should be")
    else:
        print(columns([("where", "what", "--repair"), *((f.where, f.what, f.mends or "cannot mend it") for f in faults)]))
        print(f"\n{len(faults)} found, {mended} mended")
    return IntegrityError.exit_code if len(faults) > mended else 0
