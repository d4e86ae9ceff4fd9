from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from upshot.contracts.tables import Map
from upshot.ledger._rows import plain
from upshot.ledger.journal import JournalEntry, JournalFault, hash_of

START = datetime(2026, 11, 24, 2, 15, 30, tzinfo=UTC)


def test_the_journal_is_a_chain_in_which_each_entry_covers_the_one_before(ledger):
    first = ledger.add_entry("note", "a", {"x": 0.1})
    second = ledger.add_entry("note", "b", {"y": None})

    assert [first.seq, second.seq] == [1, 2]
    assert (first.previous, second.previous) == ("0" * 64, first.hash)
    assert ledger.journal() == (first, second)
    assert ledger.verify_journal() is None


CHANGED = "was changed: its hash does not fit its content"
BROKEN = "does not stand on the entry before it"


@pytest.mark.parametrize(
    ("tamper", "bad"),
    {
        "body edited": (("UPDATE journal SET body = '{\"x\": 9}' WHERE seq = 3",), JournalFault(3, CHANGED)),
        "subject edited": (("UPDATE journal SET subject = 'z' WHERE seq = 1",), JournalFault(1, CHANGED)),
        "kind edited": (("UPDATE journal SET kind = 'version.approved' WHERE seq = 4",), JournalFault(4, CHANGED)),
        "time edited": (("UPDATE journal SET at = '2030-01-01' WHERE seq = 6",), JournalFault(6, CHANGED)),
        "link edited": (("UPDATE journal SET previous = hash WHERE seq = 4",), JournalFault(4, BROKEN)),
        "hash edited": ((f"UPDATE journal SET hash = '{'0' * 64}' WHERE seq = 2",), JournalFault(2, CHANGED)),
        "first removed": (("DELETE FROM journal WHERE seq = 1",), JournalFault(1, "is missing or was moved: entry 2 stands in its place")),
        "one removed": (("DELETE FROM journal WHERE seq = 3",), JournalFault(3, "is missing or was moved: entry 4 stands in its place")),
        "one removed and the gap closed": (
            ("DELETE FROM journal WHERE seq = 3", *(f"UPDATE journal SET seq = {n - 1} WHERE seq = {n}" for n in (4, 5, 6))),
            JournalFault(3, BROKEN),
        ),
        "two exchanged": (
            (
                "UPDATE journal SET seq = 99 WHERE seq = 2",
                "UPDATE journal SET seq = 2 WHERE seq = 3",
                "UPDATE journal SET seq = 3 WHERE seq = 99",
            ),
            JournalFault(2, BROKEN),
        ),
        "last moved away": (
            ("UPDATE journal SET seq = 9 WHERE seq = 6",),
            JournalFault(6, "is missing or was moved: entry 9 stands in its place"),
        ),
        "copy put in between": (
            (
                "UPDATE journal SET seq = seq + 10 WHERE seq > 3",
                "UPDATE journal SET seq = seq - 9 WHERE seq > 10",
                "INSERT INTO journal SELECT 4, at, kind, subject, body, previous, hash FROM journal WHERE seq = 3",
            ),
            JournalFault(4, BROKEN),
        ),
        "tail cut": (
            ("DELETE FROM journal WHERE seq > 4",),
            JournalFault(
                5,
                "is missing: the journal ends after entry 4, and a checkpoint of 2026-11-24T02:15:30.000+00:00 saw entry 5",
            ),
        ),
        "emptied": (
            ("DELETE FROM journal",),
            JournalFault(
                1,
                "is missing: the journal ends after entry 0, and a checkpoint of 2026-11-24T02:15:30.000+00:00 saw entry 1",
            ),
        ),
    }.items(),
    ids=lambda case: case if isinstance(case, str) else None,
)
def test_the_first_bad_entry_is_named(place, tamper, bad):
    statements, fault = bad
    ledger = place.ledger(clock=lambda: START)
    for number in range(6):
        ledger.add_entry("note", "a", {"x": number})
    assert ledger.verify_journal() is None

    place.execute(*statements)

    assert place.ledger().verify_journal() == fault


def restamped(entries: tuple[JournalEntry, ...], first: int, **changes: object) -> list[JournalEntry]:
    """The journal as a forger would write it who makes the chain whole again from an entry on."""
    forged = list(entries)
    forged[first - 1] = replace(forged[first - 1], **changes)
    for index in range(first - 1, len(forged)):
        previous = forged[index - 1].hash if index else "0" * 64
        forged[index] = replace(forged[index], previous=previous)
        forged[index] = replace(forged[index], hash=hash_of(forged[index]))
    return forged


def write(place, entries: list[JournalEntry]) -> None:
    place.execute("DELETE FROM journal")
    for entry in entries:
        row = {**plain(entry), "body": json.dumps(dict(entry.body))}
        place.execute(f"INSERT INTO journal ({', '.join(row)}) VALUES ({', '.join(repr(value) for value in row.values())})")


def test_a_chain_that_was_written_anew_does_not_agree_with_its_checkpoints(place):
    ledger = place.ledger(clock=lambda: START)
    for number in range(6):
        ledger.add_entry("note", "a", {"x": number})

    write(place, restamped(ledger.journal(), 3, body=Map({"x": 9})))

    assert place.ledger().verify_journal() == JournalFault(3, "is not the one that a checkpoint of 2026-11-24T02:15:30.000+00:00 saw")


def test_a_tail_that_was_cut_and_grown_again_does_not_agree_with_its_checkpoints(place):
    ledger = place.ledger(clock=lambda: START)
    for number in range(6):
        ledger.add_entry("note", "a", {"x": number})
    place.execute("DELETE FROM journal WHERE seq > 4")

    for number in range(3):
        place.ledger().add_entry("note", "another", {"x": number})

    assert place.ledger().verify_journal() == JournalFault(5, "is not the one that a checkpoint of 2026-11-24T02:15:30.000+00:00 saw")


def test_a_copy_of_the_checkpoints_elsewhere_finds_what_was_forged_in_both_places(place):
    ledger = place.ledger(clock=lambda: START)
    for number in range(4):
        ledger.add_entry("note", "a", {"x": number})
    elsewhere = place.folder / "copy.jsonl"
    shutil.copy(place.checkpoints, elsewhere)

    forged = restamped(ledger.journal(), 2, subject="b")
    write(place, forged)
    place.checkpoints.write_text("".join(json.dumps({"at": e.at, "hash": e.hash, "size": e.seq}) + "\n" for e in forged))

    assert place.ledger().verify_journal() is None
    assert place.ledger().verify_journal(elsewhere) == JournalFault(
        2, "is not the one that a checkpoint of 2026-11-24T02:15:30.000+00:00 saw"
    )


def test_checkpoints_that_are_gone_are_told_where_they_must_lie_beside_the_database(place):
    place.ledger().add_entry("note", "a", {})

    place.checkpoints.unlink()

    fault = place.ledger().verify_journal()
    if isinstance(place.database, str):  # a server's journal has checkpoints on the machines that wrote it
        assert fault is None
    else:
        assert fault == JournalFault(1, f"and all after it have no checkpoint: {place.checkpoints} is missing")


def test_every_committed_entry_has_its_checkpoint_and_none_that_was_rolled_back(place):
    ledger = place.ledger(clock=lambda: START)
    ledger.number("card_fraud", "k1", "r1")
    ledger.complete_version("card_fraud", 1, {"model.json": "ab"}, "cd" * 32)
    with pytest.raises(TypeError):
        ledger.add_entry("note", "a", {"x": object()})

    seen, unreadable = ledger.checkpoints.read()

    assert [asdict(checkpoint) for checkpoint in seen] == [
        {"size": entry.seq, "hash": entry.hash, "at": "2026-11-24T02:15:30.000+00:00"} for entry in ledger.journal()
    ]
    assert (len(seen), unreadable) == (2, 0)
    assert place.checkpoints.stat().st_mode & 0o777 == 0o600


def test_a_checkpoint_that_a_crash_cut_or_never_wrote_is_made_good_by_the_next_work(place):
    ledger = place.ledger()
    for number in range(3):
        ledger.add_entry("note", "a", {"x": number})
    whole = place.checkpoints.read_text()
    place.checkpoints.write_text(whole[:-20])

    with place.ledger().lease("recipe x", "a test"):
        pass

    seen, unreadable = place.ledger().checkpoints.read()
    assert ([checkpoint.size for checkpoint in seen], unreadable) == ([1, 2, 3], 1)
    assert place.ledger().verify_journal() is None


def test_registering_again_after_a_crash_gives_the_registration_its_checkpoint(place):
    ledger = place.ledger()
    ledger.number("card_fraud", "k1", "r1")
    ledger.complete_version("card_fraud", 1, {}, "cd" * 32)
    place.checkpoints.unlink()

    place.ledger().complete_version("card_fraud", 1, {}, "cd" * 32)

    assert [checkpoint.size for checkpoint in ledger.checkpoints.read()[0]] == [2]


def test_a_clock_that_jumps_orders_nothing_and_a_jump_back_is_journalled(place):
    hour, day, years = timedelta(hours=1), timedelta(days=1), timedelta(days=3652)
    times = iter([START, START + years, START - day, START - day - hour, START])
    ledger = place.ledger(clock=lambda: next(times))

    for name in "abcde":
        ledger.add_entry("note", name, {})

    found = [(entry.seq, entry.kind, entry.subject, entry.at[:16]) for entry in ledger.journal()]
    assert found == [
        (1, "note", "a", "2026-11-24T02:15"),
        (2, "note", "b", "2036-11-23T02:15"),
        (3, "clock.skew", "clock", "2026-11-23T02:15"),
        (4, "note", "c", "2026-11-23T02:15"),
        (5, "clock.skew", "clock", "2026-11-23T01:15"),
        (6, "note", "d", "2026-11-23T01:15"),
        (7, "note", "e", "2026-11-24T02:15"),
    ]
    assert dict(ledger.journal()[2].body) == {"last_entry": "2036-11-23T02:15:30.000+00:00", "clock": "2026-11-23T02:15:30.000+00:00"}
    assert ledger.verify_journal() is None


def test_runs_and_versions_keep_their_order_through_every_jump_of_the_clock(place):
    hour, day, years = timedelta(hours=1), timedelta(days=1), timedelta(days=3652)
    for jump in (timedelta(), years, -day, -hour, years + hour):
        ledger = place.ledger(clock=lambda jump=jump: START + jump)
        ledger.number("card_fraud", f"k{jump}", f"r{jump}")

    assert [row.number for row in place.ledger().versions("card_fraud", claimed=True)] == [1, 2, 3, 4, 5]
    assert [row.stage_key for row in place.ledger().versions(claimed=True)] == [
        f"k{jump}" for jump in (timedelta(), years, -day, -hour, years + hour)
    ]
