"""Saved plans: what was shown to somebody is what is carried out, or nothing is.

A saved plan holds the recipe as it was typed and every stage's key and state. Carrying it out plans anew and compares: another config,
other data, other code or another state of the cache makes it stale, and it says which.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upshot.engine.plan import Plan
from upshot.errors import Problem, UsageError

SHAPE = "upshot.saved-plan/1"


@dataclass(frozen=True)
class SavedPlan:
    """A plan in a file.

    Args:
        recipe: Name or path as it was typed.
        overrides: As they were typed.
        env: The environment that was typed; None without one.
        recipe_digest: Digest of the resolved recipe.
        stages: Stage name, key (None behind one that must run) and whether it is cached.
    """

    recipe: str
    overrides: tuple[str, ...]
    env: str | None
    recipe_digest: str
    stages: tuple[tuple[str, str | None, bool], ...]

    @classmethod
    def of(cls, recipe: str, overrides: Sequence[str], env: str | None, plan: Plan) -> SavedPlan:
        """The plan as it stands."""
        stages = tuple((planned.stage.name, planned.key, planned.is_cached) for planned in plan.stages)
        return cls(recipe, tuple(overrides), env, plan.recipe.digest, stages)

    def write(self, path: Path) -> None:
        """Save it, sealed with its own hash."""
        body: dict[str, Any] = {
            "shape": SHAPE,
            "recipe": self.recipe,
            "overrides": list(self.overrides),
            "env": self.env,
            "recipe_digest": self.recipe_digest,
        }
        body["stages"] = [list(stage) for stage in self.stages]
        path.write_text(json.dumps({**body, "seal": _seal(body)}, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> SavedPlan:
        """A plan from its file.

        Raises:
            UsageError: There is no such file, or it is not a plan that this version wrote.
        """
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            seal = body.pop("seal")
            if body["shape"] != SHAPE or seal != _seal(body):
                raise ValueError("its content was changed, or another version wrote it")
            stages = tuple((name, key, cached) for name, key, cached in body["stages"])
            return cls(body["recipe"], tuple(body["overrides"]), body["env"], body["recipe_digest"], stages)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            rule = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError("the saved plan cannot be read", [Problem(str(path), rule, hint="upshot plan RECIPE -o FILE")]) from error

    def refuse_stale(self, plan: Plan) -> None:
        """Hold the saved plan against a fresh one.

        Raises:
            UsageError: Something changed since it was saved; every difference is named.
        """
        problems = []
        if plan.recipe.digest != self.recipe_digest:
            problems.append(
                Problem("recipe", "has changed since the plan was saved", plan.recipe.digest[:12], f"saved {self.recipe_digest[:12]}")
            )
        now = {planned.stage.name: (planned.key, planned.is_cached, planned.reason) for planned in plan.stages}
        for name, key, cached in self.stages:
            fresh = now.pop(name, None)
            if fresh is None:
                problems.append(Problem(f"stage {name}", "is not in the lifecycle any more"))
            elif fresh[:2] != (key, cached):
                problems.append(
                    Problem(f"stage {name}", f"was {'cached' if cached else 'to run'} when the plan was saved", f"now: {fresh[2]}")
                )
        problems += [Problem(f"stage {name}", "is new in the lifecycle") for name in now]
        if problems:
            raise UsageError("the saved plan is stale; nothing was run: plan again", problems)


def _seal(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
