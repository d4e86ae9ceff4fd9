"""The refusal of a model that was asked for a GPU and found none; there is no fallback, because another device gives other last digits."""

from __future__ import annotations

from upshot.errors import Problem, RecipeError


def no_gpu(found: str) -> RecipeError:
    """What to say when a library finds no GPU that it can use.

    Args:
        found: What the library said or did.
    """
    hint = "set compute.device=cpu, or run it where there is one"
    return RecipeError("the model cannot be fitted", [Problem("compute.device", "asks for a GPU, and the library finds none", found, hint)])
