"""Two runs beside each other, as a report: what differs in money and scores, whether by more than chance, and what was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

from upshot.contracts.records import Measured
from upshot.contracts.sections import ChartBlock, Column, Section, Style, TableBlock, TextBlock
from upshot.engine.compare import Comparison, Pair
from upshot.engine.past import Past
from upshot.report.document import EVIDENCE, Entry, Evidence, Front, Report, rows_of, section, table
from upshot.report.front import headline, scaled_to, unit_and_period
from upshot.report.words import amount, doing, ends, is_money, several, spoken_unit

BETTER = {"first": "the first", "second": "the second", None: "open"}


def comparison_of(found: Comparison) -> Report:
    """The report of a comparison; the second run is the one that is judged."""
    entries = (
        Entry("money", Section("Money", "business", (_pairs(found, found.kpis, "KPI"),)), _evidence(found, "value")),
        Entry("scores", Section("Scores", "data_science", (_pairs(found, found.metrics, "metric"),)), _evidence(found, "evaluate")),
        Entry("changes", section("What was changed", "risk", _changes(found), _data(found))),
        Entry("gates", Section("Gates", "risk", (_gates(found),)), _evidence(found, "gate")),
        Entry(EVIDENCE, Section("Evidence", "risk", (_values(found),))),
        Entry("stages", Section("Stages", "engineering", (_stages(found),))),
    )
    ids = (found.first.row.id, found.second.row.id)
    return Report(f"{ids[1]} against {ids[0]}", ids, _front(found), entries, version("upshot"))


def _front(found: Comparison) -> Front:
    first, second = found.first, found.second
    pair = _objective(found)
    recipes = dict.fromkeys([second.row.recipe, first.row.recipe])
    return Front(
        kicker=f"{' against '.join(recipes)} · {second.row.id} against {first.row.id}",
        headline=_headline(found, pair),
        sentences=tuple(_sentences(found, pair)),
        claims=_gains(found),
        assumptions=None,
        breaks=(),
        gates={},
        verdict="",
        owners=second.recipe.use_case.owners,
        steps=(),
        evidence=_evidence(found, "value"),
    )


def _gains(found: Comparison) -> ChartBlock | None:
    """What each run gains over each alternative; None where they are not in one unit, or one of them is not kept."""
    valuations = [past.value("value") for past in (found.first, found.second)]
    if any(one is None for one in valuations):
        return None
    first, second = (one.by_kpi[one.objective] for one in valuations)
    if (first.kpi.unit, unit_and_period(first.kpi)) != (second.kpi.unit, unit_and_period(second.kpi)):
        return None
    rows = [
        (doing(name), side, gain.value, gain.low, gain.high)
        for name in dict.fromkeys([*first.gain, *second.gain])
        for side, valuation in (("first", first), ("second", second))
        if (gain := valuation.gain.get(name)) is not None
    ]
    if not rows:
        return None
    return ChartBlock(
        title="What each gains",
        form="interval",
        rows=rows_of(("against", "run", "gain", "low", "high"), rows),
        x=Column("against", "against", "text"),
        y=(Column("gain", f"gain{scaled_to(second.kpi)}", "money" if is_money(second.kpi.unit) else "number", second.kpi.unit),),
        low=Column("low", "low"),
        high=Column("high", "high"),
        by=Column("run", "run", "text"),
        level=0.0,
    )


def _objective(found: Comparison) -> Pair | None:
    return next((pair for pair in found.kpis if pair.name == found.second.recipe.objective), None)


def _headline(found: Comparison, pair: Pair | None) -> str:
    if pair is None or pair.difference is None:
        return "The two runs stand side by side"
    if pair.difference.value == 0:
        return "The second run is worth the same"
    more = pair.difference.value > 0
    valuations = found.second.value("value")
    scaled = "" if valuations is None else scaled_to(valuations.by_kpi[pair.name].kpi)
    return f"The second run comes to {amount(abs(pair.difference.value), pair.difference.unit)}{scaled} {'more' if more else 'less'}"


def _sentences(found: Comparison, pair: Pair | None) -> Iterator[str]:
    if pair is None:
        yield "Neither run has a value of a KPI that is still kept."
    elif pair.difference is None:
        yield f"{pair.name} is not subtracted: {pair.remark}."
    elif pair.difference.value:
        measured = pair.difference
        between = (
            "" if measured.low == measured.high else f": the difference lies within {ends(measured.low, measured.high, measured.unit)}"
        )
        chance = "That may be chance" if pair.better is None else f"{BETTER[pair.better].capitalize()} is better by more than chance"
        yield f"{chance}{between or (f': {pair.remark}' if pair.remark else '')}."
    for past, name in ((found.first, "first"), (found.second, "second")):
        valuations = past.value("value")
        if valuations is not None:
            yield f"The {name}, {past.row.id}, comes to {headline(valuations.by_kpi[valuations.objective])}."
    facts = several(len(found.data), "fact")
    yield f"{several(len(found.config), 'key')} of the recipe and {facts} of the data differ."


def _evidence(found: Comparison, stage: str) -> tuple[Evidence, ...]:
    digests = dict.fromkeys(past.digests[stage] for past in (found.first, found.second) if stage in past.digests)
    return tuple(Evidence(stage, digest) for digest in digests)


def _pairs(found: Comparison, pairs: Sequence[Pair], what: str) -> TableBlock | TextBlock:
    if not pairs:
        return TextBlock((f"Neither run has a {what} that is still kept.",))
    rows = []
    for pair in pairs:
        values = [None if one is None else one.value for one in (pair.first, pair.second)]
        measured = pair.difference
        difference = (None, None, None) if measured is None else (measured.value, measured.low, measured.high)
        rows.append((pair.name, _unit(found, pair), *values, difference[0], BETTER[pair.better], pair.remark, *difference[1:]))
    style: Style = "money" if all(is_money(_known(pair).unit) for pair in pairs if _known(pair)) else "number"
    columns = [
        Column("name", what, "text"),
        Column("unit", "unit", "text"),
        Column("first", "first", style),
        Column("second", "second", style),
        Column("difference", "second less first", style, "", "low", "high"),
        Column("better", "better", "text"),
        Column("remark", "remark", "text"),
    ]
    methods = dict.fromkeys(pair.difference.method for pair in pairs if pair.difference is not None)
    return table("", columns, rows, also=("low", "high"), note="; ".join(methods))


def _known(pair: Pair) -> Measured:
    measured = pair.second or pair.first
    assert measured is not None
    return measured


def _unit(found: Comparison, pair: Pair) -> str:
    """The unit of a KPI with what it is scaled to; that of a metric as it is."""
    for past in (found.second, found.first):
        valuations = past.value("value")
        if valuations is not None and pair in found.kpis and pair.name in valuations.by_kpi:
            return unit_and_period(valuations.by_kpi[pair.name].kpi)
    return spoken_unit(_known(pair).unit)


def _changes(found: Comparison) -> TableBlock | TextBlock:
    if not found.config:
        return TextBlock(("No key of the recipe differs.",))
    words = {"~": "changed", "+": "new", "-": "gone"}
    rows = [
        (change.key, words[change.sign], _text(change.old, change.sign != "+"), _text(change.new, change.sign != "-"))
        for change in found.config
    ]
    columns = [Column("key", "key", "code"), Column("how", "how", "text"), Column("old", "first", "code"), Column("new", "second", "code")]
    return table("Recipe", columns, rows)


def _text(value: Any, there: bool) -> str | None:
    return json.dumps(value, ensure_ascii=False) if there else None


def _data(found: Comparison) -> TableBlock | TextBlock:
    if not found.data:
        return TextBlock(("Both runs used the same version of the data.",))
    columns = [Column("what", "what", "text"), Column("first", "first", "code"), Column("second", "second", "code")]
    return table("Data", columns, [(change.what, change.first, change.second) for change in found.data])


def _gates(found: Comparison) -> TableBlock | TextBlock:
    sides = [_outcomes(past) for past in (found.first, found.second)]
    rows = [(name, sides[0].get(name), sides[1].get(name)) for name in dict.fromkeys([*sides[0], *sides[1]])]
    columns = [Column("gate", "gate", "text"), Column("first", "first", "outcome"), Column("second", "second", "outcome")]
    return table("", columns, rows) if rows else TextBlock(("Neither run has a verdict that is still kept.",))


def _outcomes(past: Past) -> dict[str, str]:
    verdicts = past.value("gate")
    return {} if verdicts is None else {verdict.gate: verdict.outcome for verdict in verdicts.verdicts}


def _values(found: Comparison) -> TableBlock:
    """What each stage of both runs gave, one row a value."""
    rows = []
    for stage in dict.fromkeys([*found.first.digests, *found.second.digests]):
        digests = [past.digests.get(stage) for past in (found.first, found.second)]
        if digests[0] == digests[1]:
            rows.append((stage, "both", digests[0]))
        else:
            rows += [(stage, run, digest) for run, digest in zip(("first", "second"), digests, strict=True) if digest is not None]
    columns = [Column("stage", "stage", "text"), Column("run", "run", "text"), Column("digest", "value, SHA-256", "code")]
    return table("", columns, rows, note="Stages that gave both runs the same value are equal to the last bit.")


def _stages(found: Comparison) -> TableBlock:
    sides = [{stage.stage: stage.seconds for stage in past.stages} for past in (found.first, found.second)]
    rows = [(name, sides[0].get(name), sides[1].get(name)) for name in dict.fromkeys([*sides[0], *sides[1]])]
    columns = [Column("stage", "stage", "text"), Column("first", "first took", "duration"), Column("second", "second took", "duration")]
    return table("", columns, rows, note="Without a time it was cached.")


__all__ = ["comparison_of"]
