"""`upshot replay`: run a past run again from its recorded recipe and pinned data, and say how nearly it came out the same."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from upshot.cli.context import Context, add_json
from upshot.cli.progress import Quiet, watching
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.engine.past import Past, find_run
from upshot.engine.replay import Replay, Replayer
from upshot.errors import IntegrityError

WIDTH = 12
MEANS = {
    "bit": "every stage gave the same value, to the last bit",
    "prediction": "the predictions and all that follows are the same; files of the model differ",
    "metric": "scores, money and gates agree to 1e-9; predictions differ",
    "diverged": "the results differ",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="id of a run, the beginning of one, or last")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Replay in a scratch folder; exit 5 when the result differs."""
    context = Context.of(arguments)
    past = Past(find_run(context.state, arguments.run), context.state, context.catalogue)
    with tempfile.TemporaryDirectory(prefix="replay-", dir=context.state.root) as folder:
        replayer = Replayer(past, Path(folder))
        with Quiet() if arguments.json else watching(replayer.plan) as watch:
            found = replayer.carry_out(watch)
    print(document(found) if arguments.json else render(found))
    if found.level != "diverged":
        return 0
    sys.stdout.flush()
    print(f"IntegrityError: {found.run} diverged at stage {found.first}{_apart(found)}", file=sys.stderr)
    return IntegrityError.exit_code


def render(found: Replay) -> str:
    """What came of it, as text."""
    rows = [(s.stage, s.recorded[:WIDTH], (s.replayed or "none")[:WIDTH], "same" if s.is_same else "differs") for s in found.stages]
    parts = [columns([("stage", "recorded", "replayed", ""), *rows])]
    if found.changed:
        parts.append("\n".join(["changed since the run:", *(f"  {fact}" for fact in found.changed)]))
    lines = [("run", found.run), ("level", f"{found.level}: {MEANS[found.level]}")]
    if found.first is not None:
        lines.append(("first", f"stage {found.first}{_apart(found)}"))
    return "\n" + "\n\n".join([*parts, columns(lines)])


def _apart(found: Replay) -> str:
    """Where the first stage differs, and by how much what follows from it does."""
    told = dict.fromkeys(difference for difference in (found.difference, found.largest) if difference is not None)
    amounts = [f"{d.where} differs" + ("" if d.amount is None else f" by {d.amount:.3g}") for d in told]
    return "".join(f"; {text}" for text in amounts)


def document(found: Replay) -> str:
    """The same as one JSON document of shape `upshot.replay/1`."""
    stages = [{"stage": s.stage, "recorded": s.recorded, "replayed": s.replayed, "same": s.is_same} for s in found.stages]
    apart = [None if d is None else {"where": d.where, "amount": d.amount} for d in (found.difference, found.largest)]
    body = {"run": found.run, "level": found.level, "first": found.first, "difference": apart[0], "largest": apart[1], "stages": stages}
    return printed("upshot.replay/1", {**body, "changed": list(found.changed)})
