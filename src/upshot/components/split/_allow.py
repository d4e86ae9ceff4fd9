"""What every split may be told to overlook: one leak by name, each for a written reason that travels with the folds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from upshot.contracts.params import Params

Why = Annotated[str, Field(min_length=10)]


class AllowParams(Params):
    """Leaks that are not looked for, each with the reason."""

    shared_entity: Why | None = Field(None, description="Why an entity that the split keeps apart may have rows in two parts.")
    test_before_train: Why | None = Field(None, description="Why a split by time may test on rows before the last training row.")
    own_future: Why | None = Field(None, description="Why a scored row may have later rows of its own entity in the parts before it.")
    duplicates: Why | None = Field(None, description="Why test or validation rows may be copies of earlier parts' rows.")
    near_duplicates: Why | None = Field(None, description="Why test or validation rows may be nearly equal to training rows.")
    target_proxy: Why | None = Field(None, description="Why a feature may read a column that encodes the label.")
    made_after_label: Why | None = Field(None, description="Why a feature may read a column that looks written after the outcome.")
    value_of_one_label: Why | None = Field(None, description="Why a value that a feature reads may come with the rarer label alone.")
    single_feature_auc: Why | None = Field(None, description="Why one feature alone may tell the label with an AUC above 0.98.")
    constant_in_training: Why | None = Field(
        None, description="Why a column may be constant in training and vary in the rows that are scored."
    )


class SplitParams(Params):
    """Parameters that all splits share."""

    refit: bool = Field(
        False,
        description="Whether the model that is tested and registered is fitted again on training and validation rows together, with all that was chosen on validation kept.",
    )
    allow: AllowParams = Field(
        default_factory=AllowParams, description="Leakage checks that are switched off, each with a reason: {duplicates: why}."
    )
