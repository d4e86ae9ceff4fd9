"""Our own door into Hydra: files of our layers in, a defaults list and parsed overrides out.

Hydra's public `compose` scans for plugins, holds a global and adds its own `hydra` node; it takes 60 to 106 ms where this takes 14
to 19. What is used here is private to Hydra 1.3, which is why the dependency is pinned below 1.4 and one test holds all of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from antlr4 import CommonTokenStream, InputStream
from hydra._internal import defaults_list
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.default_element import InputDefault, ResultDefault
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import create_functions
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.grammar.gen.OverrideLexer import OverrideLexer
from hydra.grammar.gen.OverrideParser import OverrideParser
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.version import VersionBase, _get_version
from omegaconf import DictConfig, OmegaConf

from upshot.contracts.tables import texts_within
from upshot.errors import IntegrityError, Problem
from upshot.recipe.interpolation import hostile_text, text_problem
from upshot.recipe.layers import Layer, RecipeFile
from upshot.recipe.migration import upgraded
from upshot.recipe.reading import Document, read_document
from upshot.recipe.safety import hostile_key, is_engine_owned

_HYDRA_BASE = _get_version("1.3")
_NO_CONTENT = OmegaConf.create({})  # contents are merged from the documents; Hydra sees defaults lists only
_lock = threading.Lock()
_hydra_choices = defaults_list._create_interpolation_map


@contextmanager
def hydra_base() -> Iterator[None]:
    """Hydra's behaviour of 1.3, whatever else in this process asked for; put back afterwards."""
    with _lock:
        version = VersionBase.instance()
        before = version.version_base
        version.version_base = _HYDRA_BASE
        setattr(defaults_list, "_create_interpolation_map", _choices_when_pointed_at)  # noqa: B010 - a function of theirs
        try:
            yield
        finally:
            version.version_base = before
            setattr(defaults_list, "_create_interpolation_map", _hydra_choices)  # noqa: B010


def _choices_when_pointed_at(overrides: Any, items: list[InputDefault], self_added: bool) -> DictConfig:
    """Hydra's map of all choices so far, only where one of them points at another.

    Hydra makes it for each file, as OmegaConf nodes, which is a third of a composition; it reads it for choices such as
    `- features: ${model}` alone.
    """
    if any(item.is_interpolation() for item in items):
        return _hydra_choices(overrides, items, self_added)
    return _NO_CONTENT


class Source(ConfigSource):
    """Groups or recipes of one layer. Recipes are flat names; groups are `group/choice`: the two never shadow each other."""

    def __init__(self, layer: str, folder: Path, base: Path, *, holds_recipes: bool) -> None:
        super().__init__(provider=layer, path=f"file://{folder}")
        self.folder = folder
        self.base = base
        self.holds_recipes = holds_recipes
        self._groups: dict[str, bool] = {}

    @staticmethod
    def scheme() -> str:
        """Plain files."""
        return "file"

    def read(self, config_path: str) -> Document:
        """The file of a config path."""
        path = self._file(config_path)
        layer = "recipe" if self.holds_recipes else self.provider
        label = path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else path.name
        document = read_document(path, label, layer)
        return upgraded(document) if self.holds_recipes else document

    def load_config(self, config_path: str) -> ConfigResult:
        """Not used: the repository reads documents, so that it can keep their marks."""
        raise NotImplementedError(config_path)

    def available(self) -> bool:
        """Whether the folder is there."""
        return self.folder.is_dir()

    def is_group(self, config_path: str) -> bool:
        """Whether this is a folder of choices."""
        if config_path not in self._groups:
            named = config_path and not self.holds_recipes and config_path != "recipes" and _stays_inside(config_path)
            self._groups[config_path] = bool(named) and (self.folder / config_path).is_dir()
        return self._groups[config_path]

    def is_config(self, config_path: str) -> bool:
        """Whether this is a file of this source."""
        fits = ("/" not in config_path) == self.holds_recipes
        return fits and _stays_inside(config_path) and self._file(config_path).is_file()

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Choices of a group, sorted; used for error texts and globs."""
        return sorted(path.stem for path in (self.folder / config_path).glob("*.yaml"))

    def _file(self, config_path: str) -> Path:
        return self.folder / self._normalize_file_name(config_path)


def _stays_inside(config_path: str) -> bool:
    return config_path.isprintable() and len(config_path) < 200 and not {"..", "."} & set(config_path.split("/")) and config_path[:1] != "/"


class Repository(ConfigRepository):
    """All layers' files as Hydra asks for them. Documents are read once and kept, with their problems, for merging and provenance."""

    def __init__(self, layers: Sequence[Layer], recipe: RecipeFile, root: Path) -> None:
        self.sources = []
        if all(recipe.path.parent != layer.recipes for layer in layers):
            base = root if recipe.path.is_relative_to(root) else recipe.path.parent
            self.sources.append(Source("project", recipe.path.parent, base, holds_recipes=True))
        for layer in layers:
            self.sources.append(Source(layer.name, layer.recipes, layer.base, holds_recipes=True))
            self.sources.append(Source(layer.name, layer.conf, layer.base, holds_recipes=False))
        self.documents: dict[str, Document] = {}
        self.absent: set[str] = set()
        self.problems: list[Problem] = []
        self._results: dict[str, ConfigResult] = {}

    def load_config(self, config_path: str) -> ConfigResult | None:
        """A file with its defaults list; None when no layer has it.

        Raises:
            IntegrityError: It holds something hostile.
        """
        if config_path not in self._results:
            document = self._document(config_path)
            if document is None:
                return None
            self._results[config_path] = self._result(config_path, document)
        return self._results[config_path]

    def recipes(self) -> set[str]:
        """Names of all recipes, in all layers."""
        return {
            path.stem
            for source in self.sources
            if isinstance(source, Source) and source.holds_recipes
            for path in source.folder.glob("*.yaml")
        }

    def choices(self, group: str) -> list[str]:
        """Every choice of a group, in all layers."""
        return self.get_group_options(group) if self.group_exists(group) else []

    def beside(self, config_path: str) -> Document | None:
        """A file that composition did not ask for; its problems are nobody's."""
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        return source.read(config_path) if isinstance(source, Source) else None

    def shadowed(self, config_path: str) -> list[Document]:
        """Files of the same name in lower layers."""
        holders = [source for source in self.sources if isinstance(source, Source) and source.is_config(config_path)]
        return [replace(source.read(config_path), layer=source.provider) for source in holders[1:]]

    def _document(self, config_path: str) -> Document | None:
        if config_path in self.absent:
            return Document(config_path, "recipe")
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        if not isinstance(source, Source):
            if not _stays_inside(config_path):
                rule = "a choice is a plain name: it may not lead out of its folder"
                raise IntegrityError("a choice is refused (nothing of it was used)", [Problem(config_path[:80], rule)])
            return None
        document = source.read(config_path)
        self.documents[config_path] = document
        self.problems += document.problems
        return document

    def _result(self, config_path: str, document: Document) -> ConfigResult:
        defaults = document.data.get("defaults", [])
        found = list(_defaults_problems(document, defaults))
        self.problems += found
        document.problems += found
        if found:
            document.data["defaults"] = []
        result = ConfigResult(provider=document.layer, path=document.label, config=_NO_CONTENT, header={"package": _package(document)})
        result.defaults_list = [] if found or not defaults else self._defaults(config_path, list(defaults))
        return result

    def _defaults(self, config_path: str, items: list[object]) -> list[InputDefault]:
        if "_self_" not in items and not all(_is_override(item) for item in items):
            items.append("_self_")  # Hydra's own rule, said here so that it need not warn
        return self._create_defaults_list(config_path, OmegaConf.create(items))


def _is_override(item: object) -> bool:
    return isinstance(item, dict) and any(str(key).startswith("override ") for key in item)


def _package(document: Document) -> str | None:
    lines = [line for line in document.head.splitlines() if line.strip()]
    for line in lines:
        words = line.strip().lstrip("#").split()
        if not line.strip().startswith("#"):
            return None
        if words[:1] == ["@package"] and len(words) == 2:
            if is_engine_owned(words[1].replace("_global_.", "")):
                rule = f"the package {words[1]!r} is refused: it belongs to the engine"
                raise IntegrityError(f"{document.label!r} is refused (nothing of it was used)", [Problem(f"{document.label}:1", rule)])
            return words[1]
    return None


def _defaults_problems(document: Document, defaults: object) -> Iterator[Problem]:
    where = document.place(("defaults",))
    if not isinstance(defaults, list):
        yield Problem(where, "defaults must be a list", type(defaults).__name__, "write `- model: xgboost`, one choice a line")
        return
    for index, item in enumerate(defaults):
        place = document.place(("defaults", index))
        groups = [item] if isinstance(item, str) else list(item) if isinstance(item, dict) else []
        hostile = [p for group in groups if (p := hostile_key(str(group).split(" ")[-1], place, top=True)) is not None]
        hostile += [p for text in texts_within(item) if (p := hostile_text(text, place, None)) is not None]
        if hostile:
            raise IntegrityError(f"{document.label!r} is refused (nothing of it was used)", hostile)
        chosen = next(iter(item.values())) if isinstance(item, dict) and len(item) == 1 else item
        texts = chosen if isinstance(chosen, list) else [chosen]
        if len(groups) != 1 or (not all(isinstance(text, str) for text in texts) and chosen is not None):
            yield Problem(place, "a choice is `- group: name`, `- recipe` or `- _self_`", repr(item)[:80])
        yield from (p for text in texts_within(item) if (p := text_problem(text, place, None)) is not None)


class GrammarError(HydraException):
    """An override does not follow the grammar; `column` (0-based) is where it stops to."""

    def __init__(self, said: str, column: int) -> None:
        super().__init__(said)
        self.column = column


class _Listener(HydraErrorListener):
    def syntaxError(self, recognizer: Any, offending_symbol: Any, line: Any, column: Any, msg: Any, e: Any) -> None:  # noqa: N802
        raise GrammarError(str(msg), int(column)) from e


def parse_override(text: str) -> Override:
    """One override in Hydra's grammar. Hydra's own `OverridesParser` forgets the column of an error.

    Raises:
        HydraException: It does not follow the grammar.
    """
    listener = _Listener()
    lexer = OverrideLexer(InputStream(text))
    lexer.removeErrorListeners()
    lexer.addErrorListener(listener)
    parser = OverrideParser(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    parsed: Override = HydraOverrideVisitor(create_functions()).visit(parser.override())  # type: ignore[no-untyped-call]
    parsed.input_line = text
    parsed.validate()
    return parsed


def defaults_of(repository: Repository, name: str, overrides: Sequence[Override], *, skip_missing: bool = False) -> list[ResultDefault]:
    """The files that make up a recipe, lowest first.

    Raises:
        HydraException: A choice does not exist, or an override does not fit the defaults list.
    """
    found = create_defaults_list(
        repo=repository, config_name=name, overrides_list=list(overrides), prepend_hydra=False, skip_missing=skip_missing
    )
    return list(found.defaults)


def apply_override(override: Override, config: DictConfig) -> None:
    """Set, add or delete one value.

    Raises:
        HydraException: There is nothing to delete, or something is already there where it should be added.
    """
    ConfigLoaderImpl._apply_overrides_to_config([override], config)


__all__ = ["GrammarError", "HydraException", "Repository", "apply_override", "defaults_of", "hydra_base", "parse_override"]
