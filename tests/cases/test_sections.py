"""Sections: parts of a report as typed blocks, made on the test rows and stored with the run."""

from __future__ import annotations

from upshot.catalogue import load_catalogue
from upshot.contracts.records import Inspection
from upshot.contracts.sections import ChartBlock, TableBlock, TextBlock
from upshot.engine.state import State
from upshot.project import find_project
from upshot.testing import RecipeProject


def inspected(project: RecipeProject, *overrides: str) -> Inspection:
    """What the stage inspect stored, read back from the disk."""
    run = project.run("run", "tiny", "+sections.chosen={use: tuning_curve}", *overrides, "--json")
    assert run.exit_code == 0, run.stderr
    digest = next(stage["value"] for stage in run.json["stages"] if stage["stage"] == "inspect")
    found = State.of(find_project(project.root)).codec(load_catalogue().revive, ()).load(digest)
    assert isinstance(found, Inspection)
    return found


def test_a_tuned_policy_shows_the_curve_that_it_was_chosen_from(tiny: RecipeProject) -> None:
    section = inspected(tiny, "policy.threshold=null").sections["chosen"]

    chart, money, found = section.blocks
    assert isinstance(chart, ChartBlock) and isinstance(money, ChartBlock) and isinstance(found, ChartBlock)
    assert (chart.x.name, [y.unit for y in chart.y], section.reader) == ("threshold", ["EUR"], "data_science")
    best = chart.rows.frame.sort_values("worth", ascending=False, kind="stable").iloc[0]
    assert best["threshold"] == chart.mark
    assert best["worth"] == sum(100 + day for day in range(9, 17))  # all eight bad cases of the validation days, none of the good ones
    assert (money.x.name, money.y[0].name, found.y[0].name) == ("alert_rate", "worth", "recall")
    assert money.mark == found.mark == best["alert_rate"]


def test_two_thresholds_show_the_pairs_that_earn_most_and_what_a_limit_leaves_out(tiny: RecipeProject) -> None:
    band = ("policy.use=review_band", "~policy.threshold", "+policy.limits={max_rate: {review: 0.05}}")
    table, money, _ = inspected(tiny, *band).sections["chosen"].blocks

    assert isinstance(table, TableBlock) and isinstance(money, ChartBlock)
    assert [column.name for column in table.columns] == ["review_from", "act_from", "alert_rate", "recall", "worth"]
    assert table.rows.frame["worth"].is_monotonic_decreasing and table.rows.frame["rate_review"].max() <= 0.05
    assert money.by is not None and money.by.name == "allowed"


def test_a_policy_that_chose_nothing_says_so(tiny: RecipeProject) -> None:
    (block,) = inspected(tiny).sections["chosen"].blocks

    assert block == TextBlock(("The policy threshold chose nothing: it follows from its parameters.",))
