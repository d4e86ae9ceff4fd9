"""Where a version stands on its way into an environment: each gate, waiver and approval that is asked for, and what is there of it.

Gates are judged anew, by the environment's own gates, on what the run had measured; nothing is trained or scored. So a gate that is added
for an environment needs no new run, and what a run was told on its command line does not count.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from upshot.contracts.components import Evidence
from upshot.contracts.records import Champion, Valuations, Verdict
from upshot.errors import GateError, IntegrityError, Problem
from upshot.identity import Person, shared
from upshot.ledger.environments import ApprovalRow, WaiverRow
from upshot.operate.people import Makers, makers_of, may, who_may
from upshot.operate.target import Target
from upshot.operate.terms import Loss, approved_terms, gate_terms, losses, terms_of
from upshot.recipe.places import located
from upshot.recipe.recipe import ApprovalRule

if TYPE_CHECKING:
    from upshot.engine.state import State

UNTIL = "YYYY-MM-DD"


@dataclass(frozen=True)
class GateStanding:
    """One gate of an environment.

    Attributes:
        verdict: What it finds in the evidence.
        waiver: The waiver that counts, if there is one.
        void: Waivers that do not count, each with why.
        passes: Whether it lets the version in without a waiver.
    """

    verdict: Verdict
    waiver: WaiverRow | None
    void: tuple[tuple[WaiverRow, str], ...]
    passes: bool


@dataclass(frozen=True)
class RoleStanding:
    """One role that must approve.

    Attributes:
        given: Approvals that count.
        void: Those that do not, each with why.
    """

    role: str
    rule: ApprovalRule
    given: tuple[ApprovalRow, ...]
    void: tuple[tuple[ApprovalRow, str], ...]

    @property
    def missing(self) -> int:
        """How many are still asked for."""
        return max(0, self.rule.count - len(self.given))


@dataclass(frozen=True)
class Standing:
    """A version before an environment.

    Args:
        target: Version and environment.
        today: The day on which waivers are held against their last one.
    """

    target: Target
    today: date

    @cached_property
    def terms(self) -> dict[str, Any]:
        """What the environment asks for now."""
        return terms_of(self.target.recipe, str(self.target.project.root))

    @cached_property
    def makers(self) -> Makers:
        """Who made the version."""
        return makers_of(tuple(run.person for run in self.target.runs), self.target.project)

    @cached_property
    def gates(self) -> tuple[GateStanding, ...]:
        """Every gate of the environment, in the recipe's order.

        Raises:
            GateError: The evidence was cleared away.
        """
        recipe = self.target.recipe
        made = {name: self.target.catalogue.make(node.spec()) for name, node in recipe.groups["gates"].items()}
        evidence = self.evidence
        return tuple(self._gate(gate.judge(name, evidence)) for name, gate in made.items())

    @cached_property
    def evidence(self) -> Evidence:
        """What the run had measured, held against what the environment serves now."""
        past = self.target.past
        lost = [stage for stage in ("validate", "evaluate", "inspect", "value") if past.value(stage) is None]
        if lost:
            problem = Problem(past.row.id, f"its values of {', '.join(lost)} were cleared away", None, f"run it again: {self._run}")
            raise GateError(f"there is no evidence on {self.target.name}", [problem])
        valuations: Valuations = past.value("value")
        valuations = replace(valuations, champion=self._champion(valuations.champion))
        return Evidence(past.value("validate"), past.value("evaluate"), past.value("inspect"), valuations)

    def _champion(self, measured: Champion) -> Champion:
        """The champion as this environment has it: what was measured, or why that is not what it serves."""
        served, environment = self.target.served, self.target.environment.name
        if served is None:
            return Champion(environment)
        name = f"{served.promotion.name} {served.number}"
        if served.promotion.record in (
            measured.record,
            self.target.record,
        ):  # what is served itself was held against what was served before
            return replace(measured, environment=environment)
        other = "nothing" if measured.version is None else measured.version
        trouble = f"run {self.target.past.row.id} was held against {other}; {self._run} holds it against what is served"
        return Champion(environment, name, served.promotion.record, trouble)

    def _gate(self, verdict: Verdict) -> GateStanding:
        passes = verdict.outcome == "PASS" or (verdict.outcome == "INCONCLUSIVE" and self.target.environment.inconclusive_passes)
        rows = [row for row in self._waivers if row.gate == verdict.gate and row.withdrawn is None]
        judged = [(row, self._void_waiver(row)) for row in rows]
        good = [row for row, why in judged if why is None]
        return GateStanding(verdict, good[-1] if good else None, tuple((row, why) for row, why in judged if why is not None), passes)

    def _void_waiver(self, row: WaiverRow) -> str | None:
        if date.fromisoformat(row.until) < self.today:
            return f"expired on {row.until}"
        if row.record != self.target.record:
            return "was given for another content"
        if row.terms != gate_terms(self.terms, row.gate):
            return "was given before the gate, or what it is measured by, was changed"
        return self._void_person(row.role, Person.from_json(row.person))

    @cached_property
    def _waivers(self) -> tuple[WaiverRow, ...]:
        version = self.target.version
        return self.target.state.ledger.environments.waivers(version.name, version.number, self.target.environment.name)

    @cached_property
    def roles(self) -> tuple[RoleStanding, ...]:
        """Every role that must approve; a person counts once."""
        version = self.target.version
        rows = self.target.state.ledger.environments.approvals(version.name, version.number, self.target.environment.name)
        counted: list[Person] = []
        found = []
        for role, rule in self.target.environment.approvals.items():
            given, void = [], []
            for row in rows:
                if row.role != role or row.withdrawn is not None:
                    continue
                person = Person.from_json(row.person)
                why = self._void_approval(row, person) or self._counted(person, counted)
                if why is None:
                    given.append(row)
                    counted.append(person)
                else:
                    void.append((row, why))
            found.append(RoleStanding(role, rule, tuple(given), tuple(void)))
        return tuple(found)

    def _void_approval(self, row: ApprovalRow, person: Person) -> str | None:
        if row.record != self.target.record:
            return "was given for another content"
        if row.terms != approved_terms(self.terms):
            return "was given before gates, data, money or scores were changed"
        return self._void_person(row.role, person)

    def _void_person(self, role: str, person: Person) -> str | None:
        rule = self.target.environment.approvals.get(role)
        if rule is None:
            return f"the environment knows no role {role!r} any more"
        if not may(person, rule, self.target.project):
            return f"{person.name} may not act as {role} any more"
        made = self.makers.made_by(person)
        return None if made is None else f"{person.name} made the version: {made}"

    def _counted(self, person: Person, counted: list[Person]) -> str | None:
        """Why a person's word counts already, elsewhere."""
        for other in counted:
            why = shared(person, other, self.target.project)
            if why is not None:
                return f"counts already as {other.name}, who has {why}"
        return None

    @cached_property
    def weaker(self) -> tuple[Loss, ...]:
        """In what less is asked for than of what is served."""
        served = self.target.served
        if served is None:
            return ()
        return tuple(losses(served.promotion.terms, self.target.recipe, str(self.target.project.root), self.target.catalogue))

    def problems(self, person: Person, *, force: bool) -> list[Problem]:
        """Everything that stands between the version and the environment; empty when it may be promoted.

        Args:
            person: Who would promote it.
            force: Whether waivers are used.
        """
        found = [*self._out_of_order(), *self._measured_otherwise()]
        found += [problem for gate in self.gates if (problem := self._gate_problem(gate, force=force)) is not None]
        if self.target.environment.approvals:
            found += [*self._unknown_makers(), *self._approval_problems(), *self._promoter_problem(person)]
        return [located(problem, self.target.recipe) for problem in found]

    def _out_of_order(self) -> Iterator[Problem]:
        """A version goes through the environments in their order."""
        target, names = self.target, list(self.target.recipe.env)
        position = names.index(target.environment.name)
        if position == 0:
            return
        before = names[position - 1]
        promotions = target.state.ledger.environments.promotions(target.version.name, before)
        if not any(row.number == target.version.number for row in promotions):
            rule = f"comes after {before}, which never served {target.name}"
            yield Problem(f"env.{target.environment.name}", rule, None, self.command("promote", env=before))

    def _measured_otherwise(self) -> Iterator[Problem]:
        """Evidence counts when it was measured as the recipe's files say."""
        for change in self.target.measured_otherwise(self.target.past):
            was = {"+": "nothing", "-": repr(change.old)}.get(change.sign, repr(change.old))
            rule = f"was {was} in run {self.target.past.row.id}, so what it measured does not count here"
            now = None if change.sign == "-" else repr(change.new)
            yield Problem(change.key, rule, now, f"run it as the recipe is written: {self._run}")

    def _gate_problem(self, gate: GateStanding, *, force: bool) -> Problem | None:
        verdict = gate.verdict
        if gate.passes or (gate.waiver is not None and force):
            return None
        rule = f"{verdict.outcome}: {verdict.what}: {verdict.reason}"
        if gate.waiver is not None:
            by = f"waived by {gate.waiver.person['name']} ({gate.waiver.role}) until {gate.waiver.until}"
            return Problem(f"gates.{verdict.gate}", rule, None, f"{by}; {self.command('promote', '--force')} uses the waiver")
        old = "".join(f"; the waiver of {row.person['name']} {why}" for row, why in gate.void)
        hint = self._waiver_hint(verdict.gate) if self.target.environment.approvals else self._no_waiver
        return Problem(f"gates.{verdict.gate}", rule + old, None, f"{verdict.would_decide}; {hint}" if verdict.would_decide else hint)

    def _waiver_hint(self, gate: str) -> str:
        roles = [f"{role}: {who_may(rule, self.makers)}" for role, rule in self.target.environment.approvals.items()]
        command = self.command("gates", "--waive", gate, "--role", "ROLE", "--reason", "WHY", "--until", UNTIL)
        return f"only a recorded waiver lets it in ({'; '.join(roles)}): {command}, then promote with --force"

    @property
    def _no_waiver(self) -> str:
        return f"{self.target.environment.name} names no role that could waive it"

    def _unknown_makers(self) -> Iterator[Problem]:
        if not self.makers.known:
            unknown = next(run.id for run in self.target.runs if not run.person)
            yield Problem(unknown, "does not say who ran it, so nobody can be kept apart from them", None, f"run it again: {self._run}")

    def _approval_problems(self) -> Iterator[Problem]:
        for standing in self.roles:
            if standing.missing:
                old = "".join(f"; that of {row.person['name']} {why}" for row, why in standing.void)
                rule = f"needs {standing.missing} more approval{'s' if standing.missing > 1 else ''} of {standing.rule.count}{old}"
                hint = f"{who_may(standing.rule, self.makers)} may approve: {self.command('approve', '--role', standing.role)}"
                yield Problem(f"env.{self.target.environment.name}.approvals.{standing.role}", rule, None, hint)

    def _promoter_problem(self, person: Person) -> Iterator[Problem]:
        made = None if self.target.environment.author_may_promote else self.makers.made_by(person)
        if made is not None:
            rule = f"{person.name} made it and may not promote it: {made}"
            hint = f"somebody else may: {self.command('promote')}"
            yield Problem(f"env.{self.target.environment.name}", rule, None, hint)

    def command(self, name: str, *words: str, env: str | None = None) -> str:
        """A command on this version and environment, as a shell takes it."""
        recipe = f"{self.target.typed}@{self.target.version.number}"
        return shlex.join(["upshot", name, recipe, "--env", env or self.target.environment.name, *words])

    @property
    def _run(self) -> str:
        """The run that would be evidence here; without `--env` where that measures the same, because then no gate of the environment stops it."""
        environment = self.target.environment
        served = {row.environment: row.number for row in self.target.state.ledger.environments.served(self.target.version.name)}
        furthest = next((name for name in list(self.target.recipe.env)[::-1] if name in served), environment.name)
        measures_the_same = set(environment.layer) <= {"gates"} and served.get(furthest) == served.get(environment.name)
        return shlex.join(["upshot", "run", self.target.typed, *([] if measures_the_same else ["--env", environment.name])])


def refuse_broken_journal(state: State) -> None:
    """Nothing is decided on a ledger of which something was changed.

    Raises:
        IntegrityError: Names the first bad entry.
    """
    fault = state.ledger.verify_journal()
    if fault is not None:
        hint = "nothing is promoted or approved before it is what it was: upshot journal verify"
        raise IntegrityError("the journal is not what it was", [Problem(f"entry {fault.seq}", fault.rule, None, hint)])


__all__ = ["UNTIL", "GateStanding", "RoleStanding", "Standing", "refuse_broken_journal"]
