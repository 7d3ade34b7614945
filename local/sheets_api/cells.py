"""The possible contents of a cell, and their limits.

A cell is `None` (empty), text, a number, a truth value, an error, or a formula with its last value. Dates are numbers
(days since 1899-12-30) with a number format aside, as in Google Sheets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.sheets_api.google_errors import Json, invalid

MAX_CELL_CHARACTERS = 50_000
MAX_WORKBOOK_CELLS = 10_000_000

ERROR_TEXTS = {
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "ERROR": "#ERROR!",
}
ERROR_KINDS = {text: kind for kind, text in ERROR_TEXTS.items()}


@dataclass(frozen=True, slots=True)
class CellError:
    """An error as a value; `kind` is a word of Google's ErrorType."""

    kind: str
    message: str = ""

    @property
    def text(self) -> str:
        """How the cell shows it."""
        return ERROR_TEXTS[self.kind]


Scalar = str | int | float | bool | CellError
Block = tuple[tuple[Scalar | None, ...], ...]
"""Values in rows, all of one width."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and the value that it last had."""

    text: str
    value: Scalar | None
    link: str = ""
    """Where the cell leads if the whole formula is a HYPERLINK."""
    given: Block | None = None
    """What an opaque formula spills: somebody has set it, for the emulator cannot compute it."""


@dataclass(frozen=True, slots=True)
class Spilled:
    """What a formula elsewhere shows in this cell; nothing was typed here."""

    value: Scalar | None


Cell = Scalar | Formula | Spilled | None
NumberFormat = dict[str, str]


def value_of(cell: Cell) -> Scalar | None:
    """Return what a cell shows, behind its formula."""
    return cell.value if isinstance(cell, (Formula, Spilled)) else cell


def typed(cell: Cell) -> Scalar | Formula | None:
    """Return what was typed into a cell: None where a formula elsewhere fills it."""
    return None if isinstance(cell, Spilled) else cell


def plain_number(number: float) -> float:
    """Return an integral number as an int, as Google's JSON writes it."""
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else number


def check_length(text: str) -> None:
    """Raise GoogleError if a text is longer than a cell can be."""
    if len(text) > MAX_CELL_CHARACTERS:
        raise invalid("Your input contains more than the maximum of 50000 characters in a single cell.")


def extended_value(value: Scalar | Formula) -> Json:
    """Return a value as Google's ExtendedValue."""
    if isinstance(value, Formula):
        return {"formulaValue": value.text}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, CellError):
        return {"errorValue": {"type": value.kind, **({"message": value.message} if value.message else {})}}
    return {"numberValue": plain_number(value)}


def raw_cell(value: Any, place: str) -> Cell:  # noqa: ANN401  # whatever a JSON array can hold
    """Return a JSON value of a RAW write as a cell; "" empties it. `place` is such as `values[0][1]`."""
    if isinstance(value, str):
        check_length(value)
        return value or None
    if isinstance(value, (bool, int, float)):
        return value
    kind = "struct_value" if isinstance(value, dict) else "list_value"
    raise invalid(f"Invalid {place}: {kind} {{\n}}\n")
