"""Whether the device that a recipe asks for is there: looked at before the first stage, so that nobody waits for data to hear that it is not."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

from upshot.contracts.records import CPU, Device
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    from upshot.engine.plan import Plan

DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
"""Library of the NVIDIA driver by platform; where there is none there is no GPU that a model could use."""


def require_device(plan: Plan) -> None:
    """Refuse a run that would fit on a GPU where there is none.

    Raises:
        RecipeError: A stage that fits must run, and the device is not there.
    """
    recipe = plan.recipe
    fits = any(need.type is Device for planned in plan.to_run for need in planned.stage.needs)
    if recipe.device != CPU and fits and gpus() == 0:
        from upshot.recipe.places import located

        hint = "set compute.device=cpu, or run it where there is one"
        problem = Problem("compute.device", "this machine has no GPU that its driver knows", repr(recipe.device), hint)
        raise RecipeError("the recipe asks for a device that is not there (no data was read)", [located(problem, recipe)])


def gpus() -> int:
    """How many GPUs the NVIDIA driver knows; 0 without a driver."""
    try:
        driver = ctypes.CDLL(DRIVERS.get(sys.platform, ""))
        count = ctypes.c_int(0)
        known = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    except (OSError, AttributeError):
        return 0
    return count.value if known else 0


__all__ = ["require_device"]
