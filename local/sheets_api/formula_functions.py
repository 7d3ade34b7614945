"""The functions that the emulator computes: those that tests and usual lead sheets need, none more.

Every other function (IMPORTRANGE, a custom function such as ENRICH) makes its formula opaque: it shows what somebody
has set (`POST /_emulator/spreadsheets/{id}/computed`), and `#NAME?` until then.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from local.sheets_api.cells import CellError
from local.sheets_api.formula_values import (
    Array,
    FormulaError,
    Single,
    Value,
    flat,
    number,
    raised,
    rows_of,
    text,
    truth,
)


def _round(value: Single, places: Single = 0) -> float:
    factor = 10.0 ** int(number(places))
    scaled = abs(number(value)) * factor
    return math.copysign(math.floor(scaled + 0.5) / factor, number(value))


def _mid(value: Single, start: Single, length: Single) -> str:
    first = int(number(start)) - 1
    if first < 0:
        raise FormulaError("NUM", "Function MID parameter 2 must be at least 1.")
    return text(value)[first : first + int(number(length))]


def _right(value: Single, length: Single = 1) -> str:
    count = int(number(length))
    return text(value)[-count:] if count else ""


def _is_number(value: Single) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _not_available() -> Single:
    raise FormulaError("N_A")


EACH: dict[str, Callable[..., Single]] = {
    "LEN": lambda value: len(text(value)),
    "UPPER": lambda value: text(value).upper(),
    "LOWER": lambda value: text(value).lower(),
    "PROPER": lambda value: text(value).title(),
    "TRIM": lambda value: " ".join(text(value).split(" ")).strip(),
    "LEFT": lambda value, length=1: text(value)[: int(number(length))],
    "RIGHT": _right,
    "MID": _mid,
    "VALUE": number,
    "ABS": lambda value: abs(number(value)),
    "ROUND": _round,
    "NOT": lambda value: not truth(value),
    "EXACT": lambda one, other: text(one) == text(other),
    "SUBSTITUTE": lambda value, old, new: text(value).replace(text(old), text(new)) if text(old) else text(value),
    "NA": _not_available,
}
"""Functions of single values; inside ARRAYFORMULA they apply to each cell."""

TOLERANT: dict[str, Callable[..., Single]] = {
    "ISBLANK": lambda value: value is None,
    "ISERROR": lambda value: isinstance(value, CellError),
    "ISTEXT": lambda value: isinstance(value, str),
    "ISNUMBER": _is_number,
    "IFERROR": lambda value, other=None: other if isinstance(value, CellError) else value,
}
"""Functions of single values that look at an error instead of passing it on."""


def _numbers(values: list[Value]) -> list[float]:
    """Return the numbers among the values: in ranges texts and empty cells do not count, errors are passed on."""
    found: list[float] = []
    for value in values:
        for item in flat([value]):
            if isinstance(item, CellError):
                raise raised(item)
            if _is_number(item) or not isinstance(value, Array):
                found.append(number(item))
    return found


def _average(*values: Value) -> float:
    found = _numbers(list(values))
    if not found:
        raise FormulaError("DIVIDE_BY_ZERO", "Evaluation of function AVERAGE caused a divide by zero error.")
    return sum(found) / len(found)


def _text_join(separator: Value, skip_empty: Value, *values: Value) -> str:
    skipping = truth(flat([skip_empty])[0])
    parts = [text(item) for item in flat(list(values))]
    return text(flat([separator])[0]).join(part for part in parts if part or not skipping)


def _filter(source: Value, *conditions: Value) -> Array:
    rows = rows_of(source)
    masks = [[truth(item) if not isinstance(item, CellError) else False for item in flat([c])] for c in conditions]
    if any(len(mask) != len(rows) for mask in masks):
        raise FormulaError("N_A", "FILTER has mismatched range sizes.")
    kept = Array([row for index, row in enumerate(rows) if all(mask[index] for mask in masks)])
    if not kept:
        raise FormulaError("N_A", "No matches are found in FILTER evaluation.")
    return kept


def _sequence(rows: Value, columns: Value = 1, start: Value = 1, step: Value = 1) -> Array:
    height, width = (max(int(number(flat([value])[0])), 1) for value in (rows, columns))
    if height * width > 1_000_000:
        raise FormulaError("NUM", "The result of SEQUENCE is too large.")
    first, by = (number(flat([value])[0]) for value in (start, step))
    return Array([[first + by * (row * width + column) for column in range(width)] for row in range(height)])


def _unique(source: Value) -> Array:
    return Array([list(row) for row in dict.fromkeys(tuple(row) for row in rows_of(source))])


WHOLE: dict[str, Callable[..., Value]] = {
    "SUM": lambda *values: sum(_numbers(list(values))),
    "AVERAGE": _average,
    "MIN": lambda *values: min(_numbers(list(values)), default=0),
    "MAX": lambda *values: max(_numbers(list(values)), default=0),
    "COUNT": lambda *values: sum(_is_number(item) for item in flat(list(values))),
    "COUNTA": lambda *values: sum(item is not None for item in flat(list(values))),
    "CONCATENATE": lambda *values: "".join(text(item) for item in flat(list(values))),
    "TEXTJOIN": _text_join,
    "AND": lambda *values: all(truth(item) for item in flat(list(values)) if item is not None),
    "OR": lambda *values: any(truth(item) for item in flat(list(values)) if item is not None),
    "SEQUENCE": _sequence,
    "TRANSPOSE": lambda source: Array([list(line) for line in zip(*rows_of(source), strict=True)]),
    "UNIQUE": _unique,
}
"""Functions that take ranges as a whole."""

FILTERS: dict[str, Callable[..., Value]] = {"FILTER": _filter}
"""Functions that take ranges as a whole and compute their arguments cell by cell, as ARRAYFORMULA does."""
