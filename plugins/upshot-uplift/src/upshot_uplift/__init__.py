"""Uplift, offered to Upshot: what acting on somebody changes, rather than what they will do. This module is light: it names what there is."""

from __future__ import annotations

from pathlib import Path

from upshot.contracts.components import Component
from upshot.hookspecs import hookimpl

_HERE = "upshot_uplift"


def _component(kind: str, name: str, module: str, title: str, sentence: str) -> Component:
    return Component(kind, name, f"{_HERE}.{module}:{title}Params", f"{_HERE}.{module}:{title}", sentence, ("numpy",))


@hookimpl
def register_components() -> list[Component]:
    """Three models, two metrics, a policy and two sections."""
    return [
        _component("model", "t_learner", "learners", "TLearner", "Uplift as the difference of two models, one fitted on each arm."),
        _component("model", "x_learner", "learners", "XLearner", "Uplift learnt from what each arm lacks by the other arm's model."),
        _component(
            "model", "dr_learner", "learners", "DRLearner", "Uplift learnt from doubly robust effects of single rows, cross-fitted."
        ),
        _component("metrics", "qini", "metrics", "Qini", "Area between the gain of acting by predicted uplift and of acting by chance."),
        _component(
            "metrics", "uplift_at_k", "metrics", "UpliftAtK", "What acting changes among the share with the highest predicted uplift."
        ),
        _component(
            "policy",
            "uplift_threshold",
            "policy",
            "UpliftThreshold",
            "Acts where the gain expected of it exceeds a threshold chosen by money.",
        ),
        _component("sections", "uplift_curve", "sections", "UpliftCurve", "Gain by share acted on, and predicted against observed uplift."),
        _component(
            "sections", "policy_by_share", "sections", "PolicyByShare", "Value of acting on each share by predicted uplift, with intervals."
        ),
    ]


@hookimpl
def register_config() -> list[Path]:
    """Choices by these names, and the recipe `uplift_response`."""
    return [Path(__file__).parent / "conf"]
