"""Units of flows, parameters and KPIs, and the unit that an expression has.

A unit is a product of powers of plain names ("EUR", "EUR/case", "unit*day"). There is no table of known units and no conversion: EUR
and USD are strangers, and so are "case" and "cases". That is enough to catch what goes wrong in money, such as a cost per case that
is added without the number of cases.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from upshot.errors import did_you_mean
from upshot.value.grammar import ExpressionError, fragment_of, is_text

_NAME = re.compile(r"[^\W\d][\w-]*|[€$£¥%]")
MAX_POWER = 8


@dataclass(frozen=True, eq=False)
class Unit:
    """A product of powers, in the order in which they were named; equal whatever the order.

    Example:
        >>> str(Unit.parse("EUR/case") * Unit.parse("case"))
        'EUR'
        >>> Unit.parse("unit*day") == Unit.parse("day*unit"), str(Unit.parse("1"))
        (True, '1')
    """

    powers: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Unit:
        """Read "EUR", "EUR/unit/day", "unit*day", "1/day" or "1".

        Raises:
            ExpressionError: It is written otherwise.
        """
        powers: dict[str, int] = {}
        sign = 1
        for part in re.split(r"([*/])", text):
            token = part.strip()
            if token in ("*", "/"):
                sign = 1 if token == "*" else -1
            elif _NAME.fullmatch(token):
                powers[token] = powers.get(token, 0) + sign
            elif token != "1":
                raise ExpressionError("a unit is names joined by * and /", text, 'examples: "EUR", "EUR/case", "unit*day", "1"')
        return cls._of(powers)

    @classmethod
    def _of(cls, powers: Mapping[str, int]) -> Unit:
        kept = tuple((name, power) for name, power in powers.items() if power)
        if any(abs(power) > MAX_POWER for _, power in kept):
            raise ExpressionError(f"a unit has powers up to {MAX_POWER}", str(cls(kept)))
        return cls(kept)

    def __mul__(self, other: Unit) -> Unit:
        return self._joined(other, 1)

    def __truediv__(self, other: Unit) -> Unit:
        return self._joined(other, -1)

    def _joined(self, other: Unit, sign: int) -> Unit:
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + sign * power
        return self._of(powers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unit) and dict(self.powers) == dict(other.powers)

    def __hash__(self) -> int:
        return hash(frozenset(self.powers))

    def __str__(self) -> str:
        """The unit as `parse` reads it."""
        above = "*".join(name for name, power in self.powers for _ in range(power))
        below = "".join(f"/{name}" for name, power in self.powers for _ in range(-power))
        return (above or "1") + below


ONE = Unit()
"""No dimension: a share, a rate, a plain number."""


def unit_of(node: ast.expr, units: Mapping[str, Unit]) -> Unit | None:
    """Unit of a part of an expression; None for a plain 0, which is 0 in every unit.

    Raises:
        ExpressionError: Two things of different units are added, compared or chosen between; or a name has no unit.
    """
    if isinstance(node, ast.Constant):
        return None if node.value == 0 else ONE
    if isinstance(node, ast.Name):
        if node.id not in units:
            raise ExpressionError("unknown name", node.id, did_you_mean(node.id, units))
        return units[node.id]
    if isinstance(node, ast.BinOp):
        return _of_arithmetic(node, units)
    if isinstance(node, ast.UnaryOp):
        inner = unit_of(node.operand, units)
        return inner if isinstance(node.op, ast.USub) else ONE
    if isinstance(node, ast.IfExp):
        unit_of(node.test, units)
        return _same("chooses between", node, [node.body, node.orelse], units)
    if isinstance(node, ast.Call):
        return _of_call(node, units)
    _check_condition(node, units)
    return ONE


def _of_arithmetic(node: ast.BinOp, units: Mapping[str, Unit]) -> Unit | None:
    if isinstance(node.op, (ast.Add, ast.Sub)):
        return _same("adds" if isinstance(node.op, ast.Add) else "subtracts", node, [node.left, node.right], units)
    left, right = unit_of(node.left, units) or ONE, unit_of(node.right, units) or ONE
    return left * right if isinstance(node.op, ast.Mult) else left / right


def _of_call(node: ast.Call, units: Mapping[str, Unit]) -> Unit | None:
    assert isinstance(node.func, ast.Name)
    if node.func.id == "where":
        unit_of(node.args[0], units)
        return _same("chooses between", node, node.args[1:], units)
    if node.func.id in ("missing", "number"):
        unit_of(node.args[0], units)
        return ONE
    return _same(f"{node.func.id} compares", node, node.args, units)


def _check_condition(node: ast.expr, units: Mapping[str, Unit]) -> None:
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            unit_of(part, units)
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        if not any(is_text(side) for side in sides):
            _same("compares", node, sides, units)


def _same(verb: str, node: ast.expr, parts: list[ast.expr], units: Mapping[str, Unit]) -> Unit | None:
    """The one unit of all parts; plain zeros fit anywhere."""
    known = [(part, unit) for part in parts if (unit := unit_of(part, units)) is not None]
    if not known:
        return None
    first, unit = known[0]
    for part, other in known[1:]:
        if other != unit:
            literal = any(not any(isinstance(inner, ast.Name) for inner in ast.walk(side)) for side in (first, part))
            hint = "give the number a name and a unit under parameters" if literal else None
            raise ExpressionError(
                f"{verb} {fragment_of(first)!r} in {unit} and {fragment_of(part)!r} in {other}",
                fragment_of(node),
                hint,
            )
    return unit
