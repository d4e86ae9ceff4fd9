"""A version made again from its packed files: the scoring path, and the policy with what it chose (see `stages.register.package`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from upshot.catalogue import Catalogue
from upshot.components.arrow import from_arrow
from upshot.contracts.records import Cases, Fitted, Golden, Predictor, Roles, SideTable, Signature, Spec, Tuned
from upshot.contracts.tables import Blob, Map, Table, freeze

FINAL = "final"
FEATURES = "features/"


def unpacked(files: Mapping[str, Blob], catalogue: Catalogue) -> Predictor:
    """The scoring path.

    Args:
        files: Path -> content, as they were packed.
        catalogue: What is installed; components are made from it when somebody looks.

    Raises:
        RecipeError: A component is not installed any more.
    """
    signature = json.loads(files["signature.json"].content)
    tables = Map(
        {name: SideTable(_table(files[f"golden/table_{name}.arrow"]), _roles(roles)) for name, roles in signature["tables"].items()}
    )
    components = _components(files)

    def fitted(place: str) -> Fitted:
        spec = Spec(place.partition("/")[0], components[place]["use"], freeze(components[place]["params"]))
        own = {path.removeprefix(f"{place}/"): blob for path, blob in files.items() if path.startswith(f"{place}/")}
        return Fitted(spec, files=Map(own), revive=catalogue.revive)

    def cases(name: str) -> Cases:
        rows, labels = (_table(files[f"golden/{name}_{part}.arrow"]) for part in ("rows", "labels"))
        return Cases(rows, labels, _roles(signature["roles"]), signature["block"], tables)

    return Predictor(
        encoders=Map({FINAL: Map({name.removeprefix(FEATURES): fitted(name) for name in components if name.startswith(FEATURES)})}),
        models=Map({FINAL: fitted("model")}),
        calibrators=Map({FINAL: fitted("calibration")}),
        final=FINAL,
        signature=Signature(Map(signature["columns"]), tuple(signature["features"]), signature["gives"]),
        golden=Golden(cases("cases"), cases("history"), _table(files["golden/expected.arrow"])),
    )


def unpacked_policy(files: Mapping[str, Blob]) -> tuple[Spec, Tuned]:
    """The policy as it was named, and what it chose on validation rows."""
    policy = _components(files)["policy"]
    return Spec("policy", policy["use"], freeze(policy["params"])), Tuned(Map(policy["tuned"]))


def _components(files: Mapping[str, Blob]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["components.json"].content)
    return found


def _roles(data: dict[str, Any]) -> Roles:
    named: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return Roles(**named)


def _table(blob: Blob) -> Table:
    return Table.of(from_arrow(blob.content))


__all__ = ["unpacked", "unpacked_policy"]
