"""One budget of threads: what a stage computes in parallel never adds up to more than the recipe allows.

A model library is told its threads by its component. But BLAS and OpenMP, which it calls inside, start one thread a core by themselves, so
that 8 threads of a model may become 64. Around the stages that fit or predict, all their pools are held to the budget. Arrow has a pool of
its own, which is held in every stage.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from upshot.contracts.components import Lake
from upshot.contracts.records import FittedModels, Predictor, Threads
from upshot.stages import Stage

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

COMPUTES = (Threads, FittedModels, Predictor)
"""A stage that takes one of these fits or predicts."""


@contextmanager
def budget(stage: Stage, threads: int) -> Iterator[None]:
    """Hold all pools of threads to the budget while a stage runs; they are as before afterwards."""
    taken = {need.type for need in stage.needs}
    with ExitStack() as held:
        if Lake in taken or "pyarrow" in sys.modules:
            import pyarrow as pa

            held.callback(pa.set_cpu_count, pa.cpu_count())
            pa.set_cpu_count(threads)
        if taken.intersection(COMPUTES):
            import numpy  # noqa: F401 - a pool is held only once it is loaded

            held.enter_context(pools(len(sys.modules)).limit(limits=threads))
        yield


@lru_cache(maxsize=1)
def pools(modules: int) -> ThreadpoolController:
    """The pools that are loaded, by the number of modules that are. To look for them takes 10 ms, and new ones come with new modules only."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


__all__ = ["budget", "pools"]
