"""Whether a gate asks for less than it did: between two environments, or between what is deployed and what is written now.

Which way a parameter gets stricter stands beside it, in the gate's `Params` (`Stricter`). Of a parameter without that mark nobody can say
it: any change of it counts as weaker, because it may be.
"""

from __future__ import annotations

import json
from typing import Any

from upshot.catalogue import Catalogue
from upshot.contracts.params import Stricter, key_of
from upshot.contracts.tables import thaw
from upshot.recipe.recipe import Node


def weaker(before: Node, now: Node | None, catalogue: Catalogue) -> tuple[str, ...]:
    """In what a gate asks for less than before, in words; () where it asks for as much or more.

    Args:
        before: The gate as it was.
        now: The gate as it is; None where there is none any more.
        catalogue: Says which way parameters get stricter.
    """
    if now is None:
        return ("is gone",)
    if now.use != before.use:
        return (f"is another gate: {before.use} -> {now.use}",)
    marks = _marks(before, catalogue)
    old, new = thaw(before.params), thaw(now.params)
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return tuple(_told(key, old.get(key), new.get(key)) for key in changed if _is_weaker(marks.get(key), old.get(key), new.get(key)))


def _marks(node: Node, catalogue: Catalogue) -> dict[str, Stricter]:
    params = catalogue.params_class(catalogue.find(node.kind, node.use))
    found = {}
    for name, field in params.model_fields.items():
        mark = next((item for item in field.metadata if isinstance(item, Stricter)), None)
        if mark is not None:
            found[key_of(name, field)] = mark
    return found


def _is_weaker(mark: Stricter | None, before: Any, now: Any) -> bool:
    return True if mark is None else mark.is_weaker(before, now)


def _told(key: str, before: Any, now: Any) -> str:
    return f"{key} {_text(before)} -> {_text(now)}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


__all__ = ["weaker"]
