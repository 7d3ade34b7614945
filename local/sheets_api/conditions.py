"""Google's BooleanCondition: what a data validation asks of a cell, and a filter of a row."""

from __future__ import annotations

import re
from collections.abc import Callable

from local.sheets_api.cells import CellError, Scalar
from local.sheets_api.google_errors import GoogleError, Json, invalid
from local.sheets_api.workbook import Workbook

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)

_TEXT: dict[str, Callable[[str, str], bool]] = {
    "TEXT_CONTAINS": lambda text, wanted: wanted in text,
    "TEXT_NOT_CONTAINS": lambda text, wanted: wanted not in text,
    "TEXT_STARTS_WITH": lambda text, wanted: text.startswith(wanted),
    "TEXT_ENDS_WITH": lambda text, wanted: text.endswith(wanted),
    "TEXT_EQ": lambda text, wanted: text == wanted,
    "TEXT_NOT_EQ": lambda text, wanted: text != wanted,
}
_NUMBER: dict[str, Callable[[float, list[float]], bool]] = {
    "NUMBER_GREATER": lambda number, wanted: number > wanted[0],
    "NUMBER_GREATER_THAN_EQ": lambda number, wanted: number >= wanted[0],
    "NUMBER_LESS": lambda number, wanted: number < wanted[0],
    "NUMBER_LESS_THAN_EQ": lambda number, wanted: number <= wanted[0],
    "NUMBER_EQ": lambda number, wanted: number == wanted[0],
    "NUMBER_NOT_EQ": lambda number, wanted: number != wanted[0],
    "NUMBER_BETWEEN": lambda number, wanted: wanted[0] <= number <= wanted[1],
    "NUMBER_NOT_BETWEEN": lambda number, wanted: not wanted[0] <= number <= wanted[1],
}
_OTHERS = frozenset({"BLANK", "NOT_BLANK", "BOOLEAN", "ONE_OF_LIST", "ONE_OF_RANGE", "TEXT_IS_EMAIL", "TEXT_IS_URL"})


def check(condition: Json) -> None:
    """Raise GoogleError, 400, for a condition that the emulator does not know or that lacks a value."""
    kind = condition.get("type", "")
    if kind not in _OTHERS and kind not in _TEXT and kind not in _NUMBER:
        raise invalid(f"The emulator does not know the condition {kind or 'without a type'}.")
    wanted = condition.get("values", [])
    needed = 2 if kind.endswith("BETWEEN") else int(kind in _TEXT or kind in _NUMBER or kind.startswith("ONE_OF"))
    if len(wanted) < needed:
        raise invalid(f"BooleanCondition.values needs {needed} values for {kind}.")


def holds(workbook: Workbook, condition: Json, value: Scalar | None, shown: str) -> bool:
    """Whether a condition is true of a cell with this value, which shows as this text."""
    kind = condition["type"]
    wanted = [str(given.get("userEnteredValue", "")) for given in condition.get("values", [])]
    if kind in _TEXT:
        return _TEXT[kind](shown.casefold(), wanted[0].casefold())
    if kind in _NUMBER:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return _NUMBER[kind](value, [float(text) for text in wanted])
    return {
        "BLANK": lambda: shown == "",
        "NOT_BLANK": lambda: shown != "",
        "BOOLEAN": lambda: isinstance(value, bool) or shown in wanted,
        "ONE_OF_LIST": lambda: shown in wanted,
        "ONE_OF_RANGE": lambda: shown in _listed(workbook, wanted[0]),
        "TEXT_IS_EMAIL": lambda: bool(_ADDRESS.fullmatch(shown)),
        "TEXT_IS_URL": lambda: bool(_URL.fullmatch(shown)),
    }[kind]()


def _listed(workbook: Workbook, text: str) -> set[str]:
    try:
        sheet, area = workbook.resolve(text.removeprefix("="))
        box = sheet.fit(area, clip=True)
    except GoogleError:
        return set()
    cells = (row.cell(column) for row in sheet.rows[box.top : box.bottom] for column in range(box.left, box.right))
    return {str(cell) for cell in cells if cell is not None and not isinstance(cell, CellError)}
