"""Contract checks: what every component of a kind must hold, whoever wrote it.

A check takes the catalogue and one entry, and raises `AssertionError` with a sentence. Checks need no data of the component's own:
they hold the entry, its parameters and what it declares, and, of a model that forecasts, that it knows nothing of the future. Other
behaviour that needs data is tested where the component is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, get_args

from pydantic import create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from upshot.catalogue import Catalogue
from upshot.contracts.components import KINDS, Component
from upshot.contracts.params import Params, SourceParams
from upshot.contracts.records import DecisionKind, Direction, PredictionKind
from upshot.testing.forecasting import check_forecast_uses_only_what_was_known_at_its_cutoff

Check = Callable[[Catalogue, Component], None]

DECLARES: Mapping[str, tuple[str, ...]] = {
    "data": ("read",),
    "checks": ("check",),
    "labels": ("label",),
    "split": ("split",),
    "features": ("inputs", "fit", "transform", "state", "restore"),
    "model": ("fit", "predict", "state", "restore"),
    "calibration": ("accepts", "gives", "fits", "fit", "apply", "state", "restore"),
    "policy": ("accepts", "gives", "tunes", "tune", "decide"),
    "rollout": ("accepts", "play"),
    "baselines": ("decide",),
    "kpi": (),
    "metrics": ("accepts", "direction", "unit", "scorer"),
    "slices": ("wants", "accepts", "decides", "gives", "inspect"),
    "probes": ("wants", "accepts", "decides", "uses", "asks", "gives", "inspect"),
    "sections": ("accepts", "decides", "plays", "make"),
    "gates": ("judge",),
}
"""Names that the class of each kind must have, before any instance is made."""


def checks_for(kind: str) -> tuple[Check, ...]:
    """The contract checks of a kind.

    Example:
        >>> [check.__name__ for check in checks_for("kpi")]
        ['check_entry_is_told_in_a_sentence', 'check_params_are_documented_and_closed', 'check_class_has_the_names_of_its_protocol']
    """
    common: tuple[Check, ...] = (
        check_entry_is_told_in_a_sentence,
        check_params_are_documented_and_closed,
        check_class_has_the_names_of_its_protocol,
    )
    own: Mapping[str, tuple[Check, ...]] = {
        "data": (check_source_params_name_table_and_roles,),
        "metrics": (check_metric_has_a_direction, check_metric_says_its_unit_and_source),
        "model": (check_forecast_uses_only_what_was_known_at_its_cutoff,),
        "policy": (check_prediction_and_decision_kinds_are_known,),
        "calibration": (check_prediction_and_decision_kinds_are_known,),
        "rollout": (check_prediction_and_decision_kinds_are_known,),
    }
    return common + own.get(kind, ())


def check_entry_is_told_in_a_sentence(catalogue: Catalogue, entry: Component) -> None:
    """The entry has a kind that exists and a sentence that ends in a full stop."""
    assert entry.kind in KINDS, f"{entry.name}: unknown kind {entry.kind}"
    assert entry.sentence.endswith("."), f"{entry.kind} {entry.name}: its sentence must end in a full stop"


def check_params_are_documented_and_closed(catalogue: Catalogue, entry: Component) -> None:
    """Every parameter has a description; unknown ones are refused; defaults satisfy their own bounds."""
    params = catalogue.params_class(entry)
    assert issubclass(params, Params), f"{entry.params} must derive from Params"
    assert params.model_config.get("extra") == "forbid", f"{entry.params} must refuse unknown keys"
    for name, field in params.model_fields.items():
        assert field.description, f"{entry.kind} {entry.name}: parameter {name!r} has no description"
        if not _is_required(field):
            alone = create_model(f"{params.__name__}_{name}", __base__=Params, **{name: (field.annotation, field)})  # type: ignore[call-overload]
            alone.model_validate({name: field.get_default(call_default_factory=True)})


def check_class_has_the_names_of_its_protocol(catalogue: Catalogue, entry: Component) -> None:
    """The class has every method and declaration of its kind."""
    made = catalogue.load(entry)
    missing = [name for name in DECLARES[entry.kind] if not _declared(made, name)]
    assert not missing, f"{entry.make} lacks {missing}"


def check_source_params_name_table_and_roles(catalogue: Catalogue, entry: Component) -> None:
    """A source's parameters derive from `SourceParams`."""
    assert issubclass(catalogue.params_class(entry), SourceParams), f"{entry.params} must derive from SourceParams"


def check_metric_has_a_direction(catalogue: Catalogue, entry: Component) -> None:
    """A metric without a direction cannot be gated."""
    assert catalogue.load(entry).direction in get_args(Direction), f"{entry.make}: direction must be one of {get_args(Direction)}"


def check_metric_says_its_unit_and_source(catalogue: Catalogue, entry: Component) -> None:
    """A score has a unit, and its module says with the year where it was defined: two libraries mean two things by one name."""
    made = catalogue.load(entry)
    assert made.unit, f"{entry.make}: unit must say what the score is counted in, '1' for a ratio"
    about = import_module(made.__module__).__doc__ or ""
    assert re.search(r"\((19|20)\d\d", about), (
        f"{entry.make}: the module's docstring must name its source with the year, such as Brier (1950)"
    )


def check_prediction_and_decision_kinds_are_known(catalogue: Catalogue, entry: Component) -> None:
    """What is accepted are kinds that exist."""
    accepts = catalogue.load(entry).accepts
    known = (*get_args(PredictionKind), *get_args(DecisionKind))
    names = accepts if isinstance(accepts, tuple) else (accepts,)
    assert set(names) <= set(known), f"{entry.make} accepts {accepts}, of which some are unknown"


def _is_required(field: FieldInfo) -> bool:
    return field.default is PydanticUndefined and field.default_factory is None


def _declared(made: Any, name: str) -> bool:
    module = import_module(made.__module__)
    return hasattr(made, name) or name in getattr(made, "__annotations__", {}) or hasattr(module, name)
