"""A shop with two environments whose people act under names that they say: one account runs all tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from upshot.ledger.environments import PromotionRow
from upshot.ledger.ledger import Ledger
from upshot.testing import Outcome, RecipeProject

ENV = """\
env:
  dev: {}
  prod:
    approvals: {risk: {by: [grace, mia]}, business: {by: [zoe]}}
    gates: {beats: {kpi: saved, against: champion, min_gain: 0}}
"""


@dataclass
class Shop:
    """The project `tiny` with environments, and short ways to do what people do."""

    project: RecipeProject

    def run(self, *words: str) -> Outcome:
        return self.project.run(*words)

    def done(self, *words: str) -> Outcome:
        outcome = self.project.run(*words)
        assert outcome.exit_code == 0, outcome.stderr
        return outcome

    def write(self, name: str, content: str) -> None:
        self.project.write(name, content)

    def edit(self, old: str, new: str, *, file: str = "recipes/tiny.yaml") -> None:
        text = (self.project.root / file).read_text()
        assert old in text
        self.project.write(file, text.replace(old, new))

    def train(self, *words: str, by: str = "ada") -> int:
        """Run the recipe; the number of the version."""
        number: int = self.done("run", "tiny", *words, "--as", by, "--json").json["version"]["number"]
        return number

    def approve(self, number: int, *, env: str = "prod") -> None:
        for name in ("grace", "zoe"):
            self.done("approve", f"tiny@{number}", "--env", env, "--as", name)

    def deploy(self, number: int) -> None:
        """Through both environments, by the rules."""
        self.done("promote", f"tiny@{number}", "--env", "dev", "--as", "ops")
        self.approve(number)
        self.done("promote", f"tiny@{number}", "--env", "prod", "--as", "ops")

    def served(self, env: str = "prod") -> int | None:
        rows = self.ledger.environments.served("tiny")
        return next((row.number for row in rows if row.environment == env), None)

    def promotions(self, env: str = "prod") -> tuple[PromotionRow, ...]:
        return self.ledger.environments.promotions("tiny", env)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.project.root / ".upshot" / "ledger.db")


@pytest.fixture
def make_shop(tiny: RecipeProject) -> Callable[..., Shop]:
    def make(env: str = ENV, project_file: str = "identity: names\n") -> Shop:
        tiny.write("recipes/tiny.yaml", (tiny.root / "recipes/tiny.yaml").read_text() + env)
        tiny.write("upshot.yaml", project_file)
        return Shop(tiny)

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Nothing is run yet."""
    return make_shop()
