"""Artefact size: how many bytes the files of a registered version have, part by part."""

from __future__ import annotations

from collections.abc import Mapping

from upshot.contracts.components import Bench
from upshot.contracts.params import Params
from upshot.contracts.records import Breakdown, DecisionKind, Entry, Measured, PredictionKind, Spec
from upshot.contracts.tables import Map

SIZE, TOTAL = "size", "total"
_MB = 1_000_000


class ArtefactSizeParams(Params):
    """There is nothing to set."""


class ArtefactSize:
    """One entry a part (model, features, golden rows, ...) with its `size`, and the `total`, in megabytes of 1,000,000 bytes.

    Args:
        params: Nothing.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]] = Map()
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    uses: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    def __init__(self, params: ArtefactSizeParams) -> None:
        self.params = params

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Size of each part, and of all."""
        return (SIZE, TOTAL)

    def inspect(self, bench: Bench) -> Breakdown:
        """Count the bytes."""
        sizes: dict[str, int] = {}
        for name, size in bench.files().items():
            part = name.partition("/")[0]
            sizes[part] = sizes.get(part, 0) + size
        entries = tuple(Entry(part, 0, Map({SIZE: _counted(size)})) for part, size in sorted(sizes.items(), key=lambda item: -item[1]))
        return Breakdown("footprint", "size of a version's files", entries, Map({TOTAL: _counted(sum(sizes.values()))}), block="file")


def _counted(size: int) -> Measured:
    return Measured(size / _MB, None, None, 1, 0, "MB", "minimize", "count of bytes")
