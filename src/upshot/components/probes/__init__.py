"""Built-in components of kind `probes`: what the model looks at, what it withstands, what it costs to run."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.probes"

ENTRIES: tuple[Component, ...] = (
    Component(
        "probes",
        "permutation",
        params=f"{_HERE}.permutation:PermutationParams",
        make=f"{_HERE}.permutation:Permutation",
        sentence="Drivers: what is lost, in scores and in money, when the values of a feature are shuffled among the cases.",
    ),
    Component(
        "probes",
        "tree_shap",
        params=f"{_HERE}.tree_shap:TreeShapParams",
        make=f"{_HERE}.tree_shap:TreeShap",
        sentence="Drivers: what each column adds to the predictions, by the exact TreeSHAP of XGBoost and LightGBM themselves.",
    ),
    Component(
        "probes",
        "noise",
        params=f"{_HERE}.noise:NoiseParams",
        make=f"{_HERE}.noise:Noise",
        sentence="Robustness: what is lost when numbers that the features read are off by some noise.",
    ),
    Component(
        "probes",
        "missing_columns",
        params=f"{_HERE}.missing_columns:MissingColumnsParams",
        make=f"{_HERE}.missing_columns:MissingColumns",
        sentence="Robustness: what is lost when a column that the features read arrives empty.",
    ),
    Component(
        "probes",
        "latency",
        params=f"{_HERE}.latency:LatencyParams",
        make=f"{_HERE}.latency:Latency",
        sentence="Footprint: the time of a call of the scoring path, one row alone and many at once.",
    ),
    Component(
        "probes",
        "artefact_size",
        params=f"{_HERE}.artefact_size:ArtefactSizeParams",
        make=f"{_HERE}.artefact_size:ArtefactSize",
        sentence="Footprint: the size of the files of a registered version.",
    ),
)
"""`topic` of each is the first word of its sentence."""
