"""Kill `promote`, `rollback` and `approve`, let the disk fail under them at any call, and let twenty promote at once; hold what is there after.

`python tests/rel/promotions.py kill --kills 200` kills at random moments, `... disk` lets each fsync, rename, link, unlink and write of each command fail
by a kill, a full disk (ENOSPC) and a broken one (EIO), `... race --rounds 25` lets twenty promote at once. Exit code 77 where strace cannot trace.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from broken_disk import CALLS, FAULTS, refuse_without_strace, traced, where
from tiny_house import TinyHouse, hold, refuse_bad_refusal

AT_ONCE = 20


@dataclass(frozen=True)
class Act:
    """A command, the state that it starts from, and what prod serves when it is through."""

    base: str
    words: tuple[str, ...]
    serves: int

    @property
    def name(self) -> str:
        """Its first word."""
        return self.words[0]


PROMOTE = Act("admitted", ("promote", "tiny@2", "--env", "prod", "--as", "ops"), 2)
ROLLBACK = Act("deployed", ("rollback", "tiny", "--env", "prod", "--as", "ops"), 1)
APPROVE = Act("in_dev", ("approve", "tiny@2", "--env", "prod", "--as", "mia"), 1)
ACTS = (PROMOTE, ROLLBACK, APPROVE)


def main() -> None:
    """One of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kill", "disk", "race"])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument(
        "--every", type=int, default=0, help="disk: one fault at every so many calls; all faults at all calls when left out"
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        house = TinyHouse(Path(folder) / "house")
        prepare(house)
        if arguments.what == "kill":
            kill(house, arguments.kills, random.Random(arguments.seed))
        elif arguments.what == "disk":
            fail(house, arguments.every)
        else:
            race(house, arguments.rounds)


def prepare(house: TinyHouse) -> None:
    """Versions 1 to 3, of which prod serves the first; 2 in dev, then approved, then in prod. One state for each command."""
    for threshold in ("0.5", "0.6", "0.7"):
        house.must("run", "tiny", f"policy.threshold={threshold}", "--as", "ada")
    house.deploy(1)
    house.must("promote", "tiny@2", "--env", "dev", "--as", "ops")
    house.keep("in_dev")
    house.must("approve", "tiny@2", "--env", "prod", "--as", "mia")
    house.keep("admitted")
    house.admit(3)
    house.keep("both_admitted")
    house.must("promote", "tiny@2", "--env", "prod", "--as", "ops")
    house.keep("deployed")


def kill(house: TinyHouse, kills: int, rng: random.Random) -> None:
    """Kill at random moments."""
    lasting = {act.name: _lasts(house, act) for act in ACTS}
    ended = Counter[str]()
    for number in range(kills):
        act = ACTS[number % len(ACTS)]
        house.restore(act.base)
        since = time.monotonic()
        pid = house.start(*act.words)
        time.sleep(rng.uniform(0, 1.1 * lasting[act.name]))
        os.kill(pid, signal.SIGKILL)
        done = house.ended(pid, since)
        hold(done.code in (0, -signal.SIGKILL), f"before kill {number}", f"{act.name} exits {done.code}: {done.stderr}")
        ended["too late" if done.code == 0 else act.name] += 1
        _look(house, act, f"after kill {number} of {act.name} at {done.seconds:.3f} s")
    told = ", ".join(f"{count} {name}" for name, count in sorted(ended.items()))
    print(f"{kills} kills: {told}; nothing lost, nothing half done, the same command completes")


def _lasts(house: TinyHouse, act: Act) -> float:
    house.restore(act.base)
    done = house.run(*act.words)
    hold(done.code == 0, "undisturbed", f"{act.name} exits {done.code}: {done.stderr}")
    return done.seconds


def _look(house: TinyHouse, act: Act, when: str) -> None:
    """What was there is there; what is new is whole; and the same command again ends where an undisturbed one does."""
    known = _known(house, act)
    is_done = _is_done(house, act, known, when)
    again = house.run(*act.words)
    if act.name == "promote" or not is_done:
        hold(again.code == 0, when, f"the same command again exits {again.code}: {again.stderr}")
    else:
        hold(again.code == 4, when, f"the same command again exits {again.code}, although it was done")  # nothing earlier, or approved
    hold(house.served() == act.serves, when, f"prod serves {house.served()}")
    hold(_is_done(house, act, known, when), when, "the same command again does nothing")
    house.refuse_litter(when)


def _known(house: TinyHouse, act: Act) -> Known:
    """What the state that an act starts from had."""
    return KNOWN.setdefault(act.base, Known.of(house.folder / act.base))


@dataclass(frozen=True)
class Known:
    """Promotions and approvals of a state."""

    promotions: tuple[object, ...]
    approvals: tuple[object, ...]

    @classmethod
    def of(cls, project: Path) -> Known:
        """Those of a project's ledger."""
        from upshot.ledger.ledger import Ledger

        environments = Ledger(project / ".upshot" / "ledger.db").environments
        return cls(environments.promotions("tiny", "prod"), environments.approvals("tiny"))


KNOWN: dict[str, Known] = {}


def _is_done(house: TinyHouse, act: Act, known: Known, when: str) -> bool:
    """Whether the act is done, in whole."""
    promoted = house.refuse_half_promotion(known.promotions, act.serves, when)  # type: ignore[arg-type]
    approvals = house.ledger().environments.approvals("tiny")
    hold(approvals[: len(known.approvals)] == known.approvals, when, "approvals are lost")
    return len(approvals) > len(known.approvals) if act.name == "approve" else promoted


def fail(house: TinyHouse, every: int) -> None:
    """Let the disk fail at each call."""
    refuse_without_strace(house.folder)
    ended, count = Counter[str](), 0
    points = [(act, call, fault) for act in ACTS for call in _calls(house, act) for fault in FAULTS]
    for act, call, fault in points[:: 3 * every + 1] if every else points:  # the faults take turns
        ended[_inject(house, act, call, fault)] += 1
        count += 1
    told = ", ".join(f"{number} {name}" for name, number in sorted(ended.items()))
    print(f"{count} faults at {len(points) // len(FAULTS)} calls: {told}; nothing lost, nothing half done, the same command completes")


def _calls(house: TinyHouse, act: Act) -> list[tuple[str, int]]:
    """Every call of an undisturbed command: its name, and which of this name it is."""
    house.restore(act.base)
    code, trace = traced(house, act.words, "", f"trace={','.join(CALLS)}")
    hold(code == 0, "without a fault", f"{act.name} fails")
    seen, calls = Counter[str](), []
    for name in re.findall(r"^\d+ +(\w+)\(", trace, re.M):
        seen[name] += 1
        calls.append((name, seen[name]))
    return calls


def _inject(house: TinyHouse, act: Act, call: tuple[str, int], fault: str) -> str:
    house.restore(act.base)
    code, trace = traced(house, act.words, "", f"inject={call[0]}:{fault}:when={call[1]}")
    when = f"with {fault} at {call[0]} {call[1]} of {act.name} ({where(trace)})"
    if code == 7:
        err = (house.folder / "err").read_text(encoding="utf-8")
        refuse_bad_refusal(code, err, when, output="/out>" in where(trace))
    else:
        hold(code in (0, -9), when, f"exits {code}: {(house.folder / 'err').read_text(encoding='utf-8')}")
    _look(house, act, when)
    return {0: "done all the same", 7: "refused in one line", -9: "killed"}[code]


def race(house: TinyHouse, rounds: int) -> None:
    """Let twenty promote at once, half of them another version: exactly one does, and each other learns who it is."""
    winners = Counter[int]()
    for number in range(rounds):
        house.restore("both_admitted")
        before = house.promotions()
        codes, said = _at_once(house)
        when = f"in round {number}"
        hold(sorted(codes) == [0] + [6] * (AT_ONCE - 1), when, f"they exit {sorted(codes)}: {said}")
        winner = house.served()
        hold(winner in (2, 3), when, f"prod serves {winner}")
        hold(house.refuse_half_promotion(before, int(winner or 0), when), when, "nothing was promoted")
        unnamed = [text for code, text in zip(codes, said, strict=True) if code == 6 and not _names_somebody(text)]
        hold(not unnamed, when, f"does not say who is, or was, at work: {unnamed}")
        house.refuse_litter(when)
        winners[int(winner or 0)] += 1
    print(f"{rounds} rounds of {AT_ONCE} at once: exactly one promoted each time, the others exited 6 and were told by whom")


def _at_once(house: TinyHouse) -> tuple[list[int], list[str]]:
    """Exit codes and errors of those who promote at once."""
    come, tell = os.pipe()

    def wait() -> None:
        os.close(tell)
        os.read(come, 1)

    started: list[tuple[int, Path]] = []
    for number in range(AT_ONCE):
        err = house.folder / f"err{number}"
        words = ("promote", f"tiny@{2 + number % 2}", "--env", "prod", "--expect", "1", "--as", f"ops{number}")
        started.append((house.start(*words, before=("", _to(err, wait))), err))
    time.sleep(0.2)
    os.close(come)
    os.close(tell)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid, _ in started]
    return codes, [path.read_text(encoding="utf-8") for _, path in started]


def _to(err: Path, wait: Callable[[], None]) -> Callable[[], None]:
    def act() -> None:
        os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
        wait()

    return act


def _names_somebody(text: str) -> bool:
    held = re.search(r"prod of tiny  is held; got promote tiny@[23], process \d+ on \S+, since ", text)
    faster = re.search(r"(got it serves tiny@[23]; ops\d+ promoted it at |got changed by ops\d+, )", text)
    return held is not None or faster is not None


if __name__ == "__main__":
    main()
