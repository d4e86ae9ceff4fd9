"""Times of day in a zone, as they stand in text, into moments: what a clock shows twice or never is decided by the recipe, or refused.

When clocks go back an hour is there twice, and when they go forward one is missing. Which of the two is meant stands nowhere in the text; a
guess moves rows by an hour, across the border of a day or of a test set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from upshot.contracts.params import Params

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class ZoneParams(Params):
    """The zone of a column that is written without one."""

    zone: str = Field(description="Name of the zone, such as Europe/Oslo; moments are kept in UTC.")
    ambiguous: Literal["refuse", "earlier", "later"] = Field(
        "refuse", description="Which is meant of an hour that is there twice, as clocks go back."
    )
    nonexistent: Literal["refuse", "forward", "backward"] = Field(
        "refuse", description="Where a time goes that is never shown, as clocks go forward: to the first moment after, or the last before."
    )

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("must be a zone of the IANA data base, such as Europe/Oslo or UTC") from error
        return zone


def in_utc(values: pa.ChunkedArray, params: ZoneParams) -> tuple[pa.ChunkedArray, np.ndarray, np.ndarray]:
    """A column of naive timestamps in UTC, and the rows whose time is there twice, and never, where that is refused.

    Args:
        values: Timestamps without zone; nulls stay.
        params: The zone, and what is meant.

    Example:
        >>> import pandas as pd, pyarrow as pa
        >>> summer = pa.chunked_array([pa.array([pd.Timestamp("2026-07-01 12:00")], pa.timestamp("us"))])
        >>> str(in_utc(summer, ZoneParams(zone="Europe/Oslo"))[0][0].as_py())
        '2026-07-01 10:00:00+00:00'
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    written = pd.Series(values.to_pandas())
    ambiguous: Any = "NaT" if params.ambiguous == "refuse" else np.full(len(written), params.ambiguous == "earlier")
    shift: Any = {"forward": "shift_forward", "backward": "shift_backward"}.get(params.nonexistent, "NaT")
    both = written.dt.tz_localize(params.zone, ambiguous=ambiguous, nonexistent=shift)
    lost = (both.isna() & written.notna()).to_numpy()
    never = written[lost].dt.tz_localize(params.zone, ambiguous=np.ones(int(lost.sum()), dtype=bool), nonexistent="NaT").isna().to_numpy()
    rows = lost.nonzero()[0]
    moments = both.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")  # Arrow takes it from pandas without a zone
    return pa.chunked_array([pa.Array.from_pandas(moments).cast(pa.timestamp("us", "UTC"))]), rows[~never], rows[never]
