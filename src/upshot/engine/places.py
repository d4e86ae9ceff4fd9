"""Where a problem stands: the file and line, or the argument, of the recipe key that it speaks of."""

from __future__ import annotations

from dataclasses import replace

from upshot.errors import Problem
from upshot.recipe.provenance import DEFAULT_LAYER
from upshot.recipe.recipe import Recipe


def located(problem: Problem, recipe: Recipe) -> Problem:
    """The same problem with the place where somebody wrote its key, what is below it, or the nearest key above it."""
    if problem.place is not None:
        return problem
    written = {
        key: origin.chain[-1].where for key, origin in recipe.origins.items() if origin.chain and origin.chain[-1].layer != DEFAULT_LAYER
    }
    parts = problem.where.split(".")
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        below = next((name for name in written if name.startswith(f"{key}.")), None)
        found = next((written[name] for name in (key, f"{key}.use", below) if name in written), None)
        if found is not None:
            return replace(problem, place=found)
    return problem
