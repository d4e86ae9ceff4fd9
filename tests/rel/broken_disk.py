"""Let every fsync, rename, unlink and write behind the beginning of the register stage fail, one at a time, or be the last of the process.

strace counts the calls of one undisturbed run, and injects into one call of each further run: a kill, a full disk (ENOSPC) or a broken one (EIO).
`python tests/rel/broken_disk.py` tries all three at every call; `--every 12` one of them at each twelfth. Exit code 77 where strace cannot trace.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tiny_house import TinyHouse, hold, refuse_bad_refusal

CALLS = ("fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "unlink", "unlinkat", "write", "pwrite64", "writev")
FAULTS = ("signal=KILL", "error=ENOSPC", "error=EIO")
WORDS = ("run", "tiny", "model.C=2")
SKIPPED = 77


def main() -> None:
    """Count, inject, look, go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=0, help="one fault at every so many calls; all faults at all calls when left out")
    arguments = parser.parse_args()
    ended = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        refuse_without_strace(Path(folder))
        house = TinyHouse(Path(folder) / "house")
        _prepare(house)
        calls = _calls(house)
        points = [(call, fault) for call in calls for fault in FAULTS]
        if arguments.every:
            points = points[:: 3 * arguments.every + 1]  # the faults take turns
        for call, fault in points:
            ended[_inject(house, call, fault)] += 1
    told = ", ".join(f"{count} {name}" for name, count in sorted(ended.items()))
    print(f"{len(points)} faults at {len(calls)} calls: {told}; old state whole, the next run completes")


def _prepare(house: TinyHouse) -> None:
    """A project with version 1, and a second run whose stages are done up to the gate."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    hold(house.run("run", "tiny").code == 0, "at the start", "no first version")
    hold(house.run(*WORDS, before=("register", interrupt)).code == 130, "at the start", "no interrupted run")
    house.keep("base")


def _calls(house: TinyHouse) -> list[tuple[str, int]]:
    """Every call of an undisturbed registration: its name, and which of this name it is."""
    code, trace = traced(house, WORDS, "register", f"trace={','.join(CALLS)}")
    hold(code == 0, "without a fault", "the run fails")
    seen, calls = Counter[str](), []
    for name in re.findall(r"^\d+ +(\w+)\(", trace, re.M):
        seen[name] += 1
        calls.append((name, seen[name]))
    return calls


def _inject(house: TinyHouse, call: tuple[str, int], fault: str) -> str:
    """One run with one fault; how it ended."""
    house.restore("base")
    known, when = house.versions(), f"with {fault} at {call[0]} {call[1]}"
    code, trace = traced(house, WORDS, "register", f"inject={call[0]}:{fault}:when={call[1]}")
    house.refuse_loss(known, when)
    if code == 7:
        err = (house.folder / "err").read_text(encoding="utf-8")
        refuse_bad_refusal(code, err, f"{when} ({where(trace)})", output="/out>" in where(trace))
    else:
        hold(code in (0, -9), f"{when} ({where(trace)})", f"exits {code}: {(house.folder / 'err').read_text(encoding='utf-8')}")
    house.go_on(*WORDS, when=when)
    hold(len(house.versions()) == 2, when, f"versions {house.versions()}")
    return {0: "done all the same", 7: "refused in one line", -9: "killed"}[code]


def where(trace: str) -> str:
    """The call that was hit, whole: another thread's call may stand between its beginning and its end."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        thread, _, call = line.partition(" ")
        if "<unfinished ...>" in call:
            begun[thread] = call.replace("<unfinished ...>", "")
        elif "INJECTED" in call:
            return f"{begun.get(thread, '')}{call.strip()}" if "resumed>" in call else line
    return "no call was hit"


def traced(house: TinyHouse, words: tuple[str, ...], stage: str, expression: str) -> tuple[int, str]:
    """Run a command with strace holding on from the beginning of a stage, or from its own where that is ""; exit code and trace."""
    ready, go = os.pipe(), os.pipe()

    def wait() -> None:
        os.write(ready[1], b".")
        os.read(go[0], 1)

    out, since = house.folder / "trace", time.monotonic()
    pid = house.start(*words, before=(stage, wait))
    os.close(ready[1])
    hold(os.read(ready[0], 1) == b".", f"before {stage or words[0]}", "it ended")
    with subprocess.Popen(
        ["strace", "-f", "-y", "-o", str(out), "-e", expression, "-p", str(pid)], stderr=subprocess.PIPE, text=True
    ) as strace:
        assert strace.stderr is not None
        hold("attached" in strace.stderr.readline(), f"before {stage or words[0]}", "strace is not attached")
        os.write(go[1], b".")
        code = house.ended(pid, since).code
        strace.communicate()
    for end in (ready[0], *go):
        os.close(end)
    return code, out.read_text(encoding="utf-8", errors="replace")


def refuse_without_strace(folder: Path) -> None:
    """End the script, as skipped, where strace cannot trace."""
    found = shutil.which("strace")
    tried = found and subprocess.run([found, "-f", "-o", str(folder / "tried"), "true"], capture_output=True, text=True, check=False)
    if not tried or tried.returncode != 0:
        print(f"strace cannot trace here: {tried.stderr.strip() if tried else 'it is not installed'}")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
