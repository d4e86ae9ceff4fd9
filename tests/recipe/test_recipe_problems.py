from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from upshot.errors import RecipeError

Problems = Callable[..., list[tuple[str, str]]]


def test_every_problem_of_a_recipe_is_told_at_once_with_its_place(bench: Any) -> None:
    bench.write({"conf/model/boost.yaml": "use: boost\nmax_dept: 8\n"})

    with pytest.raises(RecipeError) as caught:
        bench.load("modle=x", "split.test=1.5", "policy.use=threshhold", "gates.auc=null")

    assert str(caught.value) == (
        "4 problems in recipe 'fraud' (no data was read)\n"
        "\n"
        "  policy.use      unknown policy; got 'threshhold'; did you mean 'threshold'? options: threshold  (argument 3)\n"
        "  modle           unknown key; got 'x'; did you mean 'model'? options: baselines, calibration, checks, compute, data, env, features, gates, kpi,"
        " labels, metrics, model, objective, policy, probes, rollout, sections, seed, slices, split, threads, upshot, use_case, use_plugins  (argument 1)\n"
        "  split.test      must be < 1; got 1.5; range > 0 and < 1; default 0.2  (argument 2)\n"
        "  model.max_dept  unknown key; got 8; did you mean 'max_depth'? options: country, drop, growth, max_depth, rate"
        "  (conf/model/boost.yaml:2)"
    )


@pytest.mark.parametrize(
    ("overrides", "where", "rule", "hint"),
    [
        (["model=bosst"], "model", "there is no such choice", "did you mean 'boost'"),
        (["+policy=threshhold"], "policy", "there is no such choice", "did you mean 'threshold'"),
        (["+metrics=roc_auc"], "metrics", "there is no such choice", "write metrics={roc_auc:{}}"),
        (["+rollout=join"], "rollout", "there is no such choice", "write rollout.use=join"),
        (["rollout=join"], "rollout", "the recipe's defaults list has no choice of this group", "write rollout.use=join"),
        (["+model=forest"], "model", "the recipe's defaults list already has a choice of this group", "replace it with model=forest"),
        (["++model=forest"], "model", "force-add of config groups is not supported: '++model=forest'", "+model=NAME to add"),
        (["kpi=null"], "kpi", "a group takes the name of a choice", "~kpi to take the choice out"),
        (["model=boost,forest"], "model", "several values are for sweeps", "a run takes one value"),
        (["seed=range(1,3)"], "seed", "several values are for sweeps", "a run takes one value"),
        (["seed=007"], "seed", "must be a whole number", "default 42"),
        (["seed=true"], "seed", "must be a whole number", "default 42"),
        (["threads=0"], "threads", "must be >= 1", "all cores when left out"),
        (["model.max_depth=six"], "model.max_depth", "must be a whole number", "range >= 1 and <= 64; default 6"),
        (["model.growth.policy=x"], "model.growth.policy", "must be 'depth' or 'loss'", "default 'loss'"),
        (["model.growth.leafs=3"], "model.growth.leafs", "unknown key", "did you mean 'leaves'"),
        (["model.country=true"], "model.country", "must be text", "'model.country=\"true\"'"),
        (["model/max_depth=3"], "model/max_depth", "unknown key", "write model.max_depth"),
        (["~gates=3"], "gates", "a group takes the name of a choice", "~gates to take the choice out"),
        (["model=[{a:1}]"], "model", "a group takes the name of a choice", "~model to take the choice out"),
        (["kpi={1:2}"], "kpi", "a key must be text", "'1'"),
        (["~model"], "model", "is required", "options: boost, forest"),
        (["~gates.none"], "gates.none", "there is no such value to delete", "only set"),
        (["+seed=1", "+seed=2"], "seed", "is already set, so it cannot be added", "write seed=2"),
        (["objective=save"], "objective", "there is no such KPI", "did you mean 'saved'"),
        (
            ["use_case.problem=fraud"],
            "use_case.problem",
            "must be 'classification', 'regression', 'forecasting', 'ranking' or 'survival'",
            None,
        ),
        (["use_case.owners.ops=x"], "use_case.owners.ops", "unknown key", "options: business"),
        (["split.test=???"], "split.test", "must be given: it is still ???", "split.test=VALUE"),
        (["seed=${nothing}"], "seed", "points at nothing", "Interpolation key 'nothing' not found"),
        (["seed=${threads}", "threads=${seed}"], "seed", "points at itself", "give one of them a value"),
        (["seed=${oc.decode:1}"], "seed", "the resolver 'oc.decode' is refused", "are allowed"),
        (["seed=${now:%Y}"], "seed", "unknown resolver 'now'", "are allowed"),
        (["gates.auc.kpi=saved"], "gates.auc.use", "could mean several components", "write use: metric or use: kpi"),
        (["+gates.new={min:1}"], "gates.new.use", "is required: no gates is named 'new'", "a key that implies it (kpi, metric)"),
        (["gates.auc.max=2"], "gates.auc", "give min or max, and only one", None),
        (["gates.auc.min=nan"], "gates.auc.min", "must be a finite number", "default null"),
        (["gates.auc=true"], "gates.auc", "must be a map", "auc: null to remove it"),
        (["+metrics.a={use:roc_auc}", "+metrics.A={use:roc_auc}"], "metrics.A", "differs from 'a' only in case", None),
        (
            ["gates.auc=null", "gates.worth=null"],
            "gates",
            "no gate is declared: a version that nothing was asked of cannot pass",
            "`- gates: NAME`",
        ),
        (["policy.use=null"], "policy.use", "must name a component", "options: threshold"),
        (["a==3"], "argument 1", "is no override: extraneous input '='", "a==3\n        ^"),
        (["a..x=1"], "argument 1", "is no override: token recognition error at: '.'", "a..x=1\n       ^"),
        (["=1"], "argument 1", "names no key", None),
        (["a=" + "[" * 3000], "argument 1", "an override may have 10,000 characters and 64 levels of brackets", None),
    ],
)
def test_a_wrong_override_is_explained(bench: Any, overrides: list[str], where: str, rule: str, hint: str | None) -> None:
    with pytest.raises(RecipeError) as caught:
        bench.load(*overrides)

    (problem,) = [p for p in caught.value.problems if not p.where.endswith(".A.use")]
    nowhere = where.startswith("argument") or overrides == ["~model"]
    assert (problem.where, problem.rule) == (where, rule)
    assert (hint or "") in (problem.hint or "")
    assert problem.place == (None if nowhere else "argument 1" if "itself" in rule else f"argument {len(overrides)}")


@pytest.mark.parametrize(
    ("file", "text", "where", "rule", "hint"),
    [
        ("recipes/fraud.yaml", "", "recipe fraud", "is empty", "use_case"),
        ("recipes/fraud.yaml", "- a\n", "recipes/fraud.yaml:1", "must be a map at the top", "use_case"),
        ("recipes/fraud.yaml", "a: 1\nb: 2\na: 3\n", "recipes/fraud.yaml:3", "the key 'a' stands twice", None),
        (
            "recipes/fraud.yaml",
            "a: 1\n\tb: 2\n",
            "recipes/fraud.yaml:2:1",
            "is not YAML: found a tab character that violates indentation",
            "spaces, not tabs",
        ),
        ("recipes/fraud.yaml", "a: 'x\n", "recipes/fraud.yaml:1:4", "is not YAML: found unexpected end of stream", "^"),
        ("recipes/fraud.yaml", "on: 1\n", "recipes/fraud.yaml:1", "a key must be text", "'on'"),
        ("recipes/fraud.yaml", "a: !!set {x}\n", "recipes/fraud.yaml:1", "unknown tag '!!set'", "plain values"),
        ("recipes/fraud.yaml", "a: *b\n", "recipes/fraud.yaml:1", "the alias *b stands before the end of its anchor", None),
        ("recipes/fraud.yaml", "a: 1\n---\nb: 1\n", "recipes/fraud.yaml:2", "holds a second document", "one document"),
        ("recipes/fraud.yaml", "defaults: {model: boost}\n", "recipes/fraud.yaml:1", "defaults must be a list", "one choice a line"),
        (
            "recipes/fraud.yaml",
            "defaults:\n  - {a: b, c: d}\n",
            "recipes/fraud.yaml:2",
            "a choice is `- group: name`, `- recipe` or `- _self_`",
            None,
        ),
        ("conf/model/boost.yaml", "use: boost\nuse: forest\n", "conf/model/boost.yaml:2", "the key 'use' stands twice", None),
        (
            "conf/model/boost.yaml",
            "max_depth: ${oc.decode:1}\nuse: boost\n",
            "model.max_depth",
            "the resolver 'oc.decode' is refused",
            "allowed",
        ),
        ("conf/model/boost.yaml", "defaults: [boost, _self_]\nuse: boost\n", "fraud", "a recipe or group extends itself", "defaults lists"),
    ],
)
def test_a_wrong_file_is_explained(bench: Any, file: str, text: str, where: str, rule: str, hint: str | None) -> None:
    bench.write({file: text})

    with pytest.raises(RecipeError) as caught:
        bench.load()

    assert [(problem.where, problem.rule) for problem in caught.value.problems] == [(where, rule)]
    assert (hint or "") in (caught.value.problems[0].hint or "")


@pytest.mark.parametrize(
    ("line", "where", "rule", "hint"),
    [
        (
            "rollout: join",
            "rollout",
            "must be a map",
            "write rollout: {use: join} (as an argument: rollout.use=join), or `- rollout: join` in defaults",
        ),
        ("rollout: [join]", "rollout", "must be a map", "write rollout: {use: NAME, ...}"),
        ("rollout: {}", "rollout.use", "is required", "options: join"),
        ("metrics: [roc_auc]", "metrics", "must be a map keyed by name", "write metrics: {roc_auc: {}}"),
        ("metrics: roc_auc", "metrics", "must be a map keyed by name", "write metrics: {NAME: {...}}"),
        ("metrics: {roc_auc: yes}", "metrics.roc_auc", "must be a map", "roc_auc: null to remove it"),
        ("metrics: {a.b: {use: roc_auc}}", "metrics.a.b", "a name has letters, digits, _ and -, and starts with a letter", None),
        ("rollout: {use: join, speed: '???'}", "rollout.speed", "must be given: it is still ???", "rollout.speed=VALUE"),
        ("rollout: ${nowhere}", "rollout", "points at nothing", "'nowhere' not found"),
        ("threads: 3.10", "threads", "must be a whole number", "all cores when left out"),
    ],
)
def test_a_wrong_line_of_a_recipe_is_explained_at_its_line(bench: Any, line: str, where: str, rule: str, hint: str | None) -> None:
    text = (bench.project.root / "recipes/fraud.yaml").read_text().replace("rollout: {use: join}\n", "")
    lines = [line] if line.startswith("rollout") else ["rollout: {use: join}", line]
    bench.write({"recipes/fraud.yaml": text + "\n".join(lines) + "\n"})

    with pytest.raises(RecipeError) as caught:
        bench.load()

    (problem,) = caught.value.problems
    assert (problem.where, problem.rule, problem.place) == (where, rule, f"recipes/fraud.yaml:{12 + len(lines)}")
    assert (hint or "") in (problem.hint or "")


def test_a_parameter_left_behind_by_a_swapped_component_names_both_remedies(bench: Any) -> None:
    text = (bench.project.root / "recipes/fraud.yaml").read_text()
    bench.write({"recipes/fraud.yaml": text + "model: {rate: 0.2}\n"})

    with pytest.raises(RecipeError) as caught:
        bench.load("model=forest")

    assert str(caught.value).splitlines()[2:] == [
        "  model.rate  is a parameter of 'boost', not of 'forest'; take it out of recipes/fraud.yaml:14 (for one run: ~model.rate), or move it to"
        " conf/model/boost.yaml, so that it goes with that choice  (recipes/fraud.yaml:14)"
    ]


def test_all_missing_choices_are_named_with_the_line_that_asks_for_them(bench: Any) -> None:
    bench.write(
        {
            "recipes/fraud.yaml": "defaults:\n  - model: bosst\n  - gates: [standard, strict]\n  - base\nuse_case: {name: x, problem: ranking}\n"
        }
    )

    with pytest.raises(RecipeError) as caught:
        bench.load()

    missing = [(p.where, p.got, p.place) for p in caught.value.problems if "no such" in p.rule]
    assert missing == [
        ("defaults", "'base'", "recipes/fraud.yaml:4"),
        ("gates", "'strict'", "recipes/fraud.yaml:3"),
        ("model", "'bosst'", "recipes/fraud.yaml:2"),
    ]


def test_a_choice_that_must_be_made_lists_the_options(bench: Any, problems_of: Problems) -> None:
    text = (bench.project.root / "recipes/fraud.yaml").read_text()
    bench.write({"recipes/fraud.yaml": text.replace("model: boost", "model: ???")})

    assert ("model", "a choice must be given") in problems_of()
    assert bench.load("model=forest").nodes["model"].use == "forest"


def test_text_that_yaml_reads_as_a_truth_is_to_be_quoted(bench: Any) -> None:
    bench.write({"conf/model/boost.yaml": "use: boost\ncountry: NO\n"})

    with pytest.raises(RecipeError) as caught:
        bench.load()

    assert caught.value.problems[0].sentence() == "must be text; got false; YAML reads NO so: write it in quotes, 'NO'"


def test_a_length_of_time_without_its_unit_is_not_to_be_quoted_but_completed(recipe_project: Any) -> None:
    project = recipe_project({})

    bare = project.run("validate", "machine_failure", "labels.horizon=14")
    quoted = project.run("validate", "machine_failure", 'labels.horizon="14"')

    rule = "must be a whole number and a unit, such as '7 days', '12h', '30 min' or '3 steps'"
    assert bare.stderr.splitlines()[-1] == f"  labels.horizon  must be text; got 14; {rule}  (argument 1)"
    assert quoted.stderr.splitlines()[-1] == f"  labels.horizon  {rule}; got '14'  (argument 1)"


def test_a_byte_order_mark_and_windows_lines_are_fine_and_latin_1_is_not(bench: Any) -> None:
    path = bench.project.root / "conf/model/boost.yaml"
    path.write_bytes(b"\xef\xbb\xbfuse: boost\r\nmax_depth: 5\r\n")
    assert bench.load().nodes["model"].params["max_depth"] == 5

    path.write_bytes(b"use: boost\ncountry: Z\xfcrich\n")
    with pytest.raises(RecipeError) as caught:
        bench.load()
    assert caught.value.problems[0].sentence() == "is not UTF-8 at byte 21; got 0xfc; save the file as UTF-8"
