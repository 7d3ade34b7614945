"""The records of a CSV, one for each row that a spreadsheet shows; a stray quote swallows no row."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter

from local.lists.dialect import Dialect, is_bare_url
from local.lists.errors import BadFile

MAX_CELL = 200_000
"""Characters of a quoted cell over several lines; Excel's cells end at 32,767, Google's at 50,000."""
MAX_STRAY_QUOTES = 100
"""More than this is no slip of a pen, and each costs a look at what follows."""


Record = tuple[str, ...]
"""A row as it stands in the file: its text with the line end; what of it stands up to the end of the URL's cell, or ""
where it has to be cut; and the cells that are wanted of it, unless it has to be cut."""

_HEAD = itemgetter(1)


def parted(text: str) -> tuple[str, str]:
    """Part a record's text from its line end, which is empty in a last line that has none."""
    body = text.rstrip("\r\n")
    return body, text[len(body) :]


class Records:
    """Iterates over the records of a text, once.

    Args:
        blocks: of the text; each is whole lines, with their ends.
        dialect: how a line is cut.
        width: the cells of most lines: what tells a stray quote from a long cell.
        name: the file's, for sentences.
        url: the place of the URL's cell.
        others: the places of further cells that are wanted.

    Iterating raises `BadFile` where a quote is not closed and it cannot be told what its line should be.
    """

    def __init__(
        self,
        blocks: Iterable[str],
        dialect: Dialect,
        width: int,
        name: str,
        *,
        url: int = 0,
        others: Collection[int] = (),
    ) -> None:
        self._blocks = map(dialect.pattern(url, others).findall, blocks)
        self._pending: deque[Record] = deque()
        self._dialect, self._width, self._name = dialect, width, name
        self._line = 0
        self.stray_quotes: list[int] = []
        """Lines with an opening quote that was never closed, read as a letter; from 1."""

    def __iter__(self) -> Iterator[Record]:
        """Cut line by line."""
        return chain.from_iterable(self.batches())

    def batches(self) -> Iterator[Sequence[Record]]:
        """Iterate over the same, some records at once where no line has to be looked at."""
        for lines in self._blocks:
            if all(map(_HEAD, lines)):
                self._line += len(lines)
                yield lines
                continue
            self._pending.extend(lines)
            while self._pending:  # a cell over several lines may take lines of further blocks
                yield (self._next(self._pending.popleft()),)

    def _next(self, line: Record) -> Record:
        self._line += 1
        if line[1] or '"' not in line[0] or self._dialect.is_closed(line[0].rstrip("\r\n")):
            return line
        return self._over_several_lines(line[0]), ""

    def _over_several_lines(self, first: str) -> str:
        taken: list[Record] = []
        length, is_closed = 0, False
        while length <= MAX_CELL and not is_closed:
            if not self._pending:
                self._pending.extend(next(self._blocks, ()))
            if not self._pending:
                break
            record = self._pending.popleft()
            taken.append(record)
            line = record[0]
            length += len(line)
            is_closed = '"' in line and self._dialect.closes(line.rstrip("\r\n"))
        following = [record[0] for record in taken]
        text = "".join([first, *following])
        body = text.rstrip("\r\n")
        within = [*following[:-1], following[-1].partition('"')[0]] if following else []
        if is_closed and self._dialect.is_closed(body, tidy=True) and not any(map(self._is_a_row, within)):
            self._line += len(following)
            return text
        self._pending.extendleft(reversed(taken))
        return self._stray(first)

    def _is_a_row(self, line: str) -> bool:
        """Whether a line within a long cell is a row of its own: as wide as the others, with an address in a cell."""
        body = line.rstrip("\r\n")
        if not self._dialect.is_closed(body):  # a cell ends in it, and another one begins
            return False
        cells = self._dialect.cut(body)
        return 1 < self._width == len(cells) and any(is_bare_url(self._dialect.value(cell)) for cell in cells)

    def _stray(self, line: str) -> str:
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
        return self._dialect.delimiter.join(written) + line[len(body) :]
