"""Merges a recipe's files and overrides into one tree, and turns whatever goes wrong into problems with a place.

Hydra stops at its first complaint. Here each complaint is noted, its cause set aside, and composition tried again, so that a user
sees all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hydra.core.default_element import ResultDefault
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import split_key

from upshot.catalogue import Catalogue
from upshot.contracts.components import KINDS
from upshot.contracts.tables import texts_within
from upshot.errors import Problem, did_you_mean
from upshot.project import Project
from upshot.recipe import environments
from upshot.recipe.interpolation import MISSING, hostile_text, leaves, put, text_problem
from upshot.recipe.layers import RecipeFile, search_path
from upshot.recipe.provenance import COMMAND_LAYER, Provenance
from upshot.recipe.reading import Document
from upshot.recipe.recipe import Place
from upshot.recipe.safety import MAX_DEPTH, MAX_OVERRIDE, hostile_key, is_engine_owned, keys_within, nesting, refuse
from upshot.recipe.sources import GrammarError, Repository, apply_override, defaults_of, hydra_base, parse_override

_MAX_TRIES = 40


@dataclass
class Composition:
    """A composed recipe: plain data with interpolations as written, who wrote what, and what went wrong.

    `broken` holds the kinds whose choice could not be loaded: what is missing there is not worth a second complaint. `environment` is the one
    that was laid over the recipe.
    """

    tree: dict[str, Any] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    problems: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    choices: list[Choice] = field(default_factory=list)
    environment: str | None = None
    later: Callable[[], None] | None = None

    def note_losers(self) -> None:
        """Also read what lost: shadowed files, and files of choices that somebody overrode. Only explaining needs it, and some complaints."""
        if self.later is not None:
            self.later()
            self.later = None


@dataclass(frozen=True)
class _Argument:
    number: int
    text: str
    override: Override

    @property
    def place(self) -> str:
        return f"argument {self.number}"


@dataclass(frozen=True)
class Choice:
    """A group's choice that a defaults list or an argument makes. `lost` says who chose otherwise; None for the one that counts."""

    group: str
    name: str
    place: Place
    lost: str | None = None


Shelf = dict[tuple[str, ...], tuple[Repository, list[ResultDefault]]]
"""Files that were read and put in order, by the choices on the command line that asked for them."""


def compose(
    file: RecipeFile,
    overrides: Sequence[str],
    catalogue: Catalogue,
    project: Project,
    *,
    env: str | None = None,
    shelf: Shelf | None = None,
) -> Composition:
    """Compose a recipe; problems are noted, not raised.

    Args:
        file: Which recipe.
        overrides: In Hydra's grammar.
        catalogue: What is installed.
        project: Whose own files come first.
        env: The environment that is laid over the recipe, below the arguments.
        shelf: Kept by whoever composes one recipe many times, as a sweep does: files stay as they were when they were first read.

    Raises:
        IntegrityError: A file or an override holds something hostile.
    """
    composer = _Composer(file, catalogue, project, env)
    with hydra_base():
        arguments = composer.parse(overrides)
        choices = tuple(a.text for a in arguments if composer.repository.group_exists(a.override.key_or_group))
        if shelf is not None and choices in shelf:
            composer.repository, defaults = shelf[choices]
        else:
            defaults = composer.defaults(arguments)
        composer.result.later = partial(composer.note_losers, defaults, arguments)
        composer.merge(defaults, [a for a in arguments if a not in composer.dropped])
    composer.result.problems[:0] = composer.repository.problems
    if shelf is not None and not composer.result.problems:
        shelf[choices] = composer.repository, defaults
    return composer.result


class _Composer:
    def __init__(self, file: RecipeFile, catalogue: Catalogue, project: Project, env: str | None) -> None:
        self.file = file
        self.env = env
        self.catalogue = catalogue
        self.repository = Repository(search_path(catalogue, project), file, project.root)
        self.result = Composition(environment=env)
        self.dropped: list[_Argument] = []

    def parse(self, overrides: Sequence[str]) -> list[_Argument]:
        """Overrides that follow the grammar and set one value each; hostile ones stop everything."""
        arguments = []
        hostile: list[Problem] = []
        for number, text in enumerate(overrides, start=1):
            override = self._parse_one(number, text)
            if override is None:
                continue
            place = f"argument {number}"
            keys = [override.key_or_group, *map(str, keys_within(override.value()))]
            found = [hostile_key(key, place, top=False) for key in keys]
            found += [hostile_text(text, override.key_or_group, place) for text in texts_within(override.value())]
            if is_engine_owned(override.get_key_element()):
                found.append(hostile_key("hydra", place, top=True))
            hostile += [problem for problem in found if problem is not None]
            if self._accepts(number, override):
                arguments.append(_Argument(number, text, override))
        refuse("the command line", hostile)
        return arguments

    def _parse_one(self, number: int, text: str) -> Override | None:
        where = f"argument {number}"
        if len(text) > MAX_OVERRIDE or nesting(text) > MAX_DEPTH:
            rule = f"an override may have {MAX_OVERRIDE:,} characters and {MAX_DEPTH} levels of brackets"
            self._note(Problem(where, rule, repr(text[:40]) + "..."))
            return None
        try:
            return parse_override(text)
        except HydraException as error:
            self._note(_grammar_problem(where, text, error))
            return None

    def _accepts(self, number: int, override: Override) -> bool:
        place = f"argument {number}"
        key = override.key_or_group
        if not key:
            self._note(Problem(place, "names no key", str(override.input_line), "write key=value"))
            return False
        if override.is_sweep_override():
            shown = str(override.input_line)
            hint = f"a run takes one value; a list is written {key}=[1,2], a text with a comma '{key}=\"a,b\"'"
            self._note(Problem(key, "several values are for sweeps", shown, hint, place))
            return False
        value = override.value()
        odd = next((name for name in keys_within(value) if not isinstance(name, str)), None)
        if odd is not None:
            self._note(Problem(key, "a key must be text", repr(odd), f"write it in quotes: '{odd}'", place))
            return False
        texts = [problem for text in texts_within(value) if (problem := text_problem(text, key, place)) is not None]
        for problem in texts:
            self._note(problem)
        if self.repository.group_exists(key) and not _can_choose(override, value):
            hint = f"write {key}=NAME, or ~{key} to take the choice out; options: {', '.join(self.repository.choices(key)) or 'none'}"
            self._note(Problem(key, "a group takes the name of a choice", repr(value) if value is not None else "null", hint, place))
            return False
        return not texts

    def defaults(self, arguments: list[_Argument]) -> list[ResultDefault]:
        """The files to merge; what cannot be found or does not fit is noted and set aside."""
        skip_missing = False
        for _ in range(_MAX_TRIES):
            used = [a.override for a in arguments if a not in self.dropped]
            try:
                return defaults_of(self.repository, self.file.name, used, skip_missing=skip_missing)
            except MissingConfigException as error:
                self._absent(str(error.missing_cfg_file), arguments)
            except HydraException as error:
                if "You must specify" in str(error) and not skip_missing:
                    skip_missing = True
                    self._note(Problem(_quoted(str(error)), "a choice must be given", "???", self._options(_quoted(str(error)))))
                elif not self._misfit(str(error), arguments):
                    self._note(Problem(self.file.name, _one_line(str(error))))
                    break
            except RecursionError:
                self._note(Problem(self.file.name, "a recipe or group extends itself", None, "take one of them out of the defaults lists"))
                break
        self.result.broken.update(KINDS)
        return []

    def _absent(self, config_path: str, arguments: list[_Argument]) -> None:
        """Note a choice that no layer has, and go on without it."""
        self.repository.absent.add(config_path)
        group, _, name = config_path.rpartition("/")
        self.result.broken.add(group or config_path.partition(".")[0])
        named = next((a.place for a in arguments if a.override.key_or_group == group and a.override.value() == name), None)
        place = named or self._default_place(group, name)
        if not group:
            hint = self._extends_hint(name)
            self._note(Problem("defaults", "there is no such recipe", repr(name), hint, place))
            return
        self._note(Problem(group, "there is no such choice", repr(name), self._choice_hint(group, name), place))

    def _choice_hint(self, group: str, name: str) -> str:
        if group in KINDS and name in self.catalogue.names(group):
            way = f"{group}.use={name}" if not KINDS[group].many else f"{group}={{{name}:{{}}}}"
            return f"{name!r} is a component without a file of its own: write {way}, or write conf/{group}/{name}.yaml"
        return self._options(group, name)

    def _options(self, group: str, name: str = "") -> str:
        choices = self.repository.choices(group)
        return did_you_mean(name, choices) if choices else f"there is no conf/{group}/ in the project, its plugins or Upshot"

    def _extends_hint(self, name: str) -> str:
        group, _, choice = name.partition(".")
        if choice and group in KINDS:
            return f"a choice is written with a colon: `- {group}: {choice}`"
        return did_you_mean(name, self.repository.recipes() - {self.file.name})

    def _default_place(self, group: str, name: str) -> str | None:
        for document in self.repository.documents.values():
            for index, item in enumerate(document.data.get("defaults", [])):
                chosen = {str(k).split(" ")[-1].split("@")[0]: v for k, v in item.items()} if isinstance(item, dict) else {"": item}
                if (
                    chosen.get(group) == name
                    or (isinstance(chosen.get(group), list) and name in chosen[group])
                    or item == f"{group}/{name}"
                ):
                    return document.place(("defaults", index))
        return None

    def _misfit(self, said: str, arguments: list[_Argument]) -> bool:
        """Set aside the argument that Hydra complains of; False when the complaint is about no argument."""
        key = _quoted(said)
        for argument in arguments:
            override = argument.override
            if argument in self.dropped or (override.key_or_group not in (key, key.split("@")[0]) and str(override.input_line) != key):
                continue
            self.dropped.append(argument)
            rule, got, hint = _misfit_words(said, override)
            value = override.value()
            if hint.startswith("add one with") and isinstance(value, str) and value not in self.repository.choices(key):
                hint = self._choice_hint(key, value)
            self._note(Problem(override.key_or_group, rule, got, hint, argument.place))
            return True
        return False

    def note_losers(self, defaults: list[ResultDefault], arguments: list[_Argument]) -> None:
        """Every choice with whoever overrode it, and what files would have set that are shadowed or not chosen."""
        used = {str(default.config_path): _package(default) for default in defaults}
        for config_path, package in used.items():
            winner = self.repository.documents[config_path]
            for below in self.repository.shadowed(config_path):
                self.result.provenance.loser(below, package, f"shadowed by {winner.layer} {winner.label}")
        made = [*self._stated_choices(), *self._argued_choices(arguments)]
        for choice in made:
            config_path = f"{choice.group}/{choice.name}"
            if config_path not in used:
                by = next((other for other in reversed(made) if other.group == choice.group and other is not choice), None)
                gone = next((a.place for a in arguments if a.override.is_delete() and a.override.key_or_group == choice.group), None)
                lost = f"taken out by {gone}" if gone else f"not chosen: {by.name} by {by.place.where}" if by else "not chosen"
                document = self.repository.beside(config_path)
                if document is not None:
                    self.result.provenance.loser(document, tuple(choice.group.split("/")), lost)
                choice = replace(choice, lost=lost)
            self.result.choices.append(choice)

    def _stated_choices(self) -> Iterator[Choice]:
        for document in list(self.repository.documents.values()):
            for index, item in enumerate(document.data.get("defaults", [])):
                for key, value in item.items() if isinstance(item, dict) else ():
                    group = str(key).split(" ")[-1].split("@")[0].lstrip("/")
                    place = Place(document.layer, document.place(("defaults", index)), f"{key}: {value}")
                    names = value if isinstance(value, list) else [value]
                    yield from (Choice(group, str(name), place) for name in names if name not in (None, MISSING))

    def _argued_choices(self, arguments: list[_Argument]) -> Iterator[Choice]:
        for argument in arguments:
            group, value = argument.override.key_or_group, argument.override.value()
            if self.repository.group_exists(group) and not argument.override.is_delete():
                names = value if isinstance(value, list) else [value]
                place = Place(COMMAND_LAYER, argument.place, argument.text)
                yield from (Choice(group, name, place) for name in names if isinstance(name, str))

    def merge(self, defaults: list[ResultDefault], arguments: list[_Argument]) -> None:
        """Merge files in order, lay the environment over them, then apply the overrides; those of the environments themselves before."""
        merged: dict[str, Any] = {}
        for default in defaults:
            document = self.repository.documents.get(str(default.config_path))
            if document is None or not document.data:
                continue
            package = _package(default)
            content: Any = {key: value for key, value in document.data.items() if key != "defaults"}
            for part in reversed(package):
                content = {part: content}
            _merge(merged, content)
            self.result.provenance.document(document, package)
        values = [a for a in arguments if isinstance(a.override.value(), dict) or not self.repository.group_exists(a.override.key_or_group)]
        if self.env is not None:
            own = [a for a in values if split_key(a.override.key_or_group)[0] == environments.KEY]
            values = [a for a in values if a not in own]
            merged = self._laid_over(self._override(merged, own) if own else merged, self.env)
        self.result.tree = self._override(merged, values) if values else merged
        self.result.broken.update(_kinds_of([document for document in self.repository.documents.values() if document.problems]))
        self._check_texts()

    def _laid_over(self, merged: dict[str, Any], name: str) -> dict[str, Any]:
        """The tree with what an environment says of the recipe's own keys."""
        declared = merged.get(environments.KEY)
        entry = declared.get(name) if isinstance(declared, dict) else None
        if not isinstance(entry, dict):
            known = [other for other, found in declared.items() if found is not None] if isinstance(declared, dict) else []
            hint = did_you_mean(name, known) if known else "the recipe has none: write `- env: standard` in defaults, or env: {NAME: {...}}"
            self._note(Problem("--env", "there is no such environment", repr(name), hint))
            return merged
        layer = environments.layer_of(entry)
        _merge(merged, layer)
        for key, value in layer.items():
            self.result.provenance.laid_over((environments.KEY, name, key), (key,), value, f"env {name}")
        return merged

    def _override(self, merged: dict[str, Any], arguments: list[_Argument]) -> dict[str, Any]:
        """The tree with overrides applied by OmegaConf, which is given only the top keys that they touch: it is slow to fill."""
        touched = {str(split_key(argument.override.key_or_group)[0]) for argument in arguments}
        config = OmegaConf.create({key: value for key, value in merged.items() if key in touched})
        for argument in arguments:
            self._apply(argument, config)
        changed = OmegaConf.to_container(config, resolve=False)
        assert isinstance(changed, dict)
        tree = {key: changed.pop(key, value) for key, value in merged.items() if key not in touched or key in changed}
        return tree | {str(key): value for key, value in changed.items()}

    def _apply(self, argument: _Argument, config: DictConfig) -> None:
        override = argument.override
        path = tuple(split_key(override.key_or_group))
        try:
            apply_override(override, config)
        except HydraException as error:
            said = _one_line(str(error.__cause__ or error))
            self._note(Problem(override.key_or_group, *_apply_words(said, override), place=argument.place))
            return
        self.result.provenance.argument(argument.number, path, override.value(), argument.text, deletes=override.is_delete())

    def _check_texts(self) -> None:
        hostile = []
        for path, value in leaves(self.result.tree):
            if isinstance(value, str) and "${" in value:
                where = ".".join(str(part) for part in path)
                place = self.result.provenance.place(path)
                hostile.append(hostile_text(value, where, place))
                problem = text_problem(value, where, place)
                if problem is not None:
                    put(self.result.tree, path, MISSING)  # nobody resolves it, and nobody complains of it twice
                    self._note(problem)
        refuse(f"recipe {self.file.name!r}", [problem for problem in hostile if problem is not None])

    def _note(self, problem: Problem) -> None:
        self.result.problems.append(problem)


def _package(default: ResultDefault) -> tuple[str, ...]:
    return tuple(part for part in str(default.package or "").split(".") if part)


def _merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Maps are merged key by key, everything else is replaced: OmegaConf's rule, without making a node of every value."""
    for key, value in new.items():
        before = into.get(key)
        if isinstance(value, dict):
            into[key] = dict(before) if isinstance(before, dict) else {}
            _merge(into[key], value)
        else:
            into[key] = value


def _can_choose(override: Override, value: object) -> bool:
    """Whether a value can go with a group: a choice, several, or a map that is merged; to take a choice out, its name or nothing."""
    if override.is_delete():
        return value is None or isinstance(value, str)
    return isinstance(value, (str, dict)) or (isinstance(value, list) and all(isinstance(name, str) for name in value))


def _kinds_of(documents: Sequence[Document]) -> set[str]:
    """Kinds that a broken file would have filled: its group, or all of them for a recipe."""
    folders = {document.label.split("/")[-2] if "/" in document.label else "" for document in documents}
    return (folders & set(KINDS)) if folders <= set(KINDS) else set(KINDS)


def _grammar_problem(where: str, text: str, error: HydraException) -> Problem:
    column = error.column if isinstance(error, GrammarError) else None
    said = _one_line(str(error)).split(" expecting ")[0]
    if column is None or len(text) > 200:
        return Problem(where, f"is no override: {said}", repr(text[:80]), "write key=value, group=choice, +key=value or ~key")
    return Problem(where, f"is no override: {said}", None, f"here:\n      {ascii(text)[1:-1]}\n      {' ' * column}^")


def _misfit_words(said: str, override: Override) -> tuple[str, str, str]:
    key, line = override.get_key_element().lstrip("+~"), str(override.input_line)
    if "No match in the defaults list" in said:
        if override.type is OverrideType.DEL:
            return (
                "the recipe's defaults list has no choice of this group to take out",
                line,
                f"set one of its keys to null: {key}.NAME=null",
            )
        return "the recipe's defaults list has no choice of this group", line, f"add one with +{line}"
    if "Multiple values" in said:
        return "the recipe's defaults list already has a choice of this group", line, f"replace it with {line.lstrip('+')}"
    return _one_line(said), line, f"write {key}=NAME to choose, +{key}=NAME to add, ~{key} to take out"


def _apply_words(said: str, override: Override) -> tuple[str, str, str | None]:
    line = str(override.input_line)
    if "Could not delete" in said:
        return "there is no such value to delete", line, "component defaults cannot be deleted, only set" if "exist" in said else None
    if "Could not append" in said:
        return "is already set, so it cannot be added", line, f"write {line.lstrip('+')}, or ++{line.lstrip('+')} to add or set"
    return f"cannot be set: {said}", line, None


def _quoted(said: str) -> str:
    found = re.search(r"'([^']+)'|Multiple values for (\S+?)\.(?:\s|$)", said)
    return (found.group(1) or found.group(2)) if found else ""


def _one_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0] if lines else "cannot be composed"
