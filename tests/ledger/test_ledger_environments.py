"""What environments serve: compare and swap with a journal entry, approvals and waivers beside theirs, and what happens to forgers."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from upshot.contracts.tables import Map
from upshot.errors import BusyError, UpshotError, UsageError
from upshot.ledger.environments import ApprovalRow, PromotionRow, WaiverRow
from upshot.ledger.served import served_in

ADA, MIA = (Map({"name": name, "source": "said", "account": f"{name}@host", "git": None}) for name in ("ada", "mia"))
RECORDS = {1: "a1" * 32, 2: "b2" * 32, 3: "c3" * 32}
FIRST = PromotionRow("shop", "prod", "promoted", 1, None, RECORDS[1], ADA, None, Map({"gates": {"g": {"min": 0.5}}}))
APPROVAL = ApprovalRow("shop", 1, "prod", "risk", RECORDS[1], "7e" * 32, MIA, "looks right")
WAIVER = WaiverRow("shop", 1, "prod", "g", "risk", RECORDS[1], "9a" * 32, "2026-12-31", MIA, "known to be narrow")


def second(number: int, previous: int | None) -> PromotionRow:
    return replace(FIRST, number=number, previous=previous, record=RECORDS[number])


@pytest.fixture
def ledger(place):
    ledger = place.ledger()
    for number, record in RECORDS.items():
        assert ledger.number("shop", record, "r1") == number
        ledger.complete_version("shop", number, {"model.json": record}, record)
    return ledger


def test_an_environment_serves_what_was_promoted_last_and_remembers_all(ledger, place):
    assert ledger.environments.served("shop") == ()

    first, then = ledger.environments.promote(FIRST), ledger.environments.promote(second(2, 1))
    elsewhere = ledger.environments.promote(replace(FIRST, environment="dev"))

    read = place.ledger().environments
    assert [(row.environment, row.number, row.promotion) for row in read.served("shop")] == [("prod", 2, then), ("dev", 1, elsewhere)]
    assert read.promotions("shop", "prod") == (first, then)
    assert (then.previous, then.person["name"], dict(then.terms)) == (1, "ada", {"gates": {"g": {"min": 0.5}}})
    assert read.served("other") == ()
    assert read.names() == ("shop",)


def test_a_promotion_stands_in_the_journal_with_all_that_it_says(ledger):
    row = ledger.environments.promote(FIRST)

    entry = ledger.journal()[-1]
    assert (entry.seq, entry.kind, entry.subject) == (row.entry, "version.promoted", "shop 1 in prod")
    assert (entry.body["record"], entry.body["person"]["name"], entry.body["previous"]) == (RECORDS[1], "ada", None)
    assert ledger.verify_journal() is None


def test_whoever_expected_something_else_is_too_late_and_learns_who_was_faster(ledger):
    ledger.environments.promote(FIRST)
    before = ledger.journal()

    for late in (FIRST, second(3, 2)):
        with pytest.raises(BusyError) as caught:
            ledger.environments.promote(late)
        assert caught.value.exit_code == 6
        (problem,) = caught.value.problems
        assert (problem.where, problem.got[:16]) == ("prod of shop", "changed by ada, ")
        assert problem.rule.startswith("serves shop@1 now, and was expected to serve ")
    with pytest.raises(BusyError, match="serves nothing, and was expected to serve shop@2"):
        ledger.environments.promote(replace(second(3, 2), environment="dev"))
    assert ledger.journal() == before


def test_what_is_not_registered_is_not_promoted_approved_or_waived(ledger):
    for act, row in (
        (ledger.environments.promote, replace(FIRST, number=9)),
        (ledger.environments.promote, replace(FIRST, record="ff" * 32)),
        (ledger.environments.approve, replace(APPROVAL, record="ff" * 32)),
        (ledger.environments.waive, replace(WAIVER, number=4)),
    ):
        with pytest.raises(UsageError, match="is not registered with this content"):
            act(row)
    assert [entry.kind for entry in ledger.journal() if not entry.kind.startswith("version.")] == []
    assert ledger.environments.promotions("shop") == ()


def test_approvals_and_waivers_are_kept_and_taken_back_once(ledger, place):
    approved, waived = ledger.environments.approve(APPROVAL), ledger.environments.waive(WAIVER)

    ledger.environments.withdraw(approved, ADA, "too early")
    ledger.environments.withdraw(waived, ADA, None)

    kept = place.ledger().environments
    assert [replace(row, withdrawn=None) for row in kept.approvals("shop", 1, "prod")] == [approved]
    assert [(row.until, row.reason, row.withdrawn is not None) for row in kept.waivers("shop")] == [
        ("2026-12-31", "known to be narrow", True)
    ]
    assert kept.approvals("shop", 2) == ()
    assert [entry.kind for entry in ledger.journal()[-4:]] == ["version.approved", "gate.waived", "approval.withdrawn", "waiver.withdrawn"]
    with pytest.raises(BusyError, match="was taken back meanwhile"):
        ledger.environments.withdraw(approved, ADA, None)
    assert len(ledger.journal()) == 10
    assert ledger.verify_journal() is None


def test_a_lease_is_given_back_with_the_promotion(ledger):
    with ledger.lease("prod of shop", "promote shop@1") as lease:
        ledger.environments.promote(FIRST, lease)
        assert ledger.leases() == ()

    assert ledger.environments.served("shop")[0].number == 1


FORGED = {
    "a row that nobody journalled": (
        "INSERT INTO approvals (name, number, environment, role, record, terms, at, person, entry) "
        "SELECT name, number, environment, 'business', record, terms, at, person, 99 FROM approvals",
        "99 does not say what row 2 of the table approvals says",
    ),
    "another role": ("UPDATE approvals SET role = 'business'", "8 does not say what row 1 of the table approvals says"),
    "another person": ("""UPDATE approvals SET person = '{"name": "zoe"}'""", "8 does not say what row 1 of the table approvals says"),
    "another version": ("UPDATE approvals SET number = 2", "8 does not say what row 1 of the table approvals says"),
    "a removed approval": ("DELETE FROM approvals", "8 has no row in the table approvals"),
    "an approval taken back by hand": ("UPDATE approvals SET withdrawn = 8", "8 is taken back by its row, and by nothing in the journal"),
    "a waiver that lasts longer": ("UPDATE waivers SET until = '2099-01-01'", "9 does not say what row 1 of the table waivers says"),
    "a waiver that was taken back": ("UPDATE waivers SET withdrawn = NULL WHERE gate = 'h'", "11 takes back what its row says stands"),
    "another version is served": ("UPDATE environments SET number = 3", "7 is not what the table environments says of shop in prod"),
    "nothing is served": ("DELETE FROM environments", "7 is not what the table environments says of shop in prod"),
    "other terms": ("""UPDATE promotions SET terms = '{}'""", "7 does not say what row 1 of the table promotions says"),
    "a promotion that was none": ("DELETE FROM promotions", "7 has no row in the table promotions"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_row_that_was_changed_by_hand_is_found_because_the_journal_says_otherwise(ledger, place, how):
    ledger.environments.promote(FIRST)
    ledger.environments.approve(APPROVAL)
    ledger.environments.waive(WAIVER)
    ledger.environments.withdraw(ledger.environments.waive(replace(WAIVER, gate="h")), ADA, None)
    assert ledger.verify_journal() is None
    statement, told = FORGED[how]

    place.execute(statement)

    fault = place.ledger().verify_journal()
    assert fault is not None
    assert f"{fault.seq} {fault.rule}" == told


def test_of_20_processes_that_promote_at_once_exactly_one_does(ledger, place):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["upshot.ledger.schema", "upshot.ledger.ledger", "sqlalchemy.dialects.postgresql.psycopg"])

    with processes.Pool(20) as pool:
        ended = pool.map(promoted, [(place, 1 + number % 3) for number in range(20)], chunksize=1)

    kept = place.ledger()
    (winner,) = kept.environments.promotions("shop")
    assert sorted(ended) == [0] + [6] * 19
    assert kept.environments.served("shop")[0].number == winner.number
    assert kept.verify_journal() is None


def promoted(job):
    place, number = job
    try:
        place.ledger().environments.promote(second(number, None))
    except UpshotError as error:
        return error.exit_code
    return 0


def test_a_journal_is_sound_while_others_write_to_it(ledger, place):
    def write() -> None:
        mine = place.ledger().environments
        mine.promote(FIRST)
        for _ in range(12):
            mine.promote(second(2, 1))
            mine.promote(second(1, 2))

    writer = threading.Thread(target=write)
    writer.start()
    found = {ledger.verify_journal()}
    while writer.is_alive():
        found.add(ledger.verify_journal())
    writer.join()

    assert found == {None}
    assert len(ledger.environments.promotions("shop")) == 25


def test_the_standard_library_reads_the_same_as_the_ledger_and_without_sqlalchemy(ledger, place):
    if isinstance(place.database, str):
        pytest.skip("a server's ledger is read by its driver")
    ledger.environments.promote(FIRST)
    ledger.environments.promote(replace(FIRST, environment="dev"))
    script = (
        "import sys; from pathlib import Path; from upshot.ledger.served import served_in\n"
        "print([row.number for row in served_in(Path(sys.argv[1]), 'shop')], 'sqlalchemy' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script, str(place.database)], capture_output=True, text=True, check=True)

    assert served_in(place.database, "shop") == ledger.environments.served("shop")
    assert done.stdout == "[1, 1] False\n"


def test_runs_of_a_version_are_found_the_newest_first(ledger):
    from upshot.ledger.ledger import RunRow

    run = RunRow("r1", "shop", "1e" * 32, "", "0.1.0", 7, 2, person=ADA)
    for id, version in (("r1", "shop 1"), ("r2", "shop 2"), ("r3", "shop 1"), ("r4", None)):
        ledger.begin_run(replace(run, id=id))
        ledger.finish_run(id, "done", {"version": version})
    ledger.begin_run(replace(run, id="r5"))
    ledger.finish_run("r5", "failed", {"version": "shop 1"})

    found = ledger.runs_of("shop", 1)

    assert [row.id for row in found] == ["r3", "r1"]
    assert dict(found[0].person) == dict(ADA)
