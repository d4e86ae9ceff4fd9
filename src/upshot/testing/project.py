"""A project in a temporary folder, in which the real command runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from upshot.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.stdout)


class RecipeProject:
    """A project folder with the given files.

    Args:
        root: The folder; made when it does not exist.
        files: Relative path -> content.
    """

    def __init__(self, root: Path, files: Mapping[str, str | bytes]) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            self.write(name, content)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, *words: str) -> Outcome:
        """Run `upshot WORDS` in this process, in the project's folder."""
        out, err = StringIO(), StringIO()
        with chdir(self.root), redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        return Outcome(code, out.getvalue(), err.getvalue())

    def run_process(self, *words: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run `upshot WORDS` in a process of its own, as a user would."""
        command = [sys.executable, "-m", "upshot.cli.main", *words]
        done = subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **(env or {})}
        )
        return Outcome(done.returncode, done.stdout, done.stderr)
