"""The command in a real process: signals, closed pipes, poor terminals, folders that cannot be written."""

from __future__ import annotations

import ctypes
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from upshot.ledger.ledger import Ledger
from upshot.testing import RecipeProject

COMMAND = (sys.executable, "-m", "upshot.cli.main")
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


def statuses(project: RecipeProject) -> list[str]:
    """Status of each run, the newest first."""
    database = project.root / ".upshot" / "ledger.db"
    return [run.status for run in Ledger(database).runs()] if database.exists() else []


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")], ids=["ctrl-c", "sigterm"]
)
def test_a_signal_ends_a_run_in_words_and_the_next_run_goes_on(tiny: RecipeProject, number: int, code: int, word: str) -> None:
    endless = (*COMMAND, "run", "tiny", "model=xgboost", "model.n_estimators=100000", "threads=1")
    with subprocess.Popen(endless, cwd=tiny.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        done = [process.stdout.readline().split()[0] for _ in range(5)]
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    again = tiny.run("run", "tiny", "--json")

    assert done == ["ingest", "validate", "label", "split", "featurize"]
    assert (process.returncode, out) == (code, "")
    assert err == f"\n{word}; finished stages are kept and the next run goes on from them\n"
    assert statuses(tiny) == ["done", "interrupted"]
    assert [stage["stage"] for stage in again.json["stages"] if stage["cached"]] == done


def test_a_closed_pipe_ends_a_listing_without_a_trace(tiny: RecipeProject) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m upshot.cli.main plan tiny | true; echo ${{PIPESTATUS[0]}}"],
        cwd=tiny.root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() in ("0", "130")  # the shell may or may not have closed the pipe by then
    assert done.stderr == ""


def test_a_closed_pipe_interrupts_a_run_and_says_so_in_the_ledger(tiny: RecipeProject) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, "run", "tiny"], cwd=tiny.root, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)

    assert (done.returncode, done.stderr) == (130, "")
    assert statuses(tiny) == ["interrupted"]
    assert tiny.run("run", "tiny", "--json").json["stages"][0]["cached"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_of_the_terminal_is_plain_readable_text(tiny: RecipeProject, encoding: str) -> None:
    recipe = (tiny.root / "recipes" / "tiny.yaml").read_text(encoding="utf-8")
    tiny.write("recipes/tiny.yaml", re.sub("^# .*", "# Größe 東京 of one good case of 10 EUR", recipe))
    poor = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "COLUMNS": "40"}
    written = "# Größe 東京".encode(encoding, "backslashreplace").decode(encoding).removeprefix("# ")

    def upshot(*words: str) -> subprocess.CompletedProcess[str]:
        command, environment = [*COMMAND, *words], {**os.environ, **poor}
        return subprocess.run(command, cwd=tiny.root, env=environment, encoding=encoding, capture_output=True, check=False)

    listed, refused = upshot("recipes"), upshot("validate", "tiny", "+gates.höhe.metric=accuracy")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert [re.split("  +", line)[-1] for line in listed.stdout.splitlines()[1:2]] == [f"{written} of one good case of 10 EUR"]
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Traceback" not in refused.stderr


def test_control_characters_in_names_are_shown_and_not_sent(tiny: RecipeProject) -> None:
    outcomes = [
        tiny.run("run", "ti\x1b[31mny"),
        tiny.run("ru\x07n"),
        tiny.run("run", "tiny", "mod\x1b]0;x\x07el=1"),
        tiny.run("run", "tiny", "--js\x1b[2Jon"),
        tiny.run("run", "tiny", "model.use=a\nb"),
    ]

    for outcome in outcomes:
        assert (outcome.exit_code, outcome.stdout) == (2, "")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", outcome.stderr), outcome.stderr
    assert outcomes[0].stderr.splitlines()[2].startswith(r"  recipe  ")
    assert r"ti\x1b[31mny" in outcomes[0].stderr


def test_without_a_terminal_there_is_no_bar_and_no_colour(tiny: RecipeProject) -> None:
    outcome = tiny.run_process("run", "tiny", env={"FORCE_COLOR": "", "COLUMNS": "40"})

    assert outcome.exit_code == 0, outcome.stderr
    assert [line.split()[0] for line in outcome.stdout.splitlines()[:3]] == ["ingest", "validate", "label"]
    assert "\x1b" not in outcome.stdout


def test_on_a_narrow_terminal_the_bar_is_drawn_and_cleared_and_each_stage_keeps_its_line(tiny: RecipeProject) -> None:
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "40", "LINES": "20"}
    with subprocess.Popen([*COMMAND, "run", "tiny"], cwd=tiny.root, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        text = _read_all(master)
    os.close(master)

    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert process.returncode == 0, plain
    assert re.search(r"\ntrain +\d", plain.replace("\r", "\n"))
    assert "version   tiny 1" in plain
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is shown again


def _read_all(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode()


def test_a_state_folder_that_is_a_file_is_told_and_left_alone(tiny: RecipeProject) -> None:
    blocked = tiny.write("blocked", "a file where the state folder should be")

    outcome = tiny.run("run", "tiny", "--state", "blocked")

    assert (outcome.exit_code, outcome.stdout) == (7, "")
    assert re.fullmatch(r"StorageError: .+\n\n  \S*blocked\S*  .+\n", outcome.stderr)
    assert blocked.read_text() == "a file where the state folder should be"


def test_in_a_folder_that_may_not_be_written_a_run_exits_7_and_works_with_its_state_elsewhere(tiny: RecipeProject, tmp_path: Path) -> None:
    def upshot(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMMAND, *words], cwd=tiny.root, capture_output=True, text=True, check=False, preexec_fn=_obey_permissions)

    before = sorted(tiny.root.rglob("*"))
    tiny.root.chmod(0o555)
    listed, refused, elsewhere = (
        upshot("recipes"),
        upshot("run", "tiny"),
        upshot("run", "tiny", "--state", str(tmp_path / "state"), "--json"),
    )
    tiny.root.chmod(0o755)

    assert (listed.returncode, listed.stderr) == (0, "")
    assert (refused.returncode, refused.stdout) == (7, "")
    assert re.fullmatch(r"StorageError: .+\n\n  \S+\.upshot\S*  .+\n", refused.stderr)
    assert sorted(tiny.root.rglob("*")) == before
    assert elsewhere.returncode == 0, elsewhere.stderr


def _obey_permissions() -> None:
    """Let the superuser, as whom tests may run, be stopped by permissions like everybody; for others it changes nothing."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)
