"""The command `upshot`: find the command, run it, turn errors into sentences and exit codes.

A command is a module with `configure(parser)` and `execute(arguments)`. The table below is all that `--help` needs, so help imports
nothing else.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

from upshot.errors import Problem, StorageError, UpshotError, UsageError, did_you_mean

COMMANDS: dict[str, str] = {
    "init": "write a small project that runs, to start from",
    "recipes": "list the recipes that can be run",
    "validate": "check a recipe, without reading data",
    "show": "print a recipe with everything resolved, how it differs from another, or what came of a run",
    "explain": "say where each value of a recipe comes from",
    "describe": "list what a recipe may name, with every parameter",
    "schema": "print the JSON Schema of recipes, for editors",
    "migrate": "rewrite recipes of an older version of the recipe language",
    "completion": "print the completion script of a shell",
    "plan": "say which stages would run, and why",
    "apply": "carry out exactly a saved plan",
    "run": "run a recipe from data to a registered version",
    "sweep": "run a recipe at many points, and rank them",
    "runs": "list past runs",
    "data": "list, show, compare and verify pinned data",
    "compare": "hold two runs against each other: config, data, scores and money",
    "lineage": "say where the result of a run comes from, from source to version",
    "replay": "run a past run again from its pinned data, and say how nearly it came out the same",
    "gates": "show what each gate found in a run",
    "model": "list, show and export registered versions, and verify a model from elsewhere",
    "journal": "list what was decided and registered, and verify that nothing of it was changed",
    "cache": "show how much is stored, and make room",
    "fsck": "check every file of the state folder",
    "plugins": "list what is installed and what it offers",
}
"""Command -> what it does. Each is `upshot.cli.<command>`."""

COMPLETE = "complete"
"""What completion scripts ask and people do not type: the words behind it are those of another command line, options included."""

INTERRUPTED, TERMINATED = 130, 143
DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""A disk that is full or broken; our own output may go to one too."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where the process stands so that the run is closed."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints read like every other error."""

    def error(self, message: str) -> NoReturn:
        """Refuse with the nearest option."""
        wrong = message.rpartition("unrecognized arguments: ")[2].split()
        flags = [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]
        if "unrecognized arguments" in message:
            problems = [Problem(word, "unknown option", None, did_you_mean(word, flags)) for word in wrong]
        else:
            problems = [Problem(self.prog, self._without_optional(message), None, f"{self.prog} --help")]
        raise UsageError("the command line is wrong", problems)

    def _without_optional(self, message: str) -> str:
        """The message without words that need not be there: intermixed parsing lists them among the missing."""
        head, colon, names = message.partition("are required: ")
        optional = {action.dest for action in self._actions if action.nargs in ("*", "?")}
        return head + colon + ", ".join(name for name in names.split(", ") if name not in optional)


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
    except Terminated:
        print("\nterminated; finished stages are kept and the next run goes on from them", file=sys.stderr)
        return TERMINATED
    except KeyboardInterrupt:
        print("\ninterrupted; finished stages are kept and the next run goes on from them", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as after `| head`
        _give_up_output()
        return INTERRUPTED
    except Exception as error:  # the edge of the process: a bug of ours is told in one line, with the trace on request
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
        arguments = parser_of(name).parse_intermixed_args(rest)
    except SystemExit as stop:  # --help
        return int(stop.code or 0)
    if threading.current_thread() is threading.main_thread():  # in a notebook's thread the signal is not ours
        signal.signal(signal.SIGTERM, _terminate)
    code: int = import_module(f"upshot.cli.{name}").execute(arguments)
    return code


def parser_of(name: str) -> Parser:
    """The parser of a command, with what every command takes."""
    parser = Parser(
        prog=f"upshot {name}", allow_abbrev=False, description=COMMANDS[name], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    import_module(f"upshot.cli.{name}").configure(parser)
    parser.add_argument("--state", metavar="DIR", help="state folder (default: .upshot in the project, or what upshot.yaml says)")
    parser.add_argument("--debug", action="store_true", help="show the stack trace of an error")
    return parser


def _terminate(_signal: int, _frame: object) -> NoReturn:
    raise Terminated


def usage() -> str:
    """The help text."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {sentence}" for name, sentence in COMMANDS.items()]
    return "\n".join(
        [
            "usage: upshot COMMAND [RECIPE] [overrides] [options]",
            "",
            "One YAML recipe from data to a model version whose value in money is known.",
            "",
            *lines,
            "",
            "Overrides are Hydra's: model=xgboost model.max_depth=8 +features.x.use=numeric ~gates.data",
            "More on a command: upshot COMMAND --help",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
