"""`upshot explain`: where each value of a recipe comes from, and who lost."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from upshot.cli.context import Context, add_env, add_json
from upshot.cli.text import columns
from upshot.errors import printable

if TYPE_CHECKING:
    from upshot.recipe.composition import Choice
    from upshot.recipe.explain import Explained, Explanation

_WIDTH = 110


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", help="name of a recipe, or path of its file")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="KEY or override",
        help="keys to explain, such as model.max_depth or gates, with all below them (default: every key); and Hydra overrides",
    )
    add_env(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Explain every key, or some."""
    from upshot.recipe.explain import explain_recipe

    context = Context.of(arguments)
    overrides = [word for word in arguments.words if "=" in word or word.startswith("~")]
    keys = [word for word in arguments.words if word not in overrides]
    explanation = explain_recipe(arguments.recipe, overrides, keys, env=arguments.env, catalogue=context.catalogue, project=context.project)
    if arguments.json:
        print(json.dumps(document(explanation), indent=1, ensure_ascii=False))
    else:
        parts = [choices_text(explanation.choices)] if explanation.choices else []
        print("\n\n".join([*parts, *(key_text(key) for key in explanation.keys)]))
    return 0


def choices_text(choices: Sequence[Choice]) -> str:
    """Group choices, one line each, those that lost marked."""
    rows = [
        ("*" if choice.lost is None else " ", f"{choice.group}={choice.name}", str(choice.place), choice.lost or "") for choice in choices
    ]
    return columns([(" ", "choice", "made in", ""), *rows])


def key_text(key: Explained) -> str:
    """One key: value, rule, sentence, and the chain with a star before the one that counts."""
    from upshot.recipe.explain import value_text

    value = value_text(key.value) if key.is_there else "not in the recipe: it was taken out"
    lines = [printable(f"{key.key} = {value}" if key.is_there else f"{key.key}: {value}")]
    about = ", ".join(part for part in (key.type, key.bounds) if part)
    default = f"; {'required' if key.default == 'required' else f'default {key.default}'}" if key.default else ""
    facts = [key.sentence, f"{about}{default}", f"points at {key.points}" if key.points else ""]
    for fact in facts:
        lines += textwrap.wrap(printable(fact), _WIDTH, initial_indent="    ", subsequent_indent="    ")
    rows = [
        ("*" if write.lost is None else " ", write.place.layer, write.place.where, write.place.text, write.lost or "")
        for write in key.writes
    ]
    return "\n".join([*lines, textwrap.indent(columns(rows), "  ")])


def document(explanation: Explanation) -> dict[str, Any]:
    """The explanation as one JSON document of shape `upshot.explain/1`."""
    return {
        "shape": "upshot.explain/1",
        "recipe": explanation.recipe,
        "choices": [
            {"group": c.group, "name": c.name, "layer": c.place.layer, "where": c.place.where, "wins": c.lost is None, "lost": c.lost}
            for c in explanation.choices
        ],
        "keys": [_key_document(key) for key in explanation.keys],
    }


def _key_document(key: Explained) -> dict[str, Any]:
    chain = [
        {"layer": w.place.layer, "where": w.place.where, "text": w.place.text, "wins": w.lost is None, "lost": w.lost} for w in key.writes
    ]
    return {
        "key": key.key,
        "value": key.value,
        "is_there": key.is_there,
        "points_at": key.points,
        "type": key.type,
        "bounds": key.bounds,
        "default": key.default or None,
        "sentence": key.sentence,
        "chain": chain,
    }
