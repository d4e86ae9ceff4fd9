"""Register: pack the version, prove that its files answer as the fitted model did, and publish it under a number."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from upshot.components.arrow import to_arrow
from upshot.contracts.components import Registry
from upshot.contracts.records import (
    Cases,
    Decisions,
    Fitted,
    Folds,
    ModelVersion,
    Predictor,
    Snapshot,
    UseCase,
    Valuations,
    Verdicts,
)
from upshot.contracts.tables import Blob, Map, thaw
from upshot.errors import GateError, IntegrityError, Problem
from upshot.stages.scoring import score

if TYPE_CHECKING:
    import pandas as pd


def register(
    predictor: Predictor,
    decisions: Decisions,
    valuations: Valuations,
    verdicts: Verdicts,
    snapshot: Snapshot,
    folds: Folds,
    use_case: UseCase,
    registry: Registry,
) -> ModelVersion:
    """Publish the version that the gates let through.

    An INCONCLUSIVE gate does not stop a registration: the version says so, and it is promotion that asks for more.

    Raises:
        GateError: A gate failed; nothing is registered.
    """
    failed = [verdict for verdict in verdicts.verdicts if verdict.outcome == "FAIL"]
    if failed:
        raise GateError(
            f"{len(failed)} of {len(verdicts.verdicts)} gates failed; no version is registered",
            [Problem(f"gates.{verdict.gate}", f"{verdict.what}: {verdict.reason}") for verdict in failed],
        )
    lineage = Map({"table": snapshot.table, "version": str(snapshot.version), "data_digest": snapshot.digest, **seen_until(folds)})
    card = _card(use_case, predictor, valuations, verdicts)
    rehearse(predictor, registry)
    files = package(predictor, decisions)
    record = Map({**lineage, **card})
    number, manifest = registry.publish(use_case.name, files, record)
    return ModelVersion(use_case.name, number, manifest, predictor.signature, lineage, verdicts, card)


def seen_until(folds: Folds) -> dict[str, str]:
    """Moment of the last row that the registered model was fitted or tuned on: whoever tests it later must test on younger rows.

    Empty where cases have no clock.
    """
    import pandas as pd

    labels = folds.cases.labels
    if "as_of" not in labels.columns or not pd.api.types.is_datetime64_any_dtype(labels.frame["as_of"]):
        return {}
    last = folds.folds[-1]
    names = dict.fromkeys((last.fitted_by or last.name, *last.tunes_on))
    fitted = [folds.positions(name, "train", "validation") for name in names]
    moments = [labels.frame["as_of"].iloc[positions].max() for positions in fitted if len(positions)]
    return {"seen_until": max(moments).isoformat()} if moments else {}


def rehearse(predictor: Predictor, registry: Registry) -> None:
    """Load the scoring path from its files alone and let it answer the golden rows.

    Raises:
        IntegrityError: An answer differs from the one that was given when the model was fitted.
    """
    final = predictor.final
    reloaded = replace(
        predictor,
        encoders=Map({final: Map({name: registry.reload(fitted) for name, fitted in predictor.encoders[final].items()})}),
        models=Map({final: registry.reload(predictor.model(final))}),
        refitted=Map(),
        calibrators=Map({final: registry.reload(predictor.calibrators[final])}),
    )
    golden = predictor.golden
    answer = score(reloaded, golden.cases, golden.history)
    if not answer.equals(golden.expected.frame):
        raise IntegrityError(
            "the saved model does not answer its golden rows as the fitted one did; nothing is registered",
            [Problem(f"model {predictor.model(final).spec.use!r}", "must give equal predictions after it is saved and loaded")],
        )


def package(predictor: Predictor, decisions: Decisions) -> Map[Blob]:
    """All files of the final fold's scoring path and policy: path -> content."""
    final = predictor.final
    parts: dict[str, Fitted] = {"model": predictor.model(final), "calibration": predictor.calibrators[final]}
    parts |= {f"features/{name}": fitted for name, fitted in predictor.encoders[final].items()}
    files = {f"{place}/{name}": blob for place, fitted in parts.items() for name, blob in fitted.files.items()}
    components = {place: {"use": fitted.spec.use, "params": thaw(fitted.spec.params)} for place, fitted in parts.items()}
    components["policy"] = {
        "use": decisions.policy.use,
        "params": thaw(decisions.policy.params),
        "tuned": dict(decisions.tuned[final].values),
    }
    files["components.json"] = _json(components, in_order=True)  # features, and maps in their parameters, give columns in their order
    signature = predictor.signature
    tables = {name: asdict(table.roles) for name, table in predictor.golden.cases.tables.items()}
    takes = {"columns": dict(signature.columns), "features": signature.features, "gives": signature.gives}
    cases = predictor.golden.cases
    files["signature.json"] = _json({**takes, "roles": asdict(cases.roles), "block": cases.block, "tables": tables})
    files |= {f"golden/{name}": blob for name, blob in _golden(predictor).items()}
    return Map(dict(sorted(files.items())))


def _golden(predictor: Predictor) -> dict[str, Blob]:
    def both(name: str, cases: Cases) -> dict[str, Blob]:
        return {f"{name}_rows.arrow": _saved(cases.rows.frame), f"{name}_labels.arrow": _saved(cases.labels.frame)}

    golden = predictor.golden
    tables = {f"table_{name}.arrow": _saved(table.rows.frame) for name, table in golden.cases.tables.items()}
    return {**both("cases", golden.cases), **both("history", golden.history), **tables, "expected.arrow": _saved(golden.expected.frame)}


def _card(use_case: UseCase, predictor: Predictor, valuations: Valuations, verdicts: Verdicts) -> Map[str]:
    objective = valuations.by_kpi[valuations.objective]
    measured = objective.per_period["candidate"]
    return Map(
        {
            "use_case": use_case.name,
            "problem": use_case.problem,
            **{f"owner_{side}": owner for side, owner in use_case.owners.items()},
            "fitted_on": "train, validation" if predictor.refitted else "train",
            "objective": valuations.objective,
            "value": repr(measured.value),
            "value_low": repr(measured.low),
            "value_high": repr(measured.high),
            "unit": measured.unit,
            "gates": ", ".join(f"{verdict.gate}={verdict.outcome}" for verdict in verdicts.verdicts),
        }
    )


def _saved(frame: pd.DataFrame) -> Blob:
    return Blob(to_arrow(frame))


def _json(value: Any, *, in_order: bool = False) -> Blob:
    return Blob(json.dumps(value, sort_keys=not in_order, indent=1, default=list).encode())
