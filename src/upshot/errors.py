"""Every error that a user can meet, with its exit code: all in one readable file.

An error carries data (`problems`); the text is made from it. The form of one line is *where - rule - what was there - nearest
valid thing*, and an error shows all problems at once, because a user who mends one fault at a time runs the command ten times.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

MAX_PROBLEMS_SHOWN = 20
LINE_END = "\n"


def printable(text: str, *, keep: str = "") -> str:
    r"""The text with control characters written out, so that no name in it can steer a terminal.

    Example:
        >>> printable("a\x1b[31mb")
        'a\\x1b[31mb'
    """
    return "".join(
        c.encode("unicode_escape").decode() if c not in keep and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c
        for c in text
    )


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and how to mend it.

    Args:
        where: Recipe key, `file:line`, `argument n`, or column with row.
        rule: What must hold, in words: "must be >= 1".
        got: What was there, already shortened for people; None where nothing was there.
        hint: The nearest valid name, or the command that shows the options.
        place: `file:line` or `argument n` behind a recipe key, where it is known.
    """

    where: str
    rule: str
    got: str | None = None
    hint: str | None = None
    place: str | None = None

    def sentence(self) -> str:
        """The problem without its place: rule, what was there, hint.

        Example:
            >>> Problem("split.horizon", "must be >= 1", got="0").sentence()
            'must be >= 1; got 0'
        """
        text = printable(self.rule if self.got is None else f"{self.rule}; got {self.got}")
        return text if self.hint is None else f"{text}; {printable(self.hint, keep=LINE_END)}"


class UpshotError(Exception):
    """Base of all errors that are told in a sentence, without a stack trace."""

    exit_code = 1

    def __init__(self, headline: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(headline)
        self.headline = headline
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Headline, then one aligned line a problem."""
        lines = [printable(self.headline)]
        if self.problems:
            shown = self.problems[:MAX_PROBLEMS_SHOWN]
            names = [printable(problem.where) for problem in shown]
            width = min(max(map(len, names)), 40)
            lines.append("")
            for name, problem in zip(names, shown, strict=True):
                place = f"  ({printable(problem.place)})" if problem.place else ""
                lines.append(f"  {name:<{width}}  {problem.sentence()}{place}")
            if len(self.problems) > len(shown):
                lines.append(f"  ... and {len(self.problems) - len(shown)} more")
        return "\n".join(lines)


class UsageError(UpshotError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class RecipeError(UpshotError):
    """The recipe, its groups or its overrides are wrong; no data was read."""

    exit_code = 2


class DataError(UpshotError):
    """The data breaks a declared rule."""

    exit_code = 3


class GateError(UpshotError):
    """A gate or an approval refuses."""

    exit_code = 4


class IntegrityError(UpshotError):
    """Something stored, signed or trusted is not what it should be."""

    exit_code = 5


class BusyError(UpshotError):
    """Another process holds the lease; a retry is safe."""

    exit_code = 6


class StorageError(UpshotError):
    """The state folder or database cannot be read or written."""

    exit_code = 7


class PluginError(UpshotError):
    """A plugin cannot be loaded, or breaks its contract."""

    exit_code = 8


def nearest(name: str, options: Iterable[str]) -> str | None:
    """The valid name that was probably meant, or None.

    Example:
        >>> nearest("lightgbm_quantil", ["xgboost", "lightgbm_quantile"])
        'lightgbm_quantile'
    """
    known = sorted(options)
    lowered = {option.lower(): option for option in reversed(known)}
    found = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.55)
    return lowered[found[0]] if found else None


def did_you_mean(name: str, options: Iterable[str], *, limit: int = 12) -> str:
    """Hint for an unknown name: the nearest valid one, then the options; of many the nearest ones, the nearest first.

    Example:
        >>> did_you_mean("xgbost", ["xgboost", "lightgbm"])
        "did you mean 'xgboost'? options: lightgbm, xgboost"
        >>> did_you_mean("xgbost", ["als", "xgboost", "lightgbm"], limit=2)
        "did you mean 'xgboost'? options: xgboost, lightgbm, ... (3 in all)"
    """
    known = sorted(options)
    if not known:
        return "there are none"
    close = nearest(name, known)
    many = len(known) > limit
    shown = sorted(known, key=lambda option: -SequenceMatcher(None, name.lower(), option.lower()).ratio())[:limit] if many else known
    listed = ", ".join(shown) + (f", ... ({len(known)} in all)" if many else "")
    return f"did you mean {close!r}? options: {listed}" if close else f"options: {listed}"
