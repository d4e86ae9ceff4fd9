"""Kill `upshot run` at random moments, half of them while it registers, and hold what the next command finds.

`python tests/rel/kill9.py --kills 200` is the long form; the test of this folder runs a short one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from tiny_house import TinyHouse, hold

NEW_PROJECT_EVERY = 6


def main() -> None:
    """Kill, look, go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    rng, hits = random.Random(arguments.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        house = TinyHouse(Path(folder))
        whole, registering = _durations(house)
        for number in range(arguments.kills):
            if number % NEW_PROJECT_EVERY == 0:
                house.refuse_damage(f"before kill {number}")
                house.clear()
            words = ("run", "tiny", f"model.C={1 + number}")
            hits[_kill(house, words, rng.uniform(0, whole), rng.uniform(0, registering), at_register=number % 2 == 1)] += 1
            house.go_on(*words, when=f"after kill {number}")
        house.refuse_damage("at the end")
    print(
        f"{arguments.kills} kills: {', '.join(f'{count} {name}' for name, count in sorted(hits.items()))}; nothing lost, nothing half, no run open"
    )


def _durations(house: TinyHouse) -> tuple[float, float]:
    """Seconds of a whole run, and of its end from the register stage on."""
    house.run("run", "tiny")  # the first one of all is slow
    house.clear()
    done = house.run("run", "tiny", "--json")
    hold(done.code == 0, "at the start", done.stderr)
    stages = {stage["stage"]: stage["seconds"] for stage in json.loads(done.stdout)["stages"]}
    return done.seconds, 1.5 * stages["register"]


def _kill(house: TinyHouse, words: tuple[str, ...], anywhere: float, registering: float, *, at_register: bool) -> str:
    """Start a run and kill it; where it was hit."""
    known, since, (come, tell) = house.versions(), time.monotonic(), os.pipe()
    pid = house.start(*words, before=("register", lambda: os.close(tell)))
    os.close(tell)
    if at_register:
        os.read(come, 1)  # until the run closes its end
    time.sleep(registering if at_register else anywhere)
    os.close(come)
    os.kill(pid, signal.SIGKILL)
    ended = house.ended(pid, since)
    house.refuse_loss(known, f"after a kill at {ended.seconds:.3f} s of {words}")
    hold(ended.code in (0, -signal.SIGKILL), "before a kill", f"exits {ended.code}: {ended.stderr}")
    return "too late" if ended.code == 0 else "while registering" if at_register else "anywhere"


if __name__ == "__main__":
    main()
