"""What people do with a version: approve, waive, promote, roll back, and take their word back.

Each act looks at everything first and then writes one transaction: the row and its journal entry, or nothing. A promotion holds the
environment's lease while it looks, so that of several at once one decides and the others learn who it is; and it only moves the environment
on from what it saw there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from upshot.contracts.records import ModelVersion, Verdicts
from upshot.contracts.tables import Map
from upshot.engine.past import Past
from upshot.engine.watchers import Watchers
from upshot.errors import BusyError, GateError, PluginError, Problem, UsageError, did_you_mean
from upshot.hookspecs import Promotion, hookimpl
from upshot.identity import Person, shared
from upshot.ledger.environments import ApprovalRow, PromotionRow, ServedRow, WaiverRow
from upshot.operate.people import may, who_may
from upshot.operate.standing import UNTIL, GateStanding, Standing, refuse_broken_journal
from upshot.operate.target import Target
from upshot.operate.terms import approved_terms, gate_terms
from upshot.recipe.places import located

if TYPE_CHECKING:
    from upshot.engine.state import State
    from upshot.ledger.leases import Lease
    from upshot.ledger.ledger import VersionRow

LONGEST = timedelta(days=366)
"""How long a waiver may count: it is a word for a while, not another gate."""
_REASON = re.compile(r"\S(.{0,998}\S)?", re.S)


@dataclass(frozen=True)
class Promoted:
    """What came of a promotion or a rollback. `row` is None where the version is served already."""

    row: PromotionRow | None
    standing: Standing | None = None
    decision: Promotion | None = None


class BuiltInRule:
    """Upshot's own answer to `decide_promotion`, asked last."""

    @hookimpl(trylast=True)
    def decide_promotion(self) -> Promotion:
        """Grant: whoever is asked here has passed all that the environment asks for."""
        return Promotion(True, "all that the environment asks for is there")


def promote(
    standing: Standing, person: Person, *, use_plugins: tuple[str, ...], force: bool, reason: str | None, expected: int | str | None
) -> Promoted:
    """Let an environment serve a version.

    Args:
        standing: Version and environment.
        person: Who promotes.
        use_plugins: Plugins that are asked.
        force: Whether waivers are used for gates that did not pass.
        reason: Why now, in a sentence; journalled.
        expected: Number that the environment must serve now, None for nothing; "any" for whatever it serves.

    Raises:
        GateError: Something that the environment asks for is missing; everything at once, each with the command that mends it.
        IntegrityError: The journal, or a file of the version, is not what it was.
        BusyError: Somebody else is promoting there, or was faster.
    """
    target = standing.target
    refuse_broken_journal(target.state)
    _refuse_unexpected(target, expected)
    if target.served is not None and target.served.number == target.version.number:
        return Promoted(None, standing)
    with _alone(target.state, target.version.name, target.environment.name, f"promote {target.name}") as lease:
        problems = standing.problems(person, force=force)
        if problems:
            raise GateError(f"{target.name} is not promoted to {target.environment.name}", problems)
        _refuse_damage(target.state, target.version)
        decision = _decision(standing, use_plugins)
        row = PromotionRow(
            target.version.name,
            target.environment.name,
            "promoted",
            target.version.number,
            None if target.served is None else target.served.number,
            target.record,
            Map(person.to_json()),
            _said(reason),
            Map(_frozen(standing, decision)),
        )
        return Promoted(target.state.ledger.environments.promote(row, lease), standing, decision)


def _refuse_unexpected(target: Target, expected: int | str | None) -> None:
    found = None if target.served is None else target.served.number
    if expected != "any" and found != expected:
        was = "nothing" if expected is None else f"{target.version.name}@{expected}"
        now = "nothing" if target.served is None else f"{target.version.name}@{found}"
        by = "" if target.served is None else f"; {target.served.promotion.person['name']} promoted it at {target.served.promotion.at}"
        problem = Problem(f"{target.environment.name} of {target.version.name}", f"was expected to serve {was}", f"it serves {now}{by}")
        raise BusyError("somebody else was faster", [problem])


def _refuse_damage(state: State, version: VersionRow) -> None:
    """Every file of a version is there, and is what it was when it was registered.

    Raises:
        IntegrityError: One is not.
    """
    for digest in (str(version.record), *version.manifest.values()):
        state.artefacts.view(digest)


def _decision(standing: Standing, use_plugins: tuple[str, ...]) -> Promotion:
    """What plugins, or Upshot's own rule, say.

    Raises:
        GateError: They refuse.
        PluginError: A plugin raises, or answers something else.
    """
    target, evidence = standing.target, standing.evidence
    watchers = Watchers(target.catalogue, use_plugins, BuiltInRule())
    answer = watchers.ask(
        "decide_promotion",
        candidate=target.past.value("register"),
        champion=_champion(target),
        environment=target.environment.name,
        verdicts=Verdicts(tuple(gate.verdict for gate in standing.gates)),
        evaluation=evidence.evaluation,
        valuations=evidence.valuations,
    )
    if not isinstance(answer, Promotion):
        problem = Problem("hook decide_promotion", "must answer a Promotion, or None", type(answer).__name__)
        raise PluginError("a plugin breaks a hook's contract", [problem])
    if not answer.is_granted:
        problem = Problem("decide_promotion", "a plugin in use refuses", None, answer.reason)
        raise GateError(f"{target.name} is not promoted to {target.environment.name}", [problem])
    return answer


def _champion(target: Target) -> ModelVersion | None:
    """The version that is served, as its run registered it; None where nothing is, or where that is no longer kept."""
    if target.served is None:
        return None
    run = target.state.ledger.run(target.served.promotion.terms["run"])
    found: ModelVersion | None = Past(run, target.state, target.catalogue).value("register")
    return found


def _frozen(standing: Standing, decision: Promotion) -> dict[str, Any]:
    """On what terms: all that somebody asks who looks back."""
    used = [gate for gate in standing.gates if not gate.passes and gate.waiver is not None]
    verdicts = [
        {"gate": g.verdict.gate, "outcome": g.verdict.outcome, "what": g.verdict.what, "reason": g.verdict.reason} for g in standing.gates
    ]
    return {
        **standing.terms,
        "run": standing.target.past.row.id,
        "verdicts": verdicts,
        "waivers": {gate.verdict.gate: gate.waiver.entry for gate in used if gate.waiver is not None},
        "approved": {role.role: [row.entry for row in role.given] for role in standing.roles},
        "weaker": [asdict(loss) for loss in standing.weaker],
        "decision": decision.reason,
    }


def rollback(state: State, name: str, environment: str, person: Person, *, reason: str | None, to: int | None) -> Promoted:
    """Let an environment serve again what it served before.

    Nothing is judged or approved anew: it was, when it was promoted there. The files are held against their hashes.

    Args:
        state: The state folder.
        name: The use case.
        environment: The environment.
        person: Who rolls back.
        reason: Why, in a sentence; journalled.
        to: Number of an earlier version; the one before when left out.

    Raises:
        GateError: Nothing earlier was served, or not that version; says what was.
        IntegrityError: The journal, or a file of the earlier version, is not what it was.
        BusyError: Somebody else is at work there, or was faster.
    """
    refuse_broken_journal(state)
    environments = state.ledger.environments
    served = next((row for row in environments.served(name) if row.environment == environment), None)
    earlier = before(environments.promotions(name, environment))
    wanted = next((row for row in reversed(earlier) if to in (None, row.number)), None)
    if wanted is None or served is None:
        numbers = [row.number for row in state.ledger.versions(name)]
        raise GateError(f"{environment} is not rolled back", [_nothing_before(name, environment, served, earlier, to, numbers)])
    with _alone(state, name, environment, f"roll back to {name}@{wanted.number}") as lease:
        _refuse_damage(state, next(row for row in state.ledger.versions(name) if row.number == wanted.number))
        terms = Map({**wanted.terms, "decision": f"rolled back to what was promoted in entry {wanted.entry}"})
        number, record = wanted.number, wanted.record
        row = PromotionRow(name, environment, "rolled_back", number, served.number, record, Map(person.to_json()), _said(reason), terms)
        return Promoted(environments.promote(row, lease))


def before(promotions: Sequence[PromotionRow]) -> list[PromotionRow]:
    """The promotions under the one that is served: each promotion lies on top of the one before, and a rollback takes away what lies above.

    Args:
        promotions: Of one environment, the oldest first.
    """
    pile: list[PromotionRow] = []
    for row in promotions:
        if row.kind == "promoted":
            pile.append(row)
        else:
            while pile and pile[-1].number != row.number:
                pile.pop()
    return pile[:-1]


def _nothing_before(
    name: str, environment: str, served: ServedRow | None, earlier: Sequence[PromotionRow], to: int | None, numbers: Sequence[int]
) -> Problem:
    where, registered = f"{environment} of {name}", ", ".join(f"{name}@{number}" for number in numbers) or "nothing"
    if served is None:
        return Problem(where, "serves nothing, so there is nothing to go back from", None, f"registered: {registered}")
    if not earlier:
        return Problem(where, f"serves {name}@{served.number}, and served nothing before", None, f"registered: {registered}")
    known = ", ".join(f"{name}@{row.number}" for row in earlier)
    return Problem(where, f"did not serve {name}@{to} before {name}@{served.number}", None, f"it served {known}")


@contextmanager
def _alone(state: State, name: str, environment: str, what: str) -> Iterator[Lease]:
    """Be the only one who changes what the environment serves."""
    with state.ledger.lease(f"{environment} of {name}", what) as lease:
        lease.check()
        yield lease


def approve(standing: Standing, person: Person, *, role: str | None, reason: str | None) -> ApprovalRow:
    """Approve a version for an environment, as it stands.

    Raises:
        GateError: The person made it, may not act in the role, or has approved already.
        UsageError: There is no such role.
    """
    target = standing.target
    refuse_broken_journal(target.state)
    role = _role(standing, role, person, "approve")
    _refuse_person(standing, person, role, "approve")
    for other in standing.roles:
        for row in other.given:
            why = shared(person, Person.from_json(row.person), target.project)
            if why is not None:
                rule = f"{person.name} has approved it already, as {row.role} ({why})"
                problem = _located(
                    standing, Problem(_approvals(standing, role), rule, None, f"{who_may(other.rule, standing.makers)} may approve")
                )
                raise GateError(f"{target.name} is not approved", [problem])
    row = ApprovalRow(
        target.version.name,
        target.version.number,
        target.environment.name,
        role,
        target.record,
        approved_terms(standing.terms),
        Map(person.to_json()),
        _said(reason),
    )
    return target.state.ledger.environments.approve(row)


def waive(standing: Standing, person: Person, gate: str, *, role: str | None, reason: str | None, until: str | None) -> WaiverRow:
    """Let a gate that did not pass be passed over, for a while.

    Raises:
        GateError: The person made the version, or may not act in the role; or the gate passes anyway.
        UsageError: There is no such gate or role, or the waiver has no reason or no end.
    """
    target = standing.target
    refuse_broken_journal(target.state)
    found = _gate(standing, gate)
    missing = _missing(reason, until, standing.today)
    if missing:
        raise UsageError("a gate is not waived without a reason and an end", missing)
    role = _role(standing, role, person, "waive")
    _refuse_person(standing, person, role, "waive")
    if found.passes:
        problem = Problem(f"gates.{gate}", f"{found.verdict.outcome}: {found.verdict.reason}: there is nothing to waive")
        raise GateError("the gate passes", [problem])
    row = WaiverRow(
        target.version.name,
        target.version.number,
        target.environment.name,
        gate,
        role,
        target.record,
        gate_terms(standing.terms, gate),
        date.fromisoformat(str(until)).isoformat(),
        Map(person.to_json()),
        str(_said(reason)),
    )
    return target.state.ledger.environments.waive(row)


def withdraw(standing: Standing, person: Person, *, gate: str | None, reason: str | None) -> list[ApprovalRow | WaiverRow]:
    """Take back what somebody has approved, or waived, of a version in an environment.

    Args:
        standing: Version and environment.
        person: Whose word it is; nobody takes back another's.
        gate: The gate that was waived; an approval when None.
        reason: Why.

    Raises:
        GateError: There is nothing of theirs.
    """
    target = standing.target
    refuse_broken_journal(target.state)
    environments, version = target.state.ledger.environments, target.version
    rows: Sequence[ApprovalRow | WaiverRow]
    if gate is None:
        rows = environments.approvals(version.name, version.number, target.environment.name)
    else:
        rows = [r for r in environments.waivers(version.name, version.number, target.environment.name) if r.gate == gate]
    own = [r for r in rows if r.withdrawn is None and shared(person, Person.from_json(r.person), target.project) is not None]
    if not own:
        what = f"no waiver of {gate}" if gate is not None else "no approval"
        problem = Problem(target.name, f"{person.name} has {what} to take back in {target.environment.name}")
        raise GateError("there is nothing to take back", [problem])
    for row in own:
        environments.withdraw(row, person.to_json(), _said(reason))
    return own


def _role(standing: Standing, role: str | None, person: Person, what: str) -> str:
    """The role in which somebody acts: the one that was said, or the only one that they may act in."""
    rules, project = standing.target.environment.approvals, standing.target.project
    if not rules:
        problem = Problem(f"env.{standing.target.environment.name}.approvals", "asks for no approval, so nobody has a role there")
        raise GateError(f"there is nothing to {what}", [_located(standing, problem)])
    if role is not None:
        if role not in rules:
            raise UsageError(
                "the command line is wrong", [Problem("--role", "there is no such role", repr(role), did_you_mean(role, rules))]
            )
        return role
    fitting = [name for name, rule in rules.items() if may(person, rule, project)]
    if not fitting:
        others = "; ".join(f"{name}: {who_may(rule, standing.makers)}" for name, rule in rules.items())
        problem = Problem(f"env.{standing.target.environment.name}.approvals", f"{person.name} may act in no role there", None, others)
        raise GateError(f"{person.name} may not {what} {standing.target.name}", [_located(standing, problem)])
    if len(fitting) > 1:
        raise UsageError(
            "the command line is wrong", [Problem("--role", f"say in which role you {what}", None, f"options: {', '.join(fitting)}")]
        )
    return fitting[0]


def _refuse_person(standing: Standing, person: Person, role: str, what: str) -> None:
    """Nobody decides on their own work, or in a role that is not theirs."""
    target, rule = standing.target, standing.target.environment.approvals[role]
    if not standing.makers.known:
        unknown = next(run.id for run in target.runs if not run.person)
        problem = Problem(unknown, "does not say who ran it, so nobody can be kept apart from them", None, "run it again")
        raise GateError(f"nobody can {what} {target.name}", [problem])
    made = standing.makers.made_by(person)
    others = who_may(rule, standing.makers)
    words = ("--role", role) if what == "approve" else ("--waive", "GATE", "--role", role, "--reason", "WHY", "--until", UNTIL)
    hint = f"{others} may {what}: {standing.command('approve' if what == 'approve' else 'gates', *words)}"
    if made is not None:
        rule_text = f"{person.name} made {target.name} and may not {what} it: {made}"
    elif not may(person, rule, target.project):
        rule_text = f"{person.name} may not act as {role}"
    else:
        return
    raise GateError(
        f"{person.name} may not {what} {target.name}", [_located(standing, Problem(_approvals(standing, role), rule_text, None, hint))]
    )


def _gate(standing: Standing, gate: str) -> GateStanding:
    found = next((each for each in standing.gates if each.verdict.gate == gate), None)
    if found is None:
        names = [each.verdict.gate for each in standing.gates]
        raise UsageError("the command line is wrong", [Problem("--waive", "there is no such gate", repr(gate), did_you_mean(gate, names))])
    return found


def _missing(reason: str | None, until: str | None, today: date) -> list[Problem]:
    """What a waiver cannot be without."""
    problems = []
    if reason is None or not _REASON.fullmatch(reason.strip()):
        problems.append(Problem("--reason", "say why, in a sentence of up to 1,000 letters"))
    try:
        last = date.fromisoformat(until or "")
    except ValueError:
        got = None if until is None else repr(until)
        problems.append(Problem("--until", "say until when it counts, as a day", got, f"write {UNTIL}"))
    else:
        if not today <= last <= today + LONGEST:
            problems.append(Problem("--until", f"must be a day from {today} to {today + LONGEST}", last.isoformat()))
    return problems


def _said(reason: str | None) -> str | None:
    text = None if reason is None else reason.strip().replace("\0", "\\0")
    if text is not None and not _REASON.fullmatch(text):
        raise UsageError(
            "the command line is wrong", [Problem("--reason", "must be a sentence of up to 1,000 letters", f"{len(text):,} letters")]
        )
    return text


def _approvals(standing: Standing, role: str) -> str:
    return f"env.{standing.target.environment.name}.approvals.{role}"


def _located(standing: Standing, problem: Problem) -> Problem:
    return located(problem, standing.target.recipe)


__all__ = ["Promoted", "approve", "before", "promote", "rollback", "waive", "withdraw"]
