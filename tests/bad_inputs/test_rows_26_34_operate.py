"""Rows 17, 26, 27, 30, 33 and 34 of the list of bad inputs: what is asked of a version, and who asks it. Exit code and the whole text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from upshot.ledger.ledger import Ledger

SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
ENV = """\
env:
  staging: {}
  prod:
    approvals: {risk: {by: [grace, ada]}}
    gates: {much: {kpi: saved, against: do_nothing, min_gain: 200}}
"""
LINE = {"staging": 38, "prod": 39, "approvals": 40, "much": 41}
"""Where the parts of it stand in the recipe's file."""


@pytest.fixture
def shop(tiny: Any) -> Any:
    """Version 1, trained by ada and served in staging."""
    tiny.write("recipes/tiny.yaml", (tiny.root / "recipes/tiny.yaml").read_text() + ENV)
    tiny.write("upshot.yaml", "identity: names\n")
    assert tiny.run("run", "tiny", "--as", "ada").exit_code == 0
    assert tiny.run("promote", "tiny@1", "--env", "staging", "--as", "ops").exit_code == 0
    return tiny


def entries(project: Any) -> int:
    return len(Ledger(project.root / ".upshot/ledger.db").journal())


def test_row_17_a_key_that_two_sources_set_shows_winner_and_losers(tiny: Any) -> None:
    tiny.write("conf/model/near.yaml", "use: logistic_regression\nC: 0.5\n")
    recipe = (tiny.root / "recipes/tiny.yaml").read_text().replace("- model: logistic_regression", "- model: near")
    tiny.write("recipes/tiny.yaml", recipe + "model: {C: 2.0}\n")

    outcome = tiny.run("explain", "tiny", "model.C", "model.C=3.0")

    line = len(recipe.splitlines()) + 1
    sentence = outcome.stdout.splitlines()[4]
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout == (
        "   choice      made in\n"
        "*  model=near  recipes/tiny.yaml:3\n"
        "\n"
        "model.C = 3.0\n"
        f"{sentence}\n"
        "    number, > 0; default 1.0\n"
        "     component default  upshot.components.model.logistic_regression:LogisticRegressionParams  1.0          overridden\n"
        "     project            conf/model/near.yaml:2                                                0.5          overridden\n"
        f"     recipe             recipes/tiny.yaml:{line}                                                  2.0          overridden\n"
        "  *  command line       argument 1                                                            model.C=3.0\n"
    )


def test_row_26_an_absent_version_names_those_that_there_are(shop: Any) -> None:
    before = entries(shop)

    outcome = shop.run("promote", "tiny@99", "--env", "prod", "--as", "ops")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (
        2,
        "",
        "UsageError: there is no such version\n\n  tiny@99  no such registered version; registered: tiny@1\n",
    )
    assert entries(shop) == before


def test_row_26_a_version_that_is_there_already_is_no_second_event(shop: Any) -> None:
    before = entries(shop)

    outcome = shop.run("promote", "tiny@1", "--env", "staging", "--as", "ops")

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert re.fullmatch(r"tiny@1 is already there: staging serves it since \S+; nothing was changed\n", outcome.stdout)
    assert entries(shop) == before


def test_row_27_a_rollback_with_no_earlier_version_says_what_there_is(shop: Any) -> None:
    before = entries(shop)

    outcome = shop.run("rollback", "tiny", "--env", "staging", "--as", "ops")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (
        4,
        "",
        "GateError: staging is not rolled back\n\n"
        "  staging of tiny  serves tiny@1, and served nothing before; registered: tiny@1\n",
    )  # fmt: skip
    assert entries(shop) == before


def test_row_30_a_second_run_names_who_holds_the_lock(tiny: Any) -> None:
    tiny.run("run", "tiny")
    with Ledger(tiny.root / ".upshot/ledger.db").lease("recipe tiny", "run r20261124T021530-7f3a9c"):
        outcome = tiny.run("run", "tiny", "seed=8")

    assert outcome.exit_code == 6
    assert re.fullmatch(
        r"BusyError: somebody else is at work there\n\n"
        r"  recipe tiny  is held; got run r20261124T021530-7f3a9c, process \d+ on \S+, since \S+; wait until it is done, or stop that process\n",
        outcome.stderr,
    )


def test_row_33_prod_without_approval_says_who_may_approve_and_by_which_command(shop: Any) -> None:
    shop.write("recipes/tiny.yaml", (shop.root / "recipes/tiny.yaml").read_text().replace("min_gain: 200", "min_gain: 0"))
    before = entries(shop)

    outcome = shop.run("promote", "tiny@1", "--env", "prod", "--as", "ops")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (
        4,
        "",
        "GateError: tiny@1 is not promoted to prod\n\n"
        "  env.prod.approvals.risk  needs 1 more approval of 1; grace may approve: upshot approve tiny@1 --env prod --role risk"
        f"  (recipes/tiny.yaml:{LINE['approvals']})\n",
    )
    assert entries(shop) == before


def test_row_33_the_author_neither_approves_nor_promotes(shop: Any) -> None:
    shop.write("recipes/tiny.yaml", (shop.root / "recipes/tiny.yaml").read_text().replace("min_gain: 200", "min_gain: 0"))

    approved = shop.run("approve", "tiny@1", "--env", "prod", "--as", "ada")
    assert shop.run("approve", "tiny@1", "--env", "prod", "--as", "grace").exit_code == 0
    promoted = shop.run("promote", "tiny@1", "--env", "prod", "--as", "ada")

    place = f"(recipes/tiny.yaml:{LINE['approvals']})"
    assert (approved.exit_code, approved.stdout, approved.stderr) == (
        4,
        "",
        "GateError: ada may not approve tiny@1\n\n"
        "  env.prod.approvals.risk  ada made tiny@1 and may not approve it: ada trained it; grace may approve: upshot approve tiny@1 --env prod "
        f"--role risk  {place}\n",
    )
    assert (promoted.exit_code, promoted.stdout, promoted.stderr) == (
        4,
        "",
        "GateError: tiny@1 is not promoted to prod\n\n"
        f"  env.prod  ada made it and may not promote it: ada trained it; somebody else may: upshot promote tiny@1 --env prod  {place}\n",
    )


def test_row_34_force_on_a_failed_gate_needs_a_recorded_waiver(shop: Any) -> None:
    assert shop.run("approve", "tiny@1", "--env", "prod", "--as", "grace").exit_code == 0

    forced = shop.run("promote", "tiny@1", "--env", "prod", "--as", "ops", "--force")
    waived = shop.run("gates", "tiny@1", "--env", "prod", "--waive", "much", "--reason", "a small shop", "--until", SOON, "--as", "grace")
    plain = shop.run("promote", "tiny@1", "--env", "prod", "--as", "ops")
    again = shop.run("promote", "tiny@1", "--env", "prod", "--as", "ops", "--force")

    failed = "FAIL: saved gain over do_nothing >= 200: all of 120.5 [118.3, 122.7] misses it"
    assert (forced.exit_code, forced.stdout, forced.stderr) == (
        4,
        "",
        "GateError: tiny@1 is not promoted to prod\n\n"
        f"  gates.much  {failed}; only a recorded waiver lets it in (risk: grace): upshot gates tiny@1 --env prod --waive much --role ROLE "
        f"--reason WHY --until YYYY-MM-DD, then promote with --force  (recipes/tiny.yaml:{LINE['much']})\n",
    )
    assert (waived.exit_code, waived.stdout) == (
        0,
        f"much of tiny@1 in prod is waived by grace as risk until {SOON}: a small shop\njournal entry 5\n",
    )
    assert (plain.exit_code, plain.stderr) == (
        4,
        "GateError: tiny@1 is not promoted to prod\n\n"
        f"  gates.much  {failed}; waived by grace (risk) until {SOON}; upshot promote tiny@1 --env prod --force uses the waiver"
        f"  (recipes/tiny.yaml:{LINE['much']})\n",
    )
    assert (again.exit_code, again.stderr) == (0, "")
    assert "gates          2 pass, 1 fail, 0 inconclusive; waived: much (entry 5)\n" in again.stdout


def test_row_34_there_is_no_force_before_a_version_is_registered(tiny: Any) -> None:
    outcome = tiny.run("run", "tiny", "gates.worth_it.min_gain=5000", "--force")

    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("UsageError: the command line is wrong\n\n  --force  unknown option; ")
