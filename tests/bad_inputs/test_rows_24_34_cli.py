"""Rows 24 to 32 of the list of bad inputs: what is typed, where it is typed, and how it ends."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upshot.cli.commands import COMMANDS, parser_of
from upshot.errors import did_you_mean

RECIPE = """\
# Two slots a user, chosen by popularity.
use_case: {name: slots, problem: ranking}
data: {use: csv, table: events, path: data/events.csv}
split: {use: leave_last_out}
model: {use: popularity}
policy: {use: top_k, k: 2}
rollout: {use: ranked_hits}
kpi:
  margin: {expression: hit_amount * 0.3, unit: EUR, impact: revenue_uplift}
gates:
  worth: {kpi: margin, min: 0}
"""


PACKAGED = sorted(path.stem for path in (Path(__file__).parents[2] / "recipes").glob("*.yaml"))


@pytest.fixture
def project(recipe_project: Callable[..., Any]) -> Any:
    return recipe_project({"recipes/slots.yaml": RECIPE})


def flags_of(command: str) -> list[str]:
    """Every option of a command in its long form."""
    return sorted(set(re.findall(r"--[a-z-]+", parser_of(command).format_usage())) | {"--help"})


def usage(*problems: str) -> str:
    return "UsageError: the command line is wrong\n\n" + "".join(f"  {problem}\n" for problem in problems)


def refused(*problems: str) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"RecipeError: {count} in recipe 'slots' (no data was read)\n\n" + "".join(f"  {problem}\n" for problem in problems)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["valdate", "slots"], usage(f"valdate  unknown command; {did_you_mean('valdate', COMMANDS)}")),
        (["--trian"], usage(f"--trian  unknown command; {did_you_mean('--trian', COMMANDS)}")),
        (
            ["validate", "slots", "--stat", "x"],  # a short form that is clear today may be unclear tomorrow
            usage(
                f"--stat  unknown option; {did_you_mean('--stat', flags_of('validate'))}",
                f"x       unknown option; {did_you_mean('x', flags_of('validate'))}",
            ),
        ),
        (
            ["run", "slots", "--sed", "3"],
            usage(
                f"--sed  unknown option; {did_you_mean('--sed', flags_of('run'))}",
                f"3      unknown option; {did_you_mean('3', flags_of('run'))}",
            ),
        ),
        (["plan"], usage("recipe  must be named; upshot recipes lists them; upshot plan --help")),
        (
            ["whatif"],
            usage(
                "RUN         must be named; upshot runs lists them; upshot whatif --help",
                "NAME=VALUE  must be named; upshot value RUN lists the parameters; upshot whatif --help",
            ),
        ),
        (["cache", "clear"], usage("action  there is no such choice; got 'clear'; did you mean 'clean'? options: clean, size")),
        (["runs", "-n", "abc"], usage("--limit  must be a whole number; got 'abc'; upshot runs --help")),
        (["data"], usage("action  must be one of: list, show, diff, verify, profile, quarantine; upshot data --help")),
    ],
    ids=["command", "first option", "short form", "option", "nothing", "neither run nor value", "choice", "number", "no action"],
)
def test_row_24_an_unknown_command_or_option_gets_the_nearest(project: Any, words: list[str], told: str) -> None:
    outcome = project.run(*words)

    assert outcome.exit_code == 2
    assert outcome.stderr == told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["a==3", "policy..k=1"],
            [
                "argument 1  is no override: extraneous input '='; here:\n      a==3\n        ^",
                "argument 2  is no override: token recognition error at: '.'; here:\n      policy..k=1\n            ^",
            ],
        ),
        (
            ["b=[1,2", "c='x", "=3", "d={a:1", "é=1"],
            [
                "argument 1  is no override: no viable alternative at input '[1,2'; here:\n      b=[1,2\n            ^",
                "argument 2  is no override: token recognition error at: ''x'; here:\n      c='x\n        ^",
                "argument 3  names no key; got =3; write key=value",
                "argument 4  is no override: no viable alternative at input '{a:1'; here:\n      d={a:1\n            ^",
                "argument 5  is no override: token recognition error at: 'é'; here:\n      \\xe9=1\n      ^",
            ],
        ),
        (
            ["model=popularity,other", "seed=range(1,3)"],
            [
                "model  several values are for sweeps; got model=popularity,other; a run takes one value; a list is written model=[1,2],"
                " a text with a comma 'model=\"a,b\"'  (argument 1)",
                "seed   several values are for sweeps; got seed=range(1,3); a run takes one value; a list is written seed=[1,2],"
                " a text with a comma 'seed=\"a,b\"'  (argument 2)",
            ],
        ),
    ],
    ids=["signs", "brackets and quotes", "sweeps"],
)
def test_row_25_an_override_that_is_none_gets_a_caret_where_it_stops(project: Any, arguments: list[str], told: list[str]) -> None:
    outcome = project.run("validate", "slots", *arguments)

    assert (outcome.exit_code, outcome.stderr) == (2, refused(*told))


def test_row_28_outside_a_project_the_folder_and_what_is_missing_are_named(recipe_project: Callable[..., Any]) -> None:
    empty = recipe_project({})

    outcome = empty.run("run", "my_recipe")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (
        2,
        "",
        "RecipeError: unknown recipe\n\n"
        f"  recipe  there is no such recipe; got 'my_recipe'; {did_you_mean('my_recipe', PACKAGED)}; {empty.root.resolve()} is no project: it "
        "has neither upshot.yaml nor recipes/ (upshot init NAME makes one)\n",
    )
    assert list(empty.root.iterdir()) == []


@pytest.mark.parametrize("command", ["validate", "plan", "run"])
def test_row_28_a_folder_that_cannot_be_written_is_named(project: Any, command: str) -> None:
    project.write(".upshot", "this is a file")

    here = project.run(command, "slots")
    elsewhere = project.run(command, "slots", "--state", "/proc/nobody/writes/here")

    told = (
        "StorageError: the state folder cannot be used\n\n  {}  must be a folder that can be written: {}; choose another with --state DIR\n"
    )
    assert (here.exit_code, here.stderr) == (7, told.format(project.root / ".upshot", "File exists"))
    assert (elsewhere.exit_code, elsewhere.stderr) == (7, told.format("/proc/nobody/writes/here", "No such file or directory"))


def test_row_29_a_reader_that_goes_away_leaves_no_trace(project: Any) -> None:
    command = f"{sys.executable} -m upshot.cli.main describe model | head -n 1"

    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=project.root, capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_row_31_names_of_any_alphabet_are_readable_without_terminal_colour_or_locale(recipe_project: Callable[..., Any]) -> None:
    project = recipe_project(
        {"recipes/slots.yaml": RECIPE.replace("problem: ranking", "problem: ranking, owners: {business: Zürich 市場}")}
    )
    bare = {"LANG": "C", "LC_ALL": "C", "COLUMNS": "40", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": ""}

    shown = project.run_process("show", "slots", env=bare)
    wrong = project.run_process("validate", "slots", "use_case.name='市場'", env=bare)

    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "business: Zürich 市場" in shown.stdout
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        refused("use_case.name  must match pattern '^[a-z][a-z0-9_-]{0,62}$'; got '市場'  (argument 1)"),
    )
    assert "\x1b" not in shown.stdout + wrong.stderr


@pytest.mark.parametrize(
    ("name", "got"),
    [
        ("a\nb", r"'a\nb'"),
        ("a\x00b", r"'a\x00b'"),
        ("\x1b[31mred", r"'\x1b[31mred'"),
        ("x" * 10_000, f"{'x' * 80!r}..."),
        ("..", "'..'"),
        ("../../etc/passwd", "'../../etc/passwd'"),
        ("recipes/../../x.yaml", "'recipes/../../x.yaml'"),
        ("\u202eevil", r"'\u202eevil'"),
    ],
    ids=["newline", "nul", "ansi", "10 kB", "dots", "path", "yaml path", "right to left"],
)
def test_row_32_a_strange_name_is_refused_and_shown_escaped(project: Any, name: str, got: str) -> None:
    outcome = project.run("run", name)

    hint = did_you_mean(name[:80], {*PACKAGED, "slots"})
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == f"RecipeError: unknown recipe\n\n  recipe  there is no such recipe; got {got}; {hint}\n"


def test_row_32_a_name_that_looks_like_an_option_is_one(project: Any) -> None:
    outcome = project.run("run", "-rf")

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == usage(
        f"-rf     unknown option; {did_you_mean('-rf', flags_of('run'))}",
        "recipe  must be named; upshot recipes lists them; upshot run --help",
    )


def test_row_32_strange_keys_and_values_are_shown_escaped_and_on_one_line(project: Any) -> None:
    project.write("recipes/slots.yaml", RECIPE + 'checks: {"\\e[31m\\n": {use: unique}}\n')
    long = "y" * 9_000

    outcome = project.run(
        "validate", "slots", "use_case.name='a\x1b[31m\nb'", f"use_case.owners.business={{{long}:1}}", f"seed={long}{long}"
    )

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == refused(
        f"argument 3                an override may have 10,000 characters and 64 levels of brackets; got 'seed={'y' * 35}'...",
        r"checks.\x1b[31m\n         a name has letters, digits, _ and -, and starts with a letter; got '\x1b[31m\n'  (recipes/slots.yaml:12)",
        r"use_case.name             must match pattern '^[a-z][a-z0-9_-]{0,62}$'; got 'a\x1b[31m\nb'  (argument 1)",
        f'use_case.owners.business  must be text; got {{"{"y" * 55}...; default null  (argument 2)',
    )
