"""Amazon review sequences under the published protocol, by the command: the floors come out again, and the goals are passed.

Settings are chosen on validation lists inside the run; the test item of a user is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upshot.testing import RecipeProject

HERE = Path(__file__).parent
FOLDER = HERE / "../../../shared/data/amazon_reviews_sequences"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the Amazon sequences are not beside the project (../shared/data)")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, float]]:
    project, state = RecipeProject(HERE, {}), tmp_path_factory.mktemp("state")

    def command(*words: str) -> dict[str, float]:
        outcome = project.run("run", *words, "--state", str(state), "--json")
        assert outcome.exit_code in (0, 4), outcome.stderr
        return {name: measured["value"] for name, measured in outcome.json["metrics"].items()} | {
            "rows": outcome.json["metrics"]["ndcg_10"]["n"]
        }

    return command


@pytest.mark.parametrize(
    ("recipe", "users", "floors"),
    [("amazon_beauty", 22_363, (0.0077, 0.0042, 0.0130, 0.0059)), ("amazon_toys", 19_412, (0.0052, 0.0039, 0.0090, 0.0052))],
)
def test_popularity_gives_the_floors_that_were_computed_with_the_data(recipe, users, floors, run):
    found = run(recipe, "model=popularity")

    assert found["rows"] == users
    assert [round(found[name], 4) for name in ("hit_rate_5", "ndcg_5", "hit_rate_10", "ndcg_10")] == list(floors)


PLAIN = (
    "model.pair_decay=1.0",
    "model.backward=1.0",
    "model.target_power=0.5",
    "model.user_power=0.0",
    "model.neighbours=10000",
    "model.reach=10000",
    "model.fallback.by=nothing",
)


def test_cosine_of_the_whole_history_gives_its_floor_and_recency_what_the_libraries_were_found_to_reach(run):
    # Floor: 0.0447 / 0.0313 / 0.0640 / 0.0374. With decay 0.6 by validation: 0.0542 / 0.0399 / 0.0741 / 0.0463.
    whole = run("amazon_beauty", *PLAIN, "model.decay=1.0")
    recent = run("amazon_beauty", *PLAIN, "model.decay=0.6")

    scores = ("hit_rate_5", "ndcg_5", "hit_rate_10", "ndcg_10")
    assert [whole[name] for name in scores] == pytest.approx([0.0447, 0.0313, 0.0640, 0.0374], abs=0.0005)
    assert [recent[name] for name in scores] == pytest.approx([0.0542, 0.0399, 0.0741, 0.0463], abs=0.0005)


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "hit_rate", "ndcg"), [("amazon_beauty", 0.075, 0.047), ("amazon_toys", 0.091, 0.057)])
def test_neighbours_by_order_distance_and_recency_pass_the_goals(recipe, hit_rate, ndcg, run):
    found = run(recipe)

    assert found["hit_rate_10"] >= hit_rate
    assert found["ndcg_10"] >= ndcg
