"""Planted leaks are found and clean data is let through: twenty of each, and every rule by a hand-made one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.features.categorical import Categorical, CategoricalParams
from upshot.components.features.datetime import Datetime, DatetimeParams
from upshot.components.features.numeric import Numeric, NumericParams
from upshot.components.split._allow import AllowParams
from upshot.components.split.by_entity import ByEntity, ByEntityParams
from upshot.components.split.by_time import ByTime, ByTimeParams
from upshot.components.split.random import Random, RandomParams
from upshot.contracts.records import Cases, Folds, Leak, Spec
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError
from upshot.stages.featurize import featurize
from upshot.stages.leaks import refuse_leaks
from upshot.stages.split import split

REASON = "Rows were drawn at random from a survey."
NUMBERS = ("income", "debt", "age")
Plant = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def people(seed: int, rows: int = 400) -> pd.DataFrame:
    """Loans with a moderate signal: the best single column has an AUC near 0.8."""
    draw = np.random.default_rng(seed)
    income, debt = draw.lognormal(8, 0.5, rows), draw.gamma(2.0, 900.0, rows)
    chance = 1 / (1 + np.exp(-(debt / 1200 - income / 2500)))
    return pd.DataFrame(
        {
            "loan": np.arange(rows),
            "person": [f"p{number}" for number in draw.permutation(rows) // 2],
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 90 * 86400, rows)), unit="s"),
            "income": income.round(2),
            "debt": debt.round(2),
            "age": draw.normal(45, 12, rows).round(1),
            "region": draw.choice(list("abcdef"), rows),
            "bad": (draw.random(rows) < chance).astype(int),
        }
    )


def few_values(seed: int) -> pd.DataFrame:
    """Rows that are equal by chance: three small columns, nothing measured."""
    draw = np.random.default_rng(seed)
    frame = people(seed)[["loan", "bad"]]
    return frame.assign(sex=draw.integers(0, 2, 400), grade=draw.integers(1, 8, 400), region=draw.choice(list("abcdef"), 400))


def by_chance(**more: Any) -> Random:
    return Random(RandomParams.model_validate({"test": 0.25, "validation": 0.2, "reason": REASON, **more}))


def by_person(**more: Any) -> ByEntity:
    return ByEntity(ByEntityParams.model_validate({"test": 0.25, "validation": 0.2, "entity": "person", **more}))


def by_clock(**more: Any) -> ByTime:
    return ByTime(ByTimeParams.model_validate({"test": 0.25, "validation": 0.2, **more}))


def outcome_of(made: Cases, splitter: Any, **features: Any) -> list[str]:
    """What the first two stages after `label` refuse, as `where: rule`; empty if nothing."""
    for name, feature in features.items():
        feature.spec = Spec("features", name, Map())
    try:
        featurize(split(made, splitter), features)
    except DataError as error:
        return [problem.where for problem in error.problems]
    return []


def numeric(*columns: str) -> Numeric:
    return Numeric(NumericParams.model_validate({"columns": list(columns)}))


def categorical(*columns: str) -> Categorical:
    return Categorical(CategoricalParams.model_validate({"columns": list(columns)}))


def copies(frame: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    again = frame.iloc[draw.choice(len(frame), len(frame) // 10, replace=False)]
    return pd.concat([frame, again], ignore_index=True).assign(loan=lambda both: np.arange(len(both)))


def near_copies(frame: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    both = copies(frame, draw)
    added = np.arange(len(both)) >= len(frame)
    for name in NUMBERS:
        both[name] = both[name] * np.where(added, 1 + draw.normal(0, 1e-4, len(both)), 1)
    return both


def coded(frame: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    return frame.assign(region=frame["bad"].map({0: "settled", 1: "collections"}))


def filled_in_later(frame: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    return frame.assign(age=frame["age"].where(frame["bad"] == 1))


def tells_alone(frame: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    return frame.assign(age=frame["bad"] * 3 + draw.normal(0, 0.7, len(frame)))


PLANTED: dict[str, tuple[Plant, Callable[[], Any], str]] = {
    "duplicates": (copies, by_chance, "loan"),
    "near_duplicates": (near_copies, by_chance, "loan"),
    "target_proxy": (coded, by_clock, "region"),
    "made_after_label": (filled_in_later, by_clock, "age"),
    "single_feature_auc": (tells_alone, by_person, "age"),
}


def roles_for(splitter: Any) -> dict[str, Any]:
    timed = {"time": "at"} if isinstance(splitter, ByTime) else {}
    return {"key": ("loan",), "target": "bad", "entities": ("person",) if isinstance(splitter, ByEntity) else (), **timed}


def test_twenty_planted_leaks_are_found(cases):
    found = {}
    for seed in range(4):
        for leak, (plant, splitter_of, where) in PLANTED.items():
            splitter = splitter_of()
            made = cases(plant(people(seed), np.random.default_rng(100 + seed)), **roles_for(splitter))
            found[leak, seed] = where in outcome_of(made, splitter, numbers=numeric(*NUMBERS), region=categorical("region"))

    assert len(found) == 20
    assert [planted for planted, was_found in found.items() if not was_found] == []


def test_twenty_clean_sets_are_let_through(cases):
    refused = {}
    for seed in range(10, 15):
        for splitter in (by_chance(), by_person(), by_clock()):
            made = cases(people(seed), **roles_for(splitter))
            refused[type(splitter).__name__, seed] = outcome_of(made, splitter, numbers=numeric(*NUMBERS), region=categorical("region"))
        made = cases(few_values(seed), key=("loan",), target="bad")
        refused["few values", seed] = outcome_of(made, by_chance(), numbers=numeric("sex", "grade"), region=categorical("region"))

    assert len(refused) == 20
    assert {name: problems for name, problems in refused.items() if problems} == {}


def test_a_copy_is_told_with_share_and_examples_and_can_be_allowed_for_a_reason(cases):
    frame = copies(people(1), np.random.default_rng(1))
    made = cases(frame, key=("loan",), target="bad")

    with pytest.raises(DataError) as caught:
        split(made, by_chance())
    folds = split(made, by_chance(allow={"duplicates": "The register holds both ends of a loan."}))

    scored = folds.positions("main", "validation", "test")
    content = frame.drop(columns="loan").apply(tuple, axis=1)
    earlier = set(content.iloc[folds.positions("main", "train")])
    tuned = set(content.iloc[folds.positions("main", "validation")])
    tests = set(folds.positions("main", "test").tolist())
    copied = [row for row in scored if content[row] in earlier or (row in tests and content[row] in tuned)]
    (problem,) = caught.value.problems
    assert problem.where == "loan"
    assert problem.got == (
        f"{len(copied)} rows of {len(scored)} ({100 * len(copied) / len(scored):.3g}%), such as {', '.join(map(str, copied[:5]))}"
    )
    assert problem.hint is not None and problem.hint.endswith("or say why not under split.allow.duplicates")
    assert dict(folds.allowed) == {"duplicates": "The register holds both ends of a loan."}


def test_a_leak_is_allowed_only_by_its_name_and_with_a_reason():
    assert tuple(AllowParams.model_fields) == get_args(Leak)
    for allow in ({"duplicate": REASON}, {"duplicates": "ok"}, {"duplicates": True}):
        with pytest.raises(ValidationError):
            RandomParams.model_validate({"test": 0.2, "reason": REASON, "allow": allow})


def test_a_split_by_account_that_parts_an_owner_is_refused(cases):
    frame = people(3).assign(account=np.arange(400))
    made = cases(frame, target="bad", entities=("account", "person"))

    assert outcome_of(made, by_person(entity="account")) == ["person"]
    assert outcome_of(made, by_person()) == []


class Backwards:
    """A split that promises the order of time and breaks it."""

    spec = Spec("split", "backwards", Map())
    parts = ("train", "test")

    def split(self, cases: Cases) -> Folds:
        folds = by_clock().split(cases)
        codes = folds.assignment.frame["main"].to_numpy()
        swapped = np.where(codes == 1, 3, np.where(codes == 3, 1, codes)).astype(np.int8)
        counts = folds.folds[0].parts
        fold = replace(folds.folds[0], parts=Map({**counts, "train": counts["test"], "test": counts["train"]}))
        return replace(folds, assignment=Table.of(pd.DataFrame({"main": swapped})), folds=(fold,))


def test_a_split_that_promises_the_order_of_time_is_held_to_it(cases):
    frame = pd.DataFrame({"at": pd.date_range("2026-01-01", periods=40, freq="D"), "bad": [0, 1] * 20})
    made = cases(frame, time="at", target="bad")

    with pytest.raises(DataError) as caught:
        split(made, Backwards())

    early = by_clock().split(made).folds[0].parts["train"]
    (problem,) = caught.value.problems
    assert problem.where == "at"
    assert problem.rule == "test rows must be later than the last training row (2026-02-09 00:00:00)"
    assert problem.got == f"{early} rows of {early} (100%): " + ", ".join(f"row {day}: 2026-01-0{day + 1} 00:00:00" for day in range(5))


def test_a_scored_row_with_a_later_row_of_its_own_entity_before_it_is_refused_with_both_moments(cases):
    frame = pd.DataFrame({"person": ["a", "b"] * 10, "at": pd.date_range("2026-01-01", periods=20, freq="D"), "bad": [0, 1, 1, 0] * 5})
    made = cases(frame, time="at", target="bad", entities=("person",))
    folds = Random(RandomParams(test=0.25, seed=3, reason=REASON, allow={"shared_entity": REASON})).split(made)

    with pytest.raises(DataError) as caught:
        refuse_leaks(replace(folds, apart=(), in_order=("person",)))

    (problem,) = caught.value.problems
    assert (problem.where, problem.rule) == ("person", "no test row may have a later row of its own 'person' in the parts before it")
    row = folds.positions("main", "test")[0]
    assert f"row {row}: '{frame['person'][row]}' at {frame['at'][row]}, and another at 2026-01-" in problem.got
    assert "split.allow.own_future" in problem.hint


def test_a_moment_after_the_decision_is_refused_unless_it_was_known_ahead(cases):
    frame = people(5).assign(closed=lambda rows: rows["at"] + pd.Timedelta("3D"))
    parts = Datetime(DatetimeParams.model_validate({"column": "closed"}))

    late = cases(frame, time="at", target="bad")
    planned = cases(frame, time="at", target="bad", known_ahead=("closed",))

    assert outcome_of(late, by_clock(), parts=parts) == ["closed"]
    assert outcome_of(planned, by_clock(), parts=parts) == []


def test_a_column_on_a_straight_line_with_a_number_to_predict_is_refused(cases):
    draw = np.random.default_rng(6)
    frame = pd.DataFrame({"price": draw.gamma(3.0, 50.0, 200), "area": draw.normal(80, 20, 200)}).assign(
        with_tax=lambda f: f["price"] * 1.19
    )
    made = cases(frame, target="price")

    splitter = Random(RandomParams(test=0.25, stratify=False, reason=REASON))

    assert outcome_of(made, splitter, numbers=numeric("area", "with_tax")) == ["with_tax"]
    assert outcome_of(made, splitter, numbers=numeric("area")) == []


def machines(seed: int, rows: int = 8_000) -> pd.DataFrame:
    """Machines of which one in twenty fails, each for one of three reasons that is written down afterwards."""
    draw = np.random.default_rng(seed)
    torque = draw.normal(40, 10, rows)
    fails = draw.random(rows) < 1 / (1 + np.exp(-(torque - 62) / 4))
    mode = np.where(fails, draw.choice(["heat", "strain", "power"], rows), "none")
    return pd.DataFrame(
        {"torque": torque, "grade": draw.choice(["L", "M", "H"], rows), "mode": mode, "heat": mode == "heat", "bad": fails * 1}
    )


def test_a_column_that_names_the_mode_of_a_failure_is_refused_even_when_it_tells_only_some_of_them(cases):
    made = cases(machines(1), target="bad")

    with pytest.raises(DataError) as caught:
        featurize(split(made, by_chance()), {"machine": _named(numeric("torque", "heat"), "machine")})

    (problem,) = caught.value.problems
    assert problem.where == "heat"
    assert problem.rule.startswith("must not have a value that comes with label 1 alone, which is that of ")
    assert problem.got.startswith("True in ") and problem.got.endswith(" rows")
    assert problem.hint == (
        "leave it out of features.machine, or name it in data.roles.afterwards, or say why not under split.allow.value_of_one_label"
    )
    assert outcome_of(made, by_chance(), numbers=numeric("torque"), mode=categorical("mode")) != []
    assert outcome_of(made, by_chance(), numbers=numeric("torque"), grade=categorical("grade")) == []


def test_a_column_named_as_known_afterwards_cannot_be_a_feature(cases):
    made = cases(machines(2), target="bad", afterwards=("mode", "heat"))

    with pytest.raises(DataError) as caught:
        featurize(split(made, by_chance()), {"machine": _named(numeric("torque", "heat"), "machine")})

    assert caught.value.problems[0].sentence() == "reads a column that is only known after the decision; got 'heat'"


def test_a_sensor_that_is_constant_in_training_and_moves_in_test_is_refused_with_rows_and_remedy(cases):
    frame = people(8).assign(pressure=1.3)
    frame["pressure"] = frame["pressure"].where(frame.index < 330, 1.3 + (frame.index % 4))
    made = cases(frame, time="at", target="bad")

    with pytest.raises(DataError) as caught:
        featurize(split(made, by_clock()), {"sensors": _named(numeric("income", "pressure"), "sensors")})

    (problem,) = caught.value.problems
    assert (problem.where, problem.rule) == ("pressure", "must change in training if it changes in validation or test")
    assert problem.got.startswith("1.3 in all training rows, and others in ")
    assert problem.got.endswith("row 330: 3.3, row 331: 4.3, row 333: 2.3")
    assert problem.hint.startswith("leave it out of features.sensors, or train on rows in which it changes, or say why not under ")
    allowed = by_clock(allow={"constant_in_training": "The valve was installed in the test month."})
    assert outcome_of(made, allowed, numbers=numeric("income", "pressure")) == []
    assert outcome_of(cases(people(8).assign(pressure=1.3), time="at", target="bad"), by_clock(), numbers=numeric("pressure")) == []


def test_a_unit_in_two_parts_is_refused_with_the_way_out(cases):
    frame = pd.DataFrame({"unit": np.repeat(["u1", "u2", "u3", "u4"], 10), "bad": [0, 1] * 20})
    made = cases(frame, target="bad", entities=("unit",))

    with pytest.raises(DataError) as caught:
        split(made, by_chance())

    (problem,) = caught.value.problems
    assert problem.where == "unit"
    assert problem.sentence().startswith(
        "must not have rows in two parts; got 4 values of 4 (100%), such as 'u1', 'u2', 'u3', 'u4'; split by_entity"
    )


def _named(feature, name):
    feature.spec = Spec("features", name, Map())
    return feature
