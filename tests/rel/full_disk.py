"""Fill the disk of the state folder before each stage and before a promotion, and hold how the run ends and how the next one goes on.

The disk is a tmpfs in a mount namespace of the script's own. `python tests/rel/full_disk.py` fills it before every stage; `--every 5` before
every fifth. Exit code 77 where the system allows no such namespace.
"""

from __future__ import annotations

import argparse
import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tiny_house import TinyHouse, hold, refuse_bad_refusal

STAGES = (
    "ingest",
    "validate",
    "label",
    "split",
    "featurize",
    "train",
    "calibrate",
    "predict",
    "decide",
    "play",
    "value",
    "evaluate",
    "gate",
    "register",
)
SIZE = "24m"
SKIPPED = 77


def main() -> None:
    """Fill, look, make room, go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="one stage of so many")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        _reborn_inside()
    with tempfile.TemporaryDirectory() as folder:
        house = TinyHouse(Path(folder))
        stages = STAGES[:: -arguments.every][::-1]  # the last stage is always among them
        for stage in stages:
            _fill_before(house, stage)
        _no_room_at_all(house)
        _no_room_to_promote(house)
    print(f"{len(stages)} stages, the beginning and a promotion: exit 7, one line with the free bytes, and the next run went on")


def _reborn_inside() -> None:
    """The same script in a mount namespace, where it may mount."""
    tried = subprocess.run(["unshare", "-rm", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        print(f"no mount namespace here: {tried.stderr.strip()}")
        sys.exit(SKIPPED)
    os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv, "--inside"])


def _fill_before(house: TinyHouse, stage: str) -> None:
    when = f"when the disk is full before {stage}"
    house.clear()
    with _disk(house.state):
        done = house.run("run", "tiny", before=(stage, partial(_fill, house.state / "ballast")))
        refuse_bad_refusal(done.code, done.stderr, when)
        house.refuse_loss((), when)
        (house.state / "ballast").unlink()
        house.go_on("run", "tiny", when=when)
        house.refuse_damage(when)


def _no_room_at_all(house: TinyHouse) -> None:
    when = "when the disk is full from the beginning"
    house.clear()
    with _disk(house.state):
        _fill(house.state / "ballast")
        done = house.run("run", "tiny")
        refuse_bad_refusal(done.code, done.stderr, when)
        (house.state / "ballast").unlink()
        house.go_on("run", "tiny", when=when)


def _no_room_to_promote(house: TinyHouse) -> None:
    when = "when the disk is full before a promotion"
    house.clear()
    with _disk(house.state):
        house.must("run", "tiny", "--as", "ada")
        house.admit(1)
        _fill(house.state / "ballast")
        done = house.run("promote", "tiny@1", "--env", "prod", "--as", "ops")
        refuse_bad_refusal(done.code, done.stderr, when)
        hold(house.served() is None, when, "something is served")
        (house.state / "ballast").unlink()
        house.must("promote", "tiny@1", "--env", "prod", "--as", "ops")
        hold(house.served() == 1, when, "nothing is served")
        house.refuse_litter(when)


@contextmanager
def _disk(state: Path) -> Iterator[None]:
    """A small disk in the place of the state folder."""
    state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "none", str(state)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(state)], check=True)


def _fill(ballast: Path) -> None:
    """Take every free byte."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


if __name__ == "__main__":
    main()
