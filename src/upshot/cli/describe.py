"""`upshot describe`: what can be written in a recipe, from what is installed.

The reference of groups and parameters is this command's output; there is no other copy of it.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from upshot.catalogue import Catalogue
from upshot.cli.context import Context, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.contracts.components import DEFAULT_USE, KINDS, Component
from upshot.errors import Problem, UsageError, did_you_mean, printable
from upshot.recipe.layers import RecipeFile, list_groups

if TYPE_CHECKING:
    from upshot.recipe.parameters import Parameter

TOP = "recipe"
_TOP_SENTENCE = "The keys of a recipe beside its components."
ENV = "env"
_ENV_SENTENCE = "Where versions are served, in the order in which they go through it. In a recipe: map by name."
_ENV_MORE = "Beside these keys an environment may hold any key of a recipe; --env NAME lays them over it."
KEYS = (TOP, ENV)
"""What is described beside the kinds of components."""
_WIDTH = 110
_UNITS = {"1": "1 (a share or a ratio)"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "kind",
        nargs="?",
        help=f"a kind, such as model; `{TOP}` for the keys beside the components, `{ENV}` for environments; all kinds when left out",
    )
    parser.add_argument("name", nargs="?", help="a component of the kind, such as lightgbm")
    parser.add_argument("--markdown", action="store_true", help="print the whole reference, or that of one kind, as Markdown")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Describe all kinds, one kind, or one component."""
    context = Context.of(arguments)
    catalogue, kind, name = context.catalogue, arguments.kind, arguments.name
    if kind is not None and kind not in (*KEYS, *KINDS):
        raise UsageError(
            "there is nothing to describe", [Problem(kind, "unknown kind", None, did_you_mean(kind, (*KEYS, *KINDS), limit=40))]
        )
    if name is not None and (kind in KEYS or name not in catalogue.names(kind)):
        hint = f"upshot describe {kind}" if kind in KEYS else catalogue.hint(kind, name)
        raise UsageError("there is nothing to describe", [Problem(f"{kind} {name}", f"unknown {kind}", repr(name), hint)])
    if arguments.json and arguments.markdown:
        raise UsageError("the command line is wrong", [Problem("--markdown", "is another form than --json", None, "give one of them")])
    groups = list_groups(catalogue, context.project)
    if arguments.json:
        print(printed(*document(catalogue, groups, kind, name)))
    elif arguments.markdown:
        print("\n".join(markdown(catalogue, groups, [kind] if kind else [*KEYS, *KINDS], name)))
    elif name is not None:
        print(component_text(catalogue, groups, catalogue.find(kind, name)))
    elif kind == TOP:
        print(f"{TOP}: {_TOP_SENTENCE}\n\n{parameters_text(top_parameters())}")
    elif kind == ENV:
        print(env_text(groups))
    else:
        print(kinds_text(catalogue) if kind is None else kind_text(catalogue, groups, kind))
    return 0


def top_parameters() -> tuple[Parameter, ...]:
    """The keys of a recipe beside its components."""
    from upshot.recipe.parameters import parameters_of
    from upshot.recipe.schema import Outline

    return parameters_of(Outline)


def env_parameters() -> tuple[Parameter, ...]:
    """The keys of an environment beside those of a recipe."""
    from upshot.recipe.environments import EnvironmentOutline
    from upshot.recipe.parameters import parameters_of

    return parameters_of(EnvironmentOutline)


def component_parameters(catalogue: Catalogue, component: Component) -> tuple[Parameter, ...]:
    """The parameters of a component."""
    from upshot.recipe.parameters import parameters_of

    return parameters_of(catalogue.params_class(component))


def kinds_text(catalogue: Catalogue) -> str:
    """All kinds, one line each."""
    rows = [(kind.name, shape(kind.name), ", ".join(catalogue.names(kind.name)), kind.sentence) for kind in KINDS.values()]
    table = columns([("kind", "in a recipe", "components", "what it is"), *((a, b, _cut(c, 44), d) for a, b, c, d in rows)])
    return f"{table}\n\nMore: upshot describe KIND [NAME]; upshot describe {TOP} for the keys beside them, {ENV} for environments."


def env_text(groups: dict[str, tuple[RecipeFile, ...]]) -> str:
    """Environments: their keys, and the named choices."""
    parts = [f"{ENV}: {_ENV_SENTENCE}", parameters_text(env_parameters()), _ENV_MORE, *_choices_text(groups, ENV)]
    return "\n\n".join(parts)


def _choices_text(groups: dict[str, tuple[RecipeFile, ...]], group: str) -> list[str]:
    choices = [(f"{group}={f.name}" if not f.shadowed else f.name, _from(f), f.sentence) for f in groups.get(group, ())]
    return [columns([("choice", "from", "what it is"), *choices])] if choices else []


def kind_text(catalogue: Catalogue, groups: dict[str, tuple[RecipeFile, ...]], kind: str) -> str:
    """One kind: its components, and the named choices of its group."""
    rows = [(c.name, _provider(catalogue, c), c.sentence) for c in _components(catalogue, kind)]
    parts = [f"{kind}: {KINDS[kind].sentence} In a recipe: {shape(kind)}.", columns([("component", "from", "what it is"), *rows])]
    parts += _choices_text(groups, kind)
    parts.append(f"Parameters: upshot describe {kind} NAME")
    return "\n\n".join(parts)


def component_text(catalogue: Catalogue, groups: dict[str, tuple[RecipeFile, ...]], component: Component) -> str:
    """One component: who offers it, how it is chosen, and its parameters."""
    facts = [("from", _provider(catalogue, component)), ("in a recipe", way(component))]
    facts += [("choices", ", ".join(choices))] if (choices := chosen_by(catalogue, groups, component)) else []
    facts += [("results change with", ", ".join(component.libraries))] if component.libraries else []
    score = score_facts(catalogue, component)
    facts += [(name, text) for name, text in score.items() if name != "about"]
    parameters = component_parameters(catalogue, component)
    shown = parameters_text(parameters) if parameters else "It has no parameters."
    parts = [
        f"{component.kind} {component.name}: {component.sentence}",
        *([score["about"]] if "about" in score else []),
        columns(facts),
        shown,
    ]
    return "\n\n".join(parts)


def score_facts(catalogue: Catalogue, component: Component) -> dict[str, str]:
    """What a metric takes, in which unit, which way is better, and where it comes from; nothing of other components."""
    if component.kind != "metrics":
        return {}
    made: Any = catalogue.load(component)
    better = {"maximize": "higher", "minimize": "lower"}[made.direction]
    facts = {"of": " or ".join(made.accepts), "better is": better, "unit": _UNITS.get(made.unit, made.unit)}
    about = (sys.modules[made.__module__].__doc__ or "").strip().partition("\n\n")[2]
    return facts | ({"about": inspect.cleandoc(about)} if about else {})


def parameters_text(parameters: Sequence[Parameter]) -> str:
    """Parameters as a table, with the sentence on a line below; nested ones are indented."""
    lines: list[str] = []
    rows = list(_rows(parameters, 0))
    widths = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
    for key, default, kind, sentence, depth in rows:
        lines.append(f"{key:<{widths[0]}}  {default:<{widths[1]}}  {kind}".rstrip())
        lines += textwrap.wrap(printable(sentence), _WIDTH, initial_indent="    " + "  " * depth, subsequent_indent="    " + "  " * depth)
    return "\n".join(lines)


def _rows(parameters: Sequence[Parameter], depth: int) -> Iterator[tuple[str, str, str, str, int]]:
    for parameter in parameters:
        kind = f"{parameter.type}, {parameter.bounds}" if parameter.bounds else parameter.type
        yield "  " * depth + parameter.key, _default(parameter), kind, parameter.sentence, depth
        if parameter.is_keyed and parameter.inner:
            yield "  " * (depth + 1) + "NAME", "", "", "", depth + 1
        yield from _rows(parameter.inner, depth + 1 + parameter.is_keyed)


def _default(parameter: Parameter) -> str:
    if parameter.inner and not parameter.is_keyed and not parameter.required:
        return ""  # its own keys say it
    return _cut(parameter.default_text, 40) if parameter.required else f"= {_cut(parameter.default_text, 38)}"


def shape(kind: str) -> str:
    """How many of a kind a recipe has."""
    if KINDS[kind].many:
        return "map by name"
    return f"one, or {DEFAULT_USE[kind]}" if kind in DEFAULT_USE else "one"


def way(component: Component) -> str:
    """How a recipe names the component."""
    if not KINDS[component.kind].many:
        return f"{component.kind}: {{use: {component.name}}}"
    if component.by_key is not None:
        return f"{component.kind}: {{NAME: {{{component.by_key}: ...}}}}"
    return f"{component.kind}: {{{component.name}: {{}}}} or {component.kind}: {{NAME: {{use: {component.name}}}}}"


def chosen_by(catalogue: Catalogue, groups: dict[str, tuple[RecipeFile, ...]], component: Component) -> list[str]:
    """The named choices that hold the component: `model=lightgbm (packaged)`."""
    from upshot.recipe.choices import components_named

    found = []
    for file in groups.get(component.kind, ()):
        if not file.shadowed and component.name in components_named(file, component.kind, catalogue):
            found.append(f"{component.kind}={file.name} ({file.layer})")
    return found


def document(
    catalogue: Catalogue, groups: dict[str, tuple[RecipeFile, ...]], kind: str | None, name: str | None
) -> tuple[str, dict[str, Any]]:
    """The same as JSON data, with the name of its shape before it."""
    if kind == TOP:
        return "upshot.describe.recipe/1", {"kind": TOP, "sentence": _TOP_SENTENCE, "keys": [each.to_json() for each in top_parameters()]}
    if kind == ENV:
        keys = [each.to_json() for each in env_parameters()]
        return "upshot.describe.env/1", {"kind": ENV, "sentence": _ENV_SENTENCE, "keys": keys, "choices": _choices_document(groups, ENV)}
    if kind is None:
        return "upshot.describe/1", {"kinds": [_kind_document(catalogue, groups, each) for each in KINDS]}
    if name is None:
        return "upshot.describe.kind/1", _kind_document(catalogue, groups, kind)
    component = catalogue.find(kind, name)
    body = _component_document(catalogue, component)
    body["in_a_recipe"] = way(component)
    body["choices"] = chosen_by(catalogue, groups, component)
    body |= {name.replace(" ", "_"): text for name, text in score_facts(catalogue, component).items()}
    body["parameters"] = [parameter.to_json() for parameter in component_parameters(catalogue, component)]
    return "upshot.describe.component/1", body


def _kind_document(catalogue: Catalogue, groups: dict[str, tuple[RecipeFile, ...]], kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "sentence": KINDS[kind].sentence,
        "many": KINDS[kind].many,
        "default": DEFAULT_USE.get(kind),
        "components": [_component_document(catalogue, component) for component in _components(catalogue, kind)],
        "choices": _choices_document(groups, kind),
    }


def _choices_document(groups: dict[str, tuple[RecipeFile, ...]], group: str) -> list[dict[str, Any]]:
    return [{"name": f.name, "layer": f.layer, "sentence": f.sentence, "shadowed": f.shadowed} for f in groups.get(group, ())]


def _component_document(catalogue: Catalogue, component: Component) -> dict[str, Any]:
    plugin = catalogue.provider(component.kind, component.name)
    return {
        "kind": component.kind,
        "name": component.name,
        "sentence": component.sentence,
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "by_key": component.by_key,
        "libraries": list(component.libraries),
    }


def markdown(catalogue: Catalogue, groups: dict[str, tuple[RecipeFile, ...]], kinds: Sequence[str], name: str | None) -> Iterator[str]:
    """The reference: a chapter a kind, a table a component."""
    for kind in kinds:
        if kind == TOP:
            yield from (f"## {TOP}", "", _TOP_SENTENCE, "", *_table(top_parameters()), "")
            continue
        if kind == ENV:
            yield from (f"## {ENV}", "", f"{_ENV_SENTENCE} {_ENV_MORE}", "", *_choices_lines(groups, ENV), *_table(env_parameters()), "")
            continue
        if name is None:
            yield from (f"## {kind}", "", f"{KINDS[kind].sentence} In a recipe: {shape(kind)}.", "")
            yield from _choices_lines(groups, kind)
        for component in _components(catalogue, kind):
            if name in (None, component.name):
                yield from (f"### {kind} `{component.name}`", "", f"{component.sentence} Written `{way(component)}`.", "")
                table = list(_table(component_parameters(catalogue, component)))
                yield from (*table, "") if table else ()


def _choices_lines(groups: dict[str, tuple[RecipeFile, ...]], group: str) -> Iterator[str]:
    choices = [f"- `{group}={file.name}`: {file.sentence}" for file in groups.get(group, ()) if not file.shadowed]
    yield from (*choices, "") if choices else ()


def _table(parameters: Sequence[Parameter], above: str = "") -> Iterator[str]:
    if parameters and not above:
        yield from ("| key | type | default | what it is |", "|---|---|---|---|")
    for parameter in parameters:
        key = f"{above}{parameter.key}"
        kind = f"{parameter.type}, {parameter.bounds}" if parameter.bounds else parameter.type
        default = _default(parameter).removeprefix("= ")
        cells = (f"`{key}`", kind, f"`{default}`" if default not in ("", "required") else default, parameter.sentence)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield from _table(parameter.inner, f"{key}.NAME." if parameter.is_keyed else f"{key}.")


def _components(catalogue: Catalogue, kind: str) -> list[Component]:
    return [catalogue.find(kind, name) for name in catalogue.names(kind)]


def _provider(catalogue: Catalogue, component: Component) -> str:
    plugin = catalogue.provider(component.kind, component.name)
    return f"{plugin.distribution} {plugin.version}"


def _from(file: RecipeFile) -> str:
    return file.layer + (" (shadowed)" if file.shadowed else "")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
