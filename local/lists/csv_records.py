"""The records of a CSV, one for each row that a spreadsheet shows; a stray quote swallows no row."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from local.lists.dialect import Dialect, is_bare_url
from local.lists.errors import BadFile

MAX_CELL = 200_000
"""Characters of a quoted cell over several lines; Excel's cells end at 32,767, Google's at 50,000."""
MAX_STRAY_QUOTES = 100
"""More than this is no slip of a pen, and each costs a look at what follows."""


class Record(NamedTuple):
    """A row as it stands in the file."""

    number: int
    """As a spreadsheet counts it, from 1."""
    cells: list[str]
    """Raw."""
    end: str
    """The line end; empty in a last line that has none."""


class Records:
    """Iterates over the records of some lines, once.

    Args:
        lines: with their ends, as a file opened with `newline=""` gives them.
        dialect: how a line is cut.
        width: the cells of most lines: what tells a stray quote from a long cell.
        name: the file's, for sentences.

    Iterating raises `BadFile` where a quote is not closed and it cannot be told what its line should be.
    """

    def __init__(self, lines: Iterable[str], dialect: Dialect, width: int, name: str) -> None:
        self._lines = iter(lines)
        self._pending: deque[str] = deque()
        self._dialect, self._width, self._name = dialect, width, name
        self._line = 0
        self.stray_quotes: list[int] = []
        """Lines with an opening quote that was never closed, read as a letter; from 1."""

    def __iter__(self) -> Iterator[Record]:
        """Cut line by line."""
        delimiter, cut_if_closed, number = self._dialect.delimiter, self._dialect.cut_if_closed, 0
        pending, lines = self._pending, self._lines
        while (line := pending.popleft() if pending else next(lines, None)) is not None:
            self._line += 1
            number += 1
            body = line.rstrip("\r\n")
            if '"' not in line:
                yield Record(number, body.split(delimiter), line[len(body) :])
            elif (cells := cut_if_closed(body)) is not None:
                yield Record(number, cells, line[len(body) :])
            else:
                yield self._over_several_lines(number, line)

    def _over_several_lines(self, number: int, first: str) -> Record:
        following: list[str] = []
        length, is_closed = 0, False
        while length <= MAX_CELL and not is_closed:
            line = self._pending.popleft() if self._pending else next(self._lines, None)
            if line is None:
                break
            following.append(line)
            length += len(line)
            is_closed = '"' in line and self._dialect.closes(line.rstrip("\r\n"))
        text = "".join([first, *following])
        body = text.rstrip("\r\n")
        within = [*following[:-1], following[-1].partition('"')[0]] if following else []
        if is_closed and self._dialect.is_closed(body, tidy=True) and not any(map(self._is_a_row, within)):
            self._line += len(following)
            return Record(number, self._dialect.cut(body), text[len(body) :])
        self._pending.extendleft(reversed(following))
        return self._stray(number, first)

    def _is_a_row(self, line: str) -> bool:
        """Whether a line within a long cell is a row of its own: as wide as the others, with an address in a cell."""
        body = line.rstrip("\r\n")
        if not self._dialect.is_closed(body):  # a cell ends in it, and another one begins
            return False
        cells = self._dialect.cut(body)
        return 1 < self._width == len(cells) and any(is_bare_url(self._dialect.value(cell)) for cell in cells)

    def _stray(self, number: int, line: str) -> Record:
        body = line.rstrip("\r\n")
        cells = self._dialect.cut(body)
        self.stray_quotes.append(self._line)
        if len(cells) != self._width or len(self.stray_quotes) > MAX_STRAY_QUOTES:
            line_number = self._line if len(cells) != self._width else self.stray_quotes[0]
            raise BadFile(
                f"The quote in line {line_number} of {self._name} is not closed, so nobody can tell where its cell "
                'ends. Open the file in a text editor, close or remove the quote ("), and run it again.'
            )
        # Written as a letter too: other programs would take it for the beginning of a cell over several lines.
        written = [cell if self._dialect.is_closed(cell) else self._dialect.raw(cell) for cell in cells]
        return Record(number, written, line[len(body) :])
