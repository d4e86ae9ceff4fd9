"""The child that loads a model folder and answers its golden rows: `python -m upshot.engine.rehearsal FOLDER`.

It runs under limits and may die of what it reads (see `foreign`). It says one line of JSON: how many rows it answered, or what is wrong.
Whatever else goes wrong is left to rise, and the last line of the trace says it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.catalogue import Catalogue, load_catalogue
from upshot.components.arrow import from_arrow
from upshot.contracts.records import Cases, Fitted, Golden, Predictor, Roles, SideTable, Signature, Spec
from upshot.contracts.tables import Blob, Map, Table, freeze
from upshot.errors import IntegrityError, Problem, UpshotError
from upshot.stages.scoring import score

if TYPE_CHECKING:
    import pandas as pd

FINAL = "final"
FEATURES = "features/"


def main(folder: Path) -> int:
    """Load, answer, compare."""
    try:
        rows = rehearse(read_predictor(folder, load_catalogue()))
    except UpshotError as error:
        problems = [asdict(problem) for problem in error.problems] or [asdict(Problem("the model", error.headline))]
        sys.stdout.write(json.dumps({"problems": problems}) + "\n")
        return IntegrityError.exit_code
    sys.stdout.write(json.dumps({"golden_rows": rows}) + "\n")
    return 0


def read_predictor(folder: Path, catalogue: Catalogue) -> Predictor:
    """The scoring path of a model folder, as `register` packs it."""
    signature = json.loads((folder / "signature.json").read_bytes())
    tables = Map(
        {
            name: SideTable(Table.of(_frame(folder / "golden" / f"table_{name}.arrow")), _roles(roles))
            for name, roles in signature["tables"].items()
        }
    )
    components: dict[str, Any] = json.loads((folder / "components.json").read_bytes())

    def fitted(place: str) -> Fitted:
        spec = Spec(place.partition("/")[0], components[place]["use"], freeze(components[place]["params"]))
        files = {path.name: Blob(path.read_bytes()) for path in sorted((folder / place).glob("*"))}
        return Fitted(spec, files=Map(files), revive=catalogue.revive)

    def cases(name: str) -> Cases:
        rows, labels = (_frame(folder / "golden" / f"{name}_{part}.arrow") for part in ("rows", "labels"))
        return Cases(Table.of(rows), Table.of(labels), _roles(signature["roles"]), signature["block"], tables)

    return Predictor(
        encoders=Map({FINAL: Map({name.removeprefix(FEATURES): fitted(name) for name in components if name.startswith(FEATURES)})}),
        models=Map({FINAL: fitted("model")}),
        calibrators=Map({FINAL: fitted("calibration")}),
        final=FINAL,
        signature=Signature(Map(signature["columns"]), tuple(signature["features"]), signature["gives"]),
        golden=Golden(cases("cases"), cases("history"), Table.of(_frame(folder / "golden" / "expected.arrow"))),
    )


def rehearse(predictor: Predictor) -> int:
    """Answer the golden rows; how many.

    Raises:
        IntegrityError: An answer differs from the one that was given when the model was registered.
    """
    golden = predictor.golden
    answer, expected = score(predictor, golden.cases, golden.history), golden.expected.frame
    if list(answer.columns) != list(expected.columns) or len(answer) != len(expected):
        raise IntegrityError("other answers", [Problem("golden rows", "must be answered in the same form", str(list(answer.columns)))])
    if not answer.equals(expected):
        differing = int((answer != expected).any(axis=1).sum())
        raise IntegrityError(
            "other answers", [Problem("golden rows", "must be answered as before", f"{differing} of {len(expected)} differ")]
        )
    return len(expected)


def _roles(data: dict[str, Any]) -> Roles:
    named: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return Roles(**named)


def _frame(path: Path) -> pd.DataFrame:
    return from_arrow(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
