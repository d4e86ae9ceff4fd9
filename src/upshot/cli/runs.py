"""`upshot runs`: what was run, newest first, with any score, amount or parameter beside it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from upshot.cli.context import Context, add_json
from upshot.cli.text import columns, duration, number
from upshot.contracts.tables import thaw
from upshot.errors import Problem, UsageError, did_you_mean

if TYPE_CHECKING:
    from upshot.engine.past import Past
    from upshot.ledger.ledger import RunRow

STATUSES = ("running", "done", "refused", "failed", "interrupted")
PLAIN: dict[str, Callable[[RunRow], Any]] = {
    "run": lambda row: row.id,
    "recipe": lambda row: row.recipe,
    "status": lambda row: row.status,
    "started": lambda row: row.started_at,
    "took": lambda row: row.summary.get("seconds"),
    "version": lambda row: row.summary.get("version"),
    "seed": lambda row: row.seed,
    "threads": lambda row: row.threads,
    "error": lambda row: row.error,
}
"""Columns that every run has."""
ALWAYS = ("run", "recipe", "status", "took", "version")
FAMILIES = ("metric.NAME", "kpi.NAME", "gain.KPI.BASELINE", "param.KEY")
CLEARED = "cleared"
"""Shown where a value is no longer kept."""
_AGE = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", nargs="?", help="only runs of this recipe")
    parser.add_argument("--recipe", dest="of", metavar="NAME", help="the same, as an option")
    parser.add_argument("--status", choices=STATUSES, help="only runs that ended so")
    parser.add_argument(
        "--since", metavar="TIME", help="only runs that began then or later: 2026-11-24, 2026-11-24T08:00 (UTC), 7d, 12h, 30m"
    )
    parser.add_argument("--columns", metavar="NAMES", help=f"more columns, by commas: {', '.join([*PLAIN, *FAMILIES])}")
    parser.add_argument("--sort", metavar="COLUMN", help="the smallest first; runs without a value last")
    parser.add_argument("--reverse", action="store_true", help="the largest first, or without --sort the oldest")
    parser.add_argument("-n", "--limit", type=int, default=20, help="at most so many (default: 20)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List the runs."""
    from upshot.cli.shapes import printed

    context = Context.of(arguments)
    asked = [name.strip() for name in (arguments.columns or "").split(",") if name.strip()]
    wanted = list(dict.fromkeys([*asked, *([arguments.sort] if arguments.sort else [])]))
    every = _found(context, arguments, _since(arguments.since))
    _refuse_unknown(wanted, every)
    shown = _ordered(every, arguments.sort, arguments.reverse)[: arguments.limit]
    if arguments.json:
        print(printed("upshot.runs/1", {"runs": [_entry(past, wanted) for past in shown]}))
    elif not shown:
        filtered = context.state.has_ledger() and context.state.ledger.runs(limit=1)
        print(f"no run in {context.state.root} is like that" if filtered else f"no runs yet in {context.state.root}")
    else:
        names = list(dict.fromkeys([*ALWAYS, *wanted]))
        print(columns([names, *([_text(name, _cell(past, name)) for name in names] for past in shown)]))
    return 0


def _found(context: Context, arguments: argparse.Namespace, since: datetime | None) -> list[Past]:
    """The runs that pass the filters, the newest first; all of them where another order decides who is shown."""
    if arguments.limit < 1:
        raise UsageError("the runs cannot be listed", [Problem("--limit", "must be >= 1", str(arguments.limit))])
    if arguments.recipe and arguments.of and arguments.recipe != arguments.of:
        raise UsageError("the runs cannot be listed", [Problem("--recipe", "names another recipe than the argument", arguments.of)])
    if not context.state.has_ledger():
        return []
    from upshot.engine.past import Past

    limit = None if arguments.sort or arguments.reverse else arguments.limit
    rows = context.state.ledger.runs(limit, arguments.of or arguments.recipe, status=arguments.status, since=since)
    return [Past(row, context.state, context.catalogue) for row in rows]


def _since(text: str | None) -> datetime | None:
    """The moment from which on runs are listed.

    Raises:
        UsageError: It is no time.
    """
    if text is None:
        return None
    age = _AGE.fullmatch(text)
    try:
        if age:
            return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        problem = Problem("--since", "must be a time or an age", repr(text), "write 2026-11-24, 2026-11-24T08:00, 7d, 12h or 30m")
        raise UsageError("the runs cannot be listed", [problem]) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse_unknown(names: Sequence[str], runs: Sequence[Past]) -> None:
    """Refuse columns that no listed run can have.

    Raises:
        UsageError: With all of them, each with the nearest name.
    """
    unknown = [name for name in names if name not in PLAIN]
    if not unknown:
        return
    known = {name for past in runs for name in _declared(past)}
    wrong = [name for name in unknown if name not in known and (runs or name.partition(".")[0] not in ("metric", "kpi", "gain", "param"))]
    if wrong:
        raise UsageError(
            "the runs cannot be listed", [Problem(name, "no run has such a column", None, _hint(name, known)) for name in wrong]
        )


def _hint(name: str, known: set[str]) -> str:
    """The nearest column of the same family."""
    family = name.partition(".")[0]
    return did_you_mean(name, [option for option in known if option.partition(".")[0] == family] or [*PLAIN, *FAMILIES])


def _declared(past: Past) -> dict[str, Any]:
    """Columns that a run's recipe gives it -> the value of a parameter, None for what was measured."""
    groups = past.recipe.groups
    names: dict[str, Any] = {f"metric.{name}": None for name in groups["metrics"]} | {f"kpi.{name}": None for name in groups["kpi"]}
    names |= {f"gain.{kpi}.{baseline}": None for kpi in groups["kpi"] for baseline in groups["baselines"]}
    return names | {f"param.{key}": value for key, value in _parameters(past).items()}


def _parameters(past: Past) -> dict[str, Any]:
    """Dotted key -> value of the recipe; maps have their keys, and lists are values."""
    from upshot.recipe.recipe import as_written

    found: dict[str, Any] = {}
    waiting = [("", as_written(past.recipe))]
    while waiting:
        above, tree = waiting.pop()
        for name, value in tree.items():
            if isinstance(value, dict) and value:
                waiting.append((f"{above}{name}.", value))
            else:
                found[f"{above}{name}"] = value
    return found


def _cell(past: Past, name: str) -> Any:
    """The value of a column; None where the run has none, `CLEARED` where it is no longer kept."""
    if name in PLAIN:
        return PLAIN[name](past.row)
    family, _, rest = name.partition(".")
    if family == "param":
        return thaw(_parameters(past).get(rest))
    stage = "evaluate" if family == "metric" else "value"
    found = past.value(stage)
    if found is None:
        return CLEARED if past.is_cleared(stage) else None
    if family == "metric":
        return found.metrics[rest].value if rest in found.metrics else None
    measured = found.by_kpi.get(rest.partition(".")[0])
    if measured is None:
        return None
    subjects, subject = (measured.gain, rest.partition(".")[2]) if family == "gain" else (measured.per_period, "candidate")
    return subjects[subject].value if subject in subjects else None


def _ordered(runs: list[Past], sort: str | None, reverse: bool) -> list[Past]:
    if sort is None:
        return runs[::-1] if reverse else runs
    cells = [(_cell(past, sort), past) for past in runs]
    filled = [(cell, past) for cell, past in cells if cell is not None and cell != CLEARED and cell == cell]
    chosen = {id(past) for _, past in filled}
    kind = all(isinstance(cell, (int, float)) for cell, _ in filled)
    filled.sort(key=lambda pair: pair[0] if kind else str(pair[0]), reverse=reverse)
    return [past for _, past in filled] + [past for past in runs if id(past) not in chosen]


def _text(name: str, cell: Any) -> str:
    if cell is None:
        return ""
    if name == "took":
        return duration(cell)
    if isinstance(cell, float) and not name.startswith("param."):
        return number(cell)
    return str(cell)


def _entry(past: Past, wanted: Sequence[str]) -> dict[str, Any]:
    row = past.row
    return {
        "run": row.id,
        "recipe": row.recipe,
        "status": row.status,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "seconds": row.summary.get("seconds"),
        "version": row.summary.get("version"),
        "seed": row.seed,
        "threads": row.threads,
        "project_version": row.project_version,
        "recipe_digest": row.recipe_digest,
        "error": row.error,
        "columns": {name: _cell(past, name) for name in wanted},
    }
