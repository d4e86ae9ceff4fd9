"""Parameters that are chosen on validation rows: a recipe gives one value, or a list of which the best is kept.

One parameter after the other is changed while the others stay (coordinate ascent), round after round until nothing improves. The first
value of each list is where it starts, and it wins where nothing is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from upshot.contracts.params import Params
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import pandas as pd

Setting = Mapping[str, Any]

MOST_ROUNDS = 3


def several(of: Any) -> Any:
    """The type of a parameter that takes one value or a list of values to choose from."""
    return of | Annotated[tuple[of, ...], Field(strict=False, min_length=1, max_length=20)]


@dataclass(frozen=True)
class Chosen:
    """What was chosen, and what every setting that was tried was worth."""

    setting: Setting
    tried: tuple[tuple[Setting, float], ...] = ()

    def curve(self) -> pd.DataFrame:
        """One row a setting in the order of trial: its parameters, and `score`."""
        import pandas as pd

        return pd.DataFrame([{**setting, "score": score} for setting, score in self.tried])

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"setting": dict(self.setting), "tried": [[dict(setting), score] for setting, score in self.tried]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Chosen:
        """The opposite of `as_json`."""
        return cls(data["setting"], tuple((setting, score) for setting, score in data["tried"]))


def axes(params: Params, names: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """Parameter -> the values to choose from."""
    found = {name: getattr(params, name) for name in names}
    return {name: value if isinstance(value, tuple) else (value,) for name, value in found.items()}


def is_choice(params: Params, names: tuple[str, ...]) -> bool:
    """Whether there is anything to choose."""
    return any(len(values) > 1 for values in axes(params, names).values())


def choose(options: Mapping[str, tuple[Any, ...]], score: Callable[[Setting], float]) -> Chosen:
    """The setting with the highest score.

    Args:
        options: Parameter -> values, in the order in which they are tried.
        score: Called once for each setting that is tried; higher is better.

    Example:
        >>> choose({"a": (1, 2, 3), "b": (0, 5)}, lambda s: -abs(s["a"] - 2) + s["b"]).setting
        {'a': 2, 'b': 5}
    """
    current = {name: values[0] for name, values in options.items()}
    if all(len(values) == 1 for values in options.values()):
        return Chosen(current)
    tried: dict[tuple[Any, ...], float] = {}

    def worth(setting: Setting) -> float:
        key = tuple(setting.values())
        if key not in tried:
            tried[key] = score(setting)
        return tried[key]

    for _ in range(MOST_ROUNDS):
        before = dict(current)
        for name, values in options.items():
            candidates = [{**current, name: value} for value in dict.fromkeys((current[name], *values))]
            current = max(candidates, key=worth)
        if current == before:
            break
    return Chosen(current, tuple((dict(zip(options, key, strict=True)), found) for key, found in tried.items()))


def need_validation(params: Params, names: tuple[str, ...]) -> RecipeError:
    """The refusal of a choice without validation rows."""
    lists = {name: values for name, values in axes(params, names).items() if len(values) > 1}
    problems = [
        Problem(
            f"model.{name}",
            "a list is chosen from on validation rows, and the split gives none",
            str(list(values)),
            f"give one value, such as {values[0]}, or give the split a validation part",
        )
        for name, values in lists.items()
    ]
    return RecipeError("there is nothing to choose by", problems)
