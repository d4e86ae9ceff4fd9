"""How values are written for people: numbers with as many digits as they deserve, money with its currency, units always.

One home for all media. A page, a table in a pull request and a terminal show the same texts; machines get the numbers themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

from upshot.contracts.records import Kpi, Measured
from upshot.contracts.sections import Column

if TYPE_CHECKING:
    import pandas as pd

NOTHING = "–"
"""Stands where a value is missing or undefined."""
MINUS = "−"
_SIGNS = {"PASS": "✓", "FAIL": "✕", "INCONCLUSIVE": "?"}
_MONEY = re.compile(r"[A-Z]{3}|[€$£¥]")


def number(value: float) -> str:
    """A number with as many digits as it deserves: whole from 100 on, else three significant ones.

    Example:
        >>> number(412345.6), number(0.71234), number(12.3456), number(float("nan")), number(-0.0)
        ('412,346', '0.712', '12.3', 'undefined', '0')
    """
    if not isfinite(value):
        return "undefined"
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def compact(value: float) -> str:
    """A number in thousands, millions or billions, three significant digits.

    Example:
        >>> compact(690_817), compact(1_200_000), compact(-8431), compact(0.0312)
        ('691 k', '1.2 M', '−8,431', '0.0312')
    """
    if not isfinite(value):
        return NOTHING
    for size_of, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * size_of * (10 if letter == "k" else 1):
            return f"{_trimmed(value / size_of)} {letter}"
    return minus(f"{value:,.0f}" if abs(value) >= 1000 else _trimmed(value))


def _trimmed(value: float) -> str:
    """Three significant digits without trailing zeros, never with an exponent."""
    if value == 0:
        return "0"
    decimals = max(2 - floor(log10(abs(value))), 0)
    text = f"{value:,.{min(decimals, 12)}f}"
    return minus(text.rstrip("0").rstrip(".") if "." in text else text)


def minus(text: str) -> str:
    """The text with a minus sign as wide as the digits beside it."""
    return MINUS + text[1:] if text.startswith("-") else text


def is_money(unit: str) -> bool:
    """Whether a unit begins with a currency.

    Example:
        >>> is_money("EUR"), is_money("EUR/case"), is_money("case")
        (True, True, False)
    """
    return _MONEY.fullmatch(re.split(r"[*/]", unit)[0].strip()) is not None


def spoken_unit(unit: str) -> str:
    """A unit as people say it.

    Example:
        >>> spoken_unit("EUR/case"), spoken_unit("unit*day"), spoken_unit("1")
        ('EUR per case', 'unit·day', '')
    """
    if unit.strip() == "1":
        return ""
    above, *below = unit.split("/")
    return " per ".join([above.replace("*", "·"), *(part.replace("*", "·") for part in below)]) if below else above.replace("*", "·")


def amount(value: float, unit: str, *, signed: bool = False) -> str:
    """A quantity with its unit; a currency stands before the number.

    Example:
        >>> amount(690_817, "EUR"), amount(-12.5, "EUR/case"), amount(0.034, "case"), amount(3.0, "1"), amount(103_275, "EUR", signed=True)
        ('EUR 691 k', 'EUR −12.50 per case', '0.034 case', '3', 'EUR +103 k')
    """
    text = (
        signed_text(value, _coins(value) if is_money(unit) else compact(value))
        if signed
        else _coins(value)
        if is_money(unit)
        else compact(value)
    )
    if not unit or unit.strip() == "1":
        return text
    if is_money(unit):
        currency, _, rest = spoken_unit(unit).partition(" ")
        return f"{currency} {text}" + (f" {rest}" if rest else "")
    return f"{text} {spoken_unit(unit)}"


def _coins(value: float) -> str:
    """An amount of money: with cents from one to a thousand where they are not nought."""
    cents = isfinite(value) and 1 <= abs(value) < 1000 and round(value, 2) != round(value)
    return minus(f"{value:,.2f}") if cents else compact(value)


def signed_text(value: float, text: str) -> str:
    """A text of a number with its sign, also where it is more than nothing."""
    return f"+{text}" if value > 0 else text


def span(low: float, high: float, unit: str) -> str:
    """Two amounts with the unit they share.

    Example:
        >>> span(6, 25, "EUR/case"), span(0.1, 0.3, "1"), span(2, 3, "day"), span(459.65, 2_798, "EUR")
        ('EUR 6 to 25 per case', '0.1 to 0.3', '2 to 3 day', 'EUR 460 to 2,798')
    """
    between, spoken_as = ends(low, high, unit), spoken_unit(unit)
    if not is_money(unit):
        return f"{between} {spoken_as}".strip()
    currency, _, rest = spoken_as.partition(" ")
    return f"{currency} {between} {rest}".strip()


def ends(low: float | None, high: float | None, unit: str = "") -> str:
    """An interval behind its value, whose unit it shares, both ends written alike; empty where there is none.

    Example:
        >>> ends(531_003, 893_370, "EUR"), ends(118.331, 122.67, "EUR"), ends(None, None)
        ('531 k to 893 k', '118.33 to 122.67', '')
    """
    if low is None or high is None:
        return ""
    if is_money(unit) and 1 <= max(abs(low), abs(high)) < 1000:
        digits = 0 if low == round(low) and high == round(high) else 2
        return f"{minus(f'{low:,.{digits}f}')} to {minus(f'{high:,.{digits}f}')}"
    return f"{compact(low)} to {compact(high)}"


def interval(measured: Measured) -> str:
    """The interval of a measurement, or why there is none; empty for an exact count, which no block resamples."""
    if measured.blocks == 0:
        return ""
    if measured.low is None or measured.high is None:
        return f"[no interval: {measured.blocks} blocks]"
    return f"[{number(measured.low)}, {number(measured.high)}]"


def duration(seconds: float | None) -> str:
    """A duration, coarse as people read it.

    Example:
        >>> duration(0.0123), duration(7.31), duration(130.0), duration(None)
        ('12 ms', '7.3 s', '2 min 10 s', '')
    """
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def size(count: int) -> str:
    """Bytes as people read them.

    Example:
        >>> size(512), size(48_123_456), size(7_200_000_000)
        ('512 B', '48 MB', '7.2 GB')
    """
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 10 else f"{value:.0f} {unit}"


def moment(value: Any) -> str:
    """A date; with the time of day, to the minute, where it is not midnight.

    Example:
        >>> moment(date(2026, 1, 9)), moment(datetime(2026, 1, 9, 20, 30, 59)), moment("2026-W02")
        ('2026-01-09', '2026-01-09 20:30', '2026-W02')
    """
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.strftime("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)


def stamp(text: str) -> str:
    """A recorded moment, in UTC, as people read it.

    Example:
        >>> stamp("2026-11-26T19:36:47.349+00:00")
        '2026-11-26 19:36 UTC'
    """
    return f"{moment(datetime.fromisoformat(text).astimezone(UTC))} UTC"


def ending(status: str) -> str:
    """How a run ended, or that it has not.

    Example:
        >>> ending("refused"), ending("running")
        ('the run was refused', 'the run is still running')
    """
    return "the run is still running" if status == "running" else f"the run was {status}"


_DOINGS = ("approve", "call", "do", "order", "repair", "replace", "run", "send", "serve", "show", "treat")
"""Words with which the name of a baseline begins that is something done; all others are things."""


def spoken(subject: str) -> str:
    """A subject as people say it.

    Example:
        >>> spoken("do_nothing"), spoken("serve_everybody"), spoken("current_rule")
        ('do nothing', 'serve everybody', 'the current rule')
    """
    words = subject.replace("_", " ")
    return words if words.split()[0] in _DOINGS else f"the {words}"


def doing(subject: str) -> str:
    """A subject as what one might do instead.

    Example:
        >>> doing("do_nothing"), doing("run_to_failure"), doing("serve_everybody"), doing("current_rule")
        ('doing nothing', 'running to failure', 'serving everybody', 'the current rule')
    """
    words = spoken(subject)
    first, space, rest = words.partition(" ")
    if first not in _DOINGS:
        return words
    stem = first[:-1] if first.endswith("e") else f"{first}{first[-1]}" if first in ("run", "stop", "let") else first
    return f"{stem}ing{space}{rest}"


def several(count: int, noun: str) -> str:
    """A number of things.

    Example:
        >>> several(1, "day"), several(24, "entity"), several(1413, "case")
        ('1 day', '24 entities', '1,413 cases')
    """
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{count:,} {noun}s"


def per_period(kpi: Kpi) -> str:
    """What the money of a KPI is scaled to, as it follows the amount."""
    if kpi.period:
        return f" a {kpi.period}"
    return f" per {kpi.volume:,.0f} cases" if kpi.volume else " on the test cases"


def decimals(values: Sequence[float], *, most: int = 6) -> int | None:
    """Digits behind the point by which the largest number of a column has three significant ones and the least two; None where they are too far apart.

    Example:
        >>> decimals([0.583, 0.858]), decimals([950.0, 1.2]), decimals([0.00309, 120.0])
        (3, 1, None)
    """
    sizes = [abs(value) for value in values if isfinite(value) and value != 0]
    if all(value == round(value) for value in sizes):
        return 0
    if max(sizes) / min(sizes) > 1000:
        return None
    wanted = 2 - floor(log10(max(sizes)))
    finest = 1 - floor(log10(min(sizes)))
    return min(max(wanted, finest, 0), most)


def texts(values: Sequence[Any], column: Column) -> list[str]:
    """The values of a column as they are written under its title, aligned; missing ones as a dash.

    Args:
        values: Plain Python values, as `Series.tolist` gives them.
        column: How they are written. The unit stands in the head of the column, so it is not repeated.
    """
    known = [not _is_missing(value) for value in values]
    if column.style in ("number", "money", "share") and all(_is_number(value) for value, there in zip(values, known, strict=True) if there):
        factor = 100.0 if column.style == "share" else 1.0
        return _aligned([float(v) * factor if k else float("nan") for v, k in zip(values, known, strict=True)], column.style)
    return [text_of(value, column) if there else NOTHING for value, there in zip(values, known, strict=True)]


def with_ends(frame: pd.DataFrame, column: Column) -> list[tuple[str, str, str]]:
    """The values of a column with both ends of their intervals, all written alike; empty ends where there is none, or no width.

    Args:
        frame: The table's rows.
        column: How they are written; its `low` and `high` may name columns too.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"score": [0.835, 19.66], "l": [0.0166, 18.4], "h": [0.871, 21.176]})
        >>> with_ends(frame, Column("score", "score", low="l", high="h"))
        [('0.835', '0.0166', '0.871'), ('19.7', '18.4', '21.2')]
    """
    import pandas as pd

    if not (column.low and column.high):
        return [(text, "", "") for text in texts(frame[column.name].tolist(), column)]
    together = pd.concat([frame[name] for name in (column.name, column.low, column.high)]).tolist()
    written, rows = texts(together, column), len(frame)
    triples = zip(written[:rows], written[rows : 2 * rows], written[2 * rows :], strict=True)
    return [(text, "", "") if NOTHING in (low, high) or low == high == text else (text, low, high) for text, low, high in triples]


def _aligned(values: list[float], style: str) -> list[str]:
    digits = decimals(values)
    if style == "money" and digits is not None:
        digits = 0 if digits == 0 or max(abs(v) for v in values if isfinite(v)) >= 1000 else max(digits, 2)
    if style == "share" and digits is not None:
        digits = min(digits, 2)
    mark = " %" if style == "share" else ""
    written = [number(v) if digits is None else f"{v:,.{digits}f}" for v in values]
    return [f"{minus(text)}{mark}" if isfinite(value) else NOTHING for value, text in zip(values, written, strict=True)]


def text_of(value: Any, column: Column) -> str:
    """One value as it is written under its column's title."""
    if _is_missing(value):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    style = column.style
    if style == "outcome":
        return f"{_SIGNS.get(str(value), '')} {str(value).lower()}".strip()
    if style == "date" or isinstance(value, date):
        return moment(value)
    if not _is_number(value) or style in ("text", "code"):
        return str(value)
    if style == "share":
        return f"{minus(_trimmed(value * 100))} %"
    if style == "count":
        return minus(f"{value:,.0f}")
    if style == "duration":
        return duration(float(value))
    if style == "size":
        return size(int(value))
    return minus(number(float(value)))


def written(value: Any, column: Column) -> str:
    """One value with its unit, as it is written alone."""
    if _is_missing(value) or not _is_number(value) or column.style in ("text", "code", "date", "share", "duration", "size", "outcome"):
        return text_of(value, column)
    if column.style == "count":
        return " ".join(part for part in (text_of(value, column), spoken_unit(column.unit)) if part)
    return amount(float(value), column.unit)


def brief(value: float, column: Column) -> str:
    """One value as it stands beside its mark: three significant digits, thousands as k; its unit stands above.

    Example:
        >>> brief(690_817.2, Column("gain", "gain", "money")), brief(0.034, Column("rate", "rate", "share"))
        ('691 k', '3.4 %')
    """
    return compact(value) if column.style in ("number", "money", "count") and not _is_missing(value) else text_of(value, column)


def between(low: float, high: float, column: Column) -> str:
    """Two values of a column with the unit they share.

    Example:
        >>> between(350.8, 56_300, Column("saved", "saved", "money", "EUR")), between(0.1, 0.25, Column("rate", "rate", "share"))
        ('EUR 351 to 56.3 k', '10 % to 25 %')
    """
    return (
        span(low, high, column.unit)
        if column.style in ("number", "money", "count")
        else f"{text_of(low, column)} to {text_of(high, column)}"
    )


def head(column: Column) -> str:
    """What stands above a column: its title, and its unit where the title does not say it."""
    unit = "" if column.style in ("share", "duration", "size", "text", "code", "outcome", "date") else spoken_unit(column.unit)
    return f"{column.title}, {unit}" if unit and unit not in column.title else column.title


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, (str, bool, bytes))


def _is_missing(value: Any) -> bool:
    return value is None or (hasattr(value, "__float__") and value != value) or str(value) in ("NaT", "<NA>")


__all__ = [
    "NOTHING",
    "amount",
    "between",
    "brief",
    "compact",
    "decimals",
    "doing",
    "duration",
    "ending",
    "ends",
    "head",
    "interval",
    "is_money",
    "minus",
    "moment",
    "number",
    "per_period",
    "several",
    "size",
    "span",
    "spoken",
    "spoken_unit",
    "stamp",
    "text_of",
    "texts",
    "with_ends",
    "written",
]
