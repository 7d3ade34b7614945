"""A list in a CSV: read in any dialect and encoding; in a result every cell that is not Leadfill's is as it came."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from functions.fields.cell_format import CellValue
from local.lists import dialect as dialects
from local.lists import encoding as encodings
from local.lists.contract import Cells, Row
from local.lists.csv_records import Record, Records, parted
from local.lists.csv_safety import guarded
from local.lists.dialect import Dialect
from local.lists.encoding import Encoding
from local.lists.errors import BadFile
from local.lists.layout import Layout
from local.lists.shape import Shape, shape_of
from local.lists.url_column import is_profile

BLOCK = 1 << 17
"""Characters that are read at once; each block is parted into lines by one pass of a pattern."""
DIALECT_LINES = 400
WRITTEN_AT_ONCE = 300
"""Pieces of text that are written at once, three for a row; few, since one may be long."""
_LINE_ENDS = frozenset("\r\n")
SAMPLE_ROWS = 200
"""Rows with text in them that are looked at to find header and column; more where none of them holds a profile."""
SHOWN_LINES = 5
REMEMBERED = 20_000
"""Different cells that are read once."""


@dataclass(frozen=True, slots=True)
class CsvList:
    """A CSV whose encoding, dialect and shape are known."""

    path: Path
    encoding: Encoding
    dialect: Dialect
    width: int
    """The cells of most lines."""
    mark: str
    """What precedes the first row: the file's mark, and a line that names the delimiter."""
    above: tuple[str, ...]
    """What stands above the list, its header last."""
    shape: Shape
    stray_quotes: list[int] = field(default_factory=list)
    """Lines whose quote was read as a letter, as far as the list has been read."""

    @property
    def suffix(self) -> str:
        """`.csv`, or `.tsv` where the list is called so."""
        return self.path.suffix if self.path.suffix.lower() in {".tsv", ".tab", ".txt"} else ".csv"

    @property
    def notes(self) -> Sequence[str]:
        """What was found out that a person may want to check."""
        notes = []
        if self.encoding.example:
            notes.append(
                f"The list is not UTF-8; it is read as {self.encoding.label}: “{self.encoding.example}”. If that looks "
                "wrong, set ENCODING=… (--encoding). The result is UTF-8, which has every letter."
            )
        elif not self.encoding.is_unicode:
            notes.append(f"The list is read as {self.encoding.label}; the result is UTF-8, which has every letter.")
        if lines := self.encoding.doubtful_lines:
            whose = "its" if len(lines) == 1 else "their"
            notes.append(
                f"{_lines(lines)} not UTF-8 like the rest; {whose} bytes are left as they are, and read as "
                "Windows-1252 in a workbook."
            )
        if self.stray_quotes:
            notes.append(
                f"The quote in {_lines(self.stray_quotes, verb='')} is not closed; it is read as an ordinary character."
            )
        if self.shape.header:
            number = len(self.above) + self.offset
            notes.append(f"The header is row {number}; what stands above it is kept.")
        return notes

    @property
    def offset(self) -> int:
        """1 where a line that names the delimiter comes before the first row."""
        return int(self.mark.endswith(("\n", "\r")))

    def cells(self, text: str) -> list[str]:
        """Cut the text of a record into its raw cells."""
        return self.dialect.cut(parted(text)[0])

    def rows(self, layout: Layout) -> Iterator[Row]:
        """Iterate over every row; see `SourceList`."""
        column, old, value = self.shape.url_column, layout.old, self.dialect.value
        places = sorted({column, *(place for _, place in old)})

        @lru_cache(maxsize=REMEMBERED)
        def shown(raw: tuple[str, ...]) -> Cells:
            """Return what the URL's cell and the fields' cells show."""
            shown_at, held = dict(zip(places, map(value, raw), strict=True)), [""] * len(layout.fields)
            for field_number, place in old:
                held[field_number] = shown_at[place].strip()
            return Cells(shown_at[column], tuple(held))

        name = str(self.path)
        with self.encoding.open(self.path) as file:
            records = Records(_blocks(file, self.mark), self.dialect, self.width, name, url=column, others=places)
            records.stray_quotes = self.stray_quotes
            self.stray_quotes.clear()
            below = islice(records, self.shape.first, None)
            for number, record in enumerate(below, self.shape.first + self.offset + 1):
                if record[1]:
                    yield Row(number, shown(record[2:]), record)
                else:
                    cells = self.cells(record[0])
                    raw = tuple([cells[place] if place < len(cells) else "" for place in places])
                    yield Row(number, shown(raw), record)

    def create(self, target: Path, layout: Layout) -> CsvWriter:
        """Begin the result; see `SourceList`."""
        return CsvWriter(self, target, layout)


class _Rendered(NamedTuple):
    """Raw cells for a row."""

    filling: Mapping[int, str]
    """For columns of the list."""
    new: list[str]
    """Of new columns."""
    inserted: str
    """The same as they are put into a row."""


class CsvWriter:
    """Puts values into their cells, and passes on everything else as it stands in the list."""

    def __init__(self, source: CsvList, target: Path, layout: Layout) -> None:
        self._dialect, self._layout = source.dialect, layout
        self._join = source.dialect.delimiter.join
        self._new, self._after = layout.new, source.shape.url_column + 1
        self._old = layout.old
        self._end = next(filter(None, (parted(text)[1] for text in source.above)), "\r\n")
        self._open_ended, self._nothing = False, ("",) * len(layout.fields)
        self._texts: list[str] = []  # written at once
        self._file: TextIO = source.encoding.create(target)
        mark = source.mark if source.encoding.is_unicode else source.mark.lstrip("\ufeff")
        self._file.write(mark)
        header = source.shape.header
        for place, text in enumerate(source.above):
            cells, after = source.cells(text), self._after - source.shape.shift
            if place == header:
                titles = [self._dialect.raw(guarded(layout.fields[number].header)) for number in self._new]
                cells = cells + [""] * (after - len(cells) if titles else 0)
                cells[after:after] = titles
            self._write(self._join(cells) + parted(text)[1])

    def render(self, held: Sequence[str], values: Sequence[CellValue] | None) -> _Rendered:
        """Return raw cells; see `ListWriter`."""
        dialect = self._dialect
        raw = [dialect.raw(guarded(value)) if value != "" else "" for value in values or self._nothing]
        new = [raw[number] for number in self._new]
        filling = {place: raw[number] for number, place in self._old if raw[number] and not held[number]}
        return _Rendered(filling, new, "".join(dialect.delimiter + cell for cell in new))

    def write(self, record: Record, rendered: _Rendered) -> None:
        """Write a row; see `ListWriter`."""
        filling, new, inserted = rendered
        text, before = record[0], record[1]
        if before and not filling and not self._open_ended:
            self._put(before, inserted, text[len(before) :])
            return
        (body, end), after = parted(text), self._after
        cells = self._dialect.cut(body)
        for place, cell in filling.items():
            cells += [""] * (place + 1 - len(cells))
            cells[place] = cell
        if len(cells) >= after:
            if cells != [""] or any(new):  # a line without anything stays one
                cells = cells[:after] + new + cells[after:]
        elif any(new):
            cells = cells + [""] * (after - len(cells)) + new
        self._write(self._join(cells) + end)

    def close(self) -> None:
        """Finish the file durably."""
        self._flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def _write(self, text: str) -> None:
        self._put(self._end if self._open_ended else "", text)
        self._open_ended = text[-1:] not in _LINE_ENDS  # where rows are added to a list whose last line has no end

    def _put(self, *texts: str) -> None:
        self._texts += texts
        if len(self._texts) >= WRITTEN_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        self._file.write("".join(self._texts))
        self._texts.clear()


def open_csv(
    path: Path, *, column: str = "", header_row: int | None = None, encoding: str = "", delimiter: str = ""
) -> CsvList:
    """Find out how a CSV is written and where its LinkedIn URLs are.

    Raises:
        BadFile: empty, without such a column, or not readable; the sentence says what to do.
    """
    try:
        found = encodings.detect(path, encoding)
        mark, dialect, width = _dialect(path, found, delimiter)
        separator = dialects.SEP_LINE.fullmatch(mark)
        with found.open(path) as file:
            sample = _sample(Records(_blocks(file, mark), dialect, width, str(path)), dialect)
    except UnicodeError as error:
        raise BadFile(f"{path} is cut off in the middle of a character; export the list again.") from error
    values = [[dialect.value(cell) for cell in dialect.cut(parted(text)[0])] for text in sample]
    if header_row and separator:
        header_row -= 1
    shape = shape_of(values, str(path), column=column, header_row=header_row)
    return CsvList(path, found, dialect, width, mark, tuple(sample[: shape.first]), shape)


def read_values(path: Path) -> list[list[str]]:
    """Read a CSV of any encoding and dialect whole: what each cell shows, without a line that names the delimiter.

    Raises:
        BadFile: it cannot be read.
    """
    try:
        found = encodings.detect(path)
        mark, dialect, width = _dialect(path, found, "")
        with found.open(path) as file:
            records = Records(_blocks(file, mark), dialect, width, str(path))
            return [[dialect.value(cell) for cell in dialect.cut(parted(text)[0])] for text, *_ in records]
    except UnicodeError as error:
        raise BadFile(f"{path} is cut off in the middle of a character; export the list again.") from error


def _dialect(path: Path, encoding: Encoding, delimiter: str) -> tuple[str, Dialect, int]:
    """Return what precedes the first row, how rows are cut, and how many cells most of them have."""
    with encoding.open(path) as file:
        lines = list(islice(file, DIALECT_LINES))
    mark = _mark(lines)
    separator = dialects.SEP_LINE.fullmatch(mark)
    if lines:
        lines = lines[1:] if lines[0] == mark else [lines[0][len(mark) :], *lines[1:]]
    if dialects.quotes_lines(lines):
        raise BadFile(
            f"Each line of {path} is one quoted cell, such as {lines[0].strip()[:60]}: a program that expects another "
            "delimiter has saved it. Export the list again, or remove the quotes around each line."
        )
    said, named = _delimiter(delimiter), separator[1] if separator else ""
    dialect = dialects.detect(lines, said or named)
    if named and not said and not dialects.leaves_urls(dialect, lines):  # the line may name another than the file has
        other = dialects.detect(lines)
        dialect = other if dialects.leaves_urls(other, lines) else dialect
    return mark, dialect, dialects.usual_width(dialect, lines)


def _delimiter(name: str) -> str:
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(name.lower(), name)
    if len(named) > 1 or named in {'"', "\r", "\n"}:
        raise BadFile(f"The delimiter {name!r} is not valid; give one character or “tab”.")
    return named


def _mark(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    if dialects.SEP_LINE.fullmatch(lines[0]):
        return lines[0]
    return lines[0][: len(lines[0]) - len(lines[0].lstrip("\ufeff"))]


def _blocks(file: TextIO, mark: str) -> Iterator[str]:
    """Iterate over the file in blocks of whole lines, without what precedes the first row."""
    file.read(len(mark))
    while block := file.read(BLOCK):
        yield block + file.readline()


def _sample(records: Records, dialect: Dialect) -> list[str]:
    """Return the first records: so many that some hold a profile, if any do."""
    sample: list[str] = []
    texts, has_profile = 0, False
    for text, *_ in records:
        sample.append(text)
        cells = dialect.cut(parted(text)[0])
        if any(cells):
            texts += 1
            has_profile = has_profile or any(is_profile(dialect.value(cell)) for cell in cells)
        if texts >= SAMPLE_ROWS and has_profile:
            break
    return sample


def _lines(numbers: Sequence[int], verb: str = "is") -> str:
    shown = ", ".join(map(str, numbers[:SHOWN_LINES])) + (" and more" if len(numbers) > SHOWN_LINES else "")
    if not verb:
        return f"line{'s' if len(numbers) > 1 else ''} {shown}"
    return f"Line{'s' if len(numbers) > 1 else ''} {shown} {'are' if len(numbers) > 1 else verb}"
