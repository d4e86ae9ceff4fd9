"""An expression over columns, row by row at once, with numpy.

What is unknown stays unknown. A null, an infinity or a division by zero makes its row unknown, and so does a comparison with it; `and`,
`or` and a choice may still know the answer (`b != 0 and a / b > 2` is false where b is 0). Whatever is unknown in the *result* is refused
with its row and its cause. Plain numpy would say that a null amount is not above 100, and count that row as harmless.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import reduce
from typing import TYPE_CHECKING

from upshot.errors import DataError, Problem
from upshot.value.columns import look_up
from upshot.value.grammar import fragment_of, is_text, operands
from upshot.value.truth import Truth, as_number, as_text, as_truth, both, either, negation, unknown_in, without_infinities

if TYPE_CHECKING:
    import numpy as np

    from upshot.value.columns import Column

MAX_EXAMPLES = 5


def evaluate_tree(tree: ast.expr, columns: Mapping[str, Column], rows: int | None, what: str, *, gaps: bool = False) -> np.ndarray:
    """Value of the tree per row: bool for a condition, float64 for a number.

    Args:
        tree: From `read_tree`.
        columns: Name -> array of shape (n,), or one number for all rows.
        rows: n, where no column says it.
        what: What the expression is, for the message: "kpi.savings.expression".
        gaps: Whether rows without a value are NaN instead of refused; then all values are float64.

    Returns:
        Shape (n,), memory of its own; shape () where there are only numbers and `rows` is None.

    Raises:
        DataError: A row has no value (null, division by zero, too large), or a column does not fit.
    """
    import numpy as np

    shape = _shape(columns, rows)
    with np.errstate(all="ignore"):
        found = _evaluate(tree, columns)
        if not isinstance(found, Truth) and found.dtype.kind != "b":
            found = as_number(tree, found)
    if isinstance(found, Truth):
        values, unknown = found.yes, found.unknown
    else:
        values, unknown = found, None if found.dtype.kind == "b" else ~np.isfinite(found)
    if gaps:
        values = values.astype(np.float64) if unknown is None else np.where(unknown, np.nan, values)
    elif unknown is not None and unknown.any():
        raise _no_value(tree, columns, np.broadcast_to(unknown, shape), what)
    return np.array(np.broadcast_to(values, shape))


def _shape(columns: Mapping[str, Column], rows: int | None) -> tuple[int, ...]:
    if rows is not None:
        return (rows,)
    lengths = {len(column) for column in columns.values() if not isinstance(column, (int, float)) and column.ndim == 1}
    if len(lengths) > 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    return tuple(lengths)


def _evaluate(node: ast.expr, columns: Mapping[str, Column]) -> np.ndarray | Truth:
    import numpy as np

    if isinstance(node, ast.Constant):
        return np.asarray(node.value, dtype=object if isinstance(node.value, str) else np.float64)
    if isinstance(node, ast.Name):
        return look_up(node.id, columns)
    if isinstance(node, ast.Compare):
        return _compare(node, columns)
    if isinstance(node, ast.BoolOp):
        parts = [as_truth(part, _evaluate(part, columns)) for part in node.values]
        return reduce(both if isinstance(node.op, ast.And) else either, parts)
    if isinstance(node, ast.UnaryOp):
        inner = _evaluate(node.operand, columns)
        return negation(as_truth(node.operand, inner)) if isinstance(node.op, ast.Not) else np.negative(as_number(node.operand, inner))
    if isinstance(node, ast.BinOp):
        left, right = (as_number(side, _evaluate(side, columns)) for side in (node.left, node.right))
        return _ARITHMETIC[type(node.op)](left, right)
    if isinstance(node, ast.IfExp):
        return _choose(node.test, node.body, node.orelse, columns)
    assert isinstance(node, ast.Call)
    return _call(node, columns)


def _divide(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.asarray(left / without_infinities(right))


_ARITHMETIC: dict[type[ast.operator], Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: _divide,
}


def _call(node: ast.Call, columns: Mapping[str, Column]) -> np.ndarray | Truth:
    import numpy as np

    assert isinstance(node.func, ast.Name)
    name = node.func.id
    if name == "where":
        return _choose(node.args[0], node.args[1], node.args[2], columns)
    values = [_evaluate(argument, columns) for argument in node.args]
    if name == "missing":
        return Truth(unknown_in(values[0]))
    numbers = [without_infinities(as_number(argument, value)) for argument, value in zip(node.args, values, strict=True)]
    if name == "number":
        return numbers[0]
    if name == "abs":
        return np.asarray(np.abs(numbers[0]))
    if name == "clip":
        return np.asarray(np.minimum(np.maximum(numbers[0], numbers[1]), numbers[2]))
    return np.asarray(reduce(np.maximum if name == "max" else np.minimum, numbers))


def _compare(node: ast.Compare, columns: Mapping[str, Column]) -> Truth:
    """A comparison, or a chain of them; integers are compared as integers, so long identifiers stay exact."""
    sides = [node.left, *node.comparators]
    values = [_evaluate(side, columns) for side in sides]
    links = []
    for index, operator in enumerate(node.ops):
        pair = _comparable(operator, sides[index : index + 2], values[index : index + 2])
        unknown = unknown_in(pair[0]) | unknown_in(pair[1])
        links.append(Truth(_COMPARE[type(operator)](*pair), unknown if unknown.any() else None))
    return reduce(both, links)


_COMPARE: dict[type[ast.cmpop], Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
}


def _comparable(operator: ast.cmpop, sides: list[ast.expr], values: list[np.ndarray | Truth]) -> list[np.ndarray]:
    """Both sides as arrays that may be compared: texts for equality with texts, numbers with numbers."""
    pairs = list(zip(sides, values, strict=True))
    texts = all(not isinstance(value, Truth) and value.dtype.kind == "O" for value in values)
    if any(is_text(side) for side in sides) or (texts and isinstance(operator, (ast.Eq, ast.NotEq))):
        return [as_text(side, value) for side, value in pairs]
    return [value if not isinstance(value, Truth) and value.dtype.kind in "iub" else as_number(side, value) for side, value in pairs]


def _choose(test: ast.expr, body: ast.expr, other: ast.expr, columns: Mapping[str, Column]) -> np.ndarray | Truth:
    """One of two values per row; unknown where the condition is, or where the chosen value is."""
    import numpy as np

    condition = as_truth(test, _evaluate(test, columns))
    first, second = _evaluate(body, columns), _evaluate(other, columns)
    if isinstance(first, Truth) and isinstance(second, Truth):
        unknown = np.where(condition.yes, unknown_in(first), unknown_in(second)) | unknown_in(condition)
        return Truth(np.where(condition.yes, first.yes, second.yes), unknown if unknown.any() else None)
    chosen = np.where(condition.yes, as_number(body, first), as_number(other, second))
    return chosen if condition.unknown is None else np.where(condition.unknown, np.nan, chosen)


def _no_value(tree: ast.expr, columns: Mapping[str, Column], unknown: np.ndarray, what: str) -> DataError:
    """The refusal, with the cause in the first few rows."""
    import numpy as np

    bad = np.flatnonzero(unknown)
    causes: dict[tuple[str, str], list[str]] = {}
    for row in bad[:MAX_EXAMPLES]:
        one = {
            name: look_up(name, columns)[row : row + 1] if np.ndim(column) else column
            for name, column in columns.items()
            if _mentions(tree, name)
        }
        causes.setdefault(_cause(tree, one) or ("has no value", what), []).append(str(row))
    more = f", {len(bad) - MAX_EXAMPLES} more" if len(bad) > MAX_EXAMPLES else ""
    problems = [
        Problem(f"row{'s' if len(rows) > 1 else ''} {', '.join(rows)}{more}", rule, None, hint) for (rule, hint), rows in causes.items()
    ]
    return DataError(f"{what} has no value on {len(bad):,} of {unknown.size:,} rows (counted from 0)", problems)


def _mentions(tree: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def _cause(node: ast.expr, row: Mapping[str, Column]) -> tuple[str, str] | None:
    """Rule and hint of the innermost part that has no value in this row and is used; None where the part has one."""
    import numpy as np

    with np.errstate(all="ignore"):
        value = _evaluate(node, row)
    if not unknown_in(value).any():
        return None
    for part in _used(node, row):
        found = _cause(part, row)
        if found is not None:
            return found
    if isinstance(node, ast.Name):
        shown = "null" if np.isnan(as_number(node, value)).all() else "infinite"
        return f"column {node.id!r} is {shown}", f"missing({node.id}) tells such rows apart"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not as_number(node.right, _evaluate(node.right, row)).all():
        below = fragment_of(node.right)
        return f"{fragment_of(node)!r} divides by zero", f"say what holds then: ... if {below} != 0 else 0"
    return f"{fragment_of(node)!r} is too large", "look at the units of the columns"


def _used(node: ast.expr, row: Mapping[str, Column]) -> list[ast.expr]:
    """The operands that decide the value of this row: of a choice, the condition and the chosen side."""
    if isinstance(node, ast.IfExp):
        parts = (node.test, node.body, node.orelse)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "where":
        parts = (node.args[0], node.args[1], node.args[2])
    else:
        return operands(node)
    condition = as_truth(parts[0], _evaluate(parts[0], row))
    return [parts[0], parts[1] if condition.yes.all() else parts[2]]
