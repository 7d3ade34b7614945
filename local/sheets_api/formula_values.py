"""What formulas compute with: single values, arrays, areas of the sheet; and how one becomes the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.sheets_api.cells import CellError, Scalar

Single = Scalar | None
"""One value; None is an empty cell."""


class Array(list[list[Single]]):
    """Rows of values, all of one width."""


class Area(Array):
    """The values of a range, which knows where it starts: outside of ARRAYFORMULA one row or column of it counts."""

    def __init__(self, rows: list[list[Single]], top: int, left: int) -> None:
        super().__init__(rows)
        self.top, self.left = top, left


Value = Single | Array


class FormulaError(Exception):
    """The formula shows an error."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message)
        self.error = CellError(kind, message)


def raised(error: CellError) -> FormulaError:
    """Return the exception that carries an error on."""
    return FormulaError(error.kind, error.message)


def number(value: Single) -> float:
    """Return a value as a number: empty is 0, a text is read. Raises FormulaError."""
    if value is None:
        return 0
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, CellError):
        raise raised(value)
    try:
        return float(value)
    except ValueError:
        sentence = f"expects number values. But '{value}' is a text and cannot be coerced to a number."
        raise FormulaError("VALUE", "Function parameter " + sentence) from None


def text(value: Single) -> str:
    """Return a value as a text. Raises FormulaError."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, CellError):
        raise raised(value)
    return value if isinstance(value, str) else format(value, ".15g")


def truth(value: Single) -> bool:
    """Return a value as TRUE or FALSE. Raises FormulaError."""
    if isinstance(value, str):
        if value.upper() in {"TRUE", "FALSE"}:
            return value.upper() == "TRUE"
        raise FormulaError("VALUE", f"'{value}' is a text and cannot be coerced to a boolean.")
    return bool(number(value))


def rows_of(value: Value) -> list[list[Single]]:
    """Return a value as rows."""
    return value if isinstance(value, Array) else [[value]]


def flat(values: list[Value]) -> list[Single]:
    """Return every single value, in reading order."""
    return [item for value in values for row in rows_of(value) for item in row]


def single(value: Value, row: int, column: int) -> Single:
    """Return the one value that counts for a formula in this cell. Raises FormulaError where an area has none.

    Of a column it is the one beside the formula, of a row the one above or below; of a computed array the first.
    """
    if not isinstance(value, Array):
        return value
    if not isinstance(value, Area):
        return value[0][0] if value and value[0] else None
    height, width = len(value), len(value[0]) if value else 0
    if height == width == 1:
        return value[0][0]
    if width == 1 and 0 <= row - value.top < height:
        return value[row - value.top][0]
    if height == 1 and 0 <= column - value.left < width:
        return value[0][column - value.left]
    raise FormulaError("VALUE", "An array value could not be found.")


def each(function: Callable[..., Single], values: list[Value]) -> Value:
    """Apply a function of single values to arrays, cell by cell; an error stays in its own cell."""
    if not any(isinstance(value, Array) for value in values):
        return function(*values)
    shaped = [rows_of(value) for value in values]
    height = max(len(rows) for rows in shaped)
    width = max((len(rows[0]) if rows else 0) for rows in shaped)
    return Array([[_one(function, shaped, r, c) for c in range(width)] for r in range(height)])


def _one(function: Callable[..., Single], shaped: list[list[list[Single]]], row: int, column: int) -> Single:
    taken: list[Any] = []
    for rows in shaped:
        r, c = row if len(rows) > 1 else 0, column if rows and len(rows[0]) > 1 else 0
        if r >= len(rows) or c >= len(rows[r]):
            return CellError("N_A", "Array arguments are of different size.")
        taken.append(rows[r][c])
    try:
        return function(*taken)
    except FormulaError as error:
        return error.error
    except ZeroDivisionError:
        return CellError("DIVIDE_BY_ZERO", "Function DIVIDE parameter 2 cannot be zero.")
