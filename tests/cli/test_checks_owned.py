"""Checks inferred from data and then owned, and the rows that checks set aside."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
import yaml

from upshot.components.checks._inferred import draft, flow
from upshot.contracts.records import Roles
from upshot.testing import RecipeProject

SET_ASIDE = "+checks.large={columns: {amount: {max: 120}}, action: quarantine}"


def profiled(project: RecipeProject, *words: str):
    project.run("run", "tiny")
    return project.run("data", "profile", "tiny", *words)


def test_the_draft_of_a_table_is_printed_with_what_was_seen_beside_it(tiny: RecipeProject) -> None:
    outcome = profiled(tiny)

    assert outcome.exit_code == 0
    assert outcome.stdout == (
        "# What table tiny was in its version 0 (48 rows); inferred once, and its owner's from then on.\n"
        "columns:\n"
        "  columns:\n"
        "    id: {type: int64}                               # 2 to 49\n"
        "    day: {type: timestamp}                          # 2026-01-01 08:00:00 to 2026-01-24 20:00:00\n"
        "    amount: {type: float64, min: 0.0, max: 1300.0}  # 10 to 124\n"
        "    bad: {type: int64, allowed: [0, 1]}             # 0 to 1\n"
        "keys: {unique: [id]}             # no key twice in 48 rows\n"
        "rows: {use: row_count, min: 24}  # 48 rows\n"
        '# fresh: {max_age: "2 days"}  # of data that is delivered every day, by day\n'
        "# ids_rise: {monotone: id, strict: true}  # holds in these rows; of rows that are only ever added at the end\n"
    )
    assert not (tiny.root / "conf").exists()


def test_a_written_draft_is_a_choice_that_its_own_data_meets(tiny: RecipeProject) -> None:
    written = profiled(tiny, "--write", "strict")

    assert written.stdout == (
        "wrote conf/checks/strict.yaml: 4 columns and 2 other checks; it is yours from now on\n"
        "use it: write `- checks: strict` in the defaults of a recipe\n"
    )
    done = tiny.run("run", "tiny", "+checks=strict", "--json")
    assert (done.exit_code, done.json["set_aside"]) == (0, 0)


def test_a_file_that_is_there_is_never_written_over(tiny: RecipeProject) -> None:
    profiled(tiny, "--write")
    before = (tiny.root / "conf/checks/tiny.yaml").read_text()

    outcome = tiny.run("data", "profile", "tiny", "--write")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (
        2,
        "",
        "UsageError: nothing was written\n\n"
        "  tiny.yaml  is there already, and it is its owner's; --update adds what it does not name; without --write the draft is only printed\n",
    )
    assert (tiny.root / "conf/checks/tiny.yaml").read_text() == before


def test_an_update_adds_what_is_not_named_and_keeps_every_other_byte(tiny: RecipeProject) -> None:
    mine = "# mine\namounts:   # by hand\n    columns:\n        amount: {min: 0.01}   # a cent\n        # no more\nkeys: {unique: [id], action: quarantine}\n"
    tiny.write("conf/checks/tiny.yaml", mine)

    outcome = profiled(tiny, "--write", "--update")
    again = tiny.run("data", "profile", "tiny", "--write", "--update")

    text = (tiny.root / "conf/checks/tiny.yaml").read_text()
    assert outcome.stdout == "added to conf/checks/tiny.yaml: id, day, bad, rows\n"
    assert text == (
        "# mine\namounts:   # by hand\n    columns:\n        amount: {min: 0.01}   # a cent\n"
        "        id: {type: int64}                    # 2 to 49\n"
        "        day: {type: timestamp}               # 2026-01-01 08:00:00 to 2026-01-24 20:00:00\n"
        "        bad: {type: int64, allowed: [0, 1]}  # 0 to 1\n"
        "        # no more\nkeys: {unique: [id], action: quarantine}\n"
        "rows: {use: row_count, min: 24}  # 48 rows\n"
    )
    assert again.stdout == "conf/checks/tiny.yaml names all of it already; nothing was changed\n"
    assert tiny.run("run", "tiny", "+checks=tiny").exit_code == 0


def test_columns_on_one_line_are_left_and_what_to_add_is_said(tiny: RecipeProject) -> None:
    tiny.write("conf/checks/tiny.yaml", "amounts: {columns: {amount: {min: 0.01}}}\n")

    outcome = profiled(tiny, "--write", "--update")

    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "UsageError: nothing was written\n\n"
        "  tiny.yaml amounts.columns  stands on one line, so nothing can be added under it; "
        "add: id: {type: int64}; day: {type: timestamp}; bad: {type: int64, allowed: [0, 1]}\n"
    )


def test_values_of_protected_attributes_are_neither_listed_nor_bounded() -> None:
    frame = pd.DataFrame({"sex": ["f", "m"] * 50, "age": [30, 40] * 50, "paid": [1.5, None] * 50})

    found = draft(frame, Roles(protected=("sex", "age")))

    assert [(line.key, line.value, line.seen) for line in found.columns] == [
        ("sex", "{type: string}", "protected"),
        ("age", "{type: int64}", "protected"),
        ("paid", "{type: float64, nullable: true, min: 0.0, max: 15.0}", "1.5 to 1.5, missing in 0.5 of the rows"),
    ]
    assert found.others[-1].value == "{statistics: {paid: {max_null_share: 1.0}}}"


@pytest.mark.parametrize("text", ["NO", "on", "1.5", "2026-01-01", "a b", "null", "x: y", "~", "", "known"])
def test_texts_read_back_from_the_draft_as_they_were(text: str) -> None:
    assert yaml.safe_load(flow({"allowed": [text]})) == {"allowed": [text]}


def test_rows_that_were_set_aside_are_counted_in_the_run_and_listed_by_rule(tiny: RecipeProject) -> None:
    run = tiny.run("run", "tiny", SET_ASIDE, "+checks.small={columns: {amount: {min: 20}}, action: warn}")
    listed = tiny.run("data", "quarantine", "last", "-n", "2")

    assert (
        "data      4 of 48 rows set aside (large 4); 24 of 48 rows kept with a warning (small 24); see upshot data quarantine last\n"
        in run.stdout
    )
    assert listed.stdout == (
        "tiny version 0: 4 of 48 rows set aside\n\n"
        "check  what became of them      found\n"
        "large  4 set aside              amount must be <= 120: 4 of 48 rows\n"
        "small  24 kept, with a warning  amount must be >= 20: 24 of 48 rows\n\n"
        "row  checks  id  day                  amount  bad\n"
        "41   large   43  2026-01-21 20:00:00  121     1\n"
        "43   large   45  2026-01-22 20:00:00  122     1\n\n"
        "2 of 4 rows; all of them: --csv FILE\n"
    )


def test_all_rows_that_were_set_aside_go_to_a_file_that_no_spreadsheet_takes_for_formulas(tiny: RecipeProject) -> None:
    text = (tiny.root / "data/cases.csv").read_text().replace("id,day,amount,bad", "id,day,amount,bad,note").splitlines()
    tiny.write("data/cases.csv", "\n".join([text[0], *(f"{line},=1+{place}" for place, line in enumerate(text[1:]))]) + "\n")
    tiny.run("run", "tiny", SET_ASIDE, "+data.roles.protected=[bad]")

    outcome = tiny.run("data", "quarantine", "last", "--csv", "out.csv")

    rows = list(csv.DictReader((tiny.root / "out.csv").read_text().splitlines()))
    assert outcome.exit_code == 0
    assert (len(rows), rows[0]["row"], rows[0]["checks"], rows[0]["note"], rows[0]["bad"]) == (4, "41", "large", "'=1+41", "(protected)")
    again = tiny.run("data", "quarantine", "last", "--csv", "out.csv")
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)


def test_a_recipe_whose_data_was_not_checked_yet_has_no_rows_to_show(tiny: RecipeProject) -> None:
    before = tiny.run("data", "quarantine", "tiny")
    tiny.run("run", "tiny")
    after = tiny.run("data", "quarantine", "tiny", "--json")

    assert (before.exit_code, before.stderr) == (
        2,
        "UsageError: the data of this recipe was not checked yet\n\n  tiny  run it first; upshot run tiny\n",
    )
    assert (after.json["set_aside"], after.json["checks"], after.json["first_rows"]) == (0, [], [])


def test_the_draft_as_json_names_the_file_that_was_written(tiny: RecipeProject) -> None:
    document = profiled(tiny, "--write", "--json").json

    assert (document["shape"], document["file"], document["added"]) == ("upshot.data.profile/1", "conf/checks/tiny.yaml", None)
    assert Path(tiny.root, document["file"]).read_text() == document["yaml"]
