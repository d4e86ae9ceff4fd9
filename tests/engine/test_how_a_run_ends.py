"""How a run ends, well or not: what is recorded, what is kept, what is registered."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from tiny_engine import Nothing, engine_in, forgetful, recipe_in

from upshot.errors import IntegrityError
from upshot.ledger.ledger import Ledger
from upshot.testing import RecipeProject


def ledger(project: RecipeProject) -> Ledger:
    return Ledger(project.root / ".upshot" / "ledger.db")


def stored(project: RecipeProject, digest: str) -> bytes:
    return (project.root / ".upshot" / "artefacts" / digest[:2] / digest).read_bytes()


def test_a_refused_gate_registers_nothing_and_so_does_the_repeat(tiny: RecipeProject) -> None:
    words = ("run", "tiny", "gates.worth_it.min_gain=5000", "--json")

    first, again = tiny.run(*words), tiny.run(*words)

    assert [(outcome.exit_code, outcome.json["status"], outcome.json["version"]) for outcome in (first, again)] == [
        (4, "refused", None)
    ] * 2
    assert again.stderr == first.stderr
    assert first.stderr == (
        "GateError: 1 of 2 gates failed; no version is registered\n\n"
        "  gates.worth_it  saved gain over do_nothing >= 5,000: all of 120.5 [118.3, 122.7] misses it  (argument 1)\n"
    )
    assert ledger(tiny).versions(claimed=True) == ()
    assert [(run.id, run.status) for run in ledger(tiny).runs()] == [(first.json["run"], "refused")]
    assert again.json["run"] == first.json["run"]


def test_a_failed_stage_is_recorded_and_leaves_what_ran_before_it_usable(tiny: RecipeProject) -> None:
    failed = tiny.run("run", "tiny", "features.amount.columns=[amont]")
    mended = tiny.run("run", "tiny", "--json")

    (_, row) = ledger(tiny).runs()
    assert (failed.exit_code, row.status, row.error) == (3, "failed", failed.stderr.removeprefix("DataError: ").rstrip("\n"))
    assert [stage.stage for stage in ledger(tiny).stages(row.id)] == ["ingest", "validate", "label", "split"]
    assert [stage["stage"] for stage in mended.json["stages"] if stage["cached"]] == ["ingest", "validate", "label", "split"]
    assert mended.json["version"]["number"] == 1


def test_a_failed_stage_leaves_no_receipt_so_it_fails_again(tiny: RecipeProject) -> None:
    words = ("run", "tiny", "features.amount.columns=[amont]")

    first, again = tiny.run(*words), tiny.run(*words)

    assert (again.exit_code, again.stderr) == (first.exit_code, first.stderr)
    assert [run.status for run in ledger(tiny).runs()] == ["failed", "failed"]


def test_an_interruption_is_recorded_and_the_next_run_goes_on_from_it(tiny: RecipeProject) -> None:
    class Impatient(Nothing):
        def stage_ends(self, stage: object) -> None:
            if getattr(stage, "name", None) == "featurize":
                raise KeyboardInterrupt

    engine = engine_in(tiny.root)
    with pytest.raises(KeyboardInterrupt):
        engine.run(engine.plan(recipe_in(tiny.root)), Impatient())
    record = engine.run(engine.plan(recipe_in(tiny.root)), Nothing())

    assert [run.status for run in ledger(tiny).runs()] == ["done", "interrupted"]
    assert [stage.name for stage in record.stages if stage.cached] == ["ingest", "validate", "label", "split", "featurize"]


def test_a_bug_of_ours_is_recorded_as_a_failure_with_its_words(tiny: RecipeProject) -> None:
    class Clumsy(Nothing):
        def stage_begins(self, planned: object) -> None:
            raise ZeroDivisionError("no such luck")

    engine = engine_in(tiny.root)
    with pytest.raises(ZeroDivisionError):
        engine.run(engine.plan(recipe_in(tiny.root)), Clumsy())

    assert [(run.status, run.error) for run in ledger(tiny).runs()] == [("failed", "ZeroDivisionError: no such luck")]


def test_versions_are_numbered_and_the_same_content_gets_its_number_again(tiny: RecipeProject) -> None:
    def register(*overrides: str) -> int:
        number: int = tiny.run("run", "tiny", *overrides, "--json").json["version"]["number"]
        return number

    assert [register(), register("model.C=0.5"), register()] == [1, 2, 1]
    for answer in (tiny.root / ".upshot" / "receipts").rglob("*.json"):
        answer.unlink()  # all stages run anew, and give what they gave
    assert [register(), register("model.C=0.5")] == [1, 2]
    assert [(row.name, row.number) for row in ledger(tiny).versions(claimed=True)] == [("tiny", 1), ("tiny", 2)]
    assert ledger(tiny).verify_journal() is None


def test_every_file_of_a_version_is_stored_under_the_hash_in_its_manifest(tiny: RecipeProject) -> None:
    version = tiny.run("run", "tiny", "--json").json["version"]

    assert list(version["manifest"]) == [
        "components.json",
        "features/amount/numeric.json",
        "golden/cases_labels.arrow",
        "golden/cases_rows.arrow",
        "golden/expected.arrow",
        "golden/history_labels.arrow",
        "golden/history_rows.arrow",
        "model/columns.json",
        "model/model.json",
        "signature.json",
    ]
    assert {path: sha256(stored(tiny, digest)).hexdigest() for path, digest in version["manifest"].items()} == version["manifest"]
    assert ledger(tiny).versions()[0].manifest == version["manifest"]


def test_a_version_carries_its_signature_and_golden_rows_with_their_answers(tiny: RecipeProject) -> None:
    import pyarrow as pa

    manifest = tiny.run("run", "tiny", "--json").json["version"]["manifest"]

    signature = json.loads(stored(tiny, manifest["signature.json"]))
    cases = pa.ipc.open_file(stored(tiny, manifest["golden/cases_rows.arrow"])).read_all()
    answers = pa.ipc.open_file(stored(tiny, manifest["golden/expected.arrow"])).read_all()
    roles = {name: value for name, value in signature.pop("roles").items() if value}
    assert roles == {"key": ["id"], "time": "day", "target": "bad", "amount": "amount"}
    assert signature == {
        "block": "day",
        "columns": {"id": "int64", "day": "timestamp[us]", "amount": "double"},
        "features": ["amount"],
        "gives": "probability",
        "tables": {},
    }
    assert cases.column("id").to_pylist() == list(range(34, 50))  # test days 17 to 24, two cases a day, the outcome taken off
    assert "bad" not in cases.column_names
    assert [probability > 0.5 for probability in answers.column("probability").to_pylist()] == [False, True] * 8


def test_a_model_that_answers_otherwise_when_reloaded_is_not_registered(tiny: RecipeProject) -> None:
    engine = engine_in(tiny.root, forgetful())
    plan = engine.plan(recipe_in(tiny.root, "model.use=forgetful", catalogue=engine.catalogue))

    with pytest.raises(IntegrityError) as caught:
        engine.run(plan, Nothing())

    assert str(caught.value) == (
        "the saved model does not answer its golden rows as the fitted one did; nothing is registered\n\n"
        "  model 'forgetful'  must give equal predictions after it is saved and loaded  (argument 1)"
    )
    assert (caught.value.exit_code, ledger(tiny).versions(claimed=True)) == (5, ())
    assert [run.status for run in ledger(tiny).runs()] == ["failed"]


def test_the_state_folder_is_for_its_owner_alone(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")

    state: Path = tiny.root / ".upshot"
    assert oct(state.stat().st_mode & 0o777) == oct(0o700)
    assert [path.name for path in state.rglob("*") if path.is_file() and path.stat().st_mode & 0o022] == []
