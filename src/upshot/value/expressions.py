"""Expressions over flows, money parameters and columns: read once, checked, then evaluated on whole columns.

One class for all that recipes write as a formula: KPIs, the cells of a KPI, rules of baselines, derived features. The grammar is in
`grammar`, the evaluation in `evaluation`, the units in `units`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from upshot.errors import did_you_mean
from upshot.value.evaluation import evaluate_tree
from upshot.value.grammar import ExpressionError, read_tree
from upshot.value.units import ONE, Unit, unit_of

if TYPE_CHECKING:
    import numpy as np

    from upshot.value.columns import Column


@dataclass(frozen=True)
class Expression:
    """A formula of the closed grammar (see `upshot.value.grammar`).

    Attributes:
        text: As it was written.
        tree: What was read; only nodes of the grammar.
        names: The flows, parameters or columns that it reads.

    Example:
        >>> import numpy as np
        >>> saved = Expression.parse("blocked - 5 * reviewed")
        >>> sorted(saved.names)
        ['blocked', 'reviewed']
        >>> saved.evaluate({"blocked": np.array([100.0, 0.0]), "reviewed": np.array([1, 1])})
        array([95., -5.])
    """

    text: str
    tree: ast.expr = field(repr=False, compare=False)
    names: frozenset[str] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Read an expression.

        Raises:
            ExpressionError: It does not keep to the grammar; `rule`, `fragment` and `hint` say where and what.
        """
        return _parsed(text)

    @classmethod
    def of_tree(cls, tree: ast.expr) -> Expression:
        """A part of an expression that was read already."""
        return cls(ast.unparse(tree), tree, _names(tree))

    def unknown(self, names: Collection[str]) -> tuple[str, ...]:
        """Names that it reads and that are not among these, sorted."""
        return tuple(sorted(self.names.difference(names)))

    def check(self, names: Collection[str]) -> None:
        """Refuse names that are not among these.

        Raises:
            ExpressionError: For the first unknown name, with the nearest known one.
        """
        for name in self.unknown(names):
            raise ExpressionError("unknown name", name, did_you_mean(name, names))

    def evaluate(
        self, columns: Mapping[str, Column], *, rows: int | None = None, what: str = "the expression", gaps: bool = False
    ) -> np.ndarray:
        """The value of every row.

        Args:
            columns: Name -> array or Series of shape (n,), or one number for all rows. Names that it does not read are ignored.
            rows: n, where no column says it.
            what: What it is, for the message: "kpi.savings.expression".
            gaps: Whether a row without a value is NaN instead of refused; a condition is then 1 or 0.

        Returns:
            Shape (n,): bool for a condition (a comparison, `and`, `or`, `not`, a bool column), float64 for anything else.

        Raises:
            DataError: A row has no value (null, infinite, division by zero), a column is missing or holds the wrong type.
        """
        return evaluate_tree(self.tree, columns, rows, what, gaps=gaps)

    def unit(self, units: Mapping[str, str]) -> str:
        """The unit of its value, checked on the way.

        Numbers written out are dimensionless: they may multiply anything and be added to shares only; 0 fits everywhere.

        Raises:
            ExpressionError: Different units are added or compared (both parts are named), or a name has no unit.

        Example:
            >>> Expression.parse("reviewed * cost - 0.1 * lost").unit({"reviewed": "case", "cost": "EUR/case", "lost": "EUR"})
            'EUR'
        """
        self.check(units)
        return str(self.dimension({name: Unit.parse(units[name]) for name in self.names}))

    def dimension(self, units: Mapping[str, Unit]) -> Unit:
        """As `unit`, on units that were read already."""
        return unit_of(self.tree, units) or ONE

    def terms(self) -> tuple[tuple[str, Expression], ...]:
        """Its top-level terms, each with its sign; they add up to the whole.

        Example:
            >>> [label for label, _ in Expression.parse("a * b - (c - 2 * d)").terms()]
            ['a * b', '-c', '2 * d']
        """
        return tuple(
            (term.text, term) for term in (Expression.of_tree(_negated(part) if minus else part) for minus, part in signed_terms(self.tree))
        )


@lru_cache(maxsize=256)
def _parsed(text: str) -> Expression:
    tree = read_tree(text)
    return Expression(text.strip(), tree, _names(tree))


def _names(tree: ast.expr) -> frozenset[str]:
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions)


def signed_terms(tree: ast.expr, *, minus: bool = False) -> list[tuple[bool, ast.expr]]:
    """Top-level terms of a tree: whether each is subtracted, and the term itself."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        flipped = minus != isinstance(tree.op, ast.Sub)
        return [*signed_terms(tree.left, minus=minus), *signed_terms(tree.right, minus=flipped)]
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return signed_terms(tree.operand, minus=not minus)
    return [(minus, tree)]


def _negated(node: ast.expr) -> ast.expr:
    """The node with a minus in front; in a product the minus goes to its first factor, as people write it."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        return ast.BinOp(_negated(node.left), node.op, node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    return ast.UnaryOp(ast.USub(), node)


__all__ = ["Expression", "ExpressionError"]
