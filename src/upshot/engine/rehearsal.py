"""The child that loads a model folder and answers its golden rows: `python -m upshot.engine.rehearsal FOLDER`.

It runs under limits and may die of what it reads (see `foreign`). It says one line of JSON: how many rows it answered, or what is wrong.
Whatever else goes wrong is left to rise, and the last line of the trace says it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from upshot.catalogue import Catalogue, load_catalogue
from upshot.contracts.records import Predictor
from upshot.contracts.tables import Blob
from upshot.engine.unpack import unpacked
from upshot.errors import IntegrityError, Problem, UpshotError
from upshot.stages.scoring import score


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
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return unpacked({path.relative_to(folder).as_posix(): Blob(path.read_bytes()) for path in paths}, catalogue)


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


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
