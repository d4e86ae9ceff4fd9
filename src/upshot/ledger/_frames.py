"""pandas frames to Arrow and back, exactly, and one spelling in bytes for equal content.

Arrow leaves freedom that a content hash must not see: where chunks begin, an offset into a longer buffer, what stands under a null,
the unused bits of the last byte. `clean` takes that freedom away. NaN and null stay two things, and floats keep their bits.

The dtype of each column is written beside it, so a frame comes back with the dtypes that it had. Columns of dtype object are
kept where all values are of one type, and anything missing in them comes back as None. Read columns lie on the Arrow buffers
themselves and cannot be written to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DTYPE = b"dtype"
"""Key of a field's metadata under which its pandas dtype is written."""


def one_chunk(column: Any) -> pa.Array:
    """A column as one array, whatever its chunks were."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no chunk at all
        column = pa.array([], column.type)
    return column


def clean(array: pa.Array) -> pa.Array:
    """The same values with offset 0, exact buffers, zeros under nulls, and no bitmap where nothing is null.

    Covers booleans, numbers, decimals, dates, times, text (as large_string), dictionaries and columns of nulls only.

    Raises:
        TypeError: The type is nested or binary.
    """
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(clean(array.indices), clean(array.dictionary), ordered=array.type.ordered)
    if types.is_null(array.type):
        return pa.nulls(len(array))
    if types.is_string(array.type) or types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    if not (types.is_primitive(array.type) or types.is_decimal(array.type) or types.is_large_string(array.type)):
        raise TypeError(f"{array.type} is not a flat type")
    nulls = array.null_count
    validity = _bits(array.is_valid()) if nulls else None
    if nulls:
        array = array.fill_null(_zero(array.type))
    if types.is_boolean(array.type):
        return pa.Array.from_buffers(array.type, len(array), [validity, _bits(array)], nulls)
    if types.is_large_string(array.type):
        return pa.Array.from_buffers(array.type, len(array), [validity, *_text(array)], nulls)
    width = array.type.bit_width // 8
    values = array.buffers()[1]
    exact = values.slice(array.offset * width, len(array) * width) if values is not None else pa.py_buffer(b"")
    return pa.Array.from_buffers(array.type, len(array), [validity, exact], nulls)


def _bits(flags: pa.Array) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(np.packbits(flags.to_numpy(zero_copy_only=False), bitorder="little"))


def _text(array: pa.Array) -> tuple[pa.Buffer, pa.Buffer]:
    import numpy as np
    import pyarrow as pa

    if not len(array):
        return pa.py_buffer(bytes(8)), pa.py_buffer(b"")
    _, offsets, content = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    text = content.slice(int(ends[0]), int(ends[-1] - ends[0])) if content is not None else pa.py_buffer(b"")
    return pa.py_buffer(ends - ends[0] if ends[0] else np.ascontiguousarray(ends)), text


def _zero(kind: pa.DataType) -> pa.Scalar:
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_large_string(kind):
        return pa.scalar("", kind)
    if types.is_boolean(kind):
        return pa.scalar(False, kind)
    return pa.array([b"\0" * (kind.bit_width // 8)], pa.binary(kind.bit_width // 8)).view(kind)[0]


def content_digest(table: pa.Table) -> str:
    """SHA-256 over names, types and values of clean single-chunk columns; equal content gives equal digests in any process."""
    digest = hashlib.sha256(f"{table.num_rows}".encode())
    for field, column in zip(table.schema, table.columns, strict=True):
        digest.update(f"\0{len(field.name)}:{field.name}:{field.type}".encode())
        for buffer in one_chunk(column).buffers():
            digest.update(f"\0{-1 if buffer is None else buffer.size}:".encode())
            digest.update(buffer if buffer is not None else b"")
    return digest.hexdigest()


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """A frame as clean Arrow columns, one chunk each, with the pandas dtypes in the fields' metadata; the index is not kept.

    Raises:
        TypeError: A column has no exact Arrow form; names it and its dtype.
    """
    import pyarrow as pa

    arrays, fields = [], []
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        arrays.append(_encode(str(name), column))
        fields.append(pa.field(str(name), arrays[-1].type, metadata={DTYPE: str(column.dtype).encode()}))
    if not arrays:
        rows = pa.array([False] * len(frame), pa.bool_())
        return pa.Table.from_arrays([clean(rows)], schema=pa.schema([pa.field("", rows.type, metadata={DTYPE: b"none"})]))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _encode(name: str, column: pd.Series[Any]) -> pa.Array:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return clean(pa.array(np.ascontiguousarray(column.to_numpy()), from_pandas=False))
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        moments = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return clean(pa.array(moments).cast(pa.timestamp(column.dtype.unit, tz=column.dtype.tz)))
    try:
        array = clean(one_chunk(pa.array(column, from_pandas=True)))
        if column.dtype == object and pa.types.is_floating(array.type):
            raise TypeError("NaN and None cannot be told apart in it")
        return array
    except (pa.ArrowException, TypeError, AttributeError) as error:
        raise TypeError(f"column {name!r} of dtype {column.dtype} cannot be stored exactly: {error}") from error


def to_pandas(table: pa.Table, dtypes: Sequence[str] | None = None) -> pd.DataFrame:
    """The frame of an Arrow table, with a 0..n-1 index, on the Arrow buffers where the dtype allows.

    Args:
        table: The columns.
        dtypes: pandas dtype of each column; those written by `to_arrow` when left out.
    """
    import pandas as pd

    if dtypes is None:
        dtypes = [(field.metadata or {})[DTYPE].decode() for field in table.schema]
    index = pd.RangeIndex(table.num_rows)
    if list(dtypes) == ["none"]:
        return pd.DataFrame(index=index)
    columns = {i: _decode(one_chunk(column), dtype) for i, (column, dtype) in enumerate(zip(table.columns, dtypes, strict=True))}
    frame = pd.DataFrame(columns, index=index, copy=False)
    frame.columns = pd.Index(table.column_names, dtype="str")
    return frame


def _decode(array: pa.Array, dtype: str) -> Any:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if dtype == "object":
        held = np.empty(len(array), dtype=object)
        held[:] = array.to_pylist()
        return pd.Series(held, dtype=object)
    if dtype == "str":
        text: Any = pd.StringDtype(na_value=np.nan)
        return text.__from_arrow__(pa.chunked_array([array]))
    if dtype == "category" or (dtype.startswith("datetime64[") and "," in dtype):
        return array.to_pandas().array
    kind: Any = pd.api.types.pandas_dtype(dtype)
    if isinstance(kind, np.dtype):
        return array.to_numpy(zero_copy_only=False).astype(kind, copy=False)
    return kind.__from_arrow__(pa.chunked_array([array]))


def give_back_memory() -> None:
    """What Arrow freed and holds for later, given back to the machine: reading and writing a table once leaves up to its size so."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
