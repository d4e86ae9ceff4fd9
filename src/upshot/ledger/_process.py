"""Which process this is, so that others can tell whether it still lives.

A process number is used again, and means nothing on another machine or in another container. On Linux a process is told by the boot of
its machine, its namespace of process numbers, its number and the moment it began. Elsewhere nobody can tell, and only time decides.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ENDED = ("Z", "X")
"""States of a process that has ended and waits to be collected."""


@dataclass(frozen=True)
class Process:
    """A process.

    Args:
        pid: Its number.
        host: Name of its machine, for people.
        machine: Identity of the boot and the namespace in which the number counts; empty where the system does not tell.
        born: When it began, in the system's own ticks; empty where the system does not tell.
    """

    pid: int
    host: str
    machine: str
    born: str

    def is_alive(self, beside: Process) -> bool | None:
        """Whether it lives; None when it cannot be told from where the other one stands."""
        if not self.machine or self.machine != beside.machine:
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True  # somebody else's
        state, born = _status(self.pid)
        return state not in _ENDED and (not born or born == self.born)


def this_process() -> Process:
    """The one that asks."""
    return Process(os.getpid(), socket.gethostname(), _machine(), _status(os.getpid())[1])


def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _status(pid: int) -> tuple[str, str]:
    """State and time of birth; empty where the system does not tell."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[19]
