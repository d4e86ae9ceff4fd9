"""Learned arrays as one npz file without pickle; names of series may be texts or numbers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def to_npz(**arrays: np.ndarray) -> bytes:
    """Arrays as a file; objects are stored as texts."""
    import numpy as np

    out = io.BytesIO()
    plain: dict[str, Any] = {name: array if array.dtype.kind in "iufb" else array.astype(str) for name, array in arrays.items()}
    np.savez(out, **plain)
    return out.getvalue()


def from_npz(content: bytes) -> dict[str, np.ndarray]:
    """The opposite of `to_npz`; texts come back as objects.

    Example:
        >>> import numpy as np
        >>> back = from_npz(to_npz(names=np.array(["a", "b"], dtype=object), offsets=np.array([1.5])))
        >>> back["names"].tolist(), back["offsets"].tolist()
        (['a', 'b'], [1.5])
    """
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: array if array.dtype.kind in "iufb" else array.astype(object) for name, array in arrays.items()}
