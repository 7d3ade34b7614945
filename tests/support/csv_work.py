"""Count the characters that reading a CSV looks at: a measure of work that no load of the machine changes."""

from __future__ import annotations

import io
from contextlib import suppress

from local.lists.csv_records import MAX_CELL, MAX_STRAY_QUOTES, Records
from local.lists.dialect import Dialect, detect, usual_width
from local.lists.errors import BadFile

PIECES = [
    *('"', '""', '"""', '\\"', "\\", '\\""', '" ', ' "', '"x', 'x"', "'", "=", "\0", "\ufeff", " ", "a", "é", "😀"),
    *("\n", "\r\n", "\r", "\n\n", '"\n', '""\n', '\n"', "x\n", '\\"\n', 'x"\n'),
    *(",", ";", "\t", "|", ',"', '",', '","', ';"', "sep=;\n", "https://www.linkedin.com/in/x", "linkedin.com/in/x\n"),
]
"""Everything that the reader treats in a way of its own."""
FRAMES = ["{}", 'a,b\n"{}', 'a,b\n"{}",linkedin.com/in/x\n', "a;b\n{}\nx;y\n"]
DETECT_LINES = 400
LOOKS = 8
"""Times that a character is looked at where no quote is stray: to find the dialect and the width, and to be cut."""


class _Counted(Dialect):
    """A dialect that counts the characters that it is given."""

    looked_at = 0

    def cut(self, body: str) -> list[str]:
        _Counted.looked_at += len(body)
        return super().cut(body)

    def is_closed(self, body: str, *, tidy: bool = False) -> bool:
        _Counted.looked_at += len(body)
        return super().is_closed(body, tidy=tidy)

    def closes(self, body: str) -> bool:
        _Counted.looked_at += len(body)
        return super().closes(body)


def sized(frame: str, unit: str, length: int) -> str:
    """The unit again and again, up to so many characters, in a frame."""
    return frame.format((unit * (length // len(unit) + 1))[:length])


def excess(text: str) -> float:
    """Return the characters that reading a CSV looks at, as a multiple of what it may; more than 1 is too much.

    Each stray quote may cost a look at what follows it, up to the longest cell.
    """
    lines = io.StringIO(text, newline="").readlines()
    found = detect(lines[:DETECT_LINES])
    counted = _Counted(found.delimiter, found.escape, quotes_all=found.quotes_all)
    _Counted.looked_at = 0
    with suppress(BadFile):
        for _ in Records(lines, counted, usual_width(counted, lines[:DETECT_LINES]), "x.csv"):
            pass
    strays = min(MAX_STRAY_QUOTES + 1, text.count('"'))
    return _Counted.looked_at / (LOOKS * len(text) + LOOKS * strays * min(len(text), MAX_CELL) + 1)
