"""How the champion decides on the rows that the candidate is tested on: by its own features, model, calibration and tuned policy.

It is encoded and scored by the same functions as the candidate, and its decisions go through the same play and value. What an older version
cannot do with newer rows (a column is gone, another kind of decision is played) is a fact about it and no failure of the run: it is noted,
and gates against it then say that they cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from upshot.contracts.components import Deployed, Examples, Incumbent, Rollout
from upshot.contracts.records import Champion, Fold, Folds, Kpi
from upshot.errors import DataError, PluginError, RecipeError, UpshotError
from upshot.stages.featurize import encode_part
from upshot.stages.game import KpiGame
from upshot.stages.scoring import live_model, predict_encoded

if TYPE_CHECKING:
    import pandas as pd

_OWN_FAULTS = (DataError, PluginError, RecipeError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What rows of another shape make components raise. A damaged file is none of these: that stops the run."""


@dataclass(frozen=True)
class Rival:
    """The champion, and what it would do with the test rows of each fold; no frames where there is none, or it cannot be played."""

    champion: Champion
    decided: dict[str, pd.DataFrame]


def rival(incumbent: Incumbent, folds: Folds, rollout: Rollout, kpi: Kpi) -> Rival:
    """Let the champion decide.

    Args:
        incumbent: The version that is served.
        folds: Whose tested folds are decided on.
        rollout: What the decisions are meant for.
        kpi: The objective, which policies that weigh money decide by.

    Raises:
        IntegrityError: Its files are damaged, or it does not answer as it did when it was registered.
    """
    champion = incumbent.champion
    if champion.version is None:
        return Rival(champion, {})
    try:
        deployed = incumbent.deployed()
        trouble = _misfit(deployed, folds, rollout)
        if trouble is not None:
            return Rival(replace(champion, trouble=trouble), {})
        decided = {fold.name: _decide(deployed, folds, fold, rollout, kpi) for fold in folds.tested()}
    except _OWN_FAULTS as error:
        return Rival(replace(champion, trouble=_told(error)), {})
    return Rival(replace(champion, seen=_seen(deployed, folds)), decided)


def _misfit(deployed: Deployed, folds: Folds, rollout: Rollout) -> str | None:
    """Why it cannot be played here, as far as that can be told before."""
    missing = [column for column in deployed.predictor.signature.columns if column not in folds.cases.rows.columns]
    if missing:
        return f"the data has no column {', '.join(map(repr, missing))}"
    if deployed.policy.gives != rollout.accepts:
        return f"it decides by {deployed.policy.gives}, and rollout {rollout.spec.use!r} plays {rollout.accepts}"
    return None


def _decide(deployed: Deployed, folds: Folds, fold: Fold, rollout: Rollout, kpi: Kpi) -> pd.DataFrame:
    predictor, final = deployed.predictor, deployed.predictor.final
    features = {name: fitted.live for name, fitted in predictor.encoders[final].items()}
    test, history = folds.part(fold.name, "test"), folds.history(fold.name, "test")
    examples = Examples(test, encode_part(folds, fold.name, "test", features))
    predictions = predict_encoded(live_model(predictor.model(final)), predictor.calibrators[final].live, examples, history)
    return deployed.policy.decide(predictions, test.blind(), deployed.tuned, KpiGame(rollout, kpi, history))


def _seen(deployed: Deployed, folds: Folds) -> int:
    """Test rows that are not younger than the last row that it was fitted or tuned on, and may have been among those; 0 without a clock."""
    import pandas as pd

    if deployed.seen_until is None or "as_of" not in folds.cases.labels.columns:
        return 0
    limit = pd.Timestamp(deployed.seen_until)
    return sum(int((folds.part(fold.name, "test").labels.frame["as_of"] <= limit).sum()) for fold in folds.tested())


def _told(error: Exception) -> str:
    if isinstance(error, UpshotError):
        return "; ".join([error.headline, *(f"{problem.where} {problem.sentence()}" for problem in error.problems)])
    return f"{type(error).__name__}: {error}"


__all__ = ["Rival", "rival"]
