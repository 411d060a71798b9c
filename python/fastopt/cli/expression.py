"""Formulas that users type, such as ``a*exp(-b*x) + c``: read, never executed as Python.

The text is parsed to a syntax tree, and of that a few kinds of nodes are computed with: numbers,
names, + − * / **, and calls of the functions listed here. Whatever else a text holds is refused by
its name: attributes, subscripts, comparisons, strings, calls of anything else.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastopt._names import nearest
from fastopt.cli.failure import Misuse

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "log", "log10", "log2", "log1p", "expm1")},
    **{name: getattr(np, name) for name in ("sqrt", "cbrt", "abs", "sign", "floor", "ceil")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: getattr(np, name) for name in ("arcsin", "arccos", "arctan", "arctan2", "hypot")},
    **{name: getattr(np, name) for name in ("minimum", "maximum", "heaviside", "sinc")},
    "ln": np.log,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "min": np.minimum,
    "max": np.maximum,
    "pow": np.power,
}
CONSTANTS = {"pi": float(np.pi)}

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
# Longer texts are no formulas, and deeper ones would exhaust the stack.
_LONGEST, _DEEPEST = 2000, 100


class Expression:
    """A formula, called with the values of its names.

    Attributes
    ----------
    names : tuple of str
        Those that are no constants and no functions, in the order in which they stand there.

    Examples
    --------
    >>> from fastopt.cli.expression import Expression
    >>> line = Expression("a*x + b")
    >>> line.names, float(line({"a": 2.0, "x": 3.0, "b": 1.0}))
    (('a', 'x', 'b'), 7.0)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > _LONGEST:
            raise Misuse(f"the model has {len(text)} characters: {_LONGEST} are the most")
        if not text.strip():
            raise Misuse('the model is empty: give a formula such as "a*exp(-b*x) + c"')
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as error:
            at = f" at character {error.offset}" if error.offset else ""
            raise Misuse(f"the model {text!r} is no formula{at}: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError):
            raise Misuse(f"the model {text[:40]!r} … cannot be read as a formula") from None
        names: dict[str, None] = {}
        self._check(tree, names, 0)
        self.names, self._tree = tuple(names), tree

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Return the value; numbers that are not finite come without warnings."""
        with np.errstate(all="ignore"):
            return self._value(self._tree, values)

    def _check(self, node: ast.AST, names: dict[str, None], depth: int) -> None:
        """Refuse what is no formula, and note the names."""
        if depth > _DEEPEST:
            raise Misuse(f"the model stands too deep within brackets: {_DEEPEST} are the most")
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bool) or not isinstance(node.value, int | float):
                self._refuse(node, "a number is wanted")
        elif isinstance(node, ast.Name):
            if node.id in FUNCTIONS:
                self._refuse(node, f"it is a function: write {node.id}(…)")
            if node.id == "e":
                self._refuse(node, "write exp(…) for powers of Euler's number, or rename it")
            if node.id not in CONSTANTS:
                names.setdefault(node.id)
        elif isinstance(node, ast.BinOp):
            if type(node.op) is ast.BitXor:
                self._refuse(node, "powers are written **")
            if type(node.op) not in _BINARY:
                self._refuse(node, "+ − * / ** are what there is")
            self._check(node.left, names, depth + 1)
            self._check(node.right, names, depth + 1)
        elif isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            self._check(node.operand, names, depth + 1)
        elif isinstance(node, ast.Call):
            self._check_call(node, names, depth)
        else:
            self._refuse(node, "numbers, names, + − * / ** and functions are what there is")

    def _check_call(self, node: ast.Call, names: dict[str, None], depth: int) -> None:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            written = ast.unparse(node.func)
            near = nearest(written, FUNCTIONS)
            cure = f"did you mean {near}?" if near else f"there are {', '.join(FUNCTIONS)}"
            raise Misuse(f"the model calls {written!r}, which is no function here: {cure}")
        function = FUNCTIONS[node.func.id]
        wanted = getattr(function, "nin", 1)
        plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
        if not plain or len(node.args) != wanted:
            self._refuse(node, f"{node.func.id} takes {wanted} argument{'s' * (wanted > 1)}")
        for argument in node.args:
            self._check(argument, names, depth + 1)

    def _refuse(self, node: ast.AST, why: str) -> None:
        raise Misuse(f"the model holds {ast.unparse(node)!r}, which is not taken: {why}")

    def _value(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Constant):
            return _double(node.value)
        if isinstance(node, ast.Name):
            return CONSTANTS[node.id] if node.id in CONSTANTS else values[node.id]
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left, values), self._value(node.right, values)
            return _BINARY[type(node.op)](left, right)
        if isinstance(node, ast.UnaryOp):
            return _UNARY[type(node.op)](self._value(node.operand, values))
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        return FUNCTIONS[node.func.id](*(self._value(a, values) for a in node.args))


def _double(number: Any) -> np.float64:
    """Return a number as a double, in which powers of powers become infinite and not long."""
    try:
        return np.float64(number)
    except OverflowError:
        return np.float64(np.inf)
