"""Parts of a compiled formula, each a function of the cell that it stands in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from local.sheets_api.cells import CellError
from local.sheets_api.formula_functions import EACH, FILTERS, TOLERANT, WHOLE
from local.sheets_api.formula_values import (
    Area,
    Array,
    FormulaError,
    Single,
    Value,
    each,
    raised,
    rows_of,
    single,
    text,
    truth,
)
from local.sheets_api.references import Reference


class Scope(Protocol):
    """A formula's view from its cell. `link` is where a HYPERLINK that is the whole formula leads."""

    row: int
    column: int
    link: str

    def area(self, reference: Reference) -> Area:
        """Return the values of a reference. Raises FormulaError, REF, where there is none."""

    def named(self, name: str) -> Area:
        """Return the values of a named range. Raises FormulaError, NAME, where there is none."""


Node = Callable[[Scope, bool], Value]
"""Computes a part of a formula; True: inside ARRAYFORMULA, where operators apply to each cell of a range."""


class NotComputed(Exception):
    """The formula uses more than the emulator knows."""


def constant(value: Single) -> Node:
    """Return the node of a literal."""
    return lambda _scope, _spread: value


def reference_to(reference: Reference) -> Node:
    """Return the node of a reference."""
    return lambda scope, _spread: scope.area(reference)


def named_range(name: str) -> Node:
    """Return the node of a name."""
    return lambda scope, _spread: scope.named(name)


def applied(function: Callable[..., Single], arguments: list[Node], *, tolerant: bool = False) -> Node:
    """Return the node that applies a function of single values: to one value, or inside ARRAYFORMULA to each."""

    def checked(*values: Single) -> Single:
        for value in values:
            if isinstance(value, CellError):
                raise raised(value)
        return function(*values)

    used = function if tolerant else checked

    def node(scope: Scope, spread: bool) -> Value:  # noqa: FBT001  # a node's second argument
        values = [_value(argument, scope, spread, tolerant=tolerant) for argument in arguments]
        if spread:
            return each(used, values)
        return used(*(single(value, scope.row, scope.column) for value in values))

    return node


def _value(argument: Node, scope: Scope, spread: bool, *, tolerant: bool) -> Value:  # noqa: FBT001  # as a node's
    if not tolerant:
        return argument(scope, spread)
    try:
        return argument(scope, spread)
    except FormulaError as error:
        return error.error
    except ZeroDivisionError:
        return CellError("DIVIDE_BY_ZERO")


def array_of(lines: list[list[Node]]) -> Node:
    """Return the node of `{a, b; c, d}`: parts side by side, lines below each other. Inside it ranges spread."""

    def node(scope: Scope, _spread: bool) -> Value:  # noqa: FBT001  # a node's second argument
        whole = Array()
        for line in lines:
            parts = [rows_of(part(scope, True)) for part in line]
            if len({len(part) for part in parts}) > 1:
                raise FormulaError("VALUE", "Function ARRAY_ROW parameter 2 has mismatched row size.")
            whole.extend([item for part in parts for item in part[row]] for row in range(len(parts[0])))
        if len({len(row) for row in whole}) > 1:
            raise FormulaError("VALUE", "In ARRAY_LITERAL, an Array Literal was missing values for one or more rows.")
        return whole

    return node


def call(name: str, arguments: list[Node]) -> Node:
    """Return the node of a function's call. Raises NotComputed for one that the emulator does not have."""
    if name in _SPECIAL:
        return _SPECIAL[name](arguments)
    if name in EACH:
        return applied(EACH[name], arguments)
    if name in TOLERANT:
        return applied(TOLERANT[name], arguments, tolerant=True)
    if name in WHOLE:
        whole = WHOLE[name]
        return lambda scope, spread: whole(*(argument(scope, spread) for argument in arguments))
    if name in FILTERS:
        filtering = FILTERS[name]
        return lambda scope, _spread: filtering(*(argument(scope, True) for argument in arguments))
    raise NotComputed


def _array_formula(arguments: list[Node]) -> Node:
    if len(arguments) != 1:
        raise NotComputed
    (inner,) = arguments

    def node(scope: Scope, _spread: bool) -> Value:  # noqa: FBT001  # a node's second argument
        value = inner(scope, True)
        return Array(value) if isinstance(value, Area) else value

    return node


def _if(arguments: list[Node]) -> Node:
    if not 2 <= len(arguments) <= 3:
        raise NotComputed
    test, yes, no = (*arguments, constant(False))[:3]

    def node(scope: Scope, spread: bool) -> Value:  # noqa: FBT001  # a node's second argument
        asked = test(scope, spread)
        if spread and isinstance(asked, Array):
            return each(_choose, [asked, *(_value(branch, scope, spread, tolerant=True) for branch in (yes, no))])
        decided = single(asked, scope.row, scope.column)
        if isinstance(decided, CellError):
            raise raised(decided)
        return (yes if truth(decided) else no)(scope, spread)

    return node


def _choose(asked: Single, yes: Single, no: Single) -> Single:
    if isinstance(asked, CellError):
        raise raised(asked)
    return yes if truth(asked) else no


def _position(name: str) -> Callable[[list[Node]], Node]:
    def made(arguments: list[Node]) -> Node:
        def node(scope: Scope, spread: bool) -> Value:  # noqa: FBT001  # a node's second argument
            if not arguments:
                return (scope.row if name == "ROW" else scope.column) + 1
            area = arguments[0](scope, spread)
            if not isinstance(area, Area):
                raise FormulaError("N_A", "Argument must be a range.")
            if not spread:
                return (area.top if name == "ROW" else area.left) + 1
            if name == "ROW":
                return Array([[area.top + index + 1] for index in range(len(area))])
            return Array([[area.left + index + 1 for index in range(len(area[0]))]])

        return node

    return made


def _hyperlink(arguments: list[Node]) -> Node:
    if not 1 <= len(arguments) <= 2:
        raise NotComputed

    def node(scope: Scope, spread: bool) -> Value:  # noqa: FBT001  # a node's second argument
        address = single(arguments[0](scope, spread), scope.row, scope.column)
        scope.link = text(address)
        return single(arguments[-1](scope, spread), scope.row, scope.column)

    return node


_SPECIAL: dict[str, Callable[[list[Node]], Node]] = {
    "ARRAYFORMULA": _array_formula,
    "IF": _if,
    "ROW": _position("ROW"),
    "COLUMN": _position("COLUMN"),
    "HYPERLINK": _hyperlink,
}
"""Functions that decide what becomes of their arguments, or where they are."""
