"""The exact recipe of the run: every key, its value, and who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from upshot.contracts.sections import Column
from upshot.contracts.tables import thaw
from upshot.engine.past import Past
from upshot.recipe.explain import value_text
from upshot.recipe.recipe import Origin, Place, as_written, leaves
from upshot.report.document import Entry, facts, section, table

Facts = Mapping[str, Any]


def config(past: Past) -> Iterator[Entry]:
    """The recipe as it was resolved, and on what it ran."""
    recipe = past.recipe
    inputs = {path for node in recipe.every_node() for path in node.inputs}
    rows = []
    for path, value in leaves(as_written(recipe)):
        key = ".".join(map(str, path))
        origin = recipe.origins.get(key)
        shown = _as_stated(origin) if isinstance(value, str) and value in inputs and origin else value_text(value)
        rows.append((key, shown, *_who(origin)))
    columns = [
        Column("key", "key", "code"),
        Column("value", "value", "code"),
        Column("layer", "written by", "text"),
        Column("where", "where", "code"),
        Column("before", "instead of", "code"),
    ]
    stated = "" if recipe.origins else "This run is from before it was recorded who wrote what."
    block = table("", columns, rows, note=f"Digest of the recipe: {past.row.recipe_digest}. {stated}".strip())
    yield Entry("config", section("The exact recipe", "risk", block))
    found = past.row.summary.get("environment")
    if found:
        yield Entry("environment", section("On what it ran", "risk", facts("", list(_environment(past, thaw(found))))))


def _who(origin: Origin | None) -> tuple[str, str, str]:
    """Layer and place of the value, and what stood there before."""
    if origin is None:
        return ("default", "", "")
    place = origin.chain[-1]
    before = ", ".join(f"{_text(other)} ({other.where})" for other in origin.chain[:-1])
    return (place.layer, place.where, before)


def _text(place: Place) -> str:
    return place.text.partition("=")[2] if place.layer == "command line" else place.text


def _as_stated(origin: Origin) -> str:
    """A path as somebody wrote it: the absolute one says more of the machine than of the run."""
    return _text(origin.chain[-1])


def _environment(past: Past, found: Facts) -> Iterator[tuple[str, str]]:
    cpu = found.get("cpu") or {}
    yield ("Upshot", past.row.project_version)
    yield ("Python", found["python"])
    yield ("platform", found["platform"])
    yield ("processor", f"{cpu['model']} ({', '.join(cpu['flags'])})" if cpu else "not known")
    yield ("threads", f"{found['threads']} of {found['cores']} cores")
    yield ("seed", str(found["seed"]))
    yield ("day on which assumptions were held against their end", found["today"])
    yield (
        "linear algebra",
        "; ".join(" ".join(str(pool[k]) for k in ("name", "version", "for") if pool.get(k)) for pool in found["blas"]) or "not loaded",
    )
    yield from ((f"library {name}", version) for name, version in found["libraries"].items())
    if found["use_plugins"]:
        yield ("plugins in use", ", ".join(found["use_plugins"]))


__all__ = ["config"]
