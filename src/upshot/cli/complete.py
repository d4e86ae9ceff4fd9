"""`upshot complete WORDS`: how a command line may go on; the scripts of `upshot completion` ask it.

One line an answer: the whole word, and after a tab what it is. A word that ends in `=` or `.` goes on without a space. Each answer comes
from listings, a rough reading of the recipe, and the kept index: neither Hydra nor pydantic is imported, no data and no ledger is read.
Runs are listed by their logs, and versions read from the ledger's file by the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from upshot.cli.commands import COMMANDS
from upshot.errors import printable

if TYPE_CHECKING:
    from upshot.catalogue import Catalogue
    from upshot.cli.index import Index, Key, Word
    from upshot.project import Project
    from upshot.recipe.sketch import Tree

_RUNS = ("run", "first", "second")
"""What arguments are called that name a run."""

Answer = tuple[str, str]
"""A word, and what it is."""


def print_answers(words: list[str]) -> int:
    """Print how a command line may go on; no answer is an answer too."""
    for word, sentence in answers(words or [""]):
        print(f"{printable(word)}\t{printable(sentence)}")
    return 0


def answers(words: list[str]) -> Iterator[Answer]:
    """How a command line may go on.

    Args:
        words: The words after `upshot`; the last is the one to complete, "" for a new one.

    Example:
        >>> list(answers(["expl"]))
        [('explain', 'say where each value of a recipe comes from')]
    """
    *before, current = words
    if not before:
        offered: Iterable[Answer] = COMMANDS.items()
    elif before[0] in COMMANDS:
        offered = _Line(before[0], before[1:], current).answers()
    else:
        offered = ()
    yield from ((word, sentence) for word, sentence in offered if word.startswith(current))


@dataclass(frozen=True)
class _Line:
    """A command line: its command, the words behind it, and the one that is being typed."""

    command: str
    before: list[str]
    current: str

    @cached_property
    def _project(self) -> Project:
        from pathlib import Path

        from upshot.project import find_project

        words = [word for text in self.before for word in (text.split("=", 1) if text.startswith("--state=") else [text])]
        return find_project(Path.cwd(), next((value for flag, value in pairwise(words) if flag == "--state"), None))

    @cached_property
    def _catalogue(self) -> Catalogue:
        from upshot.catalogue import load_catalogue

        return load_catalogue()

    @cached_property
    def _index(self) -> Index:
        from upshot.cli.index import index_of

        return index_of(self._catalogue)

    def answers(self) -> Iterable[Answer]:
        """Everything that may stand here; the caller keeps what begins as typed."""
        words = self._index.words(self.command)
        flags = {flag: word for word in words for flag in word.flags}
        given = [word for index, word in enumerate(self.before) if not word.startswith("-") and not self._is_value(index, flags)]
        if self.before and (option := flags.get(self.before[-1])) is not None and option.takes_value:
            return self._values(option, given)
        if self.current.startswith("-"):
            return [(flag, word.sentence) for flag, word in flags.items() if flag.startswith("--") or len(self.current) == 1]
        places = [word for word in words if not word.flags]
        if len(given) >= len(places) and not (places and places[-1].is_many):
            return ()
        return self._values(places[min(len(given), len(places) - 1)], given)

    def _is_value(self, index: int, flags: dict[str, Word]) -> bool:
        option = flags.get(self.before[index - 1]) if index else None
        return option is not None and option.takes_value

    def _values(self, word: Word, given: list[str]) -> Iterable[Answer]:
        """What may stand for an argument, by what it is called."""
        if word.choices:
            return [(choice, "") for choice in word.choices]
        if word.dest in _RUNS:
            return self._runs()
        if word.dest == "version" or (word.dest == "what" and given[:1] in (["show"], ["export"])):
            return self._versions()
        if word.dest in ("recipe", "diff"):
            more = {"show": self._runs, "gates": self._versions}.get(self.command)
            return [*self._recipes(), *(more() if more is not None else ())]
        if word.dest == "env":
            recipe = given[0].partition("@")[0] if given else ""
            return _Override(self._index, self._catalogue, self._project, recipe, given[1:], "", self.command).environments()
        if word.dest == "overrides" or (self.command == "explain" and word.dest == "words"):
            return _Override(self._index, self._catalogue, self._project, given[0], given[1:], self.current, self.command).answers()
        if word.dest == "kind":
            from upshot.contracts.components import KINDS

            beside = [("recipe", "The keys of a recipe beside its components."), ("env", "Where versions are served, in order.")]
            return [*beside, *((kind.name, kind.sentence) for kind in KINDS.values())]
        if word.dest == "name" and given:
            return _names(self._catalogue, given[0])
        return ()

    def _runs(self) -> Iterator[Answer]:
        """Runs by their logs, the newest first: the ledger would take its time."""
        from upshot.engine.log import logged_runs

        yield "last", "the last run"
        yield from logged_runs(self._project.state, self.current)

    def _versions(self) -> Iterator[Answer]:
        """Registered versions, where the ledger is a file."""
        from upshot.ledger.served import registered_in

        yield from ((name, "") for name in registered_in(self._project.state / "ledger.db"))

    def _recipes(self) -> Iterator[Answer]:
        from upshot.recipe.layers import list_recipes

        yield from ((file.name, file.sentence) for file in list_recipes(self._catalogue, self._project) if not file.shadowed)


def _names(catalogue: Catalogue, kind: str) -> list[Answer]:
    return [(name, catalogue.find(kind, name).sentence) for name in catalogue.names(kind)]


@dataclass(frozen=True)
class _Override:
    """An override, or for `explain` a key, as far as it is typed."""

    index: Index
    catalogue: Catalogue
    project: Project
    recipe: str
    overrides: list[str]
    current: str
    command: str

    @cached_property
    def _groups(self) -> dict[str, list[Answer]]:
        from upshot.recipe.layers import list_groups

        groups = list_groups(self.catalogue, self.project)
        return {group: [(file.name, file.sentence) for file in files if not file.shadowed] for group, files in groups.items()}

    @cached_property
    def _tree(self) -> Tree:
        from upshot.errors import RecipeError
        from upshot.recipe.layers import find_recipe, search_path
        from upshot.recipe.sketch import sketch

        try:
            file = find_recipe(self.recipe, self.catalogue, self.project)
        except RecipeError:
            return {}  # not a recipe yet; what is installed can still be offered
        return sketch(file, self.overrides, search_path(self.catalogue, self.project))

    def environments(self) -> list[Answer]:
        """Names of the recipe's environments."""
        return [(name, "") for name in _at(self._tree, ["env"]) or ()]

    def answers(self) -> Iterator[Answer]:
        """Keys with the sign before them, or values behind the key."""
        bare = self.current.lstrip("+~")
        sign = self.current[: len(self.current) - len(bare)]
        key, equals, value = bare.partition("=")
        if equals:
            done = value[: value.rfind(",") + 1] if self.command == "sweep" else ""
            yield from ((f"{sign}{key}={done}{choice}", sentence) for choice, sentence in self._values(key))
            return
        names = self._group_names(bare) if "." not in bare else self._keys(bare.split(".")[:-1])
        for path, sentence, end in names:
            whole = (sign == "~" and "." in bare) or (end == "=" and (sign == "~" or (self.command == "explain" and not sign)))
            yield f"{sign}{path}{'' if whole else end}", sentence

    def _group_names(self, typed: str) -> Iterator[tuple[str, str, str]]:
        """First words: a group by its choice; its keys when that is typed out, or there is no choice."""
        from upshot.contracts.components import KINDS

        for group in dict.fromkeys((*self._groups, *KINDS)):
            sentence = KINDS[group].sentence if group in KINDS else ""
            if group in self._groups:
                yield group, sentence, "="
            if group in KINDS and (group == typed or group not in self._groups):
                yield group, sentence, "."
        for key in self.index.outline:
            if len(key.path) == 1:
                yield key.path[0], key.sentence, "." if key.has_more else "="

    def _keys(self, above: list[str]) -> Iterator[tuple[str, str, str]]:
        """Keys one step below those that are typed out: of the component there, and what the recipe's files have."""
        found: dict[str, tuple[str, str]] = {}
        node = _at(self._tree, above)
        for name, value in node.items() if isinstance(node, dict) else ():
            found[name] = ("", "." if isinstance(value, dict) else "=")
        for name, sentence in self._entries(above):
            found[name] = (sentence, ".")
        for key in self._known(above):
            found[key.path[-1]] = (key.sentence, "." if key.has_more else "=")
        yield from ((".".join([*above, name]), sentence, end) for name, (sentence, end) in found.items())

    def _values(self, key: str) -> Iterable[Answer]:
        from upshot.contracts.components import KINDS

        if key in self._groups:
            return self._groups[key]
        *above, last = key.split(".")
        if last == "use" and above and above[0] in KINDS:
            return _names(self.catalogue, above[0])
        if key == "objective":
            return [(name, "") for name in _at(self._tree, ["kpi"]) or ()]
        return [(choice, "") for found in self._known(above) if found.path[-1] == last for choice in found.choices]

    def _entries(self, above: list[str]) -> Iterator[Answer]:
        """Names that say which component they mean, in a map of its kind: `metrics.roc_auc`."""
        from upshot.contracts.components import KINDS

        if len(above) == 1 and above[0] in KINDS and KINDS[above[0]].many:
            for name, sentence in _names(self.catalogue, above[0]):
                if self.catalogue.find(above[0], name).by_key is None:
                    yield name, sentence

    def _known(self, above: list[str]) -> Iterator[Key]:
        """Keys of parameter classes one step below a path."""
        from upshot.cli.index import Key
        from upshot.contracts.components import KINDS

        keys, below = self.index.outline, above
        if above and above[0] in KINDS:
            depth = 2 if KINDS[above[0]].many else 1
            if len(above) < depth:
                return
            below = above[depth:]
            if not below:
                yield Key(("use",), "Which component.", (), has_more=False)
            keys = tuple(key for name in self._components(above[0], above[:depth]) for key in self.index.keys(above[0], name))
        yield from (key for key in keys if len(key.path) == len(below) + 1 and _fits(key.path[:-1], below) and key.path[-1] != "*")

    def _components(self, kind: str, path: list[str]) -> tuple[str, ...]:
        """The component that stands at a path, or all that could."""
        from upshot.contracts.components import DEFAULT_USE

        node = _at(self._tree, path)
        entry = node if isinstance(node, dict) else {}
        names = self.catalogue.names(kind)
        implied = tuple(name for name in names if self.catalogue.find(kind, name).by_key in entry)
        for said in (entry.get("use"), *implied[:1], path[-1], DEFAULT_USE.get(kind)):
            if said in names:
                return (said,)
        return names


def _at(tree: Any, path: list[str]) -> Any:
    for part in path:
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _fits(pattern: tuple[str, ...], path: list[str]) -> bool:
    return len(pattern) == len(path) and all(part in ("*", name) for part, name in zip(pattern, path, strict=True))
