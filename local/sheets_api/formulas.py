"""The few formulas that the emulator computes: literals, arithmetic, comparison, `&`, and HYPERLINK.

Every other formula (references, functions) keeps its text, is not moved when rows move, and shows `#NAME?`
until somebody sets its value (`POST /_emulator/spreadsheets/{id}/computed`).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from local.sheets_api.cells import CellError, Scalar

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>"(?:[^"]|"")*")"""
    r"""|(?P<word>[A-Za-z_]+)|(?P<sign><=|>=|<>|[-+*/^&()=<>,;%]))"""
)
_COMPARE: dict[str, Callable[[str | float, str | float], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_UNKNOWN = CellError("NAME", "The emulator does not compute this formula.")


class _NotComputed(Exception):
    """The formula uses more than the emulator knows."""


def evaluate(text: str) -> Scalar:
    """Return the value of a formula, given with its leading `=`."""
    try:
        return _Parser(text[1:]).whole()
    except ZeroDivisionError:
        return CellError("DIVIDE_BY_ZERO", "Function DIVIDE parameter 2 cannot be zero.")
    except (OverflowError, TypeError, ValueError):
        return CellError("VALUE")
    except (_NotComputed, RecursionError):
        return _UNKNOWN


class _Parser:
    """Recursive descent over the tokens; each method is one level of precedence."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        position, text = 0, text.strip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if not found or not found.lastgroup:
                raise _NotComputed
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()
        self.tokens.append(("end", ""))

    def whole(self) -> Scalar:
        value = self.comparison()
        if self.tokens[0][0] != "end":
            raise _NotComputed
        return value

    def take(self, *signs: str) -> str:
        kind, token = self.tokens[0]
        if kind == "sign" and token in signs:
            self.tokens.pop(0)
            return token
        return ""

    def comparison(self) -> Scalar:
        left = self.joined()
        while sign := self.take(*_COMPARE):
            right = self.joined()
            if isinstance(left, CellError) or isinstance(right, CellError):
                raise _NotComputed
            left = _COMPARE[sign](left, right)
        return left

    def joined(self) -> Scalar:
        left = self.total()
        while self.take("&"):
            left = _text(left) + _text(self.total())
        return left

    def total(self) -> Scalar:
        left = self.product()
        while sign := self.take("+", "-"):
            right = _number(self.product())
            left = _number(left) + right if sign == "+" else _number(left) - right
        return left

    def product(self) -> Scalar:
        left = self.power()
        while sign := self.take("*", "/"):
            right = _number(self.power())
            left = _number(left) * right if sign == "*" else _number(left) / right
        return left

    def power(self) -> Scalar:
        left = self.signed()
        while self.take("^"):
            left = float(_number(left) ** _number(self.signed()))
        return left

    def signed(self) -> Scalar:
        if sign := self.take("+", "-"):
            return _number(self.signed()) * (-1 if sign == "-" else 1)
        value = self.atom()
        while self.take("%"):
            value = _number(value) / 100
        return value

    def atom(self) -> Scalar:
        kind, token = self.tokens.pop(0)
        if kind == "number":
            return float(token) if set(token) & set(".eE") else int(token)
        if kind == "text":
            return token[1:-1].replace('""', '"')
        if kind == "word":
            return self.word(token.upper())
        if token == "(":  # noqa: S105  # a bracket of the formula
            value = self.comparison()
            if self.take(")"):
                return value
        raise _NotComputed

    def word(self, name: str) -> Scalar:
        if name in {"TRUE", "FALSE"}:
            return name == "TRUE"
        if name != "HYPERLINK" or not self.take("("):
            raise _NotComputed
        shown = self.comparison()
        if self.take(",", ";"):
            shown = self.comparison()
        if not self.take(")"):
            raise _NotComputed
        return shown


def _number(value: Scalar) -> float:
    if isinstance(value, (bool, int, float)):
        return value
    return float(value) if isinstance(value, str) else 1 / 0


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return value if isinstance(value, str) else format(value, ".15g") if isinstance(value, (int, float)) else ""
