"""USER_ENTERED: what a typed text becomes, as in a spreadsheet with the locale en_US.

`1-10` is a date, `5%` a twentieth, `=1+1` a formula, `'1-10` the text `1-10`.
"""

from __future__ import annotations

import datetime as dt
import re

from local.sheets_api.cells import ERROR_KINDS, Cell, CellError, Formula, NumberFormat, check_length
from local.sheets_api.formulas import evaluate

EPOCH = dt.date(1899, 12, 30)
"""Day 0 of serial numbers."""

_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905  # reads as a calendar
)
_NUMBER = re.compile(r"([-+]?)(\$?)(\d{1,3}(?:,\d{3})+|\d*)(\.\d*)?([eE][-+]?\d+)?(%?)", re.ASCII)
_MONTH_DAY = re.compile(r"(\d{1,2})([/-])(\d{1,2})(?:\2(\d{4}|\d{2}))?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([/-])(\d{1,2})\2(\d{1,2})", re.ASCII)
_NAME_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:, ?(\d{4}))?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})([ -])([A-Za-z]{3,9})(?:\2(\d{4}))?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])[Mm])?", re.ASCII)

Entered = tuple[Cell, NumberFormat | None]


def enter(text: str, today: dt.date) -> Entered:
    """Return the cell that a typed text becomes, and the number format that it brings along.

    Raises GoogleError if the text is longer than a cell can be.
    """
    check_length(text)
    if not text:
        return None, None
    if text[0] == "'":
        return text[1:] or None, None
    if text[0] == "=" and len(text) > 1:
        return Formula(text, evaluate(text)), None
    if text in ERROR_KINDS:
        return CellError(ERROR_KINDS[text]), None
    if text.upper() in {"TRUE", "FALSE"}:
        return text.upper() == "TRUE", None
    trimmed = text.strip()
    return _number(trimmed) or _signed_formula(trimmed) or _moment(trimmed, today) or (text, None)


def _number(text: str) -> Entered | None:
    found = _NUMBER.fullmatch(text)
    if not found or not re.search(r"\d", text):
        return None
    sign, currency, whole, fraction, exponent, percent = found.groups()
    number = float(f"{sign}{whole.replace(',', '') or '0'}{fraction or ''}{exponent or ''}")
    decimals = "." + "0" * (len(fraction) - 1) if fraction and len(fraction) > 1 else ""
    if percent:
        return number / 100, {"type": "PERCENT", "pattern": "0" + (".00" if decimals else "") + "%"}
    if currency:
        return number, {"type": "CURRENCY", "pattern": '"$"#,##0' + (".00" if decimals else "")}
    if exponent:
        return number, {"type": "SCIENTIFIC", "pattern": "0.00E+00"}
    if "," in whole:
        return number, {"type": "NUMBER", "pattern": "#,##0" + (".00" if decimals else "")}
    return (number if fraction or abs(number) >= 1e15 else int(number)), None


def _signed_formula(text: str) -> Entered | None:
    """A leading + starts a formula, as when typed; a phone number or a word with + stays what it is."""
    if text[:1] != "+" or " " in text:
        return None
    value = evaluate("=" + text)
    return (Formula("=" + text, value), None) if not isinstance(value, CellError) else None


def _moment(text: str, today: dt.date) -> Entered | None:
    if not any(character.isdigit() for character in text):
        return None
    time = _time(text)
    if time:
        return time[0], {"type": "TIME", "pattern": time[1]}
    date = _date(text, today)
    if date:
        return (date[0] - EPOCH).days, {"type": "DATE", "pattern": date[1]}
    first, _, rest = text.replace("T", " ", 1).partition(" ")
    date, time = _date(first, today), _time(rest)
    if date and time:
        return (date[0] - EPOCH).days + time[0], {"type": "DATE_TIME", "pattern": f"{date[1]} {time[1]}"}
    return None


def _time(text: str) -> tuple[float, str] | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    pattern = ("h" if found[4] else "H") + ":mm" + (":ss" if found[3] else "") + (" am/pm" if found[4] else "")
    return (hour * 3600 + minute * 60 + second) / 86400, pattern


def _date(text: str, today: dt.date) -> tuple[dt.date, str] | None:
    if found := _MONTH_DAY.fullmatch(text):
        month, separator, day, year = found.groups()
        pattern = separator.join((_digits("M", month), _digits("d", day), *(["y" * len(year)] if year else [])))
        return _checked(year, int(month), int(day), pattern, today)
    if found := _YEAR_FIRST.fullmatch(text):
        year, separator, month, day = found.groups()
        return _checked(
            year, int(month), int(day), separator.join(("yyyy", _digits("M", month), _digits("d", day))), today
        )
    if found := _NAME_FIRST.fullmatch(text):
        name, day, year = found.groups()
        return _checked(year, _month(name), int(day), "MMM d" + (", yyyy" if year else ""), today)
    if found := _DAY_FIRST.fullmatch(text):
        day, separator, name, year = found.groups()
        return _checked(year, _month(name), int(day), separator.join(("d", "MMM", *(["yyyy"] if year else []))), today)
    return None


def _digits(letter: str, text: str) -> str:
    return letter * 2 if text.startswith("0") else letter


def _month(name: str) -> int:
    """Return the number of a month by its name or its first three letters, 0 if it is none."""
    lowered = name.lower()
    return next((number for number, month in enumerate(_MONTHS, 1) if lowered in {month, month[:3]}), 0)


def _checked(year: str | None, month: int, day: int, pattern: str, today: dt.date) -> tuple[dt.date, str] | None:
    number = int(year) if year else today.year
    if year and len(year) == 2:
        number += 2000 if number < 50 else 1900
    try:
        return dt.date(number, month, day), pattern
    except ValueError:
        return None
