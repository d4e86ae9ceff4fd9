"""The points of a sweep: overrides with several values in, one list of single-valued overrides a point out.

The grammar is Hydra's (choice, range, glob over a group's choices), expanded as its own sweeper does: the first argument varies slowest.
What is wrong with an override beside its values is left for composition to say, which sees each point as if it were written alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import ceil, prod
from random import Random
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, Override, RangeSweep, Transformer
from hydra.errors import HydraException

from upshot.catalogue import Catalogue
from upshot.errors import Problem, RecipeError, UsageError
from upshot.project import Project
from upshot.recipe.composition import Shelf, compose
from upshot.recipe.layers import find_recipe, search_path
from upshot.recipe.recipe import Recipe
from upshot.recipe.safety import MAX_DEPTH, MAX_OVERRIDE, nesting
from upshot.recipe.schema import check
from upshot.recipe.sources import Repository, hydra_base, parse_override

MAX_POINTS = 10_000


@dataclass(frozen=True)
class Grid:
    """What a sweep's arguments mean.

    Attributes:
        points: The overrides of each point, in the order of the arguments; no two points are the same.
        numbers: Which argument of the command line each override is, counted from 1.
        varied: Positions of the overrides that take several values.
        repeated: Points that stood there twice and are left out.
    """

    points: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    varied: tuple[int, ...]
    repeated: int = 0

    def label(self, point: Sequence[str]) -> str:
        """A point as people tell it from the others.

        Example:
            >>> Grid((("a=1", "b=2"),), (1, 2), (1,)).label(("a=1", "b=2"))
            'b=2'
        """
        return " ".join(point[position] for position in self.varied) or "as written"


def expand(name: str, words: Sequence[tuple[int, str]], catalogue: Catalogue, project: Project) -> Grid:
    """The points that a recipe and overrides mean.

    Args:
        name: Name of the recipe, or path of its file.
        words: Overrides, each with its number on the command line.
        catalogue: What is installed.
        project: Whose groups a glob looks through first.

    Raises:
        RecipeError: There is no such recipe.
        UsageError: A sweep has no values, no end, or too many points; all of them at once.
    """
    repository = Repository(search_path(catalogue, project), find_recipe(name, catalogue, project), project.root)
    problems: list[Problem] = []
    axes: list[list[str]] = []
    varied: list[int] = []
    with hydra_base():
        for position, (number, word) in enumerate(words):
            override = _parsed(word)
            if override is None or not override.is_sweep_override():
                axes.append([word])
                continue
            values = _values(override, repository)
            if isinstance(values, Problem):
                problems.append(Problem(values.where, values.rule, word, values.hint, f"argument {number}"))
                continue
            varied.append(position)
            axes.append([f"{override.get_key_element()}={value}" for value in values])
    count = prod(len(axis) for axis in axes)
    if count > MAX_POINTS:
        problems.append(Problem("sweep", f"may have {MAX_POINTS:,} points", f"{count:,}", "take fewer values, or sweep in parts"))
    if problems:
        raise UsageError("the points of the sweep cannot be told (no data was read)", problems)
    points = tuple(dict.fromkeys(product(*axes)))
    return Grid(points, tuple(number for number, _ in words), tuple(varied), count - len(points))


def compose_points(
    name: str, grid: Grid, catalogue: Catalogue, project: Project, *, env: str | None = None
) -> Iterator[Recipe | RecipeError]:
    """The recipe of each point, or what is wrong with it. Each file is read once, so that all points stand on one state of the files.

    Raises:
        IntegrityError: A file or an override holds something hostile.
    """
    file = find_recipe(name, catalogue, project)
    shelf: Shelf = {}
    for point in grid.points:
        try:
            yield check(file.name, compose(file, point, catalogue, project, env=env, shelf=shelf), catalogue, project)
        except RecipeError as error:
            yield error


def _parsed(word: str) -> Override | None:
    """The override; None where it does not follow the grammar or is too much to parse, which composition then says."""
    if len(word) > MAX_OVERRIDE or nesting(word) > MAX_DEPTH:
        return None
    try:
        return parse_override(word)
    except HydraException:
        return None


def _values(override: Override, repository: Repository) -> list[str] | Problem:
    key, sweep = override.key_or_group, override.value()
    if isinstance(sweep, IntervalSweep):
        hint = (
            f"write values: {key}={_plain(sweep.start)},{_plain(sweep.end)} or {key}=range({_plain(sweep.start)},{_plain(sweep.end)},STEP)"
        )
        return Problem(key, "an interval needs an optimiser to choose its points, and none is installed", None, hint)
    if isinstance(sweep, Glob):
        choices = repository.choices(key)
        matching = sweep.filter(choices)
        if not choices:
            return Problem(key, "a glob chooses among a group's files, and this is no group", None, f"write values: {key}=A,B")
        return matching or Problem(key, "the glob matches no choice", None, f"options: {', '.join(choices)}")
    if isinstance(sweep, RangeSweep):
        return _range(key, sweep)
    assert isinstance(sweep, ChoiceSweep)
    return [Transformer.str(value) for value in _ordered(list(sweep.list), shuffled=sweep.shuffle)]


def _range(key: str, sweep: RangeSweep) -> list[str] | Problem:
    assert sweep.start is not None
    assert sweep.stop is not None
    start, stop, step = (Decimal(str(number)) for number in (sweep.start, sweep.stop, sweep.step))
    if not (start.is_finite() and stop.is_finite() and step.is_finite()) or step == 0:
        return Problem(key, "a range needs finite ends and a step that is not 0", None, f"write {key}=range(START,STOP,STEP)")
    count = ceil((stop - start) / step)
    if count <= 0:
        low, high = min(start, stop), max(start, stop) if start != stop else start + abs(step)
        return Problem(key, "the range is empty: its stop is left out", None, f"write {key}=range({low},{high},{abs(step)})")
    if count > MAX_POINTS:
        return Problem(key, f"a range may have {MAX_POINTS:,} values, and this one has {count:,}", None, "take a wider step")
    whole = all(isinstance(number, int) for number in (sweep.start, sweep.stop, sweep.step))
    values = [start + index * step for index in range(count)]  # in decimals: Hydra's own sum of floats gives 0.30000000000000004
    return [str(int(value) if whole else float(value)) for value in _ordered(values, shuffled=sweep.shuffle)]


def _ordered(values: list[Any], *, shuffled: bool) -> list[Any]:
    """The values, shuffled where asked: always to the same order, so that the same sweep has the same points."""
    if shuffled:
        Random(0).shuffle(values)
    return values


def _plain(number: float | None) -> str:
    return f"{number:g}" if number is not None else ""


def told_of_points(name: str, grid: Grid, found: Sequence[tuple[int, Sequence[Problem]]]) -> RecipeError:
    """One error for what is wrong in several points: each problem once, with the points that have it.

    Args:
        name: The recipe.
        grid: Its points.
        found: Index of each point that is wrong, and its problems, whose places count overrides as the point has them.
    """
    places = {f"argument {position}": f"argument {number}" for position, number in enumerate(grid.numbers, start=1)}
    told: dict[Problem, list[int]] = {}
    for index, problems in found:
        for problem in problems:
            where = places.get(problem.where, problem.where)
            place = places.get(problem.place, problem.place) if problem.place is not None else None
            told.setdefault(Problem(where, problem.rule, problem.got, problem.hint, place), []).append(index)
    shown = []
    for problem, points in told.items():
        more = f" and {len(points) - 1} more" if len(points) > 1 else ""
        whose = "every point" if len(points) == len(grid.points) else f"point {points[0] + 1}: {grid.label(grid.points[points[0]])}{more}"
        place = "; ".join(part for part in (problem.place, whose) if part) if len(grid.points) > 1 else problem.place
        shown.append(Problem(problem.where, problem.rule, problem.got, problem.hint, place))
    count = f"{len(shown)} problem{'' if len(shown) == 1 else 's'}"
    return RecipeError(f"{count} in the points of a sweep of {name!r} (no data was read)", shown)


__all__ = ["Grid", "compose_points", "expand", "told_of_points"]
