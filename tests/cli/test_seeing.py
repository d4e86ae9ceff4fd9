"""`runs`, `show RUN`, `compare` and `lineage`: what was run, and how two runs differ."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from upshot.cli.commands import COMMANDS, parser_of
from upshot.cli.shapes import SHAPES
from upshot.engine.state import State
from upshot.testing import RecipeProject

OVERRIDES: tuple[list[str], ...] = (
    [],
    ["model.C=0.0001", "features.amount.columns=[id]"],
    ["gates.worth_it.min_gain=5000"],
    ["features.amount.columns=[amont]"],
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, str]) -> tuple[RecipeProject, list[str]]:
    """Four runs, the oldest first: done; refused, for a model that looks at nothing useful; refused; failed. Read only."""
    project = RecipeProject(tmp_path_factory.mktemp("seeing"), tiny_files)
    for words in OVERRIDES:
        project.run("run", "tiny", *words)
    return project, [run["run"] for run in reversed(project.run("runs", "--json").json["runs"])]


Runs = tuple[RecipeProject, list[str]]


def ids(project: RecipeProject, *words: str) -> list[str]:
    outcome = project.run("runs", *words, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return [run["run"] for run in outcome.json["runs"]]


def test_runs_are_listed_newest_first_and_filtered_by_recipe_status_and_time(runs: Runs) -> None:
    project, (done, useless, refused, failed) = runs

    assert ids(project) == [failed, refused, useless, done]
    assert ids(project, "-n", "2") == [failed, refused]
    assert ids(project, "--status", "refused") == [refused, useless]
    assert ids(project, "--recipe", "tiny", "--status", "done") == [done]
    assert ids(project, "--recipe", "other") == []
    assert ids(project, "--since", "1h") == [failed, refused, useless, done]
    assert ids(project, "--since", "2099-01-01") == []


def test_runs_have_columns_of_metrics_money_and_parameters_and_are_sorted_by_them(runs: Runs) -> None:
    project, (done, useless, _, failed) = runs
    columns = "metric.accuracy,kpi.saved,gain.saved.do_nothing,param.model.C"

    outcome = project.run("runs", "--columns", columns, "--sort", "metric.accuracy", "--reverse", "--json")
    values = {run["run"]: run["columns"] for run in outcome.json["runs"]}

    assert values[done] == {"metric.accuracy": 1.0, "kpi.saved": 120.5, "gain.saved.do_nothing": 120.5, "param.model.C": 1.0}
    assert values[useless]["param.model.C"] == 0.0001
    assert values[useless]["metric.accuracy"] < 1.0
    assert values[failed] == {"metric.accuracy": None, "kpi.saved": None, "gain.saved.do_nothing": None, "param.model.C": 1.0}
    assert list(values)[2:] == [useless, failed]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ["--columns", "metric.acuracy"],
            "metric.acuracy  no run has such a column; did you mean 'metric.accuracy'? options: metric.accuracy",
        ),
        (["--sort", "tooks"], "tooks  no run has such a column; did you mean 'took'?"),
        (["--since", "soon"], "--since  must be a time or an age; got 'soon'; write 2026-11-24"),
        (["-n", "0"], "--limit  must be >= 1; got 0"),
        (["tiny", "--recipe", "other"], "--recipe  names another recipe than the argument; got other"),
    ],
)
def test_runs_refuses_what_it_does_not_know(runs: Runs, words: list[str], complaint: str) -> None:
    outcome = runs[0].run("runs", *words)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert complaint in outcome.stderr


def test_show_tells_of_a_run_by_id_beginning_or_as_the_last(runs: Runs) -> None:
    project, (done, _, _, failed) = runs

    shown = project.run("show", done).stdout

    head = [line.split() for line in shown.split("\n\n")[0].splitlines()]
    assert [line[0] for line in head] == ["run", "recipe", "status", "by", "started", "took", "data", "value", "gates", "version", "log"]
    assert head[6][1:] == ["tiny", "version", "0:", "48", "rows,", "digest", head[6][-1]]
    assert "accurate  PASS     the value is 1\n" in shown
    assert project.run("show", "last", "--json").json["run"] == failed
    assert project.run("show", done, "--config").stdout.startswith("use_case:\n")


def test_a_word_that_begins_no_run_or_several_is_refused(runs: Runs) -> None:
    project, every = runs

    none, several = project.run("show", "r2099"), project.run("lineage", "r20")

    assert (none.exit_code, several.exit_code) == (2, 2)
    assert "r2099  no run is recorded that begins so; upshot runs" in none.stderr
    assert f"r20  must name one run; got {', '.join(reversed(every))}" in several.stderr


def test_a_run_whose_values_were_cleared_away_says_so(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny", "gates.worth_it.min_gain=5000")
    for path in State(tiny.root / ".upshot").artefacts.root.glob("??/*"):
        path.unlink()

    shown, listed = tiny.run("show", "last"), tiny.run("runs", "--columns", "metric.accuracy", "--json").json
    compared = tiny.run("compare", "last", "last")

    assert "the values of evaluate, value, gate were cleared away; run it again to see them" in shown.stdout
    assert listed["runs"][0]["columns"] == {"metric.accuracy": "cleared"}
    assert compared.exit_code == 0


def test_a_run_compared_with_itself_differs_in_nothing(runs: Runs) -> None:
    project, (done, *_) = runs

    found = project.run("compare", done, done, "--json").json

    assert (found["config"], found["data"]) == ([], [])
    (metric, kpi) = found["metrics"]["accuracy"], found["kpis"]["saved"]
    assert (metric["difference"]["value"], metric["difference"]["low"], metric["difference"]["high"], metric["better"]) == (
        0.0,
        0.0,
        0.0,
        None,
    )
    assert (kpi["difference"]["value"], kpi["difference"]["low"], kpi["difference"]["high"], kpi["better"]) == (0.0, 0.0, 0.0, None)


def test_two_runs_on_the_same_cases_are_compared_in_pairs(runs: Runs) -> None:
    project, (done, useless, *_) = runs

    outcome = project.run("compare", useless, done, "--json")
    metric, kpi = outcome.json["metrics"]["accuracy"], outcome.json["kpis"]["saved"]

    assert [(change["key"], change["sign"]) for change in outcome.json["config"]] == [("features.amount.columns", "~"), ("model.C", "~")]
    assert metric["difference"]["value"] == metric["second"]["value"] - metric["first"]["value"] > 0
    assert metric["difference"]["method"] == "paired 95 % percentile interval, 200 resamples of 8 blocks (day)"
    assert kpi["difference"]["value"] == pytest.approx(kpi["second"]["value"] - kpi["first"]["value"])
    assert kpi["difference"]["low"] <= kpi["difference"]["value"] <= kpi["difference"]["high"]
    assert (kpi["better"], project.run("compare", done, useless, "--json").json["kpis"]["saved"]["better"]) == ("second", "first")


def test_the_paired_interval_of_money_is_that_of_the_differences_of_the_blocks(runs: Runs) -> None:
    from upshot.catalogue import load_catalogue
    from upshot.engine.past import Past, find_run
    from upshot.value.intervals import interval_of_sum

    project, (done, useless, *_) = runs
    state = State(project.root / ".upshot")
    old, new = (Past(find_run(state, run), state, load_catalogue()).value("value").by_kpi["saved"] for run in (useless, done))
    apart = new.blocks.frame["sum.candidate"].to_numpy() - old.blocks.frame["sum.candidate"].to_numpy()

    found = project.run("compare", useless, done, "--json").json["kpis"]["saved"]["difference"]

    low, high = interval_of_sum(apart, seed=42) or (np.nan, np.nan)
    assert (found["low"], found["high"]) == pytest.approx((low * new.scale, high * new.scale))


def test_what_cannot_be_subtracted_stands_side_by_side_with_the_reason(tiny: RecipeProject) -> None:
    first = tiny.run("run", "tiny", "--json").json["run"]
    later = tiny.run("run", "tiny", "split.test_from=2026-01-16", "--json").json["run"]
    other = tiny.run("run", "tiny", "kpi.saved.parameters.friction_cost.value=3", "--json").json["run"]

    split, money = (tiny.run("compare", first, run, "--json").json for run in (later, other))

    assert (split["metrics"]["accuracy"]["difference"], split["metrics"]["accuracy"]["remark"]) == (None, "the test cases differ")
    assert (split["kpis"]["saved"]["difference"], split["kpis"]["saved"]["remark"]) == (None, "the test blocks differ")
    assert money["kpis"]["saved"]["remark"] == "the KPI is defined differently"
    assert money["metrics"]["accuracy"]["difference"]["value"] == 0.0


def test_compare_tells_version_rows_and_schema_of_the_data(
    recipe_project: Callable[..., RecipeProject], tiny_files: dict[str, str]
) -> None:
    project = recipe_project(tiny_files)
    first = project.run("run", "tiny", "--json").json["run"]
    rows = tiny_files["data/cases.csv"].splitlines()
    project.write("data/cases.csv", "\n".join([f"{rows[0]},channel", *(f"{row},web" for row in rows[1:-2])]) + "\n")
    second = project.run("run", "tiny", "data.columns={id:int64,day:timestamp,amount:float64,bad:int64,channel:string}", "--json").json[
        "run"
    ]

    found = project.run("compare", first, second, "--json").json["data"]

    assert [entry for entry in found if entry["what"] != "digest"] == [
        {"what": "version", "first": "0", "second": "1"},
        {"what": "rows", "first": "48", "second": "46"},
        {"what": "column channel", "first": None, "second": "string"},
    ]


def test_lineage_goes_from_the_source_to_the_version(runs: Runs) -> None:
    project, (done, *_, failed) = runs

    chain, broken = (project.run("lineage", run, "--json").json for run in (done, failed))
    text = project.run("lineage", done).stdout

    (path, digest), *_ = chain["source"]["inputs"].items()
    assert (path, len(digest), chain["source"]["use"]) == (str(project.root / "data/cases.csv"), 16, "csv")
    assert (chain["snapshot"]["table"], chain["snapshot"]["version"], chain["snapshot"]["rows"]) == ("tiny", 0, 48)
    assert [stage["stage"] for stage in chain["stages"]][::14] == ["ingest", "register"]
    assert (chain["version"]["name"], chain["version"]["number"], len(chain["version"]["manifest"])) == ("tiny", 1, 10)
    assert (broken["version"], len(broken["stages"])) == (None, 4)
    assert [line.split()[0] for line in text.splitlines() if re.match(r"\w", line)][:3] == ["run", "source", "snapshot"]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("upshot.runs/1", ["runs"]),
        ("upshot.record/1", ["show", "last"]),
        ("upshot.compare/1", ["compare", "last", "last"]),
        ("upshot.lineage/1", ["lineage", "last"]),
        ("upshot.replay/1", ["replay", "DONE"]),
        ("upshot.plan/1", ["plan", "tiny"]),
        ("upshot.gates/1", ["gates", "tiny"]),
        ("upshot.recipes/1", ["recipes"]),
        ("upshot.recipe/1", ["show", "tiny"]),
        ("upshot.describe/1", ["describe"]),
        ("upshot.describe.recipe/1", ["describe", "recipe"]),
        ("upshot.describe.env/1", ["describe", "env"]),
        ("upshot.describe.kind/1", ["describe", "gates"]),
        ("upshot.describe.component/1", ["describe", "gates", "kpi"]),
        ("upshot.plugins/1", ["plugins", "list"]),
        ("upshot.cache/1", ["cache"]),
        ("upshot.fsck/1", ["fsck"]),
    ],
)
def test_json_has_its_shape_and_the_documented_keys(runs: Runs, shape: str, words: list[str]) -> None:
    project, (done, *_) = runs

    document = project.run(*(done if word == "DONE" else word for word in words), "--json").json

    assert (document["shape"], tuple(document)[1:]) == (shape, SHAPES[shape])


def test_every_command_that_prints_json_says_which_shape_it_has(tiny: RecipeProject) -> None:
    tiny.write("recipes/tiny.yaml", (tiny.root / "recipes/tiny.yaml").read_text() + "env: {prod: {approvals: {risk: {}}}}\n")
    tiny.write("upshot.yaml", "identity: names\n")
    done = tiny.run("run", "tiny", "--json").json["run"]
    tiny.run("run", "tiny", "model.C=2")
    for number in "21":  # so that there is something to roll back to, and prod does not serve what is promoted below
        tiny.run("approve", f"tiny@{number}", "--env", "prod", "--as", "mia")
        tiny.run("promote", f"tiny@{number}", "--env", "prod", "--as", "mia")
        tiny.run("approve", f"tiny@{number}", "--env", "prod", "--as", "mia", "--withdraw")
    tiny.run("run", "tiny")  # against the champion that there is now
    tiny.run("plan", "tiny", "-o", "plan.json")
    words = {
        **{name: [name, "tiny"] for name in ("explain", "gates", "plan", "run", "show", "sweep")},
        **{name: [name] for name in ("cache", "describe", "fsck", "journal", "model", "recipes", "runs")},
        "apply": ["apply", "plan.json"],
        "approve": ["approve", "tiny@1", "--env", "prod", "--as", "mia"],
        "promote": ["promote", "tiny@1", "--env", "prod", "--as", "mia"],
        "rollback": ["rollback", "tiny", "--env", "prod"],
        "history": ["history", "tiny"],
        "status": ["status", "tiny"],
        "compare": ["compare", done, done],
        "data": ["data", "list"],
        "lineage": ["lineage", done],
        "plugins": ["plugins", "list"],
        "replay": ["replay", done],
        "value": ["value", done],
        "whatif": ["whatif", done, "friction_cost=3"],
    }

    shapes = {name: tiny.run(*typed, "--json").json["shape"] for name, typed in words.items()}

    assert sorted(words) == sorted(name for name in COMMANDS if "--json" in parser_of(name).format_help())
    assert [name for name, shape in shapes.items() if not re.fullmatch(r"upshot\.[a-z.]+/\d+", shape)] == []


def test_every_shape_is_described() -> None:
    import upshot.cli.shapes

    text = Path(str(upshot.cli.shapes.__file__)).read_text(encoding="utf-8").partition("from __future__")[0]
    assert [shape for shape, keys in SHAPES.items() if f"`{shape}`" not in text or any(f"`{key}`" not in text for key in keys)] == []
