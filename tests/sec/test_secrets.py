from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

PASSWORD, TOKEN, KEY = "corr'ect-horse\n-bättery", "t0ken/with+signs=", "front-d00r-key"
HANDED = f"{PASSWORD}|vault://reader:{TOKEN}@host/events|{KEY}"
DIGEST = f"data.digest={hashlib.sha256(HANDED.encode()).hexdigest()}"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("VAULT_PASSWORD", PASSWORD), ("VAULT_TOKEN", TOKEN), ("FRONT_DOOR", KEY)):
        monkeypatch.setenv(f"UPSHOT_SECRET_{name}", value)


def leaks(text: str) -> list[str]:
    """Parts of the planted values that stand in a text."""
    return [part for part in (PASSWORD, "ect-horse", "-bättery", "b\\u00e4ttery", TOKEN, "t0ken", KEY) if part in text]


def leaking_files(root: Path) -> list[str]:
    secrets = [part.encode() for part in ("ect-horse", "-bättery", "t0ken", KEY)]
    return [str(path) for path in root.rglob("*") if path.is_file() and any(secret in path.read_bytes() for secret in secrets)]


@pytest.mark.usefixtures("given")
def test_a_secret_reaches_its_component_and_nothing_that_is_written_or_shown(vault: Any) -> None:
    asked = (
        ["validate"],
        ["plan"],
        ["show"],
        ["show", "--json"],
        ["run"],
        ["run", "--json"],
        ["plan"],
        ["explain"],
        ["validate", "--debug"],
    )

    outcomes = [vault.run(words[0], "locked", DIGEST, *words[1:]) for words in asked]
    outcomes += [vault.run("runs"), vault.run("gates", "locked"), vault.run("plugins", "list")]

    assert [(outcome.exit_code, outcome.stderr) for outcome in outcomes[:4]] == [(0, "")] * 4
    assert [outcome.exit_code for outcome in outcomes[4:7]] == [0, 0, 0], outcomes[4].stderr
    assert [leaks(outcome.stdout + outcome.stderr) for outcome in outcomes] == [[]] * len(outcomes)
    assert leaking_files(vault.root) == []
    assert "password: ${secret:VAULT_PASSWORD}" in outcomes[2].stdout
    assert b"secret:VAULT_PASSWORD" in b"".join(path.read_bytes() for path in (vault.root / ".upshot").rglob("*") if path.is_file())


@pytest.mark.usefixtures("given")
def test_a_changed_secret_runs_nothing_again(vault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.run("run", "locked")

    monkeypatch.setenv("UPSHOT_SECRET_VAULT_PASSWORD", "another one")

    assert vault.run("plan", "locked").stdout.splitlines()[-1].startswith("Plan: 0 to run")


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(
    ("how", "code", "told"),
    [
        (
            "refused",
            3,
            "DataError: no entry with <secret>|vault://reader:<secret>@host/events|<secret>\n"
            "\n"
            '  vault <secret>|vault://reader:<secret>@host/events|<secret>  refuses "<secret>|vault://reader:<secret>@host/events|<secret>";'
            " got <secret>|vault://reader:<secret>@host/events|<secret>; <secret>|vault://reader:<secret>@host/events|<secret>"
            "  (<secret>|vault://reader:<secret>@host/events|<secret>)\n",
        ),
        (
            "bug",
            8,
            "PluginError: plugin 'vault' of upshot-vault 1.0 failed\n\n"
            '  data.vault  must not raise; got ConnectionError: tried "<secret>|vault://reader:<secret>@host/events|<secret>";'
            " --debug shows the trace  (recipes/locked.yaml:4)\n",
        ),
        (
            "system",
            8,
            "PluginError: plugin 'vault' of upshot-vault 1.0 failed\n\n"
            "  data.vault  must not raise; got FileNotFoundError: [Errno 2] No such vault: '/<secret>|vault://reader:<secret>@host/events|<secret>';"
            " --debug shows the trace  (recipes/locked.yaml:4)\n",
        ),
    ],
)
def test_an_error_of_a_component_is_told_without_the_secrets_in_it(vault: Any, how: str, code: int, told: str) -> None:
    outcome = vault.run("run", "locked", f"data.fails={how}")
    shown = vault.run("runs")

    assert (outcome.exit_code, outcome.stderr) == (code, told)
    assert leaks(outcome.stdout + shown.stdout) == []
    assert leaking_files(vault.root) == []


@pytest.mark.usefixtures("given")
def test_the_trace_of_an_error_holds_no_secret_either(vault: Any) -> None:
    site = next(path for path in (vault.root.parent / "site").glob("*.dist-info")).parent

    outcome = vault.run_process("run", "locked", "data.fails=bug", "--debug", env={"PYTHONPATH": str(site)})

    assert "Traceback" in outcome.stderr
    assert "ConnectionError: tried" in outcome.stderr
    assert leaks(outcome.stdout + outcome.stderr) == []


def test_a_value_that_the_component_refuses_is_not_repeated(vault: Any, given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSHOT_SECRET_VAULT_PASSWORD", "refused-but-secret")

    outcome = vault.run("validate", "locked")

    assert (outcome.exit_code, outcome.stderr) == (
        8,
        "PluginError: a component failed\n\n  pydantic_core._pydantic_core  ValidationError, whose text is withheld because it holds a secret\n",
    )


def test_all_missing_secrets_are_named_with_their_keys_and_ways_to_give_them(vault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSHOT_SECRET_FRONT_DOOR", "abc")

    outcome = vault.run("validate", "locked")

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 3 problems in recipe 'locked' (no data was read)\n"
        "\n"
        "  data.password     the secret 'VAULT_PASSWORD' is not given; got '${secret:VAULT_PASSWORD}'; set UPSHOT_SECRET_VAULT_PASSWORD in the"
        " environment, or write it to .upshot/secrets/VAULT_PASSWORD (mode 0600)  (recipes/locked.yaml:6)\n"
        "  data.address      the secret 'VAULT_TOKEN' is not given; got 'vault://reader:${secret:VAULT_TOKEN}@host/events'; set"
        " UPSHOT_SECRET_VAULT_TOKEN in the environment, or write it to .upshot/secrets/VAULT_TOKEN (mode 0600)  (recipes/locked.yaml:7)\n"
        "  data.doors.front  the secret 'FRONT_DOOR' must have at least 4 characters; got '${secret:FRONT_DOOR}'; set UPSHOT_SECRET_FRONT_DOOR"
        " in the environment, or write it to .upshot/secrets/FRONT_DOOR (mode 0600)  (recipes/locked.yaml:8)\n",
    )


@pytest.mark.usefixtures("given")
def test_a_remembered_recipe_still_asks_for_its_secrets(vault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vault.run("validate", "locked").exit_code == 0

    monkeypatch.delenv("UPSHOT_SECRET_VAULT_TOKEN")

    assert vault.run("validate", "locked").exit_code == 2


def test_secrets_come_from_the_environment_then_the_projects_file_then_the_state_folder(
    vault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSHOT_SECRET_FRONT_DOOR", KEY)
    vault.write("upshot.yaml", "secrets: {file: local/secrets.env}\n")
    vault.write("local/secrets.env", f"# ours\nVAULT_TOKEN={TOKEN}\n\nFRONT_DOOR=loses\n").chmod(0o600)
    for name, value in (("VAULT_PASSWORD", f"{PASSWORD}\n"), ("VAULT_TOKEN", "loses")):
        vault.write(f".upshot/secrets/{name}", value).chmod(0o600)

    outcome = vault.run("run", "locked", DIGEST)

    assert (outcome.exit_code, leaks(outcome.stdout + outcome.stderr)) == (0, [])
    assert sorted(Path(path).name for path in leaking_files(vault.root)) == ["VAULT_PASSWORD", "secrets.env"]


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_of_secrets_that_others_may_open_is_refused(vault: Any, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    monkeypatch.delenv("UPSHOT_SECRET_FRONT_DOOR")
    path = vault.write(".upshot/secrets/FRONT_DOOR", KEY)
    path.chmod(mode)

    outcome = vault.run("run", "locked")

    assert (outcome.exit_code, outcome.stderr) == (
        5,
        "IntegrityError: secrets are refused\n\n"
        f"  FRONT_DOOR  a file of secrets is readable by its owner alone; got mode {mode:04o}; chmod 600 {path}\n",
    )


@pytest.mark.usefixtures("given")
def test_a_secret_stands_only_where_the_component_declares_one(vault: Any) -> None:
    outcome = vault.run(
        "validate",
        "locked",
        "use_case.owners.business='${secret:FRONT_DOOR}'",
        "kpi.margin.unit='${secret:FRONT_DOOR}'",
        "data.table='${secret:FRONT_DOOR}'",
        "data.roles.weight='${data.password}'",
    )

    hint = "only a parameter that is declared as a secret takes one; `upshot describe KIND NAME` marks them"
    rule = "a secret cannot stand here: the value would be stored and shown"
    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 4 problems in recipe 'locked' (no data was read)\n"
        "\n"
        f"  use_case.owners.business  {rule}; got '${{secret:FRONT_DOOR}}'; {hint}  (argument 1)\n"
        f"  data.table                {rule}; got '${{secret:FRONT_DOOR}}'; {hint}  (argument 3)\n"
        f"  data.roles.weight         {rule}; got '${{secret:VAULT_PASSWORD}}'; {hint}  (argument 4)\n"
        f"  kpi.margin.unit           {rule}; got '${{secret:FRONT_DOOR}}'; {hint}  (argument 2)\n",
    )


def test_a_value_in_place_of_a_secret_is_refused_without_repeating_it(vault: Any) -> None:
    outcome = vault.run(
        "validate", "locked", "data.password=hunter22", "data.address='vault://me:hunter22@host/x'", "data.doors.front=hunter22"
    )

    rule = "must name a secret, so that the value itself is never stored; write ${secret:NAME} and set UPSHOT_SECRET_NAME"
    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 3 problems in recipe 'locked' (no data was read)\n"
        "\n"
        f"  data.password     {rule}  (argument 1)\n"
        f"  data.address      {rule}  (argument 2)\n"
        f"  data.doors.front  {rule}  (argument 3)\n",
    )


@pytest.mark.usefixtures("given")
def test_an_address_without_a_password_needs_no_secret_and_others_pass_a_reference_on(vault: Any) -> None:
    outcome = vault.run(
        "show", "locked", "data.address='vault://${use_case.name}:${data.password}@host/x'", "data.doors={a:'${data.password}'}"
    )

    assert outcome.exit_code == 0, outcome.stderr
    assert "address: vault://locked:${secret:VAULT_PASSWORD}@host/x" in outcome.stdout
    assert "a: ${secret:VAULT_PASSWORD}" in outcome.stdout
    assert vault.run("validate", "locked", "data.address=vault://host/x").exit_code == 0


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("${secret:a-b}", "is no reference to a secret; got '${secret:a-b}'; write ${secret:NAME}, with letters, digits and _ in the name"),
        (
            "${secret:${use_case.name}}",
            "is no reference to a secret; got '${secret:${use_case.name}}'; write ${secret:NAME}, with letters, digits and _ in the name",
        ),
        (
            "${oc.select:${secret:A}}",
            "is no reference to a secret; got '${oc.select:${secret:A}}'; write ${secret:NAME}, with letters, digits and _ in the name",
        ),
    ],
)
def test_a_reference_must_be_plain(vault: Any, text: str, rule: str) -> None:
    outcome = vault.run("validate", "locked", f"data.password='{text}'")

    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines()[2] == f"  data.password  {rule}  (argument 1)"
