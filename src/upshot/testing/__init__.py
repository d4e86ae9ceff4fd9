"""For authors of plugins: contract checks over their components, and a project in a temporary folder to run recipes in.

    pytest_plugins = ["upshot.testing.fixtures"]

gives the fixture `recipe_project`; `checks_for(kind)` gives the contract checks of a kind.
"""

from __future__ import annotations

from upshot.testing.checks import checks_for
from upshot.testing.project import Outcome, RecipeProject

__all__ = ["Outcome", "RecipeProject", "checks_for"]
