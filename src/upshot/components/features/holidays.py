"""Public holidays near a day: whether it is one, how long until the next, how long since the last.

Holidays move (Easter), are celebrated on another day (observed), and differ by region; the `holidays` package knows them for more than a
hundred countries, for past and future years alike, so they may always be looked at ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.components.features._columns import raw
from upshot.components.times import is_clock, times
from upshot.contracts.params import Names, Params
from upshot.contracts.records import Cases, Roles, Spec
from upshot.errors import DataError, Problem, RecipeError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class HolidaysParams(Params):
    """Whose holidays, and how far one looks."""

    country: str = Field("US", pattern=r"^[A-Z]{2,3}$", description="Country by its ISO code, such as CH, DE or US.")
    subdivision: str | None = Field(None, description="Region by its ISO code, such as ZH or BY; null for what holds everywhere.")
    named: Names = Field(
        (), description="Holidays with a column of their own, by part of their English name: [Christmas Day, Thanksgiving]."
    )
    reach: int = Field(14, ge=1, le=366, description="Days from which on a holiday is too far to matter; distances end there.")
    days: int = Field(
        1, ge=1, le=31, description="Days that a row stands for, the last of which is its date: 7 for a week that ends on it."
    )
    column: str | None = Field(None, description="Column with the date; null for data.roles.time.")

    @field_validator("country")
    @classmethod
    def _is_known(cls, country: str) -> str:
        return country.upper()


class Holidays:
    """Columns `holidays` (how many days of the row are one), `days_to_holiday`, `days_since_holiday`, and one a named holiday; float64."""

    spec: Spec
    needs_history = False

    def __init__(self, params: HolidaysParams) -> None:
        self.params = params

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """The date."""
        return (self._column(roles),)

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn nothing, but refuse a country, a region or a name that there is not.

        Raises:
            RecipeError: One of them is unknown; the hint is the nearest.
        """
        self._of_years({2024, 2025, 2026})

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The columns, index 0..n-1.

        Raises:
            DataError: The column holds no timestamps, or a null.
        """
        import numpy as np
        import pandas as pd

        name = self._column(cases.roles)
        moments = times(raw(cases, name), name)
        if not is_clock(moments):
            raise DataError("a feature cannot be read", [Problem(name, "must hold timestamps", str(moments.dtype))])
        days, place = np.unique(moments.to_numpy().astype("datetime64[D]"), return_inverse=True)
        found = {column: values[place] for column, values in self._of_days(days).items()}
        return pd.DataFrame(found)

    def state(self) -> Mapping[str, bytes]:
        """Nothing was learned."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """There is nothing to take back."""

    def _column(self, roles: Roles) -> str:
        name = self.params.column or roles.time
        if name is None:
            raise RecipeError("a feature needs a time", [Problem("features.*.column", "must name a column", hint="or data.roles.time")])
        return name

    def _of_days(self, days: np.ndarray) -> dict[str, np.ndarray]:
        """The columns of distinct days, ascending."""
        import numpy as np

        p = self.params
        if not len(days):
            return {name: np.zeros(0) for name in ("holidays", "days_to_holiday", "days_since_holiday", *map(_column_of, p.named))}
        years = range(int(str(days[0])[:4]) - 1, int(str(days[-1])[:4]) + 2)
        calendar = self._of_years(set(years))
        feasts = np.sort(np.array(list(calendar), dtype="datetime64[D]"))
        first = days - np.timedelta64(p.days - 1, "D")
        count = np.searchsorted(feasts, days, side="right") - np.searchsorted(feasts, first, side="left")
        after = feasts[np.minimum(np.searchsorted(feasts, days, side="left"), len(feasts) - 1)]
        before = feasts[np.maximum(np.searchsorted(feasts, days, side="right") - 1, 0)]
        to, since = ((end - start) / np.timedelta64(1, "D") for start, end in ((days, after), (before, days)))
        columns = {
            "holidays": count.astype(float),
            "days_to_holiday": np.where(to < 0, p.reach, np.minimum(to, p.reach)).astype(float),
            "days_since_holiday": np.where(since < 0, p.reach, np.minimum(since, p.reach)).astype(float),
        }
        for text in p.named:
            own = np.sort(np.array([day for day, name in calendar.items() if text.lower() in name.lower()], dtype="datetime64[D]"))
            inside = np.searchsorted(own, days, side="right") - np.searchsorted(own, first, side="left")
            columns[_column_of(text)] = (inside > 0).astype(float)
        return columns

    def _of_years(self, years: set[int]) -> dict[object, str]:
        """Date -> name of the holidays of some years.

        Raises:
            RecipeError: Country, region or a name is unknown.
        """
        import holidays

        p, supported = self.params, holidays.list_supported_countries(include_aliases=True)
        if p.country not in supported:
            hint = did_you_mean(p.country, supported, limit=10)
            raise RecipeError("holidays are not known", [Problem("features.*.country", "no such country", repr(p.country), hint)])
        if p.subdivision is not None and p.subdivision not in supported[p.country]:
            hint = did_you_mean(p.subdivision, supported[p.country], limit=30)
            raise RecipeError("holidays are not known", [Problem("features.*.subdivision", "no such region", repr(p.subdivision), hint)])
        calendar = holidays.country_holidays(p.country, subdiv=p.subdivision, years=years, language=_english(p.country))
        found: dict[object, str] = {day: str(name) for day, name in calendar.items()}
        names = sorted(set(found.values()))
        unknown = [text for text in p.named if not any(text.lower() in name.lower() for name in names)]
        if unknown:
            problems = [Problem("features.*.named", "no such holiday", repr(text), did_you_mean(text, names, limit=20)) for text in unknown]
            raise RecipeError("holidays are not known", problems)
        return found


def _english(country: str) -> str | None:
    """The language code under which the package has this country's holidays in English; None where it has one language only."""
    import holidays

    languages = holidays.list_localized_countries(include_aliases=True).get(country, [])
    return next((code for code in languages if code.startswith("en")), None)


def _column_of(text: str) -> str:
    """A name as a column: "Christmas Day" -> "is_christmas_day"."""
    return "is_" + "_".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())
