"""Frames as the bytes of an Arrow file, and back: how learned tables and golden rows are saved. The same frame gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def to_arrow(frame: pd.DataFrame) -> bytes:
    """The columns of a frame, without its index."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def from_arrow(content: bytes) -> pd.DataFrame:
    """The opposite of `to_arrow`."""
    import pyarrow as pa

    frame: pd.DataFrame = pa.ipc.open_file(pa.py_buffer(content)).read_all().to_pandas()
    return frame
