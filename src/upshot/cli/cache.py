"""`upshot cache`: how much the state folder holds, and making room."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict

from upshot.cli.context import Context, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import size
from upshot.errors import Problem, UsageError

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("action", nargs="?", choices=["size", "clean"], default="size", help="what to do (default: size)")
    parser.add_argument("--limit", default="0", help="with clean: what may stay, such as 5GB (default: only what versions need)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print sizes, or remove the least recently used results."""
    upkeep = Context.of(arguments).state.upkeep()
    done = upkeep.clean(bytes_of(arguments.limit)) if arguments.action == "clean" else upkeep.size()
    if arguments.json:
        print(printed("upshot.cache/1", {"action": arguments.action, **asdict(done)}))
    elif arguments.action == "clean":
        print(f"removed {done.receipts} results, {done.artefacts} files, {size(done.bytes)}; registered versions are untouched")
    else:
        print(
            f"{done.receipts} results, {done.artefacts} files, {size(done.bytes)}; {size(done.registered_bytes)} belong to registered versions"
        )
    return 0


def bytes_of(text: str) -> int:
    """A size in bytes.

    Example:
        >>> bytes_of("5GB"), bytes_of("1.5 MB"), bytes_of("0")
        (5000000000, 1500000, 0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B)?", text.strip().upper())
    if found is None:
        raise UsageError("the command line is wrong", [Problem("--limit", "must be a size such as 500MB or 5GB", repr(text))])
    return int(float(found[1]) * UNITS[found[2] or "B"])
