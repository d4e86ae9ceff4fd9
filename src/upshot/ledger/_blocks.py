"""Rows in blocks of one size, and the digest of a table that is taken block by block.

However a source cuts its rows, the blocks are the same; so equal content has an equal digest, and neither the digest nor the file
needs the whole table in memory. Full blocks form a hash chain: whoever knows the chain and the rows behind the last full block can
go on from there, and rows that are appended cost their own length, not the table's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from upshot.ledger._frames import clean, content_digest, one_chunk

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 16
"""Rows of a block: small enough to hold a few, large enough that one costs nothing."""
START = "0" * 64
"""The chain before the first block."""


class Blocks:
    """Cuts rows into clean blocks of `BLOCK` rows and a shorter last one.

    Args:
        schema: Columns of all tables that are added.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, table: pa.Table) -> Iterator[pa.Table]:
        """The blocks that are full with these rows."""
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows < BLOCK:
            return
        rows = self._joined()
        whole = self._rows - self._rows % BLOCK
        self._waiting, self._rows = ([rows.slice(whole)] if whole < self._rows else []), self._rows - whole
        for start in range(0, whole, BLOCK):
            yield self._clean(rows.slice(start, BLOCK))

    def rest(self) -> Iterator[pa.Table]:
        """The last block, if rows are left."""
        if self._rows:
            yield self._clean(self._joined())
            self._waiting, self._rows = [], 0

    def _joined(self) -> pa.Table:
        import pyarrow as pa

        return self._waiting[0] if len(self._waiting) == 1 else pa.concat_tables(self._waiting)

    def _clean(self, block: pa.Table) -> pa.Table:
        import pyarrow as pa

        return pa.Table.from_arrays([clean(one_chunk(column)) for column in block.columns], schema=self._schema)


class RunningDigest:
    """SHA-256 of names, types and values of all rows, whatever pieces they come in.

    Args:
        schema: The columns.
        chain: Hash chain over the full blocks that were seen before; `lead` are the rows after them.
        lead: Rows that were seen before and fill no block.
    """

    def __init__(self, schema: pa.Schema, chain: str = START, lead: pa.Table | None = None) -> None:
        self.chain = chain
        self._schema = schema
        self._tail = ""
        self._blocks = None if lead is None else Blocks(schema)
        if lead is not None:
            self.add(lead)

    def add(self, block: pa.Table) -> None:
        """See the next rows: blocks as `Blocks` cuts them, or with a `lead` any rows."""
        for whole in [block] if self._blocks is None else self._blocks.add(block):
            self._see(whole)

    def finish(self, rows: int) -> str:
        """The digest of all rows, of which there are so many."""
        for last in () if self._blocks is None else self._blocks.rest():
            self._see(last)
        digest = hashlib.sha256(f"{rows}".encode())
        for field in self._schema:
            digest.update(f"\0{len(field.name)}:{field.name}:{field.type}".encode())
        digest.update(f"\0{self.chain}\0{self._tail}".encode())
        return digest.hexdigest()

    def _see(self, block: pa.Table) -> None:
        found = content_digest(block)
        if block.num_rows == BLOCK:
            self.chain = hashlib.sha256(f"{self.chain}{found}".encode()).hexdigest()
        else:
            self._tail = found


def joined(blocks: list[pa.Table]) -> pa.Table:
    """All blocks as one table of single-chunk columns; `blocks` is emptied, so that two copies never stand side by side."""
    import pyarrow as pa

    schema = blocks[0].schema
    columns: list[Any] = [[block.column(i).chunk(0) for block in blocks] for i in range(len(schema))]
    blocks.clear()
    arrays = []
    for i, field in enumerate(schema):
        arrays.append(clean(one_chunk(pa.chunked_array(columns[i], field.type))))
        columns[i] = None  # lets the columns go one by one
    return pa.Table.from_arrays(arrays, schema=schema)
