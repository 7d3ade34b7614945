"""Render a JSON value as the value of a cell.

Facts about cells: a Google Sheets cell holds at most 50,000 characters (Google Drive help, "Files you can store in
Google Drive"). Google does not define "character"; UTF-16 code units, counted here, never undercount. Characters that
XML 1.0 excludes cannot survive an export to .xlsx, so they are removed. Whatever the value, nothing here raises, and
rendering stops where the cell is full: a value is never turned into a text of megabytes only to be cut.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

CellValue = str | int | float | bool
"""The value of a cell; "" is an empty one."""

CELL_LIMIT = 50_000
"""UTF-16 code units."""


class Rendering(StrEnum):
    """The ways to render a value; a missing value is an empty cell in each of them."""

    TEXT = "text"  # as it came; a list joined with "; "
    PLACE = "place"  # a list joined with ", "
    POSITIONS = "positions"  # pairs of title and company: "Founder at Slintel; …"
    PERIODS = "periods"  # pairs of start and end: "2006-2008; …"
    DATE = "date"  # Unix time in seconds → ISO date in UTC
    MOMENT = "moment"  # a year stays a number, a Unix time becomes an ISO date
    DISTINCT = "distinct"  # a list, each value once
    GROUPED = "grouped"  # pairs of heading and value: "Finance: A, B; Storage: C"
    DATED = "dated"  # pairs of value and Unix time: "A (2020-05-19); …"
    FIRST_NAME = "first name"  # the first word of a full name
    LAST_NAME = "last name"  # the words after it


def render(value: object, rendering: Rendering = Rendering.TEXT) -> CellValue:
    """Render any JSON value: as text within the limit of a cell, or as a number that a cell holds exactly."""
    if rendering is Rendering.TEXT and type(value) is str:
        return _fitting(_clean(value))
    cell = _RENDERERS[rendering](value)
    return _fitting(cell) if isinstance(cell, str) else cell


def iso_time(moment: datetime) -> str:
    """Format an aware time as `2026-11-24T09:30:00Z`; a naive one counts as UTC, never as the machine's own zone."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


_SEPARATORS = ("; ", ", ")
_DEEPEST = 16  # a lead nests four levels; what lies deeper than this was made to hurt
_EXACT = 2**53  # beyond it a cell, a 64-bit float, would round
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class _Room:
    """The room that is left in a cell; when it is used up, rendering stops."""

    characters: int = CELL_LIMIT
    values: int = 50_000
    """Also of values that show nothing: a custom field can make millions of empty lists of a few."""

    @property
    def used_up(self) -> bool:
        return self.characters < 0 or self.values < 0


def _clean(text: str) -> str:
    if len(text) > 2 * CELL_LIMIT:
        text = text[: 2 * CELL_LIMIT]
    if not text.isprintable():
        text = _LINE_END.sub("\n", _UNPRINTABLE.sub("", text))
        text = _SURROGATE.sub("\ufffd", text)  # half a pair: it could not be sent to anybody
    return "" if text.isspace() else text


def _fitting(text: str) -> str:
    if len(text) <= CELL_LIMIT // 2:  # at most two code units a character
        return text
    units = text[: CELL_LIMIT + 1].encode("utf-16-le")
    if len(units) <= CELL_LIMIT * 2:
        return text
    return units[: (CELL_LIMIT - 1) * 2].decode("utf-16-le", "ignore") + "…"  # ignores half a surrogate pair


def _scalar(value: object) -> CellValue:
    """Render a value that is neither a list nor an object."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else _digits(value)
    return ""


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python refuses to print more than 4,300 digits
        return ""


def _text(value: object, separators: tuple[str, ...] = _SEPARATORS, depth: int = 0, room: _Room | None = None) -> str:
    """Render any value as text: a list joined with the separator of its depth, an object as `key: value, …`."""
    room = room or _Room()
    room.values -= 1
    if not isinstance(value, list | dict):
        cell = _scalar(value)
        text = str(cell).upper() if isinstance(cell, bool) else str(cell)
        room.characters -= len(text)
        return text
    if depth == _DEEPEST:
        return ""
    if isinstance(value, dict):
        return ", ".join(_members(value, depth + 1, room))
    separator = separators[min(depth, len(separators) - 1)]
    return separator.join(_texts(value, separators, depth + 1, room))


def _members(value: dict[object, object], depth: int, room: _Room) -> Iterator[str]:
    for key, part in value.items():
        if room.used_up:
            return
        if text := _text(part, ("; ",), depth, room):
            yield f"{_clean(str(key))}: {text}"


def _texts(
    values: Iterable[object], separators: tuple[str, ...] = _SEPARATORS, depth: int = 1, room: _Room | None = None
) -> Iterator[str]:
    """Render the values that are not missing, as long as there is room."""
    room = room or _Room()
    for value in values:
        if room.used_up:
            return
        if text := _text(value, separators, depth, room):
            yield text


def _as_it_came(value: object) -> CellValue:
    return _text(value) if isinstance(value, list | dict) else _scalar(value)


def _date(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(date for date in map(_date, _flat(value)) if date)
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= len("4102444800")):
        return _clean(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    seconds = float(value) if isinstance(value, str) else value
    # 0 stands for "unknown" wherever Unix times are kept; past 2100 it is no date but another unit.
    if not 0 < seconds < datetime(2100, 1, 1, tzinfo=UTC).timestamp():
        return ""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _moment(value: object) -> CellValue:
    if isinstance(value, list):
        return "; ".join(str(moment) for moment in map(_moment, _flat(value)) if moment != "")
    if isinstance(value, int | float) and value > 9999:
        return _date(value)
    return _as_it_came(value)


def _flat(values: list[object]) -> Iterator[object]:
    return (value for value in values if not isinstance(value, list | dict))


def _distinct(value: object) -> str:
    room, texts = _Room(), dict[str, None]()
    for text in _texts(value if isinstance(value, list) else [value], room=room):
        if text in texts:
            room.characters += len(text)
        texts[text] = None
    return "; ".join(texts)


def _pairs(value: object, room: _Room) -> Iterator[tuple[object, object]]:
    for pair in value if isinstance(value, list) else ():
        if room.used_up:
            return
        if isinstance(pair, list) and len(pair) == 2:
            yield pair[0], pair[1]


def _grouped(value: object) -> str:
    room, groups = _Room(), dict[str, list[str]]()
    for heading, member in _pairs(value, room):
        if text := _text(member, room=room):
            groups.setdefault(_text(heading), []).append(text)
    return "; ".join(
        f"{heading}: {', '.join(texts)}" if heading else ", ".join(texts) for heading, texts in groups.items()
    )


def _dated(value: object) -> str:
    room = _Room()
    parts = ((_text(name, room=room), _date(seconds)) for name, seconds in _pairs(value, room))
    return "; ".join(f"{name} ({date})" if date else name for name, date in parts if name)


_HONORIFICS = frozenset({"dr", "prof", "mr", "mrs", "ms", "miss", "sir"})
_ASIDE = re.compile(r"\([^()]*\)|\"[^\"]*\"")


def _name_parts(value: object) -> tuple[str, str]:
    """Split a full name into first and last; both are empty where the order cannot be told (`Family, Given`)."""
    if not isinstance(value, str):
        return "", ""
    before, comma, _ = _ASIDE.sub(" ", _clean(value[:300])).partition(",")  # degrees follow the comma
    words = before.split()
    while len(words) > 1 and words[0].rstrip(".").casefold() in _HONORIFICS:
        del words[0]
    if not words or (comma and len(words) == 1):
        return "", ""
    return words[0], " ".join(words[1:])


_RENDERERS: dict[Rendering, Callable[[object], CellValue]] = {
    Rendering.TEXT: _as_it_came,
    Rendering.PLACE: lambda value: _text(value, (", ",)),
    Rendering.POSITIONS: lambda value: _text(value, ("; ", " at ")),
    Rendering.PERIODS: lambda value: _text(value, ("; ", "-")),
    Rendering.DATE: _date,
    Rendering.MOMENT: _moment,
    Rendering.DISTINCT: _distinct,
    Rendering.GROUPED: _grouped,
    Rendering.DATED: _dated,
    Rendering.FIRST_NAME: lambda value: _name_parts(value)[0],
    Rendering.LAST_NAME: lambda value: _name_parts(value)[1],
}
