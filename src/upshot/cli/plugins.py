"""`upshot plugins list`: what is installed, what it offers, and what could not be loaded."""

from __future__ import annotations

import argparse

from upshot.catalogue import Catalogue
from upshot.cli.context import Context, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns

NAMED = 3
"""Components of a kind that are named; of more, such as our own, the number is told: `upshot describe KIND` lists them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("action", nargs="?", choices=["list"], default="list", help="list them (default)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List the plugins in the order in which they are asked."""
    context = Context.of(arguments)
    catalogue = context.catalogue
    if arguments.json:
        print(printed("upshot.plugins/1", document(catalogue)))
        return 0
    rows = []
    for plugin in catalogue.plugins:
        kinds: dict[str, list[str]] = {}
        for component in plugin.components:
            kinds.setdefault(component.kind, []).append(component.name)
        offers = "; ".join(_told(kind, sorted(names)) for kind, names in kinds.items())
        rows.append((plugin.name, f"{plugin.distribution} {plugin.version}", ", ".join(plugin.hooks), offers))
    print(columns([("plugin", "distribution", "hooks", "components"), *rows]))
    for broken in catalogue.broken:
        print(f"{broken.name}  {broken.distribution} {broken.version}  could not be loaded: {broken.reason}")
    return 0


def _told(kind: str, names: list[str]) -> str:
    return f"{kind}: {', '.join(names)}" if len(names) <= NAMED else f"{len(names)} of kind {kind}"


def document(catalogue: Catalogue) -> dict[str, object]:
    """The plugins as JSON."""
    return {
        "plugins": [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "hooks": list(plugin.hooks),
                "components": [{"kind": c.kind, "name": c.name, "sentence": c.sentence} for c in plugin.components],
            }
            for plugin in catalogue.plugins
        ],
        "broken": [{"name": b.name, "distribution": b.distribution, "version": b.version, "reason": b.reason} for b in catalogue.broken],
    }
