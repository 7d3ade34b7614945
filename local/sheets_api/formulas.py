"""Formulas compiled to functions: literals, references, operators, arrays, and the functions of `formula_functions`.

A formula that uses more than that is opaque: it is moved and rewritten as any other, and shows what it was given.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable
from typing import Any

from local.sheets_api.cells import CellError, Scalar
from local.sheets_api.formula_nodes import (
    Node,
    NotComputed,
    Scope,
    applied,
    array_of,
    call,
    constant,
    named_range,
    reference_to,
)
from local.sheets_api.formula_values import Area, FormulaError, Single, Value, number, raised, single, text
from local.sheets_api.references import REFERENCE, Reference, parse

_TOKEN = re.compile(
    rf"""\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<gone>(?:(?:'(?:[^']|'')+'|[^\W\d]\w*)!)?\#REF!)|(?P<reference>{REFERENCE})"""
    r"""|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<word>[^\W\d][\w.]*)|(?P<sign><=|>=|<>|[-+*/^&()=<>,;%{}]))"""
)
NAME_ERROR = CellError("NAME", "The emulator does not compute this formula.")
LONGEST_COMPUTED = 5000
"""Characters of a formula; a longer one is opaque."""


def _compared(sign: str, left: Single, right: Single) -> bool:
    pair = []
    for value, other in ((left, right), (right, left)):
        if isinstance(value, CellError):
            raise raised(value)
        filled: Scalar = ("" if isinstance(other, str) else 0) if value is None else value
        # Numbers come before texts, texts before FALSE and TRUE; case does not count.
        rank = 2 if isinstance(filled, bool) else 1 if isinstance(filled, str) else 0
        pair.append((rank, filled.casefold() if isinstance(filled, str) else filled))
    return bool(_COMPARE[sign](*pair))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Single, Single], Single]] = {
    "+": lambda left, right: number(left) + number(right),
    "-": lambda left, right: number(left) - number(right),
    "*": lambda left, right: number(left) * number(right),
    "/": lambda left, right: number(left) / number(right),
    "^": lambda left, right: float(number(left) ** number(right)),
    "&": lambda left, right: text(left) + text(right),
    **{sign: functools.partial(_compared, sign) for sign in _COMPARE},
}
_LEVELS = (tuple(_COMPARE), ("&",), ("+", "-"), ("*", "/"), ("^",))
"""Operators from the loosest to the tightest."""


_LITERALS: dict[str, Callable[[str], Scalar]] = {
    "number": lambda token: float(token) if set(token) & set(".eE") else int(token),
    "text": lambda token: token[1:-1].replace('""', '"'),
    "gone": lambda _token: CellError("REF", "Reference does not exist."),
}


@functools.lru_cache(maxsize=200_000)
def compiled(formula: str) -> Node | None:
    """Return what computes a formula, given with its leading `=`; None where the emulator does not."""
    if len(formula) > LONGEST_COMPUTED:
        return None
    try:
        return _Parser(formula[1:]).whole()
    except (NotComputed, RecursionError):
        return None


class Nowhere:
    """The scope of a formula that stands in no sheet: every reference makes it opaque."""

    row = column = 0
    link = ""

    def area(self, reference: Reference) -> Area:
        """Raise NotComputed."""
        raise NotComputed(str(reference))

    def named(self, name: str) -> Area:
        """Raise NotComputed."""
        raise NotComputed(name)


def evaluate(formula: str) -> Scalar:
    """Return the value of a formula without references, `#NAME?` where it has some or is opaque."""
    node = compiled(formula)
    try:
        value = NAME_ERROR if node is None else single(computed(node, Nowhere()), 0, 0)
    except NotComputed:
        return NAME_ERROR
    return "" if value is None else value


def computed(node: Node, scope: Scope) -> Value:
    """Return what a compiled formula shows in its cell; an array is what it spills."""
    try:
        value = node(scope, False)
        # A range by itself shows the value beside the formula; an array that was computed spills.
        return single(value, scope.row, scope.column) if isinstance(value, Area) else value
    except FormulaError as error:
        return error.error
    except ZeroDivisionError:
        return CellError("DIVIDE_BY_ZERO", "Function DIVIDE parameter 2 cannot be zero.")
    except OverflowError:
        return CellError("NUM")
    except (TypeError, ValueError):
        return CellError("N_A", "Wrong number of arguments.")


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, formula: str) -> None:
        self.tokens: list[tuple[str, re.Match[str] | None, str]] = []
        position, formula = 0, formula.strip()
        while position < len(formula):
            found = _TOKEN.match(formula, position)
            if not found:
                raise NotComputed
            kind = next(name for name in ("text", "gone", "reference", "number", "word", "sign") if found[name])
            self.tokens.append((kind, found, found[kind]))
            position = found.end()
        self.tokens = [*self.tokens, ("end", None, "")][::-1]

    def whole(self) -> Node:
        node = self.level(0)
        if self.tokens[-1][0] != "end":
            raise NotComputed
        return node

    def take(self, *signs: str) -> str:
        kind, _, token = self.tokens[-1]
        if kind == "sign" and token in signs:
            self.tokens.pop()
            return token
        return ""

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise NotComputed

    def level(self, depth: int) -> Node:
        if depth == len(_LEVELS):
            return self.signed()
        left = self.level(depth + 1)
        while sign := self.take(*_LEVELS[depth]):
            left = applied(_ARITHMETIC[sign], [left, self.level(depth + 1)])
        return left

    def signed(self) -> Node:
        if sign := self.take("+", "-"):
            inner = self.signed()
            return applied(lambda value: -number(value), [inner]) if sign == "-" else inner
        node = self.atom()
        while self.take("%"):
            node = applied(lambda value: number(value) / 100, [node])
        return node

    def atom(self) -> Node:
        kind, found, token = self.tokens.pop()
        if kind in _LITERALS:
            return constant(_LITERALS[kind](token))
        if kind == "reference" and found is not None:
            return reference_to(parse(found["sheet"], found["cells"]))
        if kind == "word":
            return self.word(token.upper())
        if token == "(":  # noqa: S105  # a bracket of the formula
            node = self.level(0)
            self.expect(")")
            return node
        if token == "{":  # noqa: S105  # a bracket of the formula
            return self.literal_array()
        raise NotComputed

    def literal_array(self) -> Node:
        lines = [[self.level(0)]]
        while sign := self.take(",", ";"):
            if sign == ",":
                lines[-1].append(self.level(0))
            else:
                lines.append([self.level(0)])
        self.expect("}")
        return array_of(lines)

    def word(self, name: str) -> Node:
        if not self.take("("):
            if name in {"TRUE", "FALSE"}:
                return constant(name == "TRUE")
            return named_range(name)
        arguments: list[Node] = []
        if not self.take(")"):
            arguments = [self.argument()]
            while self.take(",", ";"):
                arguments.append(self.argument())
            self.expect(")")
        return call(name, arguments)

    def argument(self) -> Node:
        kind, _, token = self.tokens[-1]
        return constant(None) if kind == "sign" and token in {",", ";", ")"} else self.level(0)
