"""`upshot data`: which tables are pinned, what stands in them, what changed, whether they are whole, what checks they suggest or set aside."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from upshot.cli import profile, quarantine
from upshot.cli.context import Context, add_json
from upshot.cli.text import columns, number
from upshot.errors import IntegrityError, Problem, UsageError, did_you_mean
from upshot.report.words import stamp

if TYPE_CHECKING:
    from upshot.engine.state import State
    from upshot.ledger.ledger import SnapshotRow
    from upshot.ledger.profiles import ColumnProfile, Difference, Drift
    from upshot.ledger.snapshots import Pin

HIDDEN = "(protected)"
WIDEST = 40
DIGITS = 12


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("action", choices=["list", "show", "diff", "verify", "profile", "quarantine"], help="what to do")
    parser.add_argument(
        "table", nargs="?", help="name of a table; for quarantine a recipe, a run or last; all tables for list and verify when left out"
    )
    parser.add_argument("versions", nargs="*", type=int, metavar="VERSION", help="for diff: the two versions, older first")
    parser.add_argument("--version", type=int, help="for show and profile: the version; the last one when left out")
    parser.add_argument("-n", "--rows", type=int, default=5, help="for show and quarantine: so many first rows (default: 5)")
    profile.configure(parser)
    quarantine.configure(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Carry out one of the actions; exit 5 when something pinned is not what it was.

    Raises:
        UsageError: There is no such table or version, or the words do not fit the action.
        IntegrityError: What lies there is not what was pinned.
    """
    context = Context.of(arguments)
    if arguments.action == "quarantine":
        _refuse_versions(arguments)
        document, text = quarantine.quarantine(context, arguments.table, arguments)
    elif arguments.action == "profile":
        _refuse_versions(arguments)
        pin = _pin(context.state, _table(context.state, arguments), arguments.version)
        document, text = profile.profile(context.state, pin, context.project.root, arguments)
    else:
        document, text = {"list": _list, "show": _show, "diff": _diff, "verify": _verify}[arguments.action](context.state, arguments)
    print(json.dumps(document, indent=1, default=str) if arguments.json else text)
    return 0


def _list(state: State, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    _refuse_versions(arguments)
    pins = [state.lake.find(table, version) for table in _tables(state, arguments) for version in state.lake.versions(table)]
    document = {
        "shape": "upshot.data.list/1",
        "versions": [
            {"table": pin.table, "version": pin.version, "rows": pin.rows, "digest": pin.digest, "pinned_at": pin.created_at}
            for pin in pins
        ],
    }
    if not pins:
        return document, f"no data is pinned yet in {state.root}"
    rows = [(pin.table, str(pin.version), f"{pin.rows:,}", pin.digest[:DIGITS], stamp(pin.created_at)) for pin in pins]
    return document, columns([("table", "version", "rows", "digest", "pinned at"), *rows])


def _show(state: State, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from upshot.ledger.profiles import first_rows, hidden, profile, without

    _refuse_versions(arguments)
    pin = _pin(state, _table(state, arguments), arguments.version)
    protected = tuple(name for name in state.lake.roles(pin.table).protected if name in pin.columns)
    profiles = hidden(profile(state.lake, pin), protected)
    rows = [without(row, protected) for row in first_rows(state.lake, pin, arguments.rows)] if arguments.rows > 0 else []
    document = {
        "shape": "upshot.data.show/1",
        "table": pin.table,
        "version": pin.version,
        "rows": pin.rows,
        "digest": pin.digest,
        "pinned_at": pin.created_at,
        "protected": list(protected),
        "columns": [
            {"name": p.name, "type": p.type, "null_share": p.null_share, "min": p.low, "max": p.high, "mean": p.mean} for p in profiles
        ],
        "first_rows": rows,
    }
    lines = [(p.name, p.type, _share(p.null_share), *_bounds(p, protected)) for p in profiles]
    parts = [
        f"{pin.table} version {pin.version}: {pin.rows:,} rows, digest {pin.digest[:DIGITS]}, pinned {stamp(pin.created_at)}",
        columns([("column", "type", "nulls", "min", "max"), *lines]),
    ]
    if rows:
        parts.append(columns([tuple(rows[0]), *(tuple(map(_cell, row.values())) for row in rows)]))
    return document, "\n\n".join(parts)


def _diff(state: State, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from upshot.ledger.profiles import difference

    table = _table(state, arguments)
    if len(arguments.versions) != 2:
        given = " ".join(map(str, arguments.versions)) or "none"
        raise UsageError("the command line is wrong", [Problem("versions", "two are compared", given, f"upshot data diff {table} 0 1")])
    before, after = (_pin(state, table, version) for version in arguments.versions)
    roles = state.lake.roles(table)
    found = difference(state.lake, before, after, roles.key)
    return _diff_document(before, after, found, roles.protected), _diff_text(before, after, found, roles.protected)


def _verify(state: State, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from upshot.ledger.verification import table_problems

    _refuse_versions(arguments)
    recorded = _recorded(state)
    tables = sorted({*_tables(state, arguments), *(table for table in recorded if arguments.table in (None, table))})
    problems = [problem for table in tables for problem in table_problems(state.lake, table, recorded.get(table, []))]
    if problems:
        raise IntegrityError("pinned data is damaged", problems)
    checked = [(table, len(state.lake.versions(table))) for table in tables]
    document = {"shape": "upshot.data.verify/1", "sound": True, "tables": [{"table": t, "versions": n} for t, n in checked]}
    if not checked:
        return document, f"no data is pinned yet in {state.root}"
    return document, columns([("table", "versions", "found"), *((t, str(n), "ledger, pins, log and content agree") for t, n in checked)])


def _recorded(state: State) -> dict[str, list[SnapshotRow]]:
    """What the ledger says of pinned versions, by table; the database is made by no reader."""
    rows: dict[str, list[SnapshotRow]] = {}
    if state.has_ledger():
        for row in state.ledger.snapshots():
            rows.setdefault(row.table, []).append(row)
    return rows


def _tables(state: State, arguments: argparse.Namespace) -> tuple[str, ...]:
    return state.lake.tables() if arguments.table is None else (_table(state, arguments),)


def _table(state: State, arguments: argparse.Namespace) -> str:
    known = sorted({*state.lake.tables(), *(_recorded(state) if arguments.action == "verify" else ())})
    if arguments.table is None:
        hint = did_you_mean("", known) if known else f"none is pinned yet in {state.root}: upshot run RECIPE"
        raise UsageError("the command line is wrong", [Problem("table", "must be named", None, hint)])
    if arguments.table not in known:
        raise UsageError(
            "there is no such table", [Problem("table", "is not pinned", repr(arguments.table), did_you_mean(arguments.table, known))]
        )
    return str(arguments.table)


def _pin(state: State, table: str, version: int | None) -> Pin:
    known = state.lake.versions(table)
    if version is not None and version not in known:
        hint = f"pinned: {', '.join(map(str, known))}"
        raise UsageError("there is no such version", [Problem(f"table {table}", "this version is not pinned", str(version), hint)])
    return state.lake.find(table, known[-1] if version is None else version)


def _refuse_versions(arguments: argparse.Namespace) -> None:
    if arguments.versions:
        hint = f"upshot data show {arguments.table} --version {arguments.versions[0]}" if arguments.action == "show" else None
        words = " ".join(map(str, arguments.versions))
        raise UsageError("the command line is wrong", [Problem("versions", "are for diff alone", words, hint)])


def _diff_document(before: Pin, after: Pin, found: Difference, protected: tuple[str, ...]) -> dict[str, Any]:
    rows = found.rows
    return {
        "shape": "upshot.data.diff/1",
        "table": before.table,
        "versions": [before.version, after.version],
        "columns": {
            "added": dict(found.added),
            "removed": dict(found.removed),
            "retyped": {name: list(types) for name, types in found.retyped.items()},
        },
        "rows": {
            "before": before.rows,
            "after": after.rows,
            "key": list(rows.key) if rows else None,
            "added": rows.added if rows else None,
            "removed": rows.removed if rows else None,
            "changed": rows.changed if rows else None,
            "changed_by_column": dict(rows.columns) if rows else None,
            "not_compared": found.why,
        },
        "drift": [_drift_document(drift, drift.name in protected) for drift in found.drift],
    }


def _drift_document(drift: Drift, is_protected: bool) -> dict[str, Any]:
    def side(found: ColumnProfile) -> dict[str, Any]:
        shown = {} if is_protected else {"min": found.low, "max": found.high, "mean": found.mean}
        return {"null_share": found.null_share, **shown}

    return {
        "name": drift.name,
        "before": side(drift.before),
        "after": side(drift.after),
        "shift": None if is_protected else drift.shift,
    }


def _diff_text(before: Pin, after: Pin, found: Difference, protected: tuple[str, ...]) -> str:
    lines = [("rows", f"{before.rows:,} -> {after.rows:,} ({after.rows - before.rows:+,})")]
    if found.rows is None:
        lines.append(("by key", f"not compared: {found.why}"))
    else:
        rows = found.rows
        lines.append((f"by {', '.join(rows.key)}", f"{rows.added:,} added, {rows.removed:,} removed, {rows.changed:,} changed"))
        lines += [("  changed", f"{name}: {count:,} rows") for name, count in rows.columns.items()]
    lines += [("column added", f"{name} {kind}") for name, kind in found.added.items()]
    lines += [("column removed", f"{name} {kind}") for name, kind in found.removed.items()]
    lines += [("column retyped", f"{name} {one} -> {two}") for name, (one, two) in found.retyped.items()]
    head = ("column", "nulls", "min", "max", "mean", "shift of the mean, in deviations")
    drift = [_drift_line(d, protected) for d in found.drift]
    title = f"{before.table} version {before.version} -> {after.version}"
    return "\n\n".join([title, columns(lines), columns([head, *drift])])


def _drift_line(drift: Drift, protected: tuple[str, ...]) -> tuple[str, ...]:
    one, two = drift.before, drift.after
    nulls = _change(_share(one.null_share), _share(two.null_share))
    if drift.name in protected:
        return (drift.name, nulls, HIDDEN, HIDDEN, HIDDEN, "")
    mean = "" if one.mean is None or two.mean is None else _change(number(one.mean), number(two.mean))
    shift = "" if drift.shift is None else f"{drift.shift:+.2f}"
    return (drift.name, nulls, _change(_cell(one.low), _cell(two.low)), _change(_cell(one.high), _cell(two.high)), mean, shift)


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _bounds(found: ColumnProfile, protected: tuple[str, ...]) -> tuple[str, str]:
    if found.name in protected:
        return HIDDEN, HIDDEN
    low, high = (bool(end) if found.type == "bool" and end is not None else end for end in (found.low, found.high))
    return _cell(low), _cell(high)


def _share(share: float) -> str:
    """A share in percent; a small one is not rounded to nothing.

    Example:
        >>> _share(0.0), _share(0.25), _share(0.00001)
        ('0 %', '25 %', '< 0.1 %')
    """
    return "< 0.1 %" if 0 < share < 0.001 else f"{share * 100:.3g} %"


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."
