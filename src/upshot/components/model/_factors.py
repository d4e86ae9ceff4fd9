"""Learned matrices as files: items by name, sparse similarities and dense factors as Arrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from upshot.components.arrow import from_arrow, to_arrow

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix


def names_file(names: pd.Index) -> bytes:
    """Names by code, in their own type."""
    import pandas as pd

    return to_arrow(pd.DataFrame({"name": names}))


def names_of(content: bytes) -> pd.Index:
    """The opposite of `names_file`."""
    import pandas as pd

    names: pd.Index = pd.Index(from_arrow(content)["name"])
    return names


def matrix_files(items: pd.Index, matrix: csr_matrix) -> dict[str, bytes]:
    """Items, and a sparse items x items matrix, row by row."""
    import numpy as np
    import pandas as pd

    row = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
    entries = pd.DataFrame({"row": row, "column": matrix.indices.astype(np.int32), "value": matrix.data.astype(np.float32)})
    return {"items.arrow": names_file(items), "matrix.arrow": to_arrow(entries)}


def matrix_of(files: Mapping[str, bytes]) -> tuple[pd.Index, csr_matrix]:
    """The opposite of `matrix_files`: the entries of a row stand in the order in which they stood."""
    import numpy as np
    from scipy.sparse import csr_matrix

    items, entries = names_of(files["items.arrow"]), from_arrow(files["matrix.arrow"])
    starts = np.searchsorted(entries["row"].to_numpy(), np.arange(len(items) + 1))
    arrays = (entries["value"].to_numpy(), entries["column"].to_numpy(), starts)
    return items, csr_matrix(arrays, shape=(len(items), len(items)))


def factors_file(factors: np.ndarray) -> bytes:
    """A dense matrix, a column each."""
    import pandas as pd

    return to_arrow(pd.DataFrame(factors, columns=[f"f{place}" for place in range(factors.shape[1])]))


def factors_of(content: bytes) -> np.ndarray:
    """The opposite of `factors_file`, C-ordered float32."""
    import numpy as np

    return np.ascontiguousarray(from_arrow(content).to_numpy(dtype=np.float32))


def column_of_sparse(matrix: csr_matrix) -> Callable[[np.ndarray, int], np.ndarray]:
    """Entries of one column at some rows: (rows, column) to shape (rows,)."""
    by_column = matrix.tocsc()

    def entries(rows: np.ndarray, column: int) -> np.ndarray:
        found: np.ndarray = by_column[:, [column]].toarray().ravel()[rows]
        return found

    return entries
