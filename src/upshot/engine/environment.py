"""On what a run was made: everything beside recipe, data and code that may move the last digits of a result.

Nothing is imported for it. Versions come from the metadata of what is installed, the processor from the system's own list; and the BLAS is
asked only where numpy is loaded, because otherwise nothing was computed with it.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from upshot.catalogue import Catalogue
from upshot.contracts.tables import Map, freeze
from upshot.engine.inputs import library_version
from upshot.engine.plan import EVERYWHERE
from upshot.recipe.recipe import Recipe

CPU_FLAGS = ("sse4_2", "avx", "avx2", "avx512f", "fma", "neon", "asimd", "sve")
"""Instruction sets by which numerical libraries choose their code, and so the order of their sums."""
CPU_LIST = Path("/proc/cpuinfo")
FIRST_CPU = 16_384
"""Bytes that hold the first processor's entry; all entries of a large machine are slow to read."""


def environment(recipe: Recipe, catalogue: Catalogue, *, threads: int, use_plugins: tuple[str, ...], today: date) -> Map[Any]:
    """The facts, as JSON-like data.

    Args:
        recipe: What is run; its components name the libraries that matter.
        catalogue: What is installed.
        threads: Threads that a fit may use.
        use_plugins: Plugins whose stages act.
        today: The day on which assumptions may have expired.
    """
    system = os.uname()
    facts: Map[Any] = freeze(
        {
            "seed": recipe.seed,
            "threads": threads,
            "device": recipe.device,
            "today": today.isoformat(),
            "use_plugins": use_plugins,
            "python": sys.version.split()[0],
            "platform": f"{system.sysname} {system.release} {system.machine}",
            "cores": os.cpu_count() or 1,
            "cpu": cpu(),
            "blas": tuple(sorted(blas(), key=str)),
            "libraries": libraries(recipe, catalogue),
        }
    )
    return facts


def libraries(recipe: Recipe, catalogue: Catalogue) -> dict[str, str]:
    """Version of every library that a result of this recipe depends on."""
    named = {name for node in recipe.every_node() for name in catalogue.find(node.kind, node.use).libraries}
    return {name: library_version(name) for name in sorted({*EVERYWHERE, *named, "upshot"})}


@cache
def cpu() -> Map[Any]:
    """Model, the instruction sets that matter, and a digest of all; empty where the system does not list them."""
    if not CPU_LIST.is_file():
        return Map()
    with CPU_LIST.open("rb") as file:
        lines = file.read(FIRST_CPU).decode(errors="replace").splitlines()
    facts = {name.strip(): text.strip() for name, _, text in reversed([line.partition(":") for line in lines])}
    flags = sorted(facts.get("flags", facts.get("Features", "")).split())
    digest = hashlib.sha256(" ".join(flags).encode()).hexdigest()[:16]
    return Map({"model": facts.get("model name", ""), "flags": tuple(flag for flag in CPU_FLAGS if flag in flags), "all_flags": digest})


def blas() -> Iterator[dict[str, Any]]:
    """The libraries for linear algebra and parallel loops that are loaded, each once."""
    if "numpy" not in sys.modules:
        return
    from upshot.engine.threads import pools

    seen = set()
    for pool in pools(len(sys.modules)).info():
        facts = {"kind": pool["user_api"], "name": pool["internal_api"], "version": pool["version"], "for": pool.get("architecture")}
        if tuple(facts.values()) not in seen:
            seen.add(tuple(facts.values()))
            yield facts


__all__ = ["blas", "cpu", "environment", "libraries"]
