"""Environments: an ordered map in the recipe, laid over it by `--env`, with two rules along the way."""

from __future__ import annotations

import pytest

from upshot.contracts.params import Stricter
from upshot.recipe.strength import weaker
from upshot.testing import RecipeProject

ENV = """\
env:
  dev: {data: {append_only: true}, seed: 7}
  prod:
    approvals: {risk: {by: [grace, mia], count: 2}}
    gates: {worth_it: {min_gain: 5}, steady: {metric: accuracy, min: 0.5}}
"""


@pytest.fixture
def shop(tiny: RecipeProject) -> RecipeProject:
    tiny.write("recipes/tiny.yaml", (tiny.root / "recipes/tiny.yaml").read_text() + ENV)
    return tiny


def told(*problems: str) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"RecipeError: {count} in recipe 'tiny' (no data was read)\n\n" + "".join(f"  {problem}\n" for problem in problems)


def test_an_environment_is_laid_over_the_recipe_and_the_command_line_over_both(shop: RecipeProject) -> None:
    plain, prod = shop.run("show", "tiny", "--json").json, shop.run("show", "tiny", "--env", "prod", "--json").json
    typed = shop.run("show", "tiny", "gates.worth_it.min_gain=9", "--env", "prod", "--json").json
    dev = shop.run("show", "tiny", "--env=dev", "--json").json

    assert [recipe["groups"]["gates"]["worth_it"]["params"]["min_gain"] for recipe in (plain, dev, prod, typed)] == [0, 0, 5, 9]
    assert [list(recipe["groups"]["gates"]) for recipe in (plain, prod)] == [["accurate", "worth_it"], ["accurate", "worth_it", "steady"]]
    assert [(recipe["seed"], recipe["nodes"]["data"]["params"]["append_only"]) for recipe in (plain, dev)] == [(42, False), (7, True)]
    assert [recipe["environment"] for recipe in (plain, dev, prod)] == [None, "dev", "prod"]
    assert list(plain["env"]) == ["dev", "prod"]


def test_what_an_environment_lays_over_the_recipe_can_itself_be_overridden(shop: RecipeProject) -> None:
    shown = shop.run("show", "tiny", "env.prod.gates.worth_it.min_gain=6", "+env.prod.threads=3", "--env", "prod", "--json").json
    gone = shop.run("show", "tiny", "env.prod.gates.steady=null", "--env", "prod", "--json").json

    assert (shown["groups"]["gates"]["worth_it"]["params"]["min_gain"], shown["threads"]) == (6, 3)
    assert list(gone["groups"]["gates"]) == ["accurate", "worth_it"]


def test_explain_names_the_environment_as_a_layer_with_its_file_and_line(shop: RecipeProject) -> None:
    first = len((shop.root / "recipes/tiny.yaml").read_text().splitlines()) - 4

    outcome = shop.run("explain", "tiny", "gates.worth_it.min_gain", "env.prod.approvals", "gates.worth_it.min_gain=6", "--env", "prod")

    assert outcome.stdout == (
        "gates.worth_it.min_gain = 6.0\n"
        "    Gain over `against` that is asked for; more is always better.\n"
        "    number or null; default null\n"
        "     component default  upshot.components.gates.kpi:KpiGateParams  null                       overridden\n"
        "     recipe             recipes/tiny.yaml:36                       0                          overridden\n"
        f"     env prod           recipes/tiny.yaml:{first + 4}                       5                          overridden\n"
        "  *  command line       argument 1                                 gates.worth_it.min_gain=6\n"
        "\n"
        "env.prod.approvals.risk.count = 2\n"
        "    People of this role who must approve.\n"
        "    whole number, >= 1, <= 100; default 1\n"
        "     component default  upshot.recipe.environments:ApprovalOutline  1  overridden\n"
        f"  *  recipe             recipes/tiny.yaml:{first + 3}                        2\n"
        "\n"
        "env.prod.approvals.risk.by = [\"grace\", \"mia\"]\n"
        "    Who may approve in this role; whoever neither wrote the recipe nor trained the version when left out.\n"
        "    list of text, or null; default null\n"
        "     component default  upshot.recipe.environments:ApprovalOutline  null              overridden\n"
        f"  *  recipe             recipes/tiny.yaml:{first + 3}                        [\"grace\", \"mia\"]\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--env", "prdo"], "--env  there is no such environment; got 'prdo'; did you mean 'prod'? options: dev, prod"),
        (["env=null", "--env", "dev"], None),
        (["env.dev=null", "--env", "dev"], "--env  there is no such environment; got 'dev'; options: prod"),
        (["env.prod.approvals.risk.by=[]"], "env.prod.approvals.risk.by  policy: a list of approvers is not empty; got []; name somebody, or leave `by` out where anybody but the makers may approve  (argument 1)"),
        (["env.prod.approvals.risk.count=3"], "env.prod.approvals.risk.count  policy: no more people are asked for than may approve; got 3 of grace, mia  (argument 1)"),
        (["+env.DEV={}"], "env.DEV  differs from 'dev' only in case; choose another name  (argument 1)"),
        (["+env.pro*d={}"], None),
        (["+env.dev.gates.worth_it.min_gian=1"], "gates.worth_it.min_gian  unknown key; got 1; did you mean 'min_gain'? options: against, by, kpi, max, min, min_gain  (argument 1, env dev)"),
        (["+env.dev.policy={use:top_k}"], None),
        (["+env.dev.metrics.f2={use:f3}"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_is_wrong_in_an_environment_is_told_without_asking_for_it(shop: RecipeProject, words: list[str], problem: str | None) -> None:
    outcome = shop.run("validate", "tiny", *words)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    if problem is not None:
        assert outcome.stderr == told(problem)


def test_unknown_keys_of_an_environment_get_the_nearest_of_its_own_and_the_recipes(shop: RecipeProject) -> None:
    outcome = shop.run("validate", "tiny", "+env.dev.author_may_promoet=true", "+env.prod.gate.x=1")

    options = (
        "approvals, author_may_promote, baselines, calibration, checks, compute, data, features, gates, inconclusive_passes, kpi, labels, metrics, "
        "model, objective, policy, probes, rollout, sections, seed, slices, split, threads, use_plugins"
    )
    assert outcome.stderr == told(
        f"env.dev.author_may_promoet  unknown key; got true; did you mean 'author_may_promote'? options: {options}  (argument 1)",
        f"env.prod.gate               unknown key; got {{\"x\": 1}}; did you mean 'gates'? options: {options}  (argument 2)",
    )


def test_gates_may_be_made_stricter_along_the_way_and_not_weaker(shop: RecipeProject) -> None:
    stricter = shop.run("validate", "tiny", "+env.dev.gates.accurate.min=0.85", "+env.prod.gates.accurate.min=0.95")
    weaker = shop.run("validate", "tiny", "+env.dev.gates.accurate.min=0.95", "+env.dev.gates.first={kpi:saved,min:0}")

    assert stricter.exit_code == 0, stricter.stderr
    add = "add the gate of dev to prod too"
    rule = "policy: an environment asks for all that the one before it asks for"
    assert (weaker.exit_code, weaker.stderr) == (
        2,
        told(
            f"env.prod.gates.accurate  {rule}; got min 0.95 -> 0.9, compared with dev; {add}  (recipes/tiny.yaml:41)",
            f"env.prod.gates.first     {rule}; got is gone, compared with dev; {add}  (recipes/tiny.yaml:41)",
        ),
    )


def test_approvals_never_get_fewer_and_the_last_environment_asks_for_one(shop: RecipeProject) -> None:
    fewer = shop.run("validate", "tiny", "+env.dev.approvals={risk:{count:3},business:{}}", "+env.prod.author_may_promote=true")
    none = shop.run("validate", "tiny", "env.prod.approvals={}", "env.prod.approvals.risk=null")
    alone = shop.run("validate", "tiny", "env.dev=null", "env.prod.approvals.risk=null")

    rule = "policy: an environment asks for at least the approvals of the one before it"
    assert (fewer.exit_code, fewer.stderr) == (
        2,
        told(
            f"env.prod.approvals.risk      {rule}; got 2 of role risk, where dev asks for 3  (recipes/tiny.yaml:40)",
            f"env.prod.approvals.business  {rule}; got 0 of role business, where dev asks for 1  (recipes/tiny.yaml:40)",
            f"env.prod.author_may_promote  {rule}; got true, where dev says false  (argument 2)",
        ),
    )
    hint = "write env.prod.approvals: {ROLE: {by: [NAME, ...]}}"
    assert none.stderr == told(
        f"env.prod.approvals  policy: the last environment asks for at least one approval; got none; {hint}  (argument 1)"
    )
    assert alone.exit_code == 0, alone.stderr


def test_a_gate_on_the_champion_needs_an_environment_and_no_baseline_takes_its_name(shop: RecipeProject, tiny: RecipeProject) -> None:
    sound = shop.run("validate", "tiny", "gates.worth_it.against=champion")
    nowhere = shop.run("validate", "tiny", "gates.worth_it.against=champion", "env={}", "~env.dev", "~env.prod")
    taken = shop.run("validate", "tiny", "+baselines.champion={use:do_nothing}", "+baselines.candidate={use:do_nothing}")

    assert sound.exit_code == 0, sound.stderr
    assert nowhere.stderr == told(
        "gates.worth_it.against  asks for the champion, and the recipe has no environment that could serve one; "
        "write `- env: standard` in defaults, or env: {NAME: {...}}  (argument 1)"
    )
    assert taken.stderr == told(
        "baselines.candidate  the name is taken: it stands for the version that is judged; got 'candidate'; give the baseline another name  (argument 2)",
        "baselines.champion   the name is taken: it stands for the version that an environment serves; got 'champion'; give the baseline another name  (argument 1)",
    )


def test_a_recipe_read_back_from_what_show_prints_means_the_same(shop: RecipeProject) -> None:
    shop.write("recipes/again.yaml", shop.run("show", "tiny").stdout)

    assert shop.run("show", "again", "--diff", "tiny").stdout == "again means the same as tiny\n"


def test_the_packaged_environments_fit_a_recipe_that_names_them(shop: RecipeProject) -> None:
    shop.write("recipes/tiny.yaml", (shop.root / "recipes/tiny.yaml").read_text().partition("env:\n")[0])

    outcome = shop.run("validate", "tiny", "+env=standard", "--env", "prod")

    assert outcome.exit_code == 0, outcome.stderr


@pytest.mark.parametrize(
    ("mark", "before", "now", "expected"),
    [
        (Stricter("up"), 0.6, 0.7, False),
        (Stricter("up"), 0.6, 0.5, True),
        (Stricter("up"), None, 0.1, False),
        (Stricter("down"), 0.1, 0.2, True),
        (Stricter("down"), 0.1, None, True),
        (Stricter(order=("value", "interval")), "interval", "value", True),
    ],
)
def test_a_bound_says_itself_which_way_it_gets_weaker(mark: Stricter, before: object, now: object, expected: bool) -> None:
    assert mark.is_weaker(before, now) is expected


def test_another_question_counts_as_weaker_because_nobody_can_say_that_it_is_not() -> None:
    from upshot.catalogue import load_catalogue
    from upshot.contracts.tables import Map
    from upshot.recipe.recipe import Node

    catalogue = load_catalogue()
    gate = Node("gates", "kpi", Map({"kpi": "saved", "against": "do_nothing", "min_gain": 0.0, "min": None, "max": None, "by": "interval"}))
    other = Node("gates", "kpi", Map({**gate.params, "against": "current_rule", "by": "value"}))

    assert weaker(gate, gate, catalogue) == ()
    assert weaker(gate, other, catalogue) == ("against do_nothing -> current_rule", "by interval -> value")
    assert weaker(gate, None, catalogue) == ("is gone",)
    assert weaker(gate, Node("gates", "checks", Map()), catalogue) == ("is another gate: kpi -> checks",)
