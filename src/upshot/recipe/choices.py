"""Which components a group's file names, for listings: a file is read alone, nothing is composed."""

from __future__ import annotations

from typing import Any

from upshot.catalogue import Catalogue
from upshot.contracts.components import KINDS
from upshot.recipe.layers import RecipeFile
from upshot.recipe.reading import read_document


def components_named(file: RecipeFile, kind: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Names of the kind's components in a choice; none of a file that cannot be read, of which running it will say why.

    Raises:
        IntegrityError: The file holds something hostile.
    """
    data = read_document(file.path, f"{kind}/{file.path.name}", file.layer).data
    if not KINDS[kind].many:
        return (data["use"],) if isinstance(data.get("use"), str) else ()
    entries = {name: entry for name, entry in data.items() if isinstance(entry, dict)}
    return tuple(dict.fromkeys(named for name, entry in entries.items() for named in _named(name, entry, kind, catalogue)))


def _named(name: str, entry: dict[str, Any], kind: str, catalogue: Catalogue) -> tuple[str, ...]:
    if isinstance(entry.get("use"), str):
        return (entry["use"],)
    implied = tuple(component.name for component in catalogue.components() if component.kind == kind and component.by_key in entry)
    return implied or ((name,) if name in catalogue.names(kind) else ())


__all__ = ["components_named"]
