"""A version goes through the environments in their order, when all that each asks for is there; and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00|\d{4}-\d\d-\d\d \d\d:\d\d UTC")
PERSON = re.compile(r"\(as said; .*account \S+\)")


def timeless(text: str) -> str:
    return re.sub(r"r\d{8}T\d{6}-[0-9a-f]{6}", "RUN", PERSON.sub("(AS SAID)", TIME.sub("TIME", text)))


def test_promote_says_what_is_served_now_and_on_what_grounds(shop: Any) -> None:
    shop.train()
    shop.done("promote", "tiny@1", "--env", "dev", "--as", "ops")
    shop.approve(1)

    outcome = shop.done("promote", "tiny@1", "--env", "prod", "--as", "ops", "--reason", "the first one")

    assert timeless(outcome.stdout) == (
        "served             tiny@1 in prod, in place of nothing\n"
        "by                 ops (AS SAID)\n"
        "gates              3 pass, 0 fail, 0 inconclusive\n"
        "approved risk      grace\n"
        "approved business  zoe\n"
        "decided            all that the environment asks for is there\n"
        "evidence           run RUN\n"
        "journal            entry 6\n"
    )
    (row,) = shop.promotions()
    assert (row.number, row.previous, row.reason, row.person["name"]) == (1, None, "the first one", "ops")
    assert list(row.terms["gates"]) == ["accurate", "worth_it", "beats"]
    assert row.terms["approved"] == {"risk": [4], "business": [5]}
    assert [verdict["outcome"] for verdict in row.terms["verdicts"]] == ["PASS"] * 3
    assert shop.ledger.verify_journal() is None


def test_all_that_is_missing_is_told_at_once_with_the_commands_that_mend_it(shop: Any) -> None:
    shop.edit("min_gain: 0}}\n", "min_gain: 0}, much: {kpi: saved, against: do_nothing, min_gain: 200}}\n")
    shop.train()

    outcome = shop.run("promote", "tiny@1", "--env", "prod", "--as", "ada")

    assert (outcome.exit_code, outcome.stdout) == (4, "")
    assert outcome.stderr == (
        "GateError: tiny@1 is not promoted to prod\n\n"
        "  env.prod                     comes after dev, which never served tiny@1; upshot promote tiny@1 --env dev  (recipes/tiny.yaml:40)\n"
        "  gates.much                   FAIL: saved gain over do_nothing >= 200: all of 120.5 [118.3, 122.7] misses it; only a recorded waiver "
        "lets it in (risk: grace or mia; business: zoe): upshot gates tiny@1 --env prod --waive much --role ROLE --reason WHY --until "
        "YYYY-MM-DD, then promote with --force  (recipes/tiny.yaml:41)\n"
        "  env.prod.approvals.risk      needs 1 more approval of 1; grace or mia may approve: upshot approve tiny@1 --env prod --role risk  "
        "(recipes/tiny.yaml:40)\n"
        "  env.prod.approvals.business  needs 1 more approval of 1; zoe may approve: upshot approve tiny@1 --env prod --role business  "
        "(recipes/tiny.yaml:40)\n"
        "  env.prod                     ada made it and may not promote it: ada trained it; somebody else may: upshot promote tiny@1 --env "
        "prod  (recipes/tiny.yaml:40)\n"
    )
    assert shop.promotions() == ()


def test_promoting_what_is_served_already_is_no_event(shop: Any) -> None:
    shop.train()
    shop.deploy(1)
    before = shop.ledger.journal()

    again = shop.done("promote", "tiny@1", "--env", "prod", "--as", "ada")
    document = shop.done("promote", "tiny@1", "--env", "prod", "--as", "ada", "--json").json

    assert timeless(again.stdout) == "tiny@1 is already there: prod serves it since TIME; nothing was changed\n"
    assert (document["changed"], document["number"]) == (False, 1)
    assert shop.ledger.journal() == before


def test_the_next_version_is_held_against_the_champion_on_the_same_rows(shop: Any) -> None:
    shop.train()
    shop.deploy(1)

    outcome = shop.done(
        "run", "tiny", "policy.threshold=0.999999", "gates.worth_it.min_gain=-1", "gates.accurate.min=0", "--as", "ada", "--json"
    )

    # Nothing is blocked any more: the candidate earns nothing, and the champion what it earned.
    saved = outcome.json["value"]["saved"]
    assert list(saved["per_period"]) == ["candidate", "do_nothing", "current_rule", "champion"]
    assert saved["per_period"]["champion"]["value"] == pytest.approx(120.5)
    assert saved["gain"]["champion"]["value"] == pytest.approx(-120.5)
    assert saved["gain"]["champion"]["method"].startswith("paired studentised block bootstrap")
    served = shop.ledger.environments.served("tiny")[-1].promotion
    assert outcome.json["champion"] == {
        "environment": "prod", "version": "tiny 1", "record": served.record, "trouble": None, "seen": 0,
    }  # fmt: skip


def test_a_candidate_that_does_not_beat_the_champion_is_refused_by_the_gate_against_it(shop: Any) -> None:
    shop.train()
    shop.deploy(1)

    worse = shop.run("run", "tiny", "policy.threshold=0.999999", "gates.worth_it.min_gain=-1", "gates.accurate.min=0", "--env", "prod")
    table = shop.run("gates", "tiny", "policy.threshold=0.999999", "gates.worth_it.min_gain=-1", "gates.accurate.min=0", "--env", "prod")

    assert worse.exit_code == 4
    assert "gates.beats  saved gain over the champion tiny 1 >= 0: all of -120.5 [-122.7, -118.3] misses it" in worse.stderr
    assert [line.split("  ")[0] for line in table.stdout.splitlines()[1:4]] == ["accurate", "worth_it", "beats"]


def test_while_nothing_is_served_there_is_nothing_to_beat_and_the_verdict_says_so(shop: Any) -> None:
    document = shop.done("run", "tiny", "--env", "prod", "--json").json

    (beats,) = [gate for gate in document["gates"] if gate["gate"] == "beats"]
    assert (beats["outcome"], beats["measured"], beats["reason"]) == ("PASS", None, "prod serves nothing yet: there is nothing to beat")
    assert document["champion"]["version"] is None
    assert list(document["value"]["saved"]["gain"]) == ["do_nothing", "current_rule"]


def test_a_promotion_makes_play_run_again_and_nothing_before_it(shop: Any) -> None:
    shop.train()
    assert shop.done("plan", "tiny", "--json").json["to_run"] == 0
    shop.deploy(1)

    stages = shop.done("plan", "tiny", "--json").json["stages"]

    reasons = {stage["stage"]: stage["reason"] for stage in stages if not stage["cached"]}
    assert list(reasons) == ["play", "value", "inspect", "gate", "register"]
    assert re.fullmatch(r"runs because champion none in prod -> tiny 1 \([0-9a-f]{8}\) in prod", reasons["play"])


def test_the_champion_itself_run_again_is_the_same_version_and_gains_nothing(shop: Any) -> None:
    shop.train()
    shop.deploy(1)

    document = shop.done("run", "tiny", "--json").json

    assert document["version"]["number"] == 1
    assert [document["value"]["saved"]["gain"]["champion"][key] for key in ("value", "low", "high")] == [0.0, 0.0, 0.0]


def test_evidence_from_before_another_version_was_promoted_does_not_decide(shop: Any) -> None:
    shop.train()
    second = shop.train("model.C=2")
    shop.deploy(1)
    shop.done("promote", f"tiny@{second}", "--env", "dev", "--as", "ops")
    shop.approve(second)

    early = shop.run("promote", "tiny@2", "--env", "prod", "--as", "ops")
    shop.done("run", "tiny", "model.C=2", "--as", "ada")
    late = shop.done("promote", "tiny@2", "--env", "prod", "--as", "ops")

    assert early.exit_code == 4
    assert re.search(
        r"gates\.beats  INCONCLUSIVE: saved gain over the champion tiny 1 >= 0: tiny 1 could not be played on the test rows: "
        r"run \S+ was held against nothing; upshot run tiny holds it against what is served",
        early.stderr,
    )
    assert "served             tiny@2 in prod, in place of tiny@1\n" in late.stdout


def test_a_champion_that_cannot_be_played_on_newer_rows_leaves_the_gate_open_and_stops_no_run(shop: Any) -> None:
    shop.train()
    shop.deploy(1)
    data = (shop.project.root / "data/cases.csv").read_text().replace("id,day,amount,bad", "id,day,price,bad")
    shop.write("data/cases.csv", data)
    recipe = (shop.project.root / "recipes/tiny.yaml").read_text()
    renamed = recipe.replace("amount: amount", "amount: price").replace("amount: float64", "price: float64")
    renamed = renamed.replace("{amount: {min", "{price: {min").replace("[amount]", "[price]").replace("when: amount", "when: price")
    shop.write("recipes/tiny.yaml", renamed)

    document = shop.done("run", "tiny", "--env", "prod", "--json").json

    (beats,) = [gate for gate in document["gates"] if gate["gate"] == "beats"]
    assert document["champion"]["trouble"] == "the data has no column 'amount'"
    assert (beats["outcome"], beats["would_decide"]) == ("INCONCLUSIVE", "a champion that can be played would decide")
    assert "champion" not in document["value"]["saved"]["gain"]


def test_a_champion_that_may_have_learnt_from_the_test_rows_is_told(shop: Any) -> None:
    shop.train()
    shop.deploy(1)

    document = shop.done(
        "run", "tiny", "split.validation_from='2026-01-05'", "split.test_from='2026-01-13'", "--env", "prod", "--json"
    ).json

    (beats,) = [gate for gate in document["gates"] if gate["gate"] == "beats"]
    assert document["champion"]["seen"] == 8  # four days of two cases, which were validation rows of the champion
    assert beats["reason"].endswith("; the champion may have learnt from 8 of the test rows")


def test_a_damaged_champion_stops_the_run_and_is_never_promoted_or_rolled_back_to(shop: Any) -> None:
    shop.train()
    shop.deploy(1)
    shop.deploy(shop.train("model.C=2"))
    first = shop.ledger.versions("tiny")[0].manifest["model/model.json"]
    path = shop.project.root / ".upshot/artefacts" / first[:2] / first
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    back = shop.run("rollback", "tiny", "--env", "prod", "--as", "ops")

    assert back.exit_code == 5
    assert "a stored file is damaged" in back.stderr
    assert shop.served() == 2
    second = shop.ledger.versions("tiny")[1].manifest["model/model.json"]
    path = shop.project.root / ".upshot/artefacts" / second[:2] / second
    path.write_bytes(b"{}")
    assert shop.run("run", "tiny", "model.C=3").exit_code == 5


def test_rollback_goes_down_the_pile_and_a_promotion_starts_on_top_of_it(shop: Any) -> None:
    numbers = [shop.train()]
    for words in (["model.C=2"], ["model.C=3"]):
        shop.deploy(numbers[-1])
        numbers.append(shop.train(*words))
    shop.deploy(numbers[-1])
    assert [row.number for row in shop.promotions()] == [1, 2, 3]

    back = [shop.done("rollback", "tiny", "--env", "prod", "--as", "ops", "--reason", "worse", "--json").json for _ in range(2)]
    end = shop.run("rollback", "tiny", "--env", "prod", "--as", "ops")
    dev = shop.done("rollback", "tiny", "--env", "dev", "--to", "1", "--as", "ops")

    assert [(found["kind"], found["number"], found["previous"], found["reason"]) for found in back] == [
        ("rolled_back", 2, 3, "worse"),
        ("rolled_back", 1, 2, "worse"),
    ]
    assert (end.exit_code, end.stderr) == (
        4,
        "GateError: prod is not rolled back\n\n  prod of tiny  serves tiny@1, and served nothing before; registered: tiny@1, tiny@2, tiny@3\n",
    )
    assert timeless(dev.stdout).startswith("served   tiny@1 in dev, in place of tiny@3\n")
    assert (shop.served(), shop.served("dev")) == (1, 1)
    assert shop.ledger.verify_journal() is None


def test_rollback_to_what_was_never_served_says_what_was(shop: Any) -> None:
    nothing = shop.run("rollback", "tiny", "--env", "prod")
    shop.train()
    shop.deploy(1)
    shop.deploy(shop.train("model.C=2"))

    never = shop.run("rollback", "tiny", "--env", "prod", "--to", "7")

    assert (nothing.exit_code, nothing.stderr.splitlines()[2]) == (
        4,
        "  prod of tiny  serves nothing, so there is nothing to go back from; registered: nothing",
    )
    assert (never.exit_code, never.stderr.splitlines()[2]) == (4, "  prod of tiny  did not serve tiny@7 before tiny@2; it served tiny@1")
    assert shop.served() == 2


def test_only_what_was_expected_is_replaced(shop: Any) -> None:
    shop.train()
    shop.deploy(1)
    shop.train("model.C=2")
    shop.done("promote", "tiny@2", "--env", "dev", "--as", "ops")

    late = shop.run("promote", "tiny@1", "--env", "dev", "--expect", "1", "--as", "mia")
    first = shop.run("promote", "tiny@1", "--env", "dev", "--expect", "none", "--as", "mia")
    right = shop.done("promote", "tiny@1", "--env", "dev", "--expect", "2", "--as", "mia")

    for outcome, expected in ((late, "tiny@1"), (first, "nothing")):
        assert outcome.exit_code == 6
        assert timeless(outcome.stderr) == (
            f"BusyError: somebody else was faster\n\n  dev of tiny  was expected to serve {expected}; got it serves tiny@2; ops promoted it at TIME\n"
        )
    assert "in place of tiny@2" in right.stdout


def test_history_and_status_tell_what_happened_and_what_is_there(shop: Any) -> None:
    shop.train()
    empty = shop.done("status", "tiny").stdout
    shop.deploy(1)
    shop.train("model.C=2")

    history = shop.done("history", "tiny", "--env", "prod", "--json").json["events"]
    status = shop.done("status", "tiny", "--json").json["environments"]
    every = shop.done("status", "--json").json["environments"]
    then = shop.done("history", "tiny", "--at", "2020-01-01").stdout
    now = shop.done("history", "tiny", "--at", "2099-01-01", "--json").json["events"]

    assert [(event["what"], event["number"], (event["person"] or {}).get("name")) for event in history] == [
        ("registered", 1, None),
        ("approved", 1, "grace"),
        ("approved", 1, "zoe"),
        ("promoted", 1, "ops"),
        ("registered", 2, None),
    ]
    assert [(row["environment"], row["number"], row["newest"], row["lacks"]) for row in status] == [
        ("dev", 1, 2, []),
        ("prod", 1, 2, ["env.prod", "env.prod.approvals.risk", "env.prod.approvals.business"]),
    ]
    assert [(row["name"], row["environment"], row["number"]) for row in every] == [("tiny", "dev", 1), ("tiny", "prod", 1)]
    assert then == "nothing of tiny was served at 2020-01-01\n"
    assert [(event["environment"], event["number"]) for event in now] == [("dev", 1), ("prod", 1)]
    assert empty == (
        "name  environment  serves   since  by  newest  lacks\n"
        "tiny  dev          nothing             tiny@1  nothing: it may be promoted\n"
        "tiny  prod         nothing             tiny@1  3 things\n"
        "\n"
        "what tiny@1 lacks\n"
        "prod  env.prod                     comes after dev, which never served tiny@1\n"
        "prod  env.prod.approvals.risk      needs 1 more approval of 1\n"
        "prod  env.prod.approvals.business  needs 1 more approval of 1\n"
    )


def test_plan_says_which_gate_got_weaker_than_what_is_deployed_and_whose_approval_that_needs(shop: Any) -> None:
    shop.train()
    shop.deploy(1)

    plan = shop.done("plan", "tiny", "gates.accurate.min=0.8", "kpi.saved.parameters.friction_cost.value=1", "--json").json["weaker"]
    prod = shop.done("plan", "tiny", "env.prod.gates.beats.by=value", "--env", "prod").stdout
    same = shop.done("plan", "tiny", "gates.accurate.min=0.99", "model.C=5", "--json").json["weaker"]

    needs = [{"role": "risk", "count": 1, "by": ["grace", "mia"]}, {"role": "business", "count": 1, "by": ["zoe"]}]
    told = [("gates.accurate", "min 0.9 -> 0.8"), ("kpi.saved.parameters.friction_cost.value", "is measured otherwise: 2.0 -> 1.0")]
    assert plan == [
        {"environment": environment, "serves": "tiny@1", "where": where, "what": what, "needs": asked}
        for environment, asked in (("dev", []), ("prod", needs))
        for where, what in told
    ]
    assert (
        "weaker in  than for  key\n"
        "prod       tiny@1    gates.beats  by interval -> value  needs the approval of risk (1 of grace, mia), business (1 of zoe)\n"
    ) in prod
    assert same == []


def test_a_recipe_without_environments_promotes_nothing_and_says_how_to_declare_them(make_shop: Callable[..., Any]) -> None:
    shop = make_shop(env="")
    shop.train()

    for words in (["promote", "tiny@1", "--env", "prod"], ["approve", "tiny@1"], ["rollback", "tiny", "--env", "prod"]):
        outcome = shop.run(*words)
        assert (outcome.exit_code, outcome.stderr) == (
            2,
            "UsageError: the recipe has no environments\n\n"
            "  tiny  declares none, so nothing can be served; write `- env: standard` in defaults, or env: {NAME: {...}}\n",
        )
    assert shop.done("status", "tiny").stdout == "tiny declares no environments, so nothing is served\n"
    assert "champion" not in shop.done("run", "tiny").stdout


def test_the_version_of_another_recipe_is_not_judged_by_this_ones_terms(shop: Any) -> None:
    shop.write("recipes/lax.yaml", "defaults: [tiny, _self_]\nenv: {prod: {approvals: {risk: {by: [ada]}}}}\n")
    shop.train()

    outcome = shop.run("promote", "lax@1", "--env", "dev", "--as", "ada")

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "UsageError: there is no such version\n\n"
        "  tiny@1  was made by tiny, and recipe 'lax' says what is asked of its own; name that one\n",
    )


def test_a_replay_meets_the_champion_of_its_own_day(shop: Any) -> None:
    shop.train()
    shop.deploy(1)
    run = shop.done("run", "tiny", "model.C=2", "--json").json["run"]
    shop.deploy(2)

    document = shop.done("replay", run, "--json").json

    assert (document["level"], document["changed"]) == ("bit", [])
