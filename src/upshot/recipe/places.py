"""Where a problem stands: the file and line, or the argument, of the recipe key that it speaks of."""

from __future__ import annotations

from dataclasses import replace

from upshot.errors import Problem
from upshot.recipe.provenance import COMMAND_LAYER
from upshot.recipe.recipe import Recipe


def located(problem: Problem, recipe: Recipe) -> Problem:
    """The same problem with the place where somebody wrote its key, a key below it, or the nearest one above or beside it.

    The key is the first word of `where`, as in "checks.payments column 'amount'".
    """
    if problem.place is not None:
        return problem
    written = {key: origin.chain[-1] for key, origin in recipe.stated().origins.items()}
    parts = problem.where.partition(" ")[0].split(".")
    keys = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    inside = [name for name in written if name.startswith(f"{keys[0]}.")]
    overridden = [name for name in inside if written[name].layer == COMMAND_LAYER]  # what was tried out is looked at first
    above = [name for key in keys[1:] for name in (key, f"{key}.use")]
    beside = [name for key in keys[1:] if "." in key for name in written if name.startswith(f"{key}.")]
    found = next((name for name in (keys[0], *overridden, f"{keys[0]}.use", *inside, *above, *beside) if name in written), None)
    return problem if found is None else replace(problem, place=written[found].where)
