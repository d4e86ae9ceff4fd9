"""Gate: hold the evidence against what the recipe asks of a version."""

from __future__ import annotations

from collections.abc import Mapping

from upshot.contracts.components import Evidence, Gate
from upshot.contracts.records import Checked, Evaluation, Inspection, Valuations, Verdicts
from upshot.errors import GateError, Problem


def gate(checked: Checked, evaluation: Evaluation, inspection: Inspection, valuations: Valuations, gates: Mapping[str, Gate]) -> Verdicts:
    """Judge every gate.

    Raises:
        GateError: No gate is declared; a version of which nothing was asked cannot pass.
    """
    if not gates:
        raise GateError("no gate was evaluated", [Problem("gates", "at least one gate must be declared")])
    evidence = Evidence(checked, evaluation, inspection, valuations)
    return Verdicts(tuple(judge.judge(name, evidence) for name, judge in gates.items()))
