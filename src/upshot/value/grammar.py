"""The closed grammar of expressions: what may be written, and a good sentence about everything else.

A recipe may come from a stranger, so an expression is never handed to `eval`. The text is first cut into tokens by one pattern, which
refuses every character that the grammar does not know before Python's parser sees it; then `ast` builds the tree, and a walk over it
lets through the listed nodes only. Own tokens rather than `ast` alone: they bound the work of the parser, keep its warnings away,
and say "no power" or "write and" where Python would say "invalid syntax".

    numbers        1  2.5  1e3  1_000             up to 1e15
    names          flows, money parameters or columns
    arithmetic     + - * /  and unary -           yes/no counts as 1/0
    comparison     < <= > >= == !=                chained too; a text only with == and !=
    logic          and or not                     a number is true where it is not 0
    choice         a if condition else b
    functions      abs(x) clip(x, low, high) max(a, b, ...) min(a, b, ...) missing(x) number(x) where(condition, a, b)

All of them work row by row. `missing(x)` is true where x is null; `number(x)` is x without its unit.
"""

from __future__ import annotations

import ast
import re
from keyword import iskeyword

from upshot.errors import did_you_mean

MAX_LENGTH = 2_000
MAX_NODES = 200
MAX_DEPTH = 30
MAX_NUMBER = 1e15

FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "abs": (1, 1),
    "clip": (3, 3),
    "max": (2, None),
    "min": (2, None),
    "missing": (1, 1),
    "number": (1, 1),
    "where": (3, 3),
}
"""Function -> fewest and most arguments (None: any number)."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<text>'[^'\\\n]*'|"[^"\\\n]*")
  | (?P<refused>\*\*|//|:=)
  | (?P<symbol><=|>=|==|!=|[-+*/<>(),])
    """,
    re.VERBOSE,
)
_OPERANDS = ("number", "name", "text")
_REFUSED = {
    "**": ("there is no power", "multiply instead"),
    "^": ("there is no power", "multiply instead"),
    "//": ("there is no whole-number division", "divide with /"),
    ":=": ("nothing can be assigned", None),
    "=": ("nothing can be assigned", "compare with =="),
    "%": ("there is no percent and no remainder", "write a share: 0.05"),
    "&": ("this is no operator", "write: and"),
    "|": ("this is no operator", "write: or"),
    "!": ("this is no operator", "write: not"),
    "~": ("this is no operator", "write: not"),
    ".": ("nothing can be looked up in a name", None),
    "[": ("nothing can be looked up in a name", None),
    "{": ("there are no sets and no maps", None),
    "#": ("there are no comments in an expression", "put it in a YAML comment"),
    "'": ("a text is not closed, or holds a backslash", None),
    '"': ("a text is not closed, or holds a backslash", None),
}
_NODES = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Call, ast.Name, ast.Constant)
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.Not, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


class ExpressionError(ValueError):
    """An expression that cannot be read, or whose names or units do not fit.

    Args:
        rule: What is wrong, in words.
        fragment: The part of the expression that it is about.
        hint: The nearest valid thing, where there is one.
    """

    def __init__(self, rule: str, fragment: str, hint: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.fragment = shortened(fragment)
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.rule}; got {self.fragment!r}"
        return text if self.hint is None else f"{text}; {self.hint}"


def shortened(text: str, limit: int = 60) -> str:
    """A fragment cut for a message.

    Example:
        >>> shortened("a + b + c", limit=6)
        'a +...'
    """
    return text if len(text) <= limit else text[: limit - 3] + "..."


def fragment_of(node: ast.expr) -> str:
    """A part of the tree as text, cut for a message."""
    return shortened(ast.unparse(node))


def read_tree(text: str) -> ast.expr:
    """The tree of an expression that keeps to the grammar.

    Raises:
        ExpressionError: It does not.
    """
    plain = _scan(text)
    try:
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = (error.offset or 1) - 1 if isinstance(error, SyntaxError) else 0
        raise ExpressionError("this cannot be read as an expression", plain[max(0, at - 15) :] or plain) from error
    if sum(isinstance(node, _NODES) for node in ast.walk(tree)) > MAX_NODES:
        raise ExpressionError(f"an expression has at most {MAX_NODES} numbers, names and operations", plain)
    _walk(tree, 1)
    if is_text(tree):
        raise ExpressionError("a text may only be compared with == or !=", fragment_of(tree))
    return tree


def is_text(node: ast.expr) -> bool:
    """Whether a node is a text literal."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _scan(text: str) -> str:
    """The text on one line, after every character was looked at."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, not {len(text)}", text)
    plain, position, before, depth = [], 0, "", 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup == "refused":
            raise _unknown_character(text, position)
        kind, token = str(found.lastgroup), found.group()
        if kind in _OPERANDS and before in _OPERANDS:
            raise ExpressionError("an operator is missing", text[max(0, position - 15) : position + 15])
        depth += (token == "(") - (token == ")")
        if depth > MAX_DEPTH:
            raise ExpressionError(f"at most {MAX_DEPTH} levels of parentheses", text[position - 15 :])
        plain.append(" " * len(token) if kind == "space" else token)
        before, position = kind, found.end()
    line = "".join(plain).strip()
    if not line:
        raise ExpressionError("an expression is needed", text)
    return line


def _unknown_character(text: str, position: int) -> ExpressionError:
    token = text[position : position + 2] if text[position : position + 2] in _REFUSED else text[position]
    rule, hint = _REFUSED.get(token, ("this character has no meaning in an expression", None))
    return ExpressionError(rule, text[max(0, position - 15) : position + 15], hint)


def _walk(node: ast.expr, depth: int) -> None:
    """Let through the listed nodes only."""
    if depth > MAX_DEPTH:
        raise ExpressionError(f"at most {MAX_DEPTH} levels, one inside the other", fragment_of(node))
    if not isinstance(node, _NODES):
        raise ExpressionError("an expression has numbers, names, arithmetic, comparisons and the listed functions", fragment_of(node))
    operators = [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.operator, ast.unaryop, ast.cmpop))]
    if not all(isinstance(operator, _OPERATORS) for operator in operators):
        raise ExpressionError("this operator is not one of + - * / < <= > >= == != and or not", fragment_of(node))
    if isinstance(node, ast.Constant):
        _check_constant(node)
    if isinstance(node, ast.Call):
        _check_call(node)
    for child in operands(node):
        if is_text(child) and not _may_hold_text(node):
            raise ExpressionError("a text may only be compared with a name, by == or !=", fragment_of(node))
        _walk(child, depth if _is_chain(node, child) else depth + 1)


def operands(node: ast.expr) -> list[ast.expr]:
    """The parts that a node works on, in the order of the text; a called function's name is none."""
    if isinstance(node, ast.Call):
        return list(node.args)
    if isinstance(node, ast.IfExp):
        return [node.body, node.test, node.orelse]
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def _is_chain(node: ast.expr, child: ast.expr) -> bool:
    """Whether a sum or product merely goes on: a + b + c is one level, however many terms it has."""
    return isinstance(node, ast.BinOp) and isinstance(child, ast.BinOp) and child is node.left


def _may_hold_text(node: ast.expr) -> bool:
    if not isinstance(node, ast.Compare):
        return False
    others = [side for side in (node.left, *node.comparators) if not is_text(side)]
    by_equality = all(isinstance(operator, (ast.Eq, ast.NotEq)) for operator in node.ops)
    return len(node.ops) == 1 and by_equality and len(others) == 1 and isinstance(others[0], ast.Name)


def _check_constant(node: ast.Constant) -> None:
    if isinstance(node.value, str):
        return
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise ExpressionError("only numbers, and texts in a comparison", fragment_of(node))
    if not abs(node.value) <= MAX_NUMBER:
        raise ExpressionError(f"a number is at most {MAX_NUMBER:g}", fragment_of(node))


def _check_call(node: ast.Call) -> None:
    if not isinstance(node.func, ast.Name) or node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise ExpressionError("a function is called by its name, with plain arguments", fragment_of(node))
    name = node.func.id
    if name not in FUNCTIONS:
        raise ExpressionError("unknown function", name, did_you_mean(name, FUNCTIONS))
    fewest, most = FUNCTIONS[name]
    if len(node.args) < fewest or (most is not None and len(node.args) > most):
        wanted = f"{fewest}" if fewest == most else f"{fewest} or more"
        hint = "it compares the values of one row" if name in ("min", "max") else None
        raise ExpressionError(f"{name} takes {wanted} argument{'s' if wanted != '1' else ''}", fragment_of(node), hint)


def is_name(text: str) -> bool:
    """Whether a text can stand in an expression as a name.

    Example:
        >>> is_name("review_cost"), is_name("review cost"), is_name("if"), is_name("min")
        (True, False, False, False)
    """
    return text.isidentifier() and not iskeyword(text) and text not in FUNCTIONS
