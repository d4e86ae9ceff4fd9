"""`upshot data quarantine`: the rows that checks set aside, in a run or in a recipe as it stands: which check each breaks, and where it stood."""

from __future__ import annotations

import argparse
import csv
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from upshot.cli.text import columns
from upshot.errors import Problem, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from upshot.cli.context import Context
    from upshot.contracts.records import Checked

HIDDEN = "(protected)"
WIDEST = 24
MOST_COLUMNS = 6


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the action."""
    parser.add_argument("--csv", type=Path, metavar="FILE", help="for quarantine: write all rows to a file")


def quarantine(context: Context, recipe: str | None, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """The rows as a document and as text; with `--csv` also as a file.

    Raises:
        UsageError: No recipe is named, its data was not checked yet, or the file is there already.
    """
    if recipe is None:
        raise UsageError("the command line is wrong", [Problem("recipe", "must be named, or a run", None, "upshot data quarantine last")])
    checked = _checked(context, recipe)
    rows = _rows(checked)
    found = [{"check": f.check, "rows": f.rows, "action": f.action, "rule": f.rule} for f in checked.findings if f.rows]
    document = {
        "shape": "upshot.data.quarantine/1",
        "of": recipe,
        "table": checked.snapshot.table,
        "version": checked.snapshot.version,
        "rows": checked.snapshot.rows,
        "set_aside": checked.quarantined,
        "checks": found,
        "first_rows": []
        if rows is None
        else rows.head(arguments.rows).astype(object).where(rows.head(arguments.rows).notna(), None).to_dict("records"),
    }
    if arguments.csv is not None:
        _write(rows, arguments.csv)
    return document, "\n\n".join(_parts(checked, found, rows, arguments))


def _checked(context: Context, name: str) -> Checked:
    """What the checks found in a run, or in the recipe as it stands."""
    from upshot.engine.naming import is_run

    if is_run(name):
        from upshot.engine.past import Past, find_run

        past = Past(find_run(context.state, name), context.state, context.catalogue)
        if past.value("validate") is None:
            why = "its result was cleared away" if past.is_cleared("validate") else "it did not come to its checks"
            raise UsageError("the rows of this run are not known", [Problem(past.row.id, why, None, "upshot runs lists others")])
        return cast("Checked", past.value("validate"))
    recipe = context.recipe(name, [])
    engine = context.engine(recipe)
    plan = engine.plan(recipe)
    receipt = next(planned.receipt for planned in plan.stages if planned.stage.name == "validate")
    if receipt is None:
        raise UsageError(
            "the data of this recipe was not checked yet", [Problem(name, "run it first", None, shlex.join(["upshot", "run", name]))]
        )
    return cast("Checked", engine.codec(plan).load(receipt.value))


def _rows(checked: Checked) -> pd.DataFrame | None:
    """The rows without values of protected columns; None where no row was set aside."""
    if checked.aside is None:
        return None
    protected = [name for name in checked.snapshot.roles.protected if name in checked.aside.columns]
    return checked.aside.frame.assign(**dict.fromkeys(protected, HIDDEN)).rename(columns={"_row": "row", "_checks": "checks"})


def _parts(checked: Checked, found: list[dict[str, Any]], rows: pd.DataFrame | None, arguments: argparse.Namespace) -> list[str]:
    snapshot = checked.snapshot
    head = f"{snapshot.table} version {snapshot.version}: {checked.quarantined:,} of {snapshot.rows:,} rows set aside"
    parts = [head]
    if found:
        lines = [(f["check"], _became(f["action"], f["rows"]), f["rule"]) for f in found]
        parts.append(columns([("check", "what became of them", "found"), *lines]))
    if rows is None:
        return parts
    shown = list(rows.columns)[: MOST_COLUMNS + 2]
    cells = [tuple(_cell(value) for value in row) for row in rows[shown].head(arguments.rows).itertuples(index=False)]
    parts.append(columns([tuple(map(str, shown)), *cells]))
    hidden = len(rows.columns) - len(shown)
    more = [f"{min(arguments.rows, len(rows)):,} of {len(rows):,} rows"] + ([f"{hidden} more columns"] if hidden > 0 else [])
    where = f"all of them in {arguments.csv}" if arguments.csv is not None else "all of them: --csv FILE"
    return [*parts, f"{', '.join(more)}; {where}"]


def _became(action: str, rows: int) -> str:
    what = {"quarantine": "set aside", "warn": "kept, with a warning"}.get(action, action)
    return f"{rows:,} {what}"


def _cell(value: object) -> str:
    text = "" if value is None or value != value else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _write(rows: pd.DataFrame | None, path: Path) -> None:
    """All rows as CSV; a text that a spreadsheet would take for a formula gets a quote in front."""
    if rows is None:
        raise UsageError("nothing was written", [Problem(str(path), "no row was set aside")])
    if path.exists():
        raise UsageError("nothing was written", [Problem(str(path), "is there already", None, "name another file")])
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(harmless, rows.columns))
        writer.writerows([harmless(value) for value in row] for row in rows.itertuples(index=False))


def harmless(value: object) -> object:
    """A value for a spreadsheet: what begins like a formula gets a quote in front, nothing is empty.

    Example:
        >>> harmless("=1+1"), harmless(-3.5), harmless(None)
        ("'=1+1", -3.5, '')
    """
    if value is None or value != value:
        return ""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
