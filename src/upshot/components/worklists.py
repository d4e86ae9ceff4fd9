"""The list that a team of fixed size works through each day, and what its findings do to the lists that follow.

Policies that choose a day's list, rollouts that play it and metrics that judge it all go by the same order: entities (cards, customers) at
the height of their highest score of the day, equal ones by their first row.

Source:
    Card precision where found cards leave the following days: Le Borgne, Siblini, Lebichot & Bontempi (2022), Reproducible Machine
    Learning for Credit Card Fraud Detection, chapter 4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Worked(NamedTuple):
    """What became of the cases of several days, one bool each, shape (n,).

    Attributes:
        chosen: Its entity was looked at on that day.
        first: It is its entity's first case of the day.
        gone: Its entity was found on an earlier day.
    """

    chosen: np.ndarray
    first: np.ndarray
    gone: np.ndarray


def choose(days: np.ndarray, members: np.ndarray, score: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Which cases belong to the k highest members of their day, and which are the first of their member on that day.

    Args:
        days: Day of each case, integers, shape (n,).
        members: Whom the case belongs to, integers >= 0, shape (n,).
        score: Higher is chosen first, shape (n,).
        k: Members a day.

    Returns:
        Two bool arrays of shape (n,): chosen, first.

    Example:
        >>> import numpy as np
        >>> chosen, first = choose(np.zeros(3, int), np.array([7, 7, 8]), np.array([0.1, 0.9, 0.5]), 1)
        >>> chosen.tolist(), first.tolist()
        ([True, True, False], [True, False, True])
    """
    import numpy as np

    if len(days) == 0:
        return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
    pair = days.astype("int64") * (int(members.max()) + 1) + members
    _, starts, group = np.unique(pair, return_index=True, return_inverse=True)
    height = np.full(len(starts), -np.inf)
    np.maximum.at(height, group, score)
    order = np.lexsort((starts, -height, days[starts]))
    sorted_days = days[starts][order]
    rank = np.empty(len(starts), dtype="int64")
    rank[order] = np.arange(len(starts)) - np.searchsorted(sorted_days, sorted_days)
    first = np.zeros(len(days), dtype=bool)
    first[starts] = True
    return (rank < k)[group], first


def work_down(days: np.ndarray, members: np.ndarray, score: np.ndarray, bad: np.ndarray, k: int) -> Worked:
    """Work through k members a day; whoever is looked at on a day on which a case of theirs is bad is found, and gone from the next day on.

    Args:
        days: Day of each case, integers, shape (n,).
        members: Whom the case belongs to, integers >= 0, shape (n,).
        score: Higher is looked at first; -inf is never looked at. Shape (n,).
        bad: Whether there is something to find in the case, bool, shape (n,).
        k: Members a day.

    Example:
        >>> import numpy as np
        >>> days, members = np.array([0, 0, 1, 1]), np.array([7, 8, 7, 8])
        >>> worked = work_down(days, members, np.array([0.9, 0.5, 0.9, 0.5]), np.array([True, False, True, False]), 1)
        >>> worked.chosen.tolist(), worked.gone.tolist()
        ([True, False, False, True], [False, False, True, False])
    """
    import numpy as np

    chosen, first, gone = (np.zeros(len(days), dtype=bool) for _ in range(3))
    found = np.zeros(int(members.max(initial=-1)) + 1, dtype=bool)
    order = np.argsort(days, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(days[order])) + 1) if len(order) else ():
        gone[rows] = found[members[rows]]
        here = rows[~gone[rows]]
        listed = here[score[here] > -np.inf]
        chosen_members = np.zeros_like(found)
        chosen_members[members[listed[choose(days[listed], members[listed], score[listed], k)[0]]]] = True
        chosen[here] = chosen_members[members[here]]
        first[here] = choose(days[here], members[here], score[here], k)[1]
        found[members[here[chosen[here] & bad[here]]]] = True
    return Worked(chosen, first, gone)
