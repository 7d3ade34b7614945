"""Columns by their titles, letters and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]
"""The values of a list's first rows."""


def letter(place: int) -> str:
    """Name a column as spreadsheets do: 0 is A, 26 is AA."""
    name = ""
    while place >= 0:
        place, rest = divmod(place, 26)
        name, place = chr(ord("A") + rest) + name, place - 1
    return name


def place_of(name: str) -> int | None:
    """Return the place of a column's letter or number from 1; None for another text."""
    if name.isdecimal() and int(name):
        return int(name) - 1
    if not re.fullmatch(r"[A-Za-z]{1,3}", name):
        return None
    place = 0
    for char in name.upper():
        place = place * 26 + ord(char) - ord("A") + 1
    return place - 1


def is_place(name: str, width: int) -> bool:
    """Whether a text is the letter or number of one of `width` columns."""
    place = place_of(name)
    return place is not None and place < width


def listing(titles: Sequence[str], width: int) -> str:
    """List the columns for a sentence."""
    if not any(titles):
        return f"{letter(0)} to {letter(width - 1)} (the list has no header row)"
    return ", ".join(title or f"column {letter(place)}" for place, title in enumerate(titles))


def clean(row: Sequence[str]) -> list[str]:
    """Return the cells of a row as titles: on one line, without marks and blanks around them."""
    return [" ".join(cell.replace("\ufeff", "").split()) for cell in row]


def folded(title: str) -> str:
    """Return a title as it is compared."""
    return " ".join(title.replace("\ufeff", "").split()).casefold()
