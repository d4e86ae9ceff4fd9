"""The order of the stages, with plugins' stages placed by what they need and give."""

from __future__ import annotations

from collections.abc import Callable

from upshot.catalogue import Catalogue
from upshot.errors import PluginError, Problem
from upshot.stages import LIFECYCLE, Need, Stage


def lifecycle(catalogue: Catalogue, use_plugins: tuple[str, ...], provided: Callable[[Need], bool]) -> tuple[Stage, ...]:
    """The built-in lifecycle and the listed plugins' stages, each as early as its needs allow.

    Args:
        catalogue: What is installed.
        use_plugins: Plugins whose stages act.
        provided: Whether an argument comes from the engine and not from a stage.

    Raises:
        PluginError: A stage needs what no stage gives, or gives what another gives already.
    """
    order = list(LIFECYCLE)
    waiting = [
        Stage(function, name)
        for name in use_plugins
        for answer in catalogue.watchers((name,)).hook.register_stages()
        for function in answer
    ]
    _refuse_doubles([*order, *waiting])
    while waiting:
        placed = next((stage for stage in waiting if _position(stage, order, provided) is not None), None)
        if placed is None:
            raise PluginError("stages of plugins cannot be placed", [_homeless(stage, order, provided) for stage in waiting])
        position = _position(placed, order, provided)
        assert position is not None
        order.insert(position, placed)
        waiting.remove(placed)
    return tuple(order)


def _position(stage: Stage, order: list[Stage], provided: Callable[[Need], bool]) -> int | None:
    """Index right after the last stage that it needs; None while a need is not met."""
    giver = {other.gives: index for index, other in enumerate(order)}
    needs = [need for need in stage.needs if not provided(need)]
    if any(need.type not in giver for need in needs):
        return None
    return max((giver[need.type] + 1 for need in needs), default=0)


def _homeless(stage: Stage, order: list[Stage], provided: Callable[[Need], bool]) -> Problem:
    given = {other.gives for other in order}
    lost = [need for need in stage.needs if not provided(need) and need.type not in given]
    names = ", ".join(f"{need.argument}: {getattr(need.type, '__name__', need.type)}" for need in lost)
    return Problem(f"stage {stage.name!r} of plugin {stage.provider!r}", f"needs what no stage gives: {names}")


def _refuse_doubles(stages: list[Stage]) -> None:
    seen: dict[object, Stage] = {}
    problems = []
    for stage in stages:
        other = seen.setdefault(stage.gives, stage)
        if other is not stage:
            problems.append(
                Problem(
                    f"stage {stage.name!r} of plugin {stage.provider!r}",
                    f"gives {stage.gives.__name__}, which {other.name!r} gives already",
                )
            )
    if problems:
        raise PluginError("two stages give one type", problems)
