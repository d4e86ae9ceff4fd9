"""A stage is a plain typed function; what it needs and gives is read from its signature.

Stages are joined by type, not by string keys: `train(folds: Folds, ...) -> FittedModels` runs after whichever stage gives `Folds`.
A signature names results, component kinds and a few engine inputs, never the recipe, and that is what makes a cache key exact.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args, get_origin, get_type_hints

from upshot.contracts.components import KINDS
from upshot.errors import PluginError, Problem


@dataclass(frozen=True)
class Need:
    """One argument of a stage. `kind` is set where it is a component, `many` where it is a map of them."""

    argument: str
    type: Any
    kind: str | None = None
    many: bool = False


@dataclass(frozen=True)
class Stage:
    """One stage of the lifecycle.

    Args:
        run: The function.
        provider: Plugin that added it; None for the built-in lifecycle.

    Example:
        >>> from upshot.stages.split import split
        >>> stage = Stage(split)
        >>> stage.name, stage.gives.__name__, [need.argument for need in stage.needs]
        ('split', 'Folds', ['cases', 'splitter'])
    """

    run: Callable[..., Any]
    provider: str | None = None

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__

    @cached_property
    def _hints(self) -> dict[str, Any]:
        hints = get_type_hints(self.run)
        if "return" not in hints or set(inspect.signature(self.run).parameters) - set(hints):
            raise PluginError(
                f"stage {self.name!r} cannot be planned",
                [Problem(f"{self.run.__module__}.{self.name}", "every argument and the result need a type annotation")],
            )
        return hints

    @property
    def gives(self) -> type:
        """The type of its result."""
        result: type = self._hints["return"]
        return result

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """Its arguments, in order."""
        return tuple(_need(name, hint) for name, hint in self._hints.items() if name != "return")


_KIND_OF = {kind.protocol: kind.name for kind in KINDS.values() if kind.protocol is not object}


def _need(argument: str, hint: Any) -> Need:
    if get_origin(hint) is Mapping:
        return Need(argument, hint, _KIND_OF.get(get_args(hint)[1]), many=True)
    return Need(argument, hint, _KIND_OF.get(hint))
