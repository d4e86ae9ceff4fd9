"""The README's chapter on recipes is typed word for word, in an empty folder, and shows what the README says it shows.

In the expected output `...` alone on a line stands for any lines, and within a line for any text of it: times, ids and digests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


@dataclass(frozen=True)
class Typed:
    """A command of the tour, and what it should print; `line` is where it stands in the README."""

    line: int
    command: str
    expected: str


def tour() -> Iterator[Typed]:
    """Every command of the chapter, in order."""
    text = README.read_text(encoding="utf-8")
    start, end = text.index("<!-- recipes -->"), text.index("<!-- /recipes -->")
    for block in re.finditer(r"^```console\n(.*?)^```$", text[start:end], re.M | re.S):
        first = text.count("\n", 0, start + block.start(1)) + 1
        for part in re.finditer(r"^\$ (.*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", block[1], re.M):
            yield Typed(first + block[1].count("\n", 0, part.start()), part[1].replace("\n> ", "\n").rstrip("\n"), part[2])


def pattern(expected: str) -> str:
    """What the output must match as a whole."""
    lines = [r"(?:.*\n)*?" if line == "..." else ".*?".join(map(re.escape, line.split("..."))) + r"\n" for line in expected.splitlines()]
    return "".join(lines)


def typed(command: str, folder: Path, before: int) -> tuple[Path, int, str]:
    """Type a command into a shell: the folder it leaves us in, its exit code, what it prints."""
    place = folder / ".place"
    script = f"(exit {before})\n{command}\ncode=$?\npwd > {place}\nexit $code\n"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    after = Path(place.read_text().strip())
    place.unlink()
    return after, done.returncode, done.stdout


@pytest.mark.slow
def test_the_chapter_on_recipes_shows_what_happens(tmp_path: Path) -> None:
    folder, code, wrong = tmp_path, 0, []
    for step in tour():
        folder, code, printed = typed(step.command, folder, code)
        if re.fullmatch(pattern(step.expected), printed) is None:
            wrong.append(f"README.md:{step.line}: $ {step.command}\nexpected:\n{step.expected}\nprinted:\n{printed}")

    assert not wrong, "\n\n".join(wrong)


def test_the_chapter_types_every_command_on_recipes() -> None:
    commands = {word for step in tour() for word in re.findall(r"^upshot (\w+)", step.command, re.M)}

    assert commands == {
        "init",
        "recipes",
        "data",
        "validate",
        "show",
        "explain",
        "describe",
        "run",
        "gates",
        "plan",
        "sweep",
        "report",
        "migrate",
    }
