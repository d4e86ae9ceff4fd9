"""How people name a run. Apart from the rest of the engine, because every command that takes a recipe or a run asks."""

from __future__ import annotations

import re

RUN_WORD = re.compile(r"last|r20\d{0,6}|r\d{8}T\d{0,6}|r\d{8}T\d{6}-[0-9a-f]{0,6}")
"""By its id, by the beginning of it, or as the last one."""


def is_run(word: str) -> bool:
    """Whether a word names a run, and not a recipe.

    Example:
        >>> [is_run(word) for word in ("r20261124T021530-7f3a9c", "r202611", "last", "r2d2", "card_fraud")]
        [True, True, True, False, False]
    """
    return RUN_WORD.fullmatch(word) is not None
