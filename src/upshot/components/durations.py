"""Lengths and moments of time as parameters; apart from `times`, which stages use where pydantic is not loaded."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from upshot.components.times import moment_of, span_of


def _valid_span(text: str) -> str:
    span_of(text)
    return text


def _valid_moment(value: str | int) -> str | int:
    moment_of(value)
    return value


Duration = Annotated[str, AfterValidator(_valid_span)]
"""A length of time as recipes write it: "7 days", "12h", "3 steps"."""

Moment = Annotated[str | int, AfterValidator(_valid_moment)]
"""A moment as recipes write it: an ISO date or time in quotes, or the integer of a counter."""
