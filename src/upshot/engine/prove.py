"""Prove a recipe sound before any data is read: what each component gives must be what the next one takes.

Compatibility is declared by the components themselves (`gives`, `accepts`, `parts`, `columns`, `wants`), so no rule here names a family.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

from upshot.catalogue import Catalogue
from upshot.contracts.components import Accelerated, Composite, LooksAtLevel, NamesActions, ReferringCheck
from upshot.contracts.records import CANDIDATE, CHAMPION, CPU, Direction, Kpis, PredictionKind, Spec
from upshot.engine.code import CodeDigests
from upshot.engine.files import FileDigests
from upshot.engine.inputs import Inputs
from upshot.errors import Problem, RecipeError, did_you_mean
from upshot.recipe.places import located
from upshot.recipe.recipe import Node, Recipe
from upshot.value.money import check_kpi
from upshot.value.valuation import check_period


@dataclass(frozen=True)
class _Made:
    """A recipe's components, made and not yet used."""

    one: Mapping[str, Any]
    many: Mapping[str, Mapping[str, Any]]
    kpis: Kpis


def prove(recipe: Recipe, catalogue: Catalogue, code: CodeDigests, files: FileDigests, today: date) -> None:
    """Refuse a recipe whose components do not fit each other.

    Raises:
        RecipeError: All mismatches at once, each with its place and the nearest valid names.
    """
    made = _make(Inputs(recipe, catalogue, code, files, today))
    problems = [
        *_kinds(made, catalogue),
        *_quantiles(made),
        *_parts(made),
        *_composites(made),
        *_devices(made, recipe, catalogue),
        *_depths(made),
        *_kpis(made),
        *_subjects(made),
        *_gates(made, recipe),
        *_metrics(made, catalogue),
        *_sections(made, catalogue),
        *_looks(made, catalogue),
        *_checks(made),
    ]
    if problems:
        raise _refused(problems, recipe)


def _refused(problems: list[Problem], recipe: Recipe) -> RecipeError:
    noun = "problem" if len(problems) == 1 else "problems"
    headline = f"{len(problems)} {noun} in recipe {recipe.name!r} (no data was read)"
    return RecipeError(headline, (located(problem, recipe) for problem in problems))


def _make(inputs: Inputs) -> _Made:
    """Every component.

    Raises:
        RecipeError: Some cannot be made of what they are given, such as a model of models that do not fit; all of them at once.
    """
    recipe, problems = inputs.recipe, list[Problem]()

    def made(kind: str, node: Node, place: str) -> Any:
        try:
            return inputs.catalogue.make(node.spec())
        except RecipeError as error:  # it knows its kind, and not the name under which the recipe has it
            problems.extend(replace(problem, where=place + problem.where.removeprefix(kind)) for problem in error.problems)
            return None

    one = {kind: made(kind, node, kind) for kind, node in recipe.nodes.items()}
    many = {
        kind: {name: made(kind, node, f"{kind}.{name}") for name, node in group.items()}
        for kind, group in recipe.groups.items()
        if kind != "kpi"
    }
    if problems:
        raise _refused(problems, recipe)
    return _Made(one, many, inputs.kpis())


def _kinds(made: _Made, catalogue: Catalogue) -> Iterable[Problem]:
    model, calibrator, policy, rollout = (made.one[kind] for kind in ("model", "calibration", "policy", "rollout"))
    for kind, taker, (giver, gives) in (("calibration", calibrator, (model, model.gives)), ("policy", policy, _predicted(made))):
        if gives not in taker.accepts:
            got = f"{giver.spec.kind} {giver.spec.use!r} gives {gives}"
            yield _mismatch(kind, taker, "accepts", taker.accepts, got, catalogue, gives)
    for place, giver in (("policy", policy), *((f"baselines.{name}", baseline) for name, baseline in made.many["baselines"].items())):
        if giver.gives != rollout.accepts:
            yield Problem(
                f"{place}.use",
                f"{giver.spec.use!r} gives {giver.gives}, and rollout {rollout.spec.use!r} accepts {rollout.accepts}",
                hint=f"options that fit: {_fitting(catalogue, giver.spec.kind, 'gives', rollout.accepts)}",
            )
        elif isinstance(giver, NamesActions) and isinstance(rollout, NamesActions):
            for action in giver.actions:
                if action not in rollout.actions:
                    rule = f"takes an action that rollout {rollout.spec.use!r} does not know"
                    yield Problem(f"{place}.{_key_of(giver.spec, action)}", rule, repr(action), did_you_mean(action, rollout.actions))


def _quantiles(made: _Made) -> Iterable[Problem]:
    """Quantiles that somebody looks at and nobody gives; what a giver's parameters do not say is not proven."""
    giver, gives = _predicted(made)
    given = [level for level in giver.spec.params.get("levels", ()) if isinstance(level, float)]
    if gives != "quantiles" or not given:
        return
    for place, taker in (("policy", made.one["policy"]), *((f"metrics.{name}", metric) for name, metric in made.many["metrics"].items())):
        if isinstance(taker, LooksAtLevel) and taker.looks_at not in given:
            rule = f"must be a quantile that {giver.spec.kind} {giver.spec.use!r} gives"
            yield Problem(
                f"{place}.level", rule, f"{taker.looks_at:g}", f"{giver.spec.kind}.levels are {', '.join(f'{level:g}' for level in given)}"
            )


def _predicted(made: _Made) -> tuple[Any, PredictionKind]:
    """Who says what kind the predictions are, and which: the calibration where it changes the model's kind."""
    model, calibrator = made.one["model"], made.one["calibration"]
    return (model, model.gives) if calibrator.gives is None else (calibrator, calibrator.gives)


def _mismatch(place: str, taker: Any, verb: str, takes: tuple[str, ...], got: str, catalogue: Catalogue, wanted: str) -> Problem:
    fitting = _fitting(catalogue, taker.spec.kind, verb, wanted)
    return Problem(f"{place}.use", f"{taker.spec.use!r} {verb} {' or '.join(takes)}, and {got}", hint=f"options that fit: {fitting}")


def _fitting(catalogue: Catalogue, kind: str, attribute: str, wanted: str) -> str:
    """Names of components whose class declares that it fits; those that decide by parameter are not listed."""
    names = []
    for name in catalogue.names(kind):
        declared = getattr(catalogue.load(catalogue.find(kind, name)), attribute, ())
        if wanted == declared or (isinstance(declared, tuple) and wanted in declared):
            names.append(name)
    return ", ".join(names) or f"see upshot describe {kind}"


def _parts(made: _Made) -> Iterable[Problem]:
    splitter = made.one["split"]
    askers = [(kind, made.one[kind], flag) for kind, flag in (("model", "tunes"), ("calibration", "fits"), ("policy", "tunes"))]
    for kind, asker, flag in askers:
        if getattr(asker, flag, False) and "validation" not in splitter.parts:
            yield Problem(
                f"{kind}.use",
                f"{asker.spec.use!r} is fitted on validation rows, and split {splitter.spec.use!r} gives none",
                hint="give the split a validation part",
            )
    if "test" not in splitter.parts:
        yield Problem("split", "must leave test rows: a value without untouched rows is not a value")


def _composites(made: _Made) -> Iterable[Problem]:
    """What components made of others need to be equal in them."""
    every = {**made.one, **{f"{kind}.{name}": one for kind, group in made.many.items() for name, one in group.items()}}
    for place, component in every.items():
        if isinstance(component, Composite):
            yield from (Problem(f"{place}.{problem.where}", problem.rule, problem.got, problem.hint) for problem in component.misfits())


def _devices(made: _Made, recipe: Recipe, catalogue: Catalogue) -> Iterable[Problem]:
    model = made.one["model"]
    can = model.devices if isinstance(model, Accelerated) else (CPU,)
    if recipe.device not in can:
        rule = f"model {model.spec.use!r} is fitted on {' or '.join(can)} only"
        yield Problem(
            "compute.device", rule, repr(recipe.device), f"models that can: {_fitting(catalogue, 'model', 'devices', recipe.device)}"
        )


def _depths(made: _Made) -> Iterable[Problem]:
    """Whoever looks further down a list than the model makes it would count what is not there as wrong."""
    model = made.one["model"]
    given = getattr(model, "depth", None)
    askers = [("policy", made.one["policy"]), *((f"metrics.{name}", metric) for name, metric in made.many["metrics"].items())]
    for place, asker in askers:
        asked = getattr(asker, "depth", None)
        if given is not None and asked is not None and asked > given:
            rule = f"must not exceed the {given} places of the lists that model {model.spec.use!r} gives"
            yield Problem(f"{place}.{_key_of(asker.spec, asked)}", rule, str(asked), f"set model.k={asked}, or ask for less")


def _kpis(made: _Made) -> Iterable[Problem]:
    rollout = made.one["rollout"]
    for name, kpi in made.kpis.kpis.items():
        for problem in (*check_kpi(kpi, rollout.columns), *check_period(kpi, timed=made.one["data"].roles.time is not None)):
            where = problem.where if problem.where.startswith("kpi.") else f"kpi.{name}.{problem.where}"
            yield Problem(where, problem.rule, problem.got, problem.hint)
    if made.kpis.objective not in made.kpis.kpis:
        yield Problem("objective", "no such KPI", repr(made.kpis.objective), did_you_mean(made.kpis.objective, made.kpis.kpis))


def _subjects(made: _Made) -> Iterable[Problem]:
    for name in (CANDIDATE, CHAMPION):
        if name in made.many["baselines"]:
            what = "the version that is judged" if name == CANDIDATE else "the version that an environment serves"
            yield Problem(f"baselines.{name}", f"the name is taken: it stands for {what}", repr(name), "give the baseline another name")


def _gates(made: _Made, recipe: Recipe) -> Iterable[Problem]:
    for name, gate in made.many["gates"].items():
        for kind, wanted in gate.wants.items():
            place = f"gates.{name}.{_key_of(gate.spec, wanted)}"
            if kind == "baselines" and wanted == CHAMPION:
                if not recipe.env:
                    rule = "asks for the champion, and the recipe has no environment that could serve one"
                    yield Problem(place, rule, None, "write `- env: standard` in defaults, or env: {NAME: {...}}")
            elif kind == "measure":
                yield from _measure_of(gate, wanted, made, place)
            elif wanted not in _declared(made)[kind]:
                yield Problem(
                    place,
                    f"asks for a {_WORDS[kind]} that the recipe does not declare",
                    repr(wanted),
                    _remedy(kind, wanted, _declared(made)),
                )


def _has_direction(catalogue: Catalogue, metric: str) -> bool:
    return getattr(catalogue.load(catalogue.find("metrics", metric)), "direction", None) in get_args(Direction)


_WORDS = {
    "metrics": "metric",
    "kpi": "KPI",
    "baselines": "baseline",
    "checks": "check",
    "slices": "slice",
    "probes": "probe",
    "protected": "protected attribute",
    "tables": "side table",
    "actions": "action",
}


def _declared(made: _Made) -> dict[str, tuple[str, ...]]:
    """What gates, slices and probes may ask for: kind -> the names that the recipe declares."""
    data = made.one["data"]
    apart = {"kpi": tuple(made.kpis.kpis), "protected": tuple(data.roles.protected), "tables": tuple(data.tables)}
    policy = made.one["policy"]
    apart["actions"] = tuple(policy.actions) if isinstance(policy, NamesActions) else ()
    return {kind: apart[kind] if kind in apart else tuple(made.many[kind]) for kind in _WORDS}


def _remedy(kind: str, wanted: str, declared: Mapping[str, tuple[str, ...]]) -> str:
    if not declared[kind] and kind in ("protected", "tables"):
        return f"write data.roles.protected: [{wanted}]" if kind == "protected" else f"write data.tables: {{{wanted}: {{use: NAME, ...}}}}"
    if declared[kind] or kind not in ("slices", "probes"):
        return did_you_mean(wanted, declared[kind])
    return f"none is declared: write {kind}: {{{wanted}: {{use: NAME}}}}; upshot describe {kind}"


def _measure_of(gate: Any, wanted: str, made: _Made, place: str) -> Iterable[Problem]:
    """Whether a slice or probe measures the number that a gate bounds."""
    kind = next(kind for kind in ("slices", "probes") if kind in gate.wants)
    look = made.many[kind].get(gate.wants[kind])
    given = () if look is None else look.gives(_declared(made))
    if look is not None and wanted not in given:
        rule = f"asks for a number that {kind}.{gate.wants[kind]} does not measure"
        yield Problem(place, rule, repr(wanted), did_you_mean(wanted, given))


def _key_of(spec: Spec, wanted: str | int) -> str:
    """The parameter by which a component asks for something."""
    held = (key for key, value in spec.params.items() if value == wanted or (isinstance(value, tuple) and wanted in value))
    return next(held, "use")


def _metrics(made: _Made, catalogue: Catalogue) -> Iterable[Problem]:
    giver, gives = _predicted(made)
    for name, metric in made.many["metrics"].items():
        if getattr(metric, "direction", None) not in get_args(Direction):
            pointed = [other for other in catalogue.names("metrics") if _has_direction(catalogue, other)]
            rule = f"{metric.spec.use!r} must say whether more or less of it is better: without a direction no bound can be set on it"
            given = repr(metric.direction) if hasattr(metric, "direction") else None
            yield Problem(f"metrics.{name}.use", rule, given, f"metrics with one: {', '.join(pointed)}")
        if gives not in metric.accepts:
            yield _mismatch(
                f"metrics.{name}",
                metric,
                "accepts",
                metric.accepts,
                f"{giver.spec.kind} {giver.spec.use!r} gives {gives}",
                catalogue,
                gives,
            )


def _sections(made: _Made, catalogue: Catalogue) -> Iterable[Problem]:
    rollout = made.one["rollout"]
    for name, section in made.many["sections"].items():
        place = f"sections.{name}"
        yield from _can_look(place, section, made, catalogue)
        yield from _unmet(place, section.spec, getattr(section, "wants", {}), made)
        lacking = [flow for flow in section.plays if flow not in rollout.columns]
        if lacking:
            rule = f"{section.spec.use!r} shows flows that rollout {rollout.spec.use!r} does not give"
            yield Problem(f"{place}.use", rule, ", ".join(lacking), f"its flows: {', '.join(rollout.columns)}")


def _can_look(place: str, look: Any, made: _Made, catalogue: Catalogue) -> Iterable[Problem]:
    """Whether the kinds of prediction and decision are such as a section, slice or probe can look at."""
    giver, gives = _predicted(made)
    policy = made.one["policy"]
    if look.accepts and gives not in look.accepts:
        yield _mismatch(place, look, "accepts", look.accepts, f"{giver.spec.kind} {giver.spec.use!r} gives {gives}", catalogue, gives)
    if look.decides and policy.gives not in look.decides:
        got = f"policy {policy.spec.use!r} gives {policy.gives}"
        yield _mismatch(place, look, "decides", look.decides, got, catalogue, policy.gives)


def _checks(made: _Made) -> Iterable[Problem]:
    declared = _declared(made)
    for name, check in made.many["checks"].items():
        for kind, wanted in check.wants.items() if isinstance(check, ReferringCheck) else ():
            if wanted not in declared[kind]:
                rule = f"asks for a {_WORDS[kind]} that the recipe does not declare"
                yield Problem(f"checks.{name}.{_key_of(check.spec, wanted)}", rule, repr(wanted), _remedy(kind, wanted, declared))


def _unmet(place: str, spec: Spec, wants: Mapping[str, tuple[str, ...]], made: _Made) -> Iterable[Problem]:
    """What a section, slice or probe asks for by name and the recipe does not declare."""
    declared = _declared(made)
    for kind, names in wants.items():
        if kind == "actions" and not declared["actions"]:
            continue  # the policy does not say which actions it takes
        for wanted in (n for n in names if n not in declared[kind]):
            rule = f"asks for a {_WORDS[kind]} that the recipe does not declare"
            if kind == "actions":
                rule = f"asks for an action that policy {made.one['policy'].spec.use!r} does not take"
            yield Problem(f"{place}.{_key_of(spec, wanted)}", rule, repr(wanted), _remedy(kind, wanted, declared))


def _looks(made: _Made, catalogue: Catalogue) -> Iterable[Problem]:
    for kind in ("slices", "probes"):
        for name, look in made.many[kind].items():
            place = f"{kind}.{name}"
            yield from _can_look(place, look, made, catalogue)
            yield from _unmet(place, look.spec, look.wants, made)
    model = made.one["model"]
    for name, probe in made.many["probes"].items():
        unused = [what for what in probe.uses if what not in model.uses]
        if unused:
            rule = f"{probe.spec.use!r} changes {', '.join(unused)}, and model {model.spec.use!r} looks at {', '.join(model.uses)} only"
            yield Problem(f"probes.{name}.use", rule, hint=f"options that fit: {_fitting(catalogue, 'model', 'uses', unused[0])}")
        lacking = [what for what in probe.asks if not hasattr(model, what)]
        if lacking:
            rule = f"{probe.spec.use!r} asks a model for its {', '.join(lacking)}, and {model.spec.use!r} cannot tell"
            able = [n for n in catalogue.names("model") if hasattr(catalogue.load(catalogue.find("model", n)), lacking[0])]
            yield Problem(f"probes.{name}.use", rule, hint=f"models that can: {', '.join(able) or 'none is installed'}")
