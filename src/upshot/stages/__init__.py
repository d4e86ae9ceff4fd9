"""The lifecycle: one file per stage, and the order as one visible tuple."""

from __future__ import annotations

from upshot.stages.calibrate import calibrate
from upshot.stages.decide import decide
from upshot.stages.evaluate import evaluate
from upshot.stages.featurize import featurize
from upshot.stages.gate import gate
from upshot.stages.ingest import ingest
from upshot.stages.inspect import inspect
from upshot.stages.label import label
from upshot.stages.play import play
from upshot.stages.predict import predict
from upshot.stages.register import register
from upshot.stages.split import split
from upshot.stages.stage import Need, Stage
from upshot.stages.train import train
from upshot.stages.validate import validate
from upshot.stages.value import value

LIFECYCLE: tuple[Stage, ...] = (
    Stage(ingest),
    Stage(validate),
    Stage(label),
    Stage(split),
    Stage(featurize),
    Stage(train),
    Stage(calibrate),
    Stage(predict),
    Stage(decide),
    Stage(play),
    Stage(value),
    Stage(evaluate),
    Stage(inspect),
    Stage(gate),
    Stage(register),
)

__all__ = ["LIFECYCLE", "Need", "Stage"]
