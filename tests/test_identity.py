"""Who somebody is, as far as that can be known; and when two are one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from upshot.errors import UsageError
from upshot.identity import Person, authors, git_address, shared, whoami
from upshot.project import Project, find_project
from upshot.testing import RecipeProject


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a git repository of ada's, and no other config of git."""
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    for words in (["init", "-q"], ["config", "user.email", "ada@example.org"], ["config", "user.name", "Ada"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def project(root: Path, **settings: object) -> Project:
    return Project(root, root / ".upshot", **settings)  # type: ignore[arg-type]


def test_the_name_is_what_is_said_else_gits_address_else_the_account(git: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    bare = tmp_path_factory.mktemp("bare")

    said, by_git, by_account = whoami(project(git), "grace"), whoami(project(git)), whoami(project(bare))

    assert (said.name, said.source, said.git) == ("grace", "said", "ada@example.org")
    assert (by_git.name, by_git.source) == ("ada@example.org", "git")
    assert (by_account.name, by_account.source, by_account.git) == (by_account.account.partition("@")[0], "account", None)
    assert said.account == by_git.account == by_account.account


def test_the_account_is_asked_of_the_system_and_not_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = whoami(project(tmp_path)).account
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, "grace")

    assert whoami(project(tmp_path)).account == honest


def test_people_are_known_by_one_name_whatever_they_are_called(git: Path) -> None:
    known = project(git, people={"ada": ("ada@example.org", "ada.l")})

    assert [whoami(known).name, whoami(known, "Ada.L").name, whoami(known, "mia").name] == ["ada", "ada", "mia"]


@pytest.mark.parametrize("name", ["", " ada", "a\nb", "\x1b[31m", "x" * 101])
def test_what_is_no_name_is_refused_and_shown_escaped(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        whoami(project(tmp_path), name)

    assert caught.value.problems[0].where == "--as"
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "accounts", "names"),
    [
        (Person("ada", "said", "ci@a"), Person("mia", "said", "ci@b"), None, None),
        (Person("ada", "said", "ci@a"), Person("ADA", "said", "ci@b"), "the name ADA", "the name ADA"),
        (Person("ada", "said", "ci@a"), Person("mia", "said", "ci@a"), "the account ci@a", None),
        (Person("ada", "said", "ci@a", "a@x"), Person("mia", "said", "ci@b", "a@x"), "the git address a@x", None),
        (Person("a@x", "git", "ci@a", "a@x"), Person("ada", "said", "ci@b"), "the name ada", "the name ada"),
        (Person("zoe", "said", "ci@a", "a@x"), Person("ada", "account", "ada@b"), "the name ada", None),
    ],
)  # fmt: skip
def test_two_are_one_by_account_and_address_or_where_the_project_says_so_by_name_alone(
    first: Person, second: Person, accounts: str | None, names: str | None
) -> None:
    people = {"ada": ("a@x",)}
    by_accounts, by_names = (project(Path("/p"), people=people, identity=identity) for identity in ("accounts", "names"))

    assert (shared(second, first, by_accounts) or "").casefold() == (accounts or "").casefold()
    assert (shared(second, first, by_names) or "").casefold() == (names or "").casefold()


def test_authors_are_who_last_committed_the_files_of_a_recipe(git: Path, tiny_files: dict[str, str]) -> None:
    shop = RecipeProject(git, {**tiny_files, "conf/model/own.yaml": "use: logistic_regression\n"})
    subprocess.run(["git", "add", "recipes/tiny.yaml"], cwd=git, check=True)
    subprocess.run(["git", "commit", "-qm", "tiny", "--author", "Bo <bo@example.org>"], cwd=git, check=True)

    assert authors(("recipes/tiny.yaml", "conf/model/own.yaml", "nowhere.yaml"), git) == ("bo@example.org",)
    assert shop.run("run", "tiny").exit_code == 0
    shown = shop.run("show", "last", "--json").json["person"]
    assert (shown["name"], shown["authors"], shown["root"]) == ("ada@example.org", ["bo@example.org"], str(git))
    assert "ada@example.org (git ada@example.org; account " in shop.run("show", "last").stdout
    assert "; the recipe is by bo@example.org\n" in shop.run("show", "last").stdout


def test_whoever_wrote_the_recipe_may_not_approve_what_another_trained(git: Path, tiny_files: dict[str, str]) -> None:
    shop = RecipeProject(git, {**tiny_files, "upshot.yaml": "identity: names\npeople: {bo: [bo@example.org]}\n"})
    shop.write("recipes/tiny.yaml", tiny_files["recipes/tiny.yaml"] + "env: {prod: {approvals: {risk: {}}}}\n")
    subprocess.run(["git", "add", "recipes"], cwd=git, check=True)
    subprocess.run(["git", "commit", "-qm", "tiny", "--author", "Bo <bo@example.org>"], cwd=git, check=True)
    assert shop.run("run", "tiny", "--as", "ada").exit_code == 0

    author, other = (shop.run("approve", "tiny@1", "--env", "prod", "--as", name) for name in ("bo", "mia"))

    assert author.exit_code == 4
    assert (
        "bo made tiny@1 and may not approve it: bo@example.org wrote the recipe; anybody but ada and bo@example.org may approve"
        in author.stderr
    )
    assert other.exit_code == 0, other.stderr


def test_git_is_read_and_starts_nothing_that_a_folder_names(git: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "config", "core.fsmonitor", f"touch {git}/pwned; false"], cwd=git, check=True)
    subprocess.run(["git", "config", "core.pager", f"touch {git}/pwned"], cwd=git, check=True)

    assert git_address(git) == "ada@example.org"
    assert authors(("x",), git) == ()
    assert not (git / "pwned").exists()
    monkeypatch.setenv("PATH", "")
    assert git_address(git) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "identity: trust\n",
            "upshot.yaml: identity  must be accounts or names; got 'trust'; write identity: accounts, or identity: names",
        ),
        (
            "people: [ada]\n",
            "upshot.yaml: people  must hold lists of other names by name; got ['ada']; write people: {ada: [ada@example.org]}",
        ),
        ("people: {ada: [x], bo: [x]}\n", "upshot.yaml: people  the name 'x' stands for ada and for bo; leave it with one"),
    ],
)
def test_a_project_that_says_it_wrongly_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "upshot.yaml").write_text(text)

    with pytest.raises(UsageError) as caught:
        find_project(tmp_path)

    assert str(caught.value) == f"the project file is wrong\n\n  {told}"
