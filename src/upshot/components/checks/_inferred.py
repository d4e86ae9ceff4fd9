"""Checks inferred from rows that are known to be good: a first draft that its reader corrects and then owns.

Bounds are loose on purpose. A draft as tight as the sample refuses the first honest value beyond it, and whoever is woken by that loosens everything.
So numbers get ten times the range that was seen, which still finds cents among euros; values are listed only where each was seen often; a share of
nulls may double. What was seen stands beside each line, as a comment.

Source:
    A schema inferred once, then edited and owned, after Breck et al. (2019), Data Validation for Machine Learning, MLSys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upshot.contracts.records import Roles

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES = 20
"""Different values up to which a column is one of categories."""
OFTEN = 20
"""Rows in which each of them was seen on average at least."""
HEADROOM = 10.0
HIDDEN = "protected"


@dataclass(frozen=True)
class Line:
    """One line of YAML: a key, its value in flow style, and what was seen."""

    key: str
    value: str
    seen: str = ""


@dataclass(frozen=True)
class Draft:
    """Checks of a table: rules by column, and the other entries, each in the order in which they are written."""

    columns: tuple[Line, ...]
    others: tuple[Line, ...]
    asides: tuple[str, ...]


def draft(frame: pd.DataFrame, roles: Roles) -> Draft:
    """Infer checks from the rows of a table; there is at least one row."""
    columns = tuple(
        Line(str(name), flow(dict(_rules(frame[name], str(name), roles))), _seen(frame[name], str(name), roles)) for name in frame
    )
    return Draft(columns, tuple(_others(frame, roles)), tuple(_asides(frame, roles)))


def flow(value: Any) -> str:
    """A value as YAML in flow style, plain where it reads back as itself.

    Example:
        >>> flow({"type": "string", "allowed": ["known", "NO", "1.5"], "min": 0.5})
        '{type: string, allowed: [known, "NO", "1.5"], min: 0.5}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    return repr(value)


def _is_plain(text: str) -> bool:
    import re

    import yaml

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", text):
        return False
    return bool(yaml.safe_load(text) == text)


def _rules(values: pd.Series, name: str, roles: Roles) -> Iterator[tuple[str, Any]]:
    kind = _type(values)
    if kind is not None:
        yield "type", kind
    if values.isna().any():
        yield "nullable", True
    if name in roles.protected:
        return
    allowed = _values(values, name, roles)
    if allowed is not None:
        yield "allowed", allowed
    elif kind in ("int64", "float64") and name not in (*roles.key, *roles.entities, roles.item):
        low, high = float(values.min()), float(values.max())
        if math.isfinite(low) and math.isfinite(high):
            bounds = (
                0.0 if low >= 0 else _rounded(low * HEADROOM if low < 0 else low, up=False),
                _rounded(high * HEADROOM if high > 0 else 0.0, up=True),
            )
            whole = kind == "int64"
            yield "min", int(bounds[0]) if whole else bounds[0]
            yield "max", int(bounds[1]) if whole else bounds[1]


def _type(values: pd.Series) -> str | None:
    """The type that the check `columns` would accept; None where there is no value to tell by."""
    import pandas as pd
    from pandas.api import types

    there = values.dropna()
    if not len(there):
        return None
    if types.is_bool_dtype(values) or pd.api.types.infer_dtype(there) == "boolean":
        return "bool"
    if types.is_integer_dtype(values):
        return "int64"
    if types.is_float_dtype(values):
        return "float64"
    if types.is_datetime64_any_dtype(values):
        return "timestamp"
    found = pd.api.types.infer_dtype(there)
    return "date" if found == "date" else "string" if found == "string" else None


def _values(values: pd.Series, name: str, roles: Roles) -> list[Any] | None:
    """The values that were seen, sorted, where there are few and each was seen often; None for others, and for names of things."""
    kind = _type(values)
    if kind not in ("string", "int64") or name in (*roles.key, *roles.entities, roles.item, roles.time):
        return None
    there = values.dropna()
    found = there.unique()
    if len(found) > MOST_VALUES or len(found) * OFTEN > len(there):
        return None
    return sorted(item.item() if hasattr(item, "item") else item for item in found)


def _rounded(value: float, *, up: bool) -> float:
    """Two significant digits, outwards.

    Example:
        >>> _rounded(1543.0, up=True), _rounded(-1543.0, up=False), _rounded(0.0, up=True)
        (1600.0, -1600.0, 0.0)
    """
    if value == 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return float(f"{(math.ceil if up else math.floor)(value / step) * step:.6g}")


def _seen(values: pd.Series, name: str, roles: Roles) -> str:
    if name in roles.protected:
        return HIDDEN
    there = values.dropna()
    if not len(there):
        return "no value was seen"
    nulls = f", missing in {values.isna().mean():.3g} of the rows" if values.isna().any() else ""
    kind = _type(values)
    if kind in ("int64", "float64", "timestamp", "date"):
        return f"{_short(there.min())} to {_short(there.max())}{nulls}"
    distinct = int(there.nunique()) if kind in ("string", "bool") else None
    return (f"{distinct:,} value{'s' if distinct != 1 else ''}" if distinct is not None else f"values of {values.dtype}") + nulls


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _others(frame: pd.DataFrame, roles: Roles) -> Iterator[Line]:
    rows = len(frame)
    if roles.key and not frame.duplicated(list(roles.key)).any():
        yield Line("keys", flow({"unique": list(roles.key)}), f"no key twice in {rows:,} rows")
    if roles.time and roles.label_time and not (frame[roles.time] > frame[roles.label_time]).any():
        yield Line("outcomes_follow", flow({"in_order": [roles.time, roles.label_time]}), "no outcome was known before its event")
    yield Line("rows", flow({"use": "row_count", "min": max(rows // 2, 1)}), f"{rows:,} rows")
    shares = {
        str(name): min(math.ceil((2 * float(frame[name].isna().mean()) + 0.01) * 1000) / 1000, 1.0)
        for name in frame
        if frame[name].isna().any()
    }
    if shares:
        yield Line(
            "nulls",
            flow({"statistics": {name: {"max_null_share": share} for name, share in shares.items()}}),
            "twice what was seen, and 0.01",
        )


def _asides(frame: pd.DataFrame, roles: Roles) -> Iterator[str]:
    """Checks that hold and that only its owner can say to be meant, as comments."""
    if roles.time:
        yield f"fresh: {flow({'max_age': '2 days'})}  # of data that is delivered every day, by {roles.time}"
    for name in roles.key[:1] if len(roles.key) == 1 else ():
        values = frame[name]
        if values.dtype.kind in "iu" and values.is_monotonic_increasing:
            yield f"ids_rise: {flow({'monotone': name, 'strict': True})}  # holds in these rows; of rows that are only ever added at the end"
