"""The README cannot go stale: its tables are generated, its YAML blocks compose, its commands exist."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from upshot import hookspecs
from upshot.cli.commands import COMMANDS
from upshot.cli.main import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def hooks() -> dict[str, object]:
    return {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "upshot_spec")}


def command_table() -> str:
    return "\n".join(["| command | what it does |", "|---|---|", *(f"| `{name}` | {sentence} |" for name, sentence in COMMANDS.items())])


def hook_table() -> str:
    rows = []
    for name, hook in hooks().items():
        called = re.search(r"Called: (.*?)\n\s*Answers:", inspect.getdoc(hook) or "", re.S)
        assert called is not None
        arguments = ", ".join(inspect.signature(hook).parameters)
        rows.append(f"| `{name}({arguments})` | {' '.join(called[1].split())} |")
    return "\n".join(["| hook | called |", "|---|---|", *rows])


def test_the_command_table_of_the_readme_is_the_command_table() -> None:
    assert command_table() in README


def test_the_hook_table_of_the_readme_is_made_from_the_hooks() -> None:
    assert hook_table() in README


@pytest.mark.parametrize("name", sorted(hooks()))
def test_every_hook_says_when_it_is_called_how_answers_join_and_shows_an_example(name: str) -> None:
    text = inspect.getdoc(hooks()[name]) or ""

    assert [section for section in ("Called:", "Answers:", "Example:") if section not in text] == []


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^\s*(?:\$ )?(?:uv run )?upshot (\w+)", README, re.M))))
def test_every_command_that_the_readme_types_exists(line: str) -> None:
    assert line in COMMANDS


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    printed = capsys.readouterr().out
    assert [name for name in COMMANDS if f"  {name} " not in printed] == []
