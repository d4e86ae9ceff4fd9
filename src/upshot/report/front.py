"""The first screen: what it earns, against what, on which assumptions, and what to do next.

Every sentence follows by rule from what was recorded; nothing is judged here that a gate, an interval or a date has not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf, log

from upshot.contracts.records import Kpi, Money, Outcome, Valuation, Verdict, Verdicts
from upshot.contracts.sections import ChartBlock, Column
from upshot.engine.past import Past
from upshot.report.document import Evidence, Front, rows_of
from upshot.report.words import amount, compact, doing, is_money, moment, per_period, several, span, spoken_unit
from upshot.value.intervals import blocks_needed
from upshot.value.sensitivity import Swing, swings
from upshot.value.valuation import CANDIDATE

SOON = timedelta(days=90)
"""An assumption that ends within this time of the run is told."""
MOST_STEPS = 6
MOST_BREAKS = 3


@dataclass(frozen=True)
class Case:
    """The business case of a run: the KPI that its policy was tuned by, and how the gain depends on assumptions.

    Attributes:
        valuation: The objective's.
        against: The alternative that comes nearest; None without baselines.
        swings: How far the gain over it moves; () where flows are no longer kept.
    """

    valuation: Valuation
    against: str | None
    swings: tuple[Swing, ...]

    @property
    def kpi(self) -> Kpi:
        """The objective."""
        return self.valuation.kpi


def case_of(past: Past) -> Case | None:
    """The business case; None where nothing was valued, or where that was cleared away."""
    valuations = past.value("value")
    if valuations is None:
        return None
    valuation = valuations.by_kpi[valuations.objective]
    against = min(valuation.gain, key=lambda name: valuation.gain[name].value, default=None)
    flows = past.value("play")
    found = () if flows is None else swings(valuation.kpi, flows, against, valuation.scale)
    return Case(valuation, against, found)


def front_of(past: Past) -> Front:
    """The first screen of a run."""
    case, verdicts = case_of(past), past.value("gate")
    recipe = past.recipe
    kicker = [recipe.use_case.name, recipe.use_case.problem]
    kicker += [] if case is None else [case.kpi.impact.replace("_", " ")]
    version = past.row.summary.get("version")
    kicker.append(f"version {version.rpartition(' ')[2]}" if version else past.row.status)
    return Front(
        kicker=" · ".join(kicker),
        headline=_unvalued(past) if case is None else headline(case.valuation),
        sentences=tuple(_sentences(past, case, verdicts)),
        claims=None if case is None else claims(case.valuation),
        assumptions=None if case is None else tornado(case),
        breaks=() if case is None else tuple(_breaks(case)),
        gates={} if verdicts is None else _counted(verdicts),
        verdict=_verdict(verdicts),
        owners=recipe.use_case.owners,
        steps=tuple(_steps(past, case, verdicts))[:MOST_STEPS],
        evidence=evidence_of(past, "value", "play", "gate"),
    )


def evidence_of(past: Past, *stages: str) -> tuple[Evidence, ...]:
    """The values of these stages, of those that gave one."""
    return tuple(Evidence(stage, past.digests[stage]) for stage in stages if stage in past.digests)


def headline(valuation: Valuation) -> str:
    """The gain over the first alternative, or the KPI itself where there is none.

    The first of the recipe's baselines is what the value is told against, as everywhere else.
    """
    kpi = valuation.kpi
    if not valuation.gain:
        return f"{amount(valuation.per_period[CANDIDATE].value, kpi.unit)}{scaled_to(kpi)}"
    first, gain = next(iter(valuation.gain.items()))
    more = (gain.value >= 0) == (kpi.direction == "maximize")
    return f"{amount(abs(gain.value), kpi.unit)}{scaled_to(kpi)} {'more' if more else 'less'} than {doing(first)}"


def _unvalued(past: Past) -> str:
    if past.is_cleared("value"):
        return "What it earned is no longer kept"
    return {"failed": "The run failed", "interrupted": "The run was interrupted", "running": "The run has not ended"}.get(
        past.row.status, "Nothing was valued"
    )


def _sentences(past: Past, case: Case | None, verdicts: Verdicts | None) -> Iterator[str]:
    if past.row.status == "refused":
        failed = [] if verdicts is None else [v.gate for v in verdicts.verdicts if v.outcome == "FAIL"]
        yield f"It was refused by {_listed(failed) or 'a gate'}: no version is registered."
    elif past.row.status != "done" and past.row.error:
        yield first_line(past.row.error)
    if case is not None:
        yield from _certainty(case.valuation)
        yield _measured(past, case)
    elif past.is_cleared("value"):
        yield "The values of this run were cleared away to make room. Run it again to see them; its record is below."


def first_line(error: str) -> str:
    """An error's headline and first problem in one line."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return ": ".join(lines[:2])


def _certainty(valuation: Valuation) -> Iterator[str]:
    kpi = valuation.kpi
    if valuation.expired:
        yield f"Nothing is concluded from it: {_listed(valuation.expired)} {'have' if len(valuation.expired) > 1 else 'has'} expired."
        return
    measured = next(iter(valuation.gain.values()), valuation.per_period[CANDIDATE])
    if measured.low is None or measured.high is None:
        yield f"How certain that is cannot be said: {measured.method.removeprefix('no interval: ')}."
        return
    between = span(measured.low, measured.high, kpi.unit).replace(" to ", " and ", 1)
    yield f"With 95 % confidence it lies between {between}."


def _measured(past: Past, case: Case) -> str:
    valuation = case.valuation
    measured = valuation.per_period[CANDIDATE]
    flows = past.value("play")
    block = "" if flows is None else flows.block
    over = (
        f" of {measured.blocks:,} {block}s"
        if block in ("day", "week", "month")
        else f" of {measured.blocks:,} entities"
        if block == "entity"
        else ""
    )
    kpi = valuation.kpi
    to = f"a {kpi.period}" if kpi.period else f"{kpi.volume:,.0f} cases" if kpi.volume else ""
    scaled = f", scaled to {to} (× {compact(valuation.scale)})" if to else ""
    return f"Measured on {several(measured.n, 'test case')}{over} on which nothing was trained or tuned{scaled}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)


def claims(valuation: Valuation) -> ChartBlock | None:
    """The gain over each alternative; None without one."""
    kpi = valuation.kpi
    if not valuation.gain:
        return None
    rows = [(doing(name), gain.value, gain.low, gain.high) for name, gain in valuation.gain.items()]
    return ChartBlock(
        title="What it gains",
        form="interval",
        rows=rows_of(("against", "gain", "low", "high"), rows),
        x=Column("against", "against", "text"),
        y=(Column("gain", f"gain{scaled_to(kpi)}", "money" if is_money(kpi.unit) else "number", kpi.unit),),
        low=Column("low", "low"),
        high=Column("high", "high"),
        level=0.0,
    )


def scaled_to(kpi: Kpi) -> str:
    """What an amount of a KPI is scaled to, as it follows the amount; nothing for a ratio."""
    return per_period(kpi) if kpi.per is None else ""


def unit_and_period(kpi: Kpi) -> str:
    """The unit of a KPI with what it is scaled to."""
    unit = spoken_unit(kpi.unit)
    return f"{unit}{scaled_to(kpi)}"


def tornado(case: Case) -> ChartBlock | None:
    """How far the gain over the nearest alternative moves with each assumption; None where none has a range."""
    kpi = case.kpi
    if not case.swings:
        return None
    base = case.valuation.per_period[CANDIDATE] if case.against is None else case.valuation.gain[case.against]
    rows = [
        (
            f"{swing.parameter.replace('_', ' ')}, {_range(kpi.parameters[swing.parameter])}",
            base.value,
            min(swing.at_low, swing.at_high),
            max(swing.at_low, swing.at_high),
        )
        for swing in case.swings
    ]
    over = "the value" if case.against is None else f"the gain over {doing(case.against)}"
    return ChartBlock(
        title=f"What {over} depends on",
        form="interval",
        rows=rows_of(("assumption", "gain", "low", "high"), rows),
        x=Column("assumption", "assumption, from low to high", "text"),
        y=(Column("gain", f"gain{scaled_to(kpi)}", "money" if is_money(kpi.unit) else "number", kpi.unit),),
        low=Column("low", "low"),
        high=Column("high", "high"),
        level=0.0,
        note="Each assumption moved through its range by itself, decisions kept as they are.",
    )


def _range(money: Money) -> str:
    low, high = (money.value if end is None else end for end in (money.low, money.high))
    return span(low, high, money.unit)


def _breaks(case: Case) -> Iterator[str]:
    """At which value of an assumption the gain is gone: those within their range, then the nearest to what is assumed."""
    over = "value" if case.against is None else f"gain over {doing(case.against)}"
    broken = [(swing, swing.breaks_at) for swing in case.swings if swing.breaks_at is not None]
    if case.swings and not broken:
        yield f"No value of one assumption alone takes the {over} away."
    for swing, at in sorted(broken, key=lambda pair: _far(case, *pair))[:MOST_BREAKS]:
        money = case.kpi.parameters[swing.parameter]
        where = f"{swing.parameter.replace('_', ' ')}: the {over} is gone at {amount(at, money.unit)}"
        yield f"{where}, which is within its range." if swing.is_within else f"{where}, {compact(at / money.value)} times what is assumed."


def _far(case: Case, swing: Swing, at: float) -> tuple[bool, float]:
    """How far off an assumption would have to be, in orders of magnitude."""
    ratio = at / (case.kpi.parameters[swing.parameter].value or 1.0)
    return (not swing.is_within, abs(log(ratio)) if ratio > 0 else inf)


def _counted(verdicts: Verdicts) -> dict[Outcome, int]:
    outcomes: tuple[Outcome, ...] = ("FAIL", "INCONCLUSIVE", "PASS")
    return {outcome: verdicts.count(outcome) for outcome in outcomes}


def _verdict(verdicts: Verdicts | None) -> str:
    """The gates in one line, those that do not pass by name."""
    if verdicts is None:
        return "No gate was evaluated."
    parts = []
    words: tuple[tuple[Outcome, str, str], ...] = (("FAIL", "fails", "fail"), ("INCONCLUSIVE", "is open", "are open"))
    for outcome, one, many in words:
        names = [verdict.gate for verdict in verdicts.verdicts if verdict.outcome == outcome]
        if names:
            parts.append(f"{_listed(names)} {one if len(names) == 1 else many}")
    passed = verdicts.count("PASS")
    if not parts:
        return f"All {passed} gates pass." if passed > 1 else "The only gate passes."
    return f"{'; '.join(parts)}; {passed} other{'s pass' if passed > 1 else ' passes'}." if passed else f"{'; '.join(parts)}."


def _steps(past: Past, case: Case | None, verdicts: Verdicts | None) -> Iterator[str]:
    """What is open, the most pressing first."""
    status = past.row.status
    if status in ("failed", "interrupted"):
        yield "Mend what stopped it and run it again; finished stages are kept."
    every: tuple[Verdict, ...] = () if verdicts is None else verdicts.verdicts
    yield from (f"{v.gate} fails: {v.reason}." for v in every if v.outcome == "FAIL")
    if case is not None:
        yield from _about_assumptions(past, case)
    yield from (f"{v.gate} is open: {v.would_decide or v.reason}." for v in every if v.outcome == "INCONCLUSIVE")
    if case is not None:
        yield from _about_certainty(past, case, every)
        lacking = [name.replace("_", " ") for name, money in case.kpi.parameters.items() if money.low is None and money.high is None]
        if lacking:
            yield f"Give {_listed(lacking)} a range: without one nobody knows what breaks the case."
    if not past.recipe.use_case.owners:
        yield "Say in the recipe who owns it: use_case.owners."
    if status == "done" and not any(v.outcome != "PASS" for v in every):
        yield f"{past.row.summary.get('version') or 'The version'} is registered, and no gate is open."


def _about_assumptions(past: Past, case: Case) -> Iterator[str]:
    today = _today(past)
    for name, money in case.kpi.parameters.items():
        until, who = money.valid_until, f" with {money.owner}" if money.owner else ""
        words = name.replace("_", " ")
        if name in case.valuation.expired and until is not None:
            yield f"Renew {words}{who}: it expired on {moment(until)}."
        elif until is not None and today is not None and until - today <= SOON:
            yield f"Renew {words}{who}: it is valid until {moment(until)}."
    for swing in case.swings:
        if swing.is_within and swing.breaks_at is not None:
            money = case.kpi.parameters[swing.parameter]
            who = f" with {money.owner}" if money.owner else ""
            over = "value" if case.against is None else f"gain over {doing(case.against)}"
            yield f"Narrow {swing.parameter.replace('_', ' ')}{who}: within its range the {over} is gone."


def _about_certainty(past: Past, case: Case, verdicts: Sequence[Verdict]) -> Iterator[str]:
    flows = past.value("play")
    block = "block" if flows is None else flows.block
    of_labels = " of labels" if block in ("day", "week", "month") else ""
    for name, gain in case.valuation.gain.items():
        if gain.low is None or gain.high is None or not gain.low <= 0 <= gain.high or gain.low == gain.high:
            continue
        if any(v.outcome == "INCONCLUSIVE" and v.measured == gain for v in verdicts):
            continue  # an open gate says it already
        more = blocks_needed(gain.value, gain.low, gain.high, 0.0, gain.blocks)
        wait = f" About {several(more, f'more {block}')}{of_labels} would decide." if more else ""
        between = span(gain.low, gain.high, gain.unit).replace(" to ", " and ", 1)
        yield f"The gain over {doing(name)} may be nothing: it lies between {between}.{wait}"


def _today(past: Past) -> date | None:
    """The day of the run, as it was recorded."""
    text = (past.row.summary.get("environment") or {}).get("today")
    return date.fromisoformat(text) if text else None


__all__ = ["Case", "case_of", "claims", "evidence_of", "first_line", "front_of", "headline", "tornado", "unit_and_period"]
