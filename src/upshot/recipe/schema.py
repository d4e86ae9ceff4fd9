"""What a recipe may say: its outline as a closed model, and each component as its own parameters say.

Two phases instead of one big union: each component is validated by the class that its plugin brings, only what is named is
imported, and an unknown component does not hide what else is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from upshot.catalogue import Catalogue
from upshot.contracts.components import KINDS
from upshot.contracts.params import Names
from upshot.contracts.records import CPU, UseCase
from upshot.contracts.tables import Map
from upshot.errors import Problem, RecipeError, did_you_mean
from upshot.project import Project
from upshot.recipe.composition import Composition
from upshot.recipe.environments import KEY as ENV
from upshot.recipe.environments import LAYERED, EnvironmentOutline, environments_of, note_defaults, own_keys
from upshot.recipe.interpolation import MISSING, Resolved, dotted, resolve
from upshot.recipe.migration import LANGUAGE, older_name
from upshot.recipe.nodes import NAME, NAMED, Draft, check_node, check_secrets, draft_nodes
from upshot.recipe.outside import refuse_foreign_paths
from upshot.recipe.reading import SMALLEST, KeyPath
from upshot.recipe.recipe import Node, Recipe, as_written
from upshot.recipe.wording import explain, shown

DEFAULT_SEED = 42
COMPUTE = "compute"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OwnersOutline(_Closed):
    """Who answers for the use case; teams or people, as the organisation names them."""

    business: str | None = Field(None, description="Who says what the outcome is worth.")
    data_science: str | None = Field(None, description="Who builds the model.")
    engineering: str | None = Field(None, description="Who builds what it runs in.")
    operations: str | None = Field(None, description="Who is called when it breaks.")


class UseCaseOutline(_Closed):
    """What the recipe is about."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="Name of the use case; its model versions carry it.")
    problem: Literal["classification", "regression", "forecasting", "ranking", "survival"] = Field(
        description="What kind of question the model answers."
    )
    owners: OwnersOutline = Field(default_factory=OwnersOutline, description="Who answers for it.")


class ComputeOutline(_Closed):
    """What the recipe is computed on."""

    device: Literal["cpu", "gpu"] = Field(
        "cpu",
        description="Where models are fitted; a GPU is used by those that can and refused for the others, and where there is none the run is refused.",
    )


class Outline(_Closed):
    """The keys of a recipe beside its components."""

    upshot: Literal[1] = Field(LANGUAGE, description="Version of the recipe language that the file is written in; 1 when left out.")
    use_case: UseCaseOutline = Field(description="What the recipe is about: {name: NAME, problem: classification, owners: {...}}.")
    seed: int = Field(DEFAULT_SEED, ge=0, le=2**32 - 1, description="Seed of everything random.")
    threads: int = Field(0, ge=1, description="Threads a fit may use; all cores when left out.")
    compute: ComputeOutline = Field(default_factory=ComputeOutline, description="What the recipe is computed on: {device: cpu}.")
    objective: str | None = Field(None, description="KPI that policies are tuned by; the first one when left out.")
    use_plugins: Names = Field((), description="Plugins whose stages and watchers act in this recipe.")
    env: dict[str, EnvironmentOutline] = Field(
        default_factory=dict,
        description="Environments in the order in which a version goes through them. Beside its own keys, each may hold any key of a recipe, "
        "which `--env NAME` lays over it.",
    )


def check(name: str, composition: Composition, catalogue: Catalogue, project: Project) -> Recipe:
    """The recipe, typed.

    Raises:
        RecipeError: Something is wrong; every problem at once.
        IntegrityError: A path leads out of the project.
    """
    if set(KINDS) <= composition.broken:
        raise refused(name, composition.problems)
    if not composition.tree and not composition.problems:
        raise refused(name, [Problem(f"recipe {name}", "is empty", None, SMALLEST)])
    composed = list(composition.problems)
    given = {key for key in composition.tree if key in Outline.model_fields}
    drafts = draft_nodes(composition, catalogue)
    _fill_outline(composition)
    resolved = resolve(composition.tree, composition.provenance.place)
    tree = resolved.tree
    secrets = check_secrets(drafts, tree, composition)
    resolved.problems.extend(secrets)
    resolved.open_keys.update(problem.where for problem in secrets)
    composition.problems += _named_wrongly(tree, composition)
    composition.problems += [p for p in resolved.problems if p.where in given or p.where not in Outline.model_fields]
    outline = _check_outline({key: value for key, value in tree.items() if key in given or key not in Outline.model_fields}, composition)
    checked = [(draft, check_node(draft, tree, composition, catalogue, project)) for draft in drafts]
    objective = _objective(tree, composition)
    if composition.problems or outline is None:
        raise refused(name, _once(composition.problems, composed, resolved))
    nodes = [(draft, node) for draft, node in checked if node is not None]
    note_defaults(tree[ENV], composition.provenance)
    recipe = _recipe(name, outline, objective, nodes, tree, composition)
    refuse_foreign_paths(recipe, project)
    return recipe


def _fill_outline(composition: Composition) -> None:
    tree = composition.tree
    kpis = tree.get("kpi")
    first = next(iter(kpis), MISSING) if isinstance(kpis, dict) else MISSING  # no KPI at all is a problem of its own
    for key, value, why in (
        ("seed", DEFAULT_SEED, "seed left out"),
        ("threads", 0, "all cores"),
        ("objective", first, "the first KPI"),
        ("use_plugins", [], "none"),
        (ENV, {}, "none"),
    ):
        composition.provenance.default((key,), value, why)
        if tree.get(key) is None:
            tree[key] = value
    composition.provenance.default((COMPUTE,), {"device": CPU}, "the processor")
    composition.provenance.default((COMPUTE, "device"), CPU, "the processor")
    compute = {} if tree.get(COMPUTE) is None else tree[COMPUTE]
    tree[COMPUTE] = {"device": CPU, **compute} if isinstance(compute, dict) else compute


def _check_outline(tree: dict[str, Any], composition: Composition) -> Outline | None:
    data = {key: value for key, value in tree.items() if key not in KINDS and not (key == "objective" and value == MISSING)}
    if isinstance(data.get(ENV), dict):
        data[ENV] = {name: own_keys(entry) for name, entry in data[ENV].items()}

    def unknown(where: KeyPath, key: str) -> Problem | None:
        if len(where) == 3 and where[0] == ENV:
            hint = did_you_mean(key, (*EnvironmentOutline.model_fields, *LAYERED), limit=30)
            return Problem(dotted(where), "unknown key", shown(data[ENV][where[1]][key]), hint, composition.provenance.place(where))
        return _unknown_top(key, data[key], composition) if len(where) == 1 else None

    try:
        return Outline.model_validate(data)
    except ValidationError as error:
        composition.problems += explain(error, path=(), data=data, model=Outline, provenance=composition.provenance, unknown=unknown)
        return None


def _unknown_top(key: str, value: Any, composition: Composition) -> Problem:
    place = composition.provenance.place((key,))
    group, slash, rest = key.partition("/")
    if slash and group in KINDS:
        return Problem(
            key, "unknown key", shown(value), f"a slash names a group, a dot a key: write {group}.{rest.replace('/', '.')}", place
        )
    hint = older_name(key) or did_you_mean(key, (*Outline.model_fields, *KINDS), limit=40)
    return Problem(key, "unknown key", shown(value), hint, place)


def _named_wrongly(tree: dict[str, Any], composition: Composition) -> list[Problem]:
    """Environments whose name is none, or is another's but for its case; those that were set to null are taken out."""
    entries = tree.get(ENV)
    if not isinstance(entries, dict):
        return []
    tree[ENV] = entries = {name: entry for name, entry in entries.items() if entry is not None}
    seen: dict[str, str] = {}
    problems = []
    for name in entries:
        place = composition.provenance.place((ENV, name))
        if not NAME.fullmatch(name):
            problems.append(Problem(dotted((ENV, name)), NAMED, repr(name[:80]), None, place))
        elif name.lower() in seen:
            rule = f"differs from {seen[name.lower()]!r} only in case"
            problems.append(Problem(dotted((ENV, name)), rule, None, "choose another name", place))
        seen.setdefault(name.lower(), name)
    return problems


def _objective(tree: dict[str, Any], composition: Composition) -> str:
    objective, kpis = tree.get("objective"), tree.get("kpi")
    if "kpi" not in composition.broken and isinstance(kpis, dict) and kpis and isinstance(objective, str) and objective not in kpis:
        place = composition.provenance.place(("objective",))
        composition.problems.append(Problem("objective", "there is no such KPI", shown(objective), did_you_mean(objective, kpis), place))
    return str(objective)


def _recipe(
    name: str, outline: Outline, objective: str, nodes: list[tuple[Draft, Node]], tree: dict[str, Any], composition: Composition
) -> Recipe:
    use_case = outline.use_case
    owners = {role: who for role, who in use_case.owners.model_dump().items() if who is not None}
    recipe = Recipe(
        name=name,
        use_case=UseCase(use_case.name, use_case.problem, Map(owners)),
        nodes=Map({draft.kind: node for draft, node in nodes if draft.name is None}),
        groups=Map({kind: Map({str(d.name): node for d, node in nodes if d.kind == kind}) for kind in KINDS if KINDS[kind].many}),
        seed=outline.seed,
        threads=outline.threads,
        device=outline.compute.device,
        objective=objective,
        use_plugins=outline.use_plugins,
        origins=Map(),
        env=environments_of(outline.env, tree[ENV]),
        environment=composition.environment,
    )
    return replace(recipe, origins=composition.provenance.origins(as_written(recipe)))


def _once(problems: list[Problem], composed: list[Problem], resolved: Resolved) -> list[Problem]:
    """What is wrong, each key by the first phase that complained: what has no value yet is not called wrongly typed too."""
    told = {problem.where for problem in composed}
    kept = composed + [problem for problem in resolved.problems if problem.where not in told and problem in problems]
    settled = told | resolved.open_keys
    kept += [problem for problem in problems if problem not in kept and problem.where not in settled]
    return [problem for problem in problems if problem in kept]


def refused(name: str, problems: list[Problem]) -> RecipeError:
    """All that is wrong with a recipe, in one error."""
    count = len(problems)
    return RecipeError(f"{count} problem{'' if count == 1 else 's'} in recipe {name!r} (no data was read)", problems)
