"""Decision frames of actions, for policies and baselines alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

APPROVE = "approve"
"""What happens with a case that nobody acts on."""


def action_frame(codes: np.ndarray, actions: Sequence[str]) -> pd.DataFrame:
    """Decision frame of kind action, one row a case.

    The column is categorical: hundreds of these frames are played while a policy is tuned, and text would be made for each.

    Args:
        codes: Which action each case gets, its position in `actions`; integers or bools, shape (n,).
        actions: The names.

    Example:
        >>> import numpy as np
        >>> action_frame(np.array([False, True]), ["approve", "block"])["action"].tolist()
        ['approve', 'block']
    """
    import numpy as np
    import pandas as pd

    column = pd.Categorical.from_codes(codes.astype(np.int8), categories=pd.Index(list(actions)))
    return pd.DataFrame({"case": np.arange(len(codes)), "action": column})


def one_action(cases: int, action: str) -> pd.DataFrame:
    """Decision frame in which every case gets one action."""
    import numpy as np

    return action_frame(np.zeros(cases, dtype=np.int8), [action])
