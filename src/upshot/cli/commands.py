"""The table of commands, the parser of each, and the help text.

A command is a module with `configure(parser)` and `execute(arguments)`. The table is all that `--help` needs, so help imports nothing else.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from upshot.errors import Problem, UsageError, did_you_mean

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
    "data": "list, show, compare and verify pinned data; infer checks from it, show rows that checks set aside",
    "compare": "hold two runs against each other: config, data, scores and money",
    "value": "show what a run's value is made of, in all or in one row, term by term",
    "report": "write what came of a run, or of two, as one file for all its readers",
    "card": "print the model card and the datasheet of a run",
    "whatif": "say what a run would be worth under other assumptions",
    "lineage": "say where the result of a run comes from, from source to version",
    "replay": "run a past run again from its pinned data, and say how nearly it came out the same",
    "gates": "show what each gate found in a run, or finds for an environment, and waive one for a while",
    "approve": "approve a version for an environment, in a role",
    "promote": "let an environment serve a version",
    "rollback": "let an environment serve again what it served before",
    "history": "list what was registered, approved, waived, promoted and rolled back",
    "status": "show what each environment serves, and what the newest version lacks for it",
    "model": "list, show and export registered versions, and verify a model from elsewhere",
    "journal": "list what was decided and registered, and verify that nothing of it was changed",
    "cache": "show how much is stored, and make room",
    "fsck": "check every file of the state folder",
    "plugins": "list what is installed and what it offers",
}
"""Command -> what it does. Each is `upshot.cli.<command>`."""


MISSING = "the following arguments are required: "
LISTED_BY = {
    "recipe": "upshot recipes lists them",
    "RUN": "upshot runs lists them",
    "RECIPE@NUMBER": "upshot model list has them",
    "NAME=VALUE": "upshot value RUN lists the parameters",
}
"""Placeholder of an argument -> where a newcomer finds what can stand there."""


_REFUSED = re.compile(r"argument (?P<name>\S+): invalid (?P<what>\w+)(?: value)?: '(?P<value>.*?)'(?: \(choose from .*\))?", re.S)
"""What argparse says of a word that is no choice, or no number."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints read like every other error."""

    words: Sequence[str] = ()

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments that these words are; options and the others in any order."""
        self.words = words
        return self.parse_intermixed_args(words)

    def error(self, message: str) -> NoReturn:
        """Refuse with the nearest option."""
        wrong = message.rpartition("unrecognized arguments: ")[2].split() if "unrecognized arguments" in message else self._unknown()
        flags = [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]
        problems = [Problem(word, "unknown option", None, did_you_mean(word, flags)) for word in wrong]
        if MISSING in message:
            problems += self._missing(message.partition(MISSING)[2].split(", "))
        elif (refused := _REFUSED.fullmatch(message)) is not None:
            problems.append(self._value(refused["name"], refused["what"], refused["value"]))
        elif "unrecognized arguments" not in message:
            problems.append(Problem(self.prog, message, None, f"{self.prog} --help"))
        raise UsageError("the command line is wrong", problems)

    def _unknown(self) -> list[str]:
        """Words that look like options and are none; argparse says nothing of them when something else is wrong too."""
        known = {flag for action in self._actions for flag in action.option_strings}
        typed = [word.partition("=")[0] for word in self.words if word.startswith("-") and word.strip("-")]
        return [word for word in typed if word not in known and not word.lstrip("-").replace(".", "").isdigit()]

    def _value(self, names: str, what: str, value: str) -> Problem:
        """A word that the argument cannot take, and what it may be."""
        name = names.rpartition("/")[2]
        if what == "choice":
            action = next(action for action in self._actions if name in (*action.option_strings, action.dest, action.metavar))
            options = [str(choice) for choice in action.choices or ()]
            return Problem(name, "there is no such choice", repr(value), did_you_mean(value, options))
        kinds = {"int": "a whole number", "float": "a number"}
        return Problem(name, f"must be {kinds.get(what, what)}", repr(value), f"{self.prog} --help")

    def _missing(self, names: Sequence[str]) -> list[Problem]:
        """A problem for each word that must be there; intermixed parsing lists those that need not be among them."""
        actions = [action for action in self._actions if not action.option_strings and action.nargs not in ("*", "?")]
        missing = [action for action in actions if str(action.metavar or action.dest) in names]
        found = []
        for action in missing:
            name, options = str(action.metavar or action.dest), ", ".join(map(str, action.choices or ()))
            rule = f"must be one of: {options}" if options else "must be named"
            hint = "; ".join(part for part in (LISTED_BY.get(name), f"{self.prog} --help") if part)
            found.append(Problem(name, rule, None, hint))
        return list(dict.fromkeys(found)) or [Problem(self.prog, f"{MISSING}{', '.join(names)}", None, f"{self.prog} --help")]


def parser_of(name: str) -> Parser:
    """The parser of a command, with what every command takes."""
    parser = Parser(
        prog=f"upshot {name}", allow_abbrev=False, description=COMMANDS[name], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    import_module(f"upshot.cli.{name}").configure(parser)
    parser.add_argument("--state", metavar="DIR", help="state folder (default: .upshot in the project, or what upshot.yaml says)")
    parser.add_argument("--debug", action="store_true", help="show the stack trace of an error")
    return parser


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
