"""FORMATTED_VALUE: how a cell shows its value, by its number format, in the locale en_US."""

from __future__ import annotations

import datetime as dt
import re

from local.sheets_api.cells import CellError, NumberFormat, Scalar
from local.sheets_api.entry import EPOCH

DEFAULT_PATTERNS = {
    "DATE": "M/d/yyyy",
    "TIME": "h:mm:ss am/pm",
    "DATE_TIME": "M/d/yyyy H:mm:ss",
    "PERCENT": "0.00%",
    "CURRENCY": '"$"#,##0.00',
    "NUMBER": "#,##0.00",
    "SCIENTIFIC": "0.00E+00",
}
MOMENTS = frozenset({"DATE", "TIME", "DATE_TIME"})
_DATE_TOKENS = re.compile(r"y+|M+|m+|d+|h+|H+|s+|am/pm|a/p|AM/PM|\"[^\"]*\"|\\.|.", re.DOTALL)


def show(value: Scalar, number_format: NumberFormat | None = None) -> str:
    """Return the text that a cell with this value shows."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, CellError):
        return value.text
    kind = (number_format or {}).get("type", "")
    pattern = (number_format or {}).get("pattern") or DEFAULT_PATTERNS.get(kind, "")
    if kind in MOMENTS:
        return show_moment(value, pattern)
    if not pattern or pattern in {"@", "General"}:
        return show_number(value)
    return show_pattern(value, pattern)


def show_number(number: float) -> str:
    """Return a number without a format: at most ten significant digits after rounding, integers in full."""
    if float(number).is_integer() and abs(number) < 1e15:
        return str(int(number))
    text = format(number, ".10g")
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}E{exponent[0]}{exponent[1:].lstrip('0')}" if e else mantissa


def show_pattern(number: float, pattern: str) -> str:
    """Return a number by a pattern of `0`, `#`, `,`, `.`, `%`, `E+00` and literal text around it."""
    body = re.search(r"[#0][#0,.]*(?:E\+0+)?", pattern)
    if not body:
        return show_number(number)
    scaled = number * 100 if "%" in pattern else number
    places = len(body[0].split("E")[0].partition(".")[2])
    if "E" in body[0]:
        digits = format(abs(scaled), f".{places}E")
    else:
        digits = format(abs(scaled), f"{',' if ',' in body[0] else ''}.{places}f")
    around = (pattern[: body.start()].replace('"', ""), pattern[body.end() :].replace('"', ""))
    return ("-" if scaled < 0 else "") + around[0] + digits + around[1]


def show_moment(serial: float, pattern: str) -> str:
    """Return a date, time or both by a pattern such as `M/d/yyyy H:mm`; `m` after hours is minutes."""
    try:
        moment = dt.datetime.combine(EPOCH, dt.time()) + dt.timedelta(seconds=round(serial * 86400))
    except OverflowError:
        return show_number(serial)
    tokens = _DATE_TOKENS.findall(pattern)
    twelve = any(token.lower() in {"am/pm", "a/p"} for token in tokens)
    shown, clock = [], False
    for position, token in enumerate(tokens):
        before_seconds = token[0] in "mM" and any(t[0] == "s" for t in tokens[position + 1 : position + 3])
        minutes = token[0] == "m" and (clock or before_seconds)
        shown.append(_token(token, moment, twelve=twelve, minutes=minutes))
        clock = token[0] in "hH" or (clock and token[0] in ": ")
    return "".join(shown)


def _token(token: str, moment: dt.datetime, *, twelve: bool, minutes: bool) -> str:
    letter, long = token[0], len(token) > 1
    if token.lower() in {"am/pm", "a/p"}:
        return moment.strftime("%p")
    if letter in '"\\':
        return token.strip('"') if letter == '"' else token[1:]
    numbers = {
        "y": moment.year if len(token) > 2 else moment.year % 100,
        "d": moment.day,
        "h": (moment.hour % 12 or 12) if twelve else moment.hour,
        "H": moment.hour,
        "s": moment.second,
    }
    if letter in "mM":
        if len(token) > 2:
            return moment.strftime("%b" if len(token) == 3 else "%B")
        number = moment.minute if minutes else moment.month
    elif letter == "d" and len(token) > 2:
        return moment.strftime("%a" if len(token) == 3 else "%A")
    elif letter in numbers:
        number = numbers[letter]
    else:
        return token
    return f"{number:02d}" if long else str(number)
