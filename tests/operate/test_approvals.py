"""Who may approve and waive, what an approval is bound to, and what comes of trying otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
GATED = """\
env:
  dev: {}
  prod:
    approvals: {risk: {by: [grace, mia]}, business: {by: [zoe]}}
    gates:
      much: {kpi: saved, against: do_nothing, min_gain: 200}
      open: {kpi: saved, against: current_rule, min_gain: 0}
"""


@pytest.fixture
def ready(shop: Any) -> Any:
    """Version 1, trained by ada and served in dev."""
    shop.train()
    shop.done("promote", "tiny@1", "--env", "dev", "--as", "ops")
    return shop


def approve(shop: Any, name: str, *words: str, number: int = 1) -> Any:
    return shop.run("approve", f"tiny@{number}", "--env", "prod", "--as", name, *words)


def waive(shop: Any, name: str, gate: str, *words: str, until: str = SOON) -> Any:
    return shop.run("gates", "tiny@1", "--env", "prod", "--waive", gate, "--until", until, "--reason", "small shop", "--as", name, *words)


def test_an_approval_is_written_down_with_everything_that_is_known_of_whoever_gave_it(ready: Any) -> None:
    outcome = approve(ready, "grace", "--reason", "four weeks of labels", "--json")

    (given,) = outcome.json["approvals"]
    (row,) = ready.ledger.environments.approvals("tiny")
    assert (given["role"], given["reason"], given["person"]["name"], given["person"]["source"]) == (
        "risk",
        "four weeks of labels",
        "grace",
        "said",
    )
    assert set(given["person"]) == {"name", "source", "account", "git"}
    assert (row.record, row.entry) == (ready.ledger.versions("tiny")[0].record, given["entry"])
    assert ready.ledger.journal()[-1].kind == "version.approved"


def test_who_trained_a_version_may_not_approve_it_and_learns_who_may(ready: Any) -> None:
    ready.edit("by: [grace, mia]", "by: [ada, grace]")

    outcome = approve(ready, "ada", "--role", "risk")

    assert (outcome.exit_code, outcome.stderr) == (
        4,
        "GateError: ada may not approve tiny@1\n\n"
        "  env.prod.approvals.risk  ada made tiny@1 and may not approve it: ada trained it; grace may approve: upshot approve tiny@1 --env prod "
        "--role risk  (recipes/tiny.yaml:40)\n",
    )
    assert ready.ledger.environments.approvals("tiny") == ()


def test_who_made_a_version_may_promote_it_only_where_the_environment_says_so(ready: Any) -> None:
    ready.approve(1)

    refused = ready.run("promote", "tiny@1", "--env", "prod", "--as", "ada")
    ready.edit("  prod:\n", "  prod:\n    author_may_promote: true\n")
    granted = ready.run("promote", "tiny@1", "--env", "prod", "--as", "ada")

    assert (refused.exit_code, refused.stderr) == (
        4,
        "GateError: tiny@1 is not promoted to prod\n\n"
        "  env.prod  ada made it and may not promote it: ada trained it; somebody else may: upshot promote tiny@1 --env prod"
        "  (recipes/tiny.yaml:40)\n",
    )
    assert granted.exit_code == 0, granted.stderr


def test_a_person_counts_once_whatever_the_roles(ready: Any) -> None:
    ready.edit("business: {by: [zoe]}", "business: {by: [zoe, grace]}")
    assert approve(ready, "grace", "--role", "risk").exit_code == 0

    twice = approve(ready, "grace", "--role", "business")

    assert twice.exit_code == 4
    assert "grace has approved it already, as risk (the name grace); grace or mia may approve" in twice.stderr


def test_somebody_who_may_act_in_no_role_learns_who_may(ready: Any) -> None:
    outcome = approve(ready, "eve")

    assert (outcome.exit_code, outcome.stderr) == (
        4,
        "GateError: eve may not approve tiny@1\n\n"
        "  env.prod.approvals  eve may act in no role there; risk: grace or mia; business: zoe  (recipes/tiny.yaml:40)\n",
    )


def test_the_only_role_that_somebody_may_act_in_need_not_be_said(ready: Any) -> None:
    ready.edit("business: {by: [zoe]}", "business: {by: [zoe, grace]}")

    unclear, clear = approve(ready, "grace"), approve(ready, "mia", "--json")

    assert (unclear.exit_code, unclear.stderr) == (
        2,
        "UsageError: the command line is wrong\n\n  --role  say in which role you approve; options: risk, business\n",
    )
    assert clear.json["approvals"][0]["role"] == "risk"


def test_an_approval_may_be_taken_back_by_whoever_gave_it_and_nobody_else(ready: Any) -> None:
    ready.approve(1)

    foreign = approve(ready, "mia", "--withdraw")
    own = approve(ready, "grace", "--withdraw", "--reason", "a complaint")
    late = ready.run("promote", "tiny@1", "--env", "prod", "--as", "ops")

    assert (foreign.exit_code, foreign.stderr.splitlines()[2]) == (4, "  tiny@1  mia has no approval to take back in prod")
    assert own.stdout == "tiny@1 is no longer approved for prod by grace as risk\n"
    assert late.exit_code == 4
    assert "env.prod.approvals.risk  needs 1 more approval of 1" in late.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gates: {beats: {kpi: saved, against: champion, min_gain: 0}}", "gates: {beats: {kpi: saved, against: champion, min_gain: -5}}"),
        ("min: 0.9, by: value", "min: 0.8, by: value"),
        ("min: 0.9, by: value", "min: 0.95, by: value"),
    ],
    ids=["weaker gate of the environment", "weaker gate of the recipe", "stricter gate"],
)
def test_gates_that_are_written_otherwise_afterwards_make_approvals_void(ready: Any, old: str, new: str) -> None:
    ready.approve(1)
    ready.edit(old, new)

    outcome = ready.run("promote", "tiny@1", "--env", "prod", "--as", "ops")

    assert outcome.exit_code == 4
    for name, role in (("grace", "risk"), ("zoe", "business")):
        void = f"needs 1 more approval of 1; that of {name} was given before gates, data, money or scores were changed"
        assert re.search(rf"env\.prod\.approvals\.{role} +{re.escape(void)}", outcome.stderr)


def test_money_that_is_written_otherwise_makes_approvals_void_and_evidence_too(ready: Any) -> None:
    ready.approve(1)
    ready.edit("value: 2.0, unit: EUR/case", "value: 3.0, unit: EUR/case")

    outcome = ready.run("promote", "tiny@1", "--env", "prod", "--as", "ops")

    run = ready.ledger.runs()[0].id
    assert outcome.exit_code == 4
    assert (
        f"kpi.saved.parameters.friction_cost.value  was 2.0 in run {run}, so what it measured does not count here; got 3.0; "
        "run it as the recipe is written: upshot run tiny --env prod  (recipes/tiny.yaml:31)\n"
    ) in outcome.stderr
    assert "was given before gates, data, money or scores were changed" in outcome.stderr


def test_somebody_who_is_taken_off_the_list_has_approved_nothing(ready: Any) -> None:
    ready.approve(1)
    ready.edit("by: [grace, mia]", "by: [mia]")

    outcome = ready.run("promote", "tiny@1", "--env", "prod", "--as", "ops")

    assert outcome.exit_code == 4
    assert "needs 1 more approval of 1; that of grace grace may not act as risk any more; mia may approve" in outcome.stderr


def test_a_waiver_lets_one_gate_of_one_version_be_passed_over_with_force_alone(make_shop: Callable[..., Any]) -> None:
    shop = make_shop(GATED)
    shop.train()
    shop.done("promote", "tiny@1", "--env", "dev", "--as", "ops")
    shop.approve(1)
    without = shop.run("promote", "tiny@1", "--env", "prod", "--force", "--as", "ops")
    assert waive(shop, "grace", "much").stdout == (
        f"much of tiny@1 in prod is waived by grace as risk until {SOON}: small shop\njournal entry 6\n"
    )
    assert waive(shop, "zoe", "open").exit_code == 0

    plain = shop.run("promote", "tiny@1", "--env", "prod", "--as", "ops")
    shown = shop.run("gates", "tiny@1", "--env", "prod", "--json")
    forced = shop.done("promote", "tiny@1", "--env", "prod", "--force", "--as", "ops", "--json")

    assert (without.exit_code, without.stderr.count("only a recorded waiver lets it in")) == (4, 2)
    assert plain.exit_code == 4
    assert f"waived by grace (risk) until {SOON}; upshot promote tiny@1 --env prod --force uses the waiver" in plain.stderr
    assert shown.exit_code == 0
    assert [(gate["gate"], gate["outcome"], gate["passes"], (gate["waiver"] or {}).get("role")) for gate in shown.json["gates"]] == [
        ("accurate", "PASS", True, None),
        ("worth_it", "PASS", True, None),
        ("much", "FAIL", False, "risk"),
        ("open", "INCONCLUSIVE", False, "business"),
    ]
    assert forced.json["terms"]["waivers"] == {"much": 6, "open": 7}
    assert shop.ledger.verify_journal() is None


def test_a_waiver_needs_a_reason_an_end_a_gate_and_a_role_that_are_there(make_shop: Callable[..., Any]) -> None:
    shop = make_shop(GATED)
    shop.train()

    bare = shop.run("gates", "tiny@1", "--env", "prod", "--waive", "much", "--as", "grace")
    today = datetime.now(UTC).date()
    answers = [
        waive(shop, "grace", "mch"),
        waive(shop, "grace", "much", "--role", "boss"),
        waive(shop, "grace", "much", until="2020-01-01"),
        waive(shop, "grace", "much", until="2099-01-01"),
        waive(shop, "grace", "accurate"),
        waive(shop, "ada", "much", "--role", "risk"),
        shop.run("gates", "tiny", "--waive", "much"),
    ]

    span = f"must be a day from {today} to {today + timedelta(days=366)}"
    assert (bare.exit_code, bare.stderr) == (
        2,
        "UsageError: a gate is not waived without a reason and an end\n\n"
        "  --reason  say why, in a sentence of up to 1,000 letters\n"
        "  --until   say until when it counts, as a day; write YYYY-MM-DD\n",
    )
    assert [(answer.exit_code, answer.stderr.splitlines()[2].strip()) for answer in answers] == [
        (2, "--waive  there is no such gate; got 'mch'; did you mean 'much'? options: accurate, much, open, worth_it"),
        (2, "--role  there is no such role; got 'boss'; options: business, risk"),
        (2, f"--until  {span}; got 2020-01-01"),
        (2, f"--until  {span}; got 2099-01-01"),
        (4, "gates.accurate  PASS: the value is 1: there is nothing to waive"),
        (
            4,
            "env.prod.approvals.risk  ada made tiny@1 and may not waive it: ada trained it; grace or mia may waive: upshot gates tiny@1 --env prod "
            "--waive GATE --role risk --reason WHY --until YYYY-MM-DD  (recipes/tiny.yaml:40)",
        ),
        (2, "--waive  is of a version; upshot gates tiny@NUMBER --env NAME --waive ..."),
    ]
    assert shop.ledger.environments.waivers("tiny") == ()


@pytest.mark.parametrize("how", ["expired", "withdrawn", "gate changed", "person off the list"])
def test_a_waiver_that_does_not_count_any_more_lets_nothing_in(
    make_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    shop = make_shop(GATED.replace("      open: {kpi: saved, against: current_rule, min_gain: 0}\n", ""))
    shop.train()
    shop.done("promote", "tiny@1", "--env", "dev", "--as", "ops")
    assert waive(shop, "grace", "much").exit_code == 0
    if how == "withdrawn":
        shop.done("gates", "tiny@1", "--env", "prod", "--withdraw", "much", "--as", "grace")
    elif how == "gate changed":
        shop.edit("min_gain: 200", "min_gain: 500")
    elif how == "person off the list":
        shop.edit("by: [grace, mia]", "by: [mia]")
    elif how == "expired":
        import upshot.cli.governed as governed

        later = datetime.now(UTC) + timedelta(days=31)
        standing_of = governed.standing_of

        def in_a_month(*words: Any) -> Any:
            found = standing_of(*words)
            return type(found)(found.target, later.date())

        monkeypatch.setattr("upshot.cli.promote.standing_of", in_a_month)
    for name in ("mia", "zoe"):
        shop.done("approve", "tiny@1", "--env", "prod", "--as", name)

    outcome = shop.run("promote", "tiny@1", "--env", "prod", "--force", "--as", "ops")

    told = {
        "expired": f"; the waiver of grace expired on {SOON};",
        "withdrawn": "misses it; only a recorded waiver lets it in",
        "gate changed": "; the waiver of grace was given before the gate, or what it is measured by, was changed;",
        "person off the list": "; the waiver of grace grace may not act as risk any more;",
    }
    assert outcome.exit_code == 4
    assert told[how] in outcome.stderr
    assert shop.served() is None


TRIES: dict[str, Callable[[Any], Any]] = {
    "no approval": lambda s: None,
    "force alone": lambda s: ["--force"],
    "approval by the trainer": lambda s: s.run("approve", "tiny@1", "--env", "prod", "--role", "risk", "--as", "ada"),
    "approval by the trainer in capitals": lambda s: s.run("approve", "tiny@1", "--env", "prod", "--role", "risk", "--as", "ADA"),
    "approval by the trainer under another name of theirs": lambda s: s.run("approve", "tiny@1", "--env", "prod", "--role", "risk", "--as", "ada@example.org"),
    "approval by somebody who is not listed": lambda s: s.run("approve", "tiny@1", "--env", "prod", "--role", "risk", "--as", "eve"),
    "approval in another role": lambda s: s.run("approve", "tiny@1", "--env", "prod", "--role", "risk", "--as", "zoe"),
    "one person for both roles": lambda s: [s.run("approve", "tiny@1", "--env", "prod", "--role", role, "--as", "max") for role in ("risk", "business")],
    "approval of one role only": lambda s: s.done("approve", "tiny@1", "--env", "prod", "--as", "grace"),
    "approval for another environment": lambda s: [s.run("approve", "tiny@1", "--env", "dev", "--role", "risk", "--as", name) for name in ("grace", "zoe")],
    "approval of another version": lambda s: [s.train("model.C=2"), s.approve(2)],
    "approval taken back": lambda s: [s.approve(1), s.done("approve", "tiny@1", "--env", "prod", "--as", "zoe", "--withdraw")],
    "approval before the gates were weakened": lambda s: [s.approve(1), s.edit("min: 0.9, by", "min: 0.5, by")],
    "approval before an easier price": lambda s: [s.approve(1), s.edit("value: 2.0, unit", "value: 0.1, unit")],
    "approval before an easier test": lambda s: [s.approve(1), s.edit('test_from: "2026-01-17"', 'test_from: "2026-01-20"')],
    "approver taken off the list": lambda s: [s.approve(1), s.edit("business: {by: [zoe, max]}", "business: {by: [max]}")],
    "more approvals asked for": lambda s: [s.approve(1), s.edit("risk: {by: [grace, mia, max]}", "risk: {by: [grace, mia, max], count: 2}")],
    "another role asked for": lambda s: [s.approve(1), s.edit("business: {by: [zoe, max]}", "business: {by: [zoe, max]}, audit: {by: [ian]}")],
    "promoted by the trainer": lambda s: [s.approve(1), ["--as", "ada"]][1],
    "promoted by the trainer under another name of theirs": lambda s: [s.approve(1), ["--as", "ada@example.org"]][1],
    "past the first environment": lambda s: [s.train("model.C=2"), s.approve(2), "tiny@2"][2],
    "a failed gate": lambda s: [s.approve(1), s.edit("min_gain: 0}}", "min_gain: 0}, much: {kpi: saved, min: 500}}"), s.approve(1)],
    "a failed gate by force": lambda s: [s.approve(1), s.edit("min_gain: 0}}", "min_gain: 0}, much: {kpi: saved, min: 500}}"), s.approve(1), ["--force"]][3],
    "a waiver by the trainer": lambda s: [s.edit("min_gain: 0}}", "min_gain: 0}, much: {kpi: saved, min: 500}}"), s.approve(1), waive(s, "ada", "much", "--role", "risk"), ["--force"]][3],
    "a waiver by somebody who is not listed": lambda s: [s.edit("min_gain: 0}}", "min_gain: 0}, much: {kpi: saved, min: 500}}"), s.approve(1), waive(s, "eve", "much", "--role", "risk"), ["--force"]][3],
    "a waiver of another gate": lambda s: [s.edit("min_gain: 0}}", "min_gain: 0}, much: {kpi: saved, min: 500}, most: {kpi: saved, min: 400}}"), s.approve(1), waive(s, "grace", "most"), ["--force"]][3],
    "a waiver for another environment": lambda s: [s.edit("min_gain: 0}}", "min_gain: 0}, much: {kpi: saved, min: 500}}"), s.approve(1), s.run("gates", "tiny@1", "--env", "dev", "--waive", "much", "--until", SOON, "--reason", "x", "--as", "grace"), ["--force"]][3],
    "evidence on an easier price": lambda s: [s.train("kpi.saved.parameters.friction_cost.value=0.5", "model.C=3"), s.done("promote", "tiny@1", "--env", "dev", "--as", "ops"), s.run("promote", "tiny@2", "--env", "dev", "--as", "ops"), s.approve(2), "tiny@2"][4],
    "evidence on other data": lambda s: [s.write("data/easy.csv", (s.project.root / "data/cases.csv").read_text().replace(",10,0", ",1,0")), s.train("data.path=data/easy.csv"), s.run("promote", "tiny@2", "--env", "dev", "--as", "ops"), s.approve(2), "tiny@2"][4],
    "gates weakened for the run alone": lambda s: [s.edit("min: 0.9, by", "min: 0.999, by"), s.train("gates.accurate.min=0.1", "features.amount.columns=[id]", "gates.worth_it.min_gain=-1e9"), s.approve(2), "tiny@2"][3],
    "approvals taken out for the run alone": lambda s: [s.train("env.prod.approvals.risk=null", "env.prod.author_may_promote=true", "model.C=4"), s.run("promote", "tiny@2", "--env", "dev", "--as", "ops"), "tiny@2"][2],
    "an approval with words behind it": lambda s: s.run("approve", "tiny@1", "--env", "prod", "--role", "risk", "--as", "grace\nada"),
}  # fmt: skip


@pytest.mark.parametrize("how", TRIES)
def test_nothing_gets_into_prod_past_the_rules(make_shop: Callable[..., Any], how: str) -> None:
    env = """\
env:
  dev: {}
  prod:
    approvals: {risk: {by: [grace, mia, max]}, business: {by: [zoe, max]}}
    gates: {beats: {kpi: saved, against: champion, min_gain: 0}}
"""
    shop = make_shop(env, "identity: names\npeople: {ada: [ada@example.org]}\n")
    shop.train()
    shop.done("promote", "tiny@1", "--env", "dev", "--as", "ops")
    found = TRIES[how](shop)
    version = found if isinstance(found, str) else "tiny@1"
    words = found if isinstance(found, list) and all(isinstance(word, str) for word in found) else []

    outcome = shop.run("promote", version, "--env", "prod", "--as", "ops", *words)

    assert outcome.exit_code == 4, outcome.stdout + outcome.stderr
    assert outcome.stderr.startswith(f"GateError: {version} is not promoted to prod\n\n  ")
    assert shop.served() is None


def test_thirty_ways_and_more_were_tried() -> None:
    assert len(TRIES) >= 30


def test_by_default_another_name_from_the_same_account_is_the_same_person(make_shop: Callable[..., Any]) -> None:
    shop = make_shop(project_file="name: shop\n")
    shop.train()
    shop.done("promote", "tiny@1", "--env", "dev", "--as", "ops")

    outcome = approve(shop, "grace")

    assert outcome.exit_code == 4
    assert re.search(
        r"grace made tiny@1 and may not approve it: ada trained it, under the (account|git address) \S+; grace or mia may approve",
        outcome.stderr,
    )


def test_a_run_that_does_not_say_who_ran_it_is_kept_out_of_environments_that_ask_for_approvals(ready: Any) -> None:
    ready.approve(1)
    import sqlite3

    with sqlite3.connect(ready.project.root / ".upshot/ledger.db") as connection:
        connection.execute("UPDATE runs SET person = NULL")
    connection.close()

    promoted = ready.run("promote", "tiny@1", "--env", "prod", "--as", "ops")
    approved = approve(ready, "mia")

    run = ready.ledger.runs()[0].id
    assert (promoted.exit_code, approved.exit_code) == (4, 4)
    assert (
        f"{run}  does not say who ran it, so nobody can be kept apart from them; run it again: upshot run tiny --env prod"
        in promoted.stderr
    )
    assert approved.stderr.startswith("GateError: nobody can approve tiny@1\n")


def test_nothing_is_decided_on_a_journal_that_was_changed(ready: Any) -> None:
    import sqlite3

    ready.approve(1)
    with sqlite3.connect(ready.project.root / ".upshot/ledger.db") as connection:
        connection.execute("""UPDATE journal SET body = replace(body, 'grace', 'ada') WHERE kind = 'version.approved'""")
    connection.close()

    answers = [
        ready.run("promote", "tiny@1", "--env", "prod", "--as", "ops"),
        ready.run("rollback", "tiny", "--env", "dev", "--as", "ops"),
        approve(ready, "mia"),
        ready.run("history", "tiny"),
    ]

    assert [answer.exit_code for answer in answers] == [5, 5, 5, 0]
    assert answers[0].stderr == (
        "IntegrityError: the journal is not what it was\n\n"
        "  entry 4  was changed: its hash does not fit its content; nothing is promoted or approved before it is what it was: upshot journal verify\n"
    )
