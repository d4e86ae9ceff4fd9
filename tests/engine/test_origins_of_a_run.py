"""What somebody wrote stays with a run, with the place where it was written."""

from __future__ import annotations

from upshot.catalogue import load_catalogue
from upshot.engine.past import Past, find_run
from upshot.engine.state import State
from upshot.recipe.recipe import Place
from upshot.testing import RecipeProject


def test_a_run_keeps_who_wrote_each_value_and_leaves_out_what_nobody_wrote(tiny: RecipeProject) -> None:
    assert tiny.run("run", "tiny", "policy.threshold=0.6").exit_code == 0

    state = State(tiny.root / ".upshot")
    origins = Past(find_run(state, "last"), state, load_catalogue()).recipe.origins

    assert origins["policy.threshold"].chain == (
        Place("recipe", "recipes/tiny.yaml:19", "0.5"),
        Place("command line", "argument 1", "policy.threshold=0.6"),
    )
    assert origins["gates.accurate.min"].chain == (Place("recipe", "recipes/tiny.yaml:35", "0.9"),)
    assert "policy.candidates" not in origins
