"""The command `upshot`: find the command, run it, turn errors into sentences and exit codes."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from upshot.cli.commands import COMMANDS, parser_of, usage
from upshot.engine.frames import with_room
from upshot.engine.interrupts import hearing_all, interrupt_in
from upshot.errors import Problem, StorageError, UpshotError, UsageError, did_you_mean

COMPLETE = "complete"
"""What completion scripts ask and people do not type: the words behind it are those of another command line, options included."""

GARBAGE_AFTER = 1_000_000
"""New objects after which Python looks for cycles among them. Importing the libraries of a run makes some 600,000 that stay."""

LIBRARIES_READ = {"OMP_WAIT_POLICY": "PASSIVE", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Variables that libraries read when they are imported."""
ENDED_FIRST = "500"
"""From 0, as any process, to 1000, before all others."""
INTERRUPTED, TERMINATED = 130, 143
DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""A disk that is full or broken; our own output may go to one too."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where the process stands so that the run is closed."""


def process() -> int:
    """Run the command of this process, whose memory goes with it.

    Half of a short run's time beside the bare work was Python's search for garbage: while libraries are imported, and again when the
    process ends. Cycles are looked for seldom here, and not at the end.

    Threads of OpenMP that wait for each other sleep. As they come they keep their cores busy with waiting, so that on a machine with
    other work a fit of two seconds took fifty; where the cores are free it makes no difference. Arrow takes its memory where everybody
    takes it, so that what one gives back another can use. Who sets these variables is heeded.

    Where memory runs out, Linux ends us before the database beside us: a run that is killed loses nothing that it had finished.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(ENDED_FIRST, encoding="ascii")
    for name, value in LIBRARIES_READ.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(GARBAGE_AFTER)
    try:
        with hearing_all():
            return with_room(main)
    finally:
        gc.freeze()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Words after `upshot`; those of this process when left out.

    Returns:
        The exit code: 0 done; 1 our bug; 2 config or usage; 3 data refused; 4 gate refused; 5 integrity refused; 6 busy; 7 storage;
        8 plugin failed; 130 or 143 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    if isinstance(sys.stdout, TextIOWrapper):  # a letter that the terminal does not have is written out, not a reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except UpshotError as error:
        if debug:
            raise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        return _tell_end(interrupt)
    except BrokenPipeError:  # the reader of our output has gone, as after `| head`
        _give_up_output()
        return INTERRUPTED
    except Exception as error:  # the edge of the process: a bug of ours is told in one line, with the trace on request
        swallowed = interrupt_in(error)
        if swallowed is not None:
            return _tell_end(swallowed)
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in DISK_FAULTS:
            _give_up_output()
            problem = Problem(str(error.filename or "output"), os.strerror(error.errno))
            print(f"StorageError: {StorageError('something cannot be written or read', [problem])}", file=sys.stderr)
            return StorageError.exit_code
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        print(f"internal error: {type(error).__name__}: {error}{notes}\nrun again with --debug for the trace", file=sys.stderr)
        return 1


def _tell_end(interrupt: KeyboardInterrupt) -> int:
    """Say that somebody ended the command, and what is left; the exit code."""
    word, code = ("terminated", TERMINATED) if isinstance(interrupt, Terminated) else ("interrupted", INTERRUPTED)
    print(f"\n{word}; finished stages are kept and the next run goes on from them", file=sys.stderr)
    return code


def _give_up_output() -> None:
    """What waits to be written to standard output goes nowhere, so that the end of the process does not try again."""
    if isinstance(sys.stdout, TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"upshot {version('upshot')}")
        return 0
    name, rest = words[0], words[1:]
    if name == COMPLETE:
        from upshot.cli.complete import print_answers

        return print_answers(rest)
    if name not in COMMANDS:
        raise UsageError("the command line is wrong", [Problem(name, "unknown command", None, did_you_mean(name, COMMANDS))])
    try:
        arguments = parser_of(name).read(rest)
    except SystemExit as stop:  # --help
        return int(stop.code or 0)
    if threading.current_thread() is threading.main_thread():  # in a notebook's thread the signal is not ours
        signal.signal(signal.SIGTERM, _terminate)
    code: int = import_module(f"upshot.cli.{name}").execute(arguments)
    return code


def _terminate(_signal: int, _frame: object) -> NoReturn:
    raise Terminated


if __name__ == "__main__":
    sys.exit(process())
