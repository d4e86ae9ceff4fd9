"""Events: 30 users with five events each; the last tests, the one before belongs to validation, all four before the last are history.

    event 0   i0
    event 1   i1 for users of even number, else i2
    event 2   i3 for multiples of 3, else i4
    event 3   i5 for multiples of 5, else i2 for even, i1 for odd
    event 4   i4 for multiples of 3, else i3 for odd, i9 for even

So history counts i0 30, i1 and i2 27 each, i4 20, i3 10, i5 6; nobody had i9 before.
"""

from __future__ import annotations

from collections import Counter

import pytest

PRICE = {f"i{n}": 2.0 + n for n in range(10)}


def events_of(user: int) -> list[str]:
    even, three, five = user % 2 == 0, user % 3 == 0, user % 5 == 0
    return [
        "i0",
        "i1" if even else "i2",
        "i3" if three else "i4",
        "i5" if five else "i2" if even else "i1",
        "i4" if three else "i9" if even else "i3",
    ]


def events() -> str:
    rows = [
        f"u{user:02d},{item},2026-03-0{day + 1} 12:00:00,{PRICE[item]}" for user in range(30) for day, item in enumerate(events_of(user))
    ]
    return "\n".join(["user_id,item_id,at,price", *rows]) + "\n"


def lists(k: int) -> dict[int, list[str]]:
    """The k most popular items that a user has not had; ties by name."""
    count = Counter(item for user in range(30) for item in events_of(user)[:4])
    ranked = sorted(count, key=lambda item: (-count[item], item))
    return {user: [item for item in ranked if item not in events_of(user)[:4]][:k] for user in range(30)}


def test_two_slots_for_each_user_earn_what_is_counted_by_hand(run_skeleton):
    # The 10 multiples of 3 have not had i4, which leads their lists or comes second: 10 hits of 6 EUR. The other 10 odd users are shown i3:
    # 10 hits of 5 EUR. The 10 others take i9, which nobody is shown. 0.3 * 110 - 0.1 * 60 = 27 of 30 cases; 3,000 cases a month: 2,700.
    outcome = run_skeleton("popularity_top_k", {"data/events.csv": events()})

    value = outcome["value"]["list_margin"]
    assert value["total"]["candidate"]["value"] == pytest.approx(27.0)
    assert value["per_period"]["candidate"]["value"] == pytest.approx(2700.0)
    assert value["total"]["do_nothing"]["value"] == 0.0
    assert value["per_period"]["candidate"]["blocks"] == 30
    assert [gate["outcome"] for gate in outcome["gates"]] == ["PASS"]


@pytest.mark.parametrize("k", [1, 3])
def test_lists_of_another_length_earn_what_a_loop_over_users_says(run_skeleton, k):
    money = 0.0
    for user, shown in lists(k).items():
        taken = events_of(user)[4]
        money += 0.3 * PRICE[taken] * (taken in shown) - 0.1 * len(shown)

    outcome = run_skeleton("popularity_top_k", {"data/events.csv": events()}, f"policy.k={k}")

    assert outcome["value"]["list_margin"]["total"]["candidate"]["value"] == pytest.approx(money)
