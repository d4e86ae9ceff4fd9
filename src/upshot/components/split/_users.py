"""What splits by users share: who the user is, what stands before whom, and the notes that a reader of the figures needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.faults import column_of, counted, shorten
from upshot.components.times import is_clock, moment_text, ticks
from upshot.contracts.records import PARTS, Cases, Part
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def user_of(cases: Cases, stated: str | None) -> tuple[str, np.ndarray]:
    """Name of the user's column, and a code for each case by first appearance, int64.

    Raises:
        RecipeError: No user is named.
        DataError: It is no column, or null somewhere.
    """
    name = stated or next(iter(cases.roles.entities), None)
    if name is None:
        raise RecipeError("the split needs a user", [Problem("split.entity", "must name a column", hint="or data.roles.entities")])
    users = column_of(cases.rows.frame, name, "split.entity")
    if users.isna().any():
        raise DataError("the split cannot be used", [Problem(name, "must not be null", f"{int(users.isna().sum())} null")])
    return name, users.factorize()[0].astype("int64")


def item_of(cases: Cases) -> pd.Series:
    """The item of each case; null where nothing was taken.

    Raises:
        RecipeError: The outcome is not an item.
    """
    roles = cases.roles
    if roles.item is None or roles.target not in (None, roles.item):
        rule = "must name the column of the item that is taken, which is then the outcome"
        raise RecipeError("the split needs items", [Problem("data.roles.item", rule, repr(roles.item), "leave data.roles.target out")])
    label: pd.Series = cases.labels.frame["label"]
    return label


def refuse_same_again(cases: Cases, users: np.ndarray, codes: np.ndarray, parts: tuple[Part, ...]) -> None:
    """Refuse scored rows that an earlier part holds too: the same user, item and moment.

    Raises:
        DataError: There are some; rows and remedy are told.
    """
    import numpy as np

    items = item_of(cases)
    now = ticks(cases.labels.frame["as_of"])
    item = items.factorize()[0].astype(np.int64)
    moment = np.unique(now, return_inverse=True)[1]
    key = (users * (int(item.max(initial=0)) + 1) + item) * (int(moment.max(initial=0)) + 1) + moment
    taken = item >= 0
    place = np.unique(key, return_inverse=True)[1]
    part_of_first = np.full(len(codes), len(PARTS))
    np.minimum.at(part_of_first, place, np.where(taken, codes, len(PARTS)))
    scored = np.isin(codes, [PARTS.index(part) for part in parts if part != "train"]) & taken
    again: np.ndarray = scored & (part_of_first[place] < codes)
    if again.any():
        earlier = np.flatnonzero(taken & (codes == part_of_first[place]) & np.isin(key, key[again]))
        first = {int(k): int(row) for row, k in zip(earlier[::-1], key[earlier][::-1], strict=True)}
        shown = [f"row {row} is row {first[int(key[row])]} again ({shorten(items.iloc[row])})" for row in np.flatnonzero(again)[:5]]
        name, when = cases.roles.entities[0] if cases.roles.entities else "user", cases.roles.time
        hint = f"drop them: checks: {{events: {{use: unique, unique: [{name}, {cases.roles.item}, {when}], action: quarantine}}}}"
        rule = "an event that is to be guessed must not stand among the earlier ones too"
        got = f"{counted(int(again.sum()), 'row')}: {', '.join(shown)}"
        raise DataError("the split would leak from training to test", [Problem(str(cases.roles.item), rule, got, hint)])


def calendar_note(cases: Cases, codes: np.ndarray, remedy: str) -> str:
    """What a split that ignores the calendar must say: how much of training lies later than the first test row."""
    import numpy as np

    moments = cases.labels.frame["as_of"]
    now, clock = ticks(moments), is_clock(moments)
    if not clock:
        return (
            f"calendar: {cases.roles.time or 'the time'} counts and is no date, so nobody can see whether training rows of other users are "
            "later than a test row; what is popular later may leak"
        )
    train, test = now[codes == PARTS.index("train")], now[codes == PARTS.index("test")]
    first = int(test.min())
    late, mixed = float((train >= first).mean()), float((np.sort(train)[-1] > test).mean())
    if late == 0:
        return f"calendar: no training row is later than the first test row ({moment_text(first, clock)})"
    return (
        f"calendar: {late:.0%} of the training rows are no earlier than the first test row ({moment_text(first, clock)}), and {mixed:.0%} of the test rows "
        f"have later training rows of other users, so what became popular later leaks; {remedy}"
    )


def unknown_notes(cases: Cases, users: np.ndarray, codes: np.ndarray) -> tuple[str, ...]:
    """How many test rows are of users, or ask for items, that no earlier row has."""
    import numpy as np

    items = item_of(cases)
    item = items.factorize()[0].astype(np.int64)
    earlier = np.isin(codes, [PARTS.index(part) for part in ("history", "train", "validation")])
    test = codes == PARTS.index("test")
    notes = []
    for values, shown, what, then in (
        (
            users,
            cases.rows.frame[cases.roles.entities[0]] if cases.roles.entities else None,
            "are of users",
            "they get the model's fallback",
        ),
        (item, items, "ask for items", "no list can hit them, and policy.new_items keeps places for new ones"),
    ):
        new = test & (values >= 0) & ~np.isin(values, values[earlier])
        if new.any() and shown is not None:
            row = int(np.flatnonzero(new)[0])
            share = f"{int(new.sum()):,} of {int(test.sum()):,} test rows ({new.sum() / test.sum():.1%})"
            notes.append(f"new: {share} {what} that no earlier row has, such as {shorten(shown.iloc[row])} in row {row}; {then}")
    return tuple(notes)
