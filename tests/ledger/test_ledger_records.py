from __future__ import annotations

import multiprocessing
from dataclasses import replace

import pytest

from upshot.contracts.tables import Map
from upshot.errors import BusyError, IntegrityError, UsageError
from upshot.ledger import _database
from upshot.ledger.ledger import RunRow, StageRow, new_run_id
from upshot.ledger.snapshots import Pin

RUN = RunRow(
    id="r20261124T021530-7f3a9c",
    recipe="card_fraud",
    recipe_digest="1e" * 32,
    started_at="2026-11-24T02:15:30.000+00:00",
    project_version="0.1.0",
    seed=7,
    threads=2,
    config=Map({"model": {"use": "xgboost", "max_depth": 8}}),
)
SPLIT = StageRow(RUN.id, 3, "split", "a1" * 32, "b2" * 32, True, None)
TRAIN = StageRow(RUN.id, 5, "train", "c3" * 32, "d4" * 32, False, 1.25)
PIN = Pin("sales", 0, 3, "5e" * 32, Map({"x": "double", "a": "string"}), (), "2026-11-24T02:15:30+00:00")


def test_a_finished_run_is_read_back_as_it_was_written(ledger, place):
    ledger.begin_run(RUN)
    ledger.add_stage(TRAIN)
    ledger.add_stage(SPLIT)
    ledger.finish_run(RUN.id, "done", {"value": 412300.5, "gates": ("PASS", None)})

    read = place.ledger()
    run = read.run(RUN.id)

    assert replace(run, finished_at=None) == replace(RUN, status="done", summary=Map({"value": 412300.5, "gates": ["PASS", None]}))
    assert run.finished_at is not None
    assert read.stages(RUN.id) == (SPLIT, TRAIN)


def test_a_run_that_was_killed_shows_as_unfinished(ledger, place):
    ledger.begin_run(RUN)
    ledger.add_stage(TRAIN)

    (run,) = place.ledger().runs()

    assert (run.status, run.finished_at) == ("running", None)


def test_runs_are_listed_newest_first_by_order_not_by_clock(ledger):
    years = ["2026", "2036", "2016"]
    for number, year in enumerate(years):
        ledger.begin_run(replace(RUN, id=f"r{number}", started_at=f"{year}-01-01", recipe="other" if number == 1 else RUN.recipe))

    assert [run.id for run in ledger.runs()] == ["r2", "r1", "r0"]
    assert [run.id for run in ledger.runs(limit=1)] == ["r2"]
    assert [run.id for run in ledger.runs(recipe="card_fraud")] == ["r2", "r0"]


def test_an_unknown_run_is_a_usage_error(ledger):
    for ask in (lambda: ledger.run("r0"), lambda: ledger.finish_run("r0", "done", {})):
        with pytest.raises(UsageError, match="unknown run; got 'r0'"):
            ask()


def test_run_ids_are_random_and_sort_by_time():
    ids = [new_run_id() for _ in range(50)]

    assert len(set(ids)) == 50
    assert [id[:16] for id in ids] == sorted(id[:16] for id in ids)


def test_one_content_key_has_one_number_for_good(ledger):
    numbers = [ledger.number("card_fraud", key, RUN.id) for key in ("k1", "k2", "k1", "k3")]

    assert numbers == [1, 2, 1, 3]
    assert ledger.number("other", "k1", RUN.id) == 1


def test_a_version_is_listed_once_it_is_registered_in_full(ledger):
    ledger.number("card_fraud", "k1", RUN.id)
    ledger.number("card_fraud", "k2", RUN.id)

    ledger.complete_version("card_fraud", 2, {"model.json": "ab"}, "cd" * 32)

    (version,) = ledger.versions("card_fraud")
    assert (version.number, version.stage_key, dict(version.manifest), version.record) == (2, "k2", {"model.json": "ab"}, "cd" * 32)
    assert [(row.number, row.is_complete) for row in ledger.versions(claimed=True)] == [(1, False), (2, True)]


def test_registering_twice_is_no_change_and_registering_something_else_is_refused(ledger):
    ledger.number("card_fraud", "k1", RUN.id)
    ledger.complete_version("card_fraud", 1, {"model.json": "ab"}, "cd" * 32)
    before = ledger.journal()

    ledger.complete_version("card_fraud", 1, {"model.json": "ab"}, "cd" * 32)

    assert ledger.journal() == before
    with pytest.raises(IntegrityError, match="card_fraud 1"):
        ledger.complete_version("card_fraud", 1, {"model.json": "xx"}, "cd" * 32)
    with pytest.raises(IntegrityError, match="never claimed"):
        ledger.complete_version("card_fraud", 9, {}, "cd" * 32)


def test_20_processes_at_once_get_20_numbers_and_a_whole_journal(place):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["upshot.ledger.schema", "upshot.ledger.ledger", "sqlalchemy.dialects.postgresql.psycopg"])

    with processes.Pool(20) as pool:
        numbers = pool.starmap(place.ledger().number, [("card_fraud", f"k{key}", "r") for key in range(20)] * 2, chunksize=1)

    ledger = place.ledger()
    assert sorted(numbers[:20]) == list(range(1, 21))
    assert numbers[20:] == numbers[:20]
    assert len(ledger.journal()) == 20
    assert ledger.verify_journal() is None


def test_a_pin_is_recorded_once_and_never_changed(ledger):
    ledger.remember(PIN)
    ledger.remember(PIN)

    (row,) = ledger.snapshots("sales")
    assert (row.table, row.version, row.rows, row.digest, list(row.schema.items())) == (
        "sales",
        0,
        3,
        PIN.digest,
        [("x", "double"), ("a", "string")],
    )
    with pytest.raises(IntegrityError, match="sales version 0"):
        ledger.remember(replace(PIN, digest="6f" * 32))


def test_a_database_of_a_newer_upshot_is_refused_by_its_number(ledger, place):
    ledger.begin_run(RUN)
    place.execute("UPDATE schema SET number = 99")

    with pytest.raises(UsageError, match="has schema number 99; this Upshot reads up to 3; upgrade Upshot") as caught:
        place.ledger().runs()

    assert caught.value.exit_code == 2


def test_a_database_that_stays_locked_is_busy_and_a_retry_is_safe(place, monkeypatch):
    monkeypatch.setattr(_database, "BUSY_SECONDS", 0.05)
    ledger, other = place.ledger(), place.ledger()
    ledger.add_entry("note", "a", {})

    with other._database.writing(), pytest.raises(BusyError, match="the ledger is in use") as caught:
        ledger.add_entry("note", "b", {})
    ledger.add_entry("note", "b", {})

    assert caught.value.exit_code == 6
    assert [entry.subject for entry in ledger.journal()] == ["a", "b"]


def test_a_transaction_that_fails_changes_nothing(ledger):
    ledger.number("card_fraud", "k1", RUN.id)

    with pytest.raises(TypeError):
        ledger.add_entry("note", "a", {"x": object()})

    assert len(ledger.journal()) == 1
    assert ledger.number("card_fraud", "k2", RUN.id) == 2


def test_a_ledger_is_made_by_being_written_and_not_by_being_asked_for(ledger, place):
    assert not ledger.exists()

    ledger.add_entry("note", "a", {})

    assert place.ledger().exists()


def test_whole_numbers_of_64_bits_and_text_with_a_nul_are_kept(ledger):
    ledger.begin_run(replace(RUN, seed=2**62))
    ledger.finish_run(RUN.id, "failed", {}, "a\0b")

    run = ledger.run(RUN.id)

    assert (run.seed, run.error) == (2**62, "a\\0b")
