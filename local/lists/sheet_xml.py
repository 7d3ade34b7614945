"""The XML of a worksheet, read row by row and changed in single cells; every other character stays as it is.

Source: ECMA-376, SpreadsheetML (sheetData, row, c, is, hyperlink). Generators differ: prefixed names (`x:row`),
cells and rows without references, inline or shared text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import NamedTuple, TextIO
from xml.sax.saxutils import escape, quoteattr

from functions.fields.cell_format import CellValue
from local.lists.columns import letter
from local.lists.errors import BadFile

_CHUNK = 1 << 20
MAX_PIECE = 1 << 26
"""Characters of a row, or of what precedes the rows; the largest row of Excel's is smaller, and a zip bomb is not."""
MAX_TAIL = 1 << 28
"""Characters of what follows the rows: links, formats."""
_DATA = re.compile(r"<((?:[\w.-]+:)?)sheetData\b[^>]*?(/?)>")
_DATA_END = re.compile(r"</(?:[\w.-]+:)?sheetData\s*>")
_ROW = re.compile(r"<((?:[\w.-]+:)?)row\b([^>]*?)(?:/>|>(.*?)</\1row>)", re.DOTALL)
_CELL = re.compile(r"<((?:[\w.-]+:)?)c\b([^>]*?)(?:/>|>(.*?)</\1c>)", re.DOTALL)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_PHONETIC = re.compile(r"<((?:[\w.-]+:)?)rPh\b.*?</\1rPh>", re.DOTALL)
_TEXT = re.compile(r"<(?:[\w.-]+:)?t\b[^>]*?(?:/>|>(.*?)</(?:[\w.-]+:)?t>)", re.DOTALL)
_VALUE = re.compile(r"<(?:[\w.-]+:)?v\b[^>]*?>(.*?)</(?:[\w.-]+:)?v>", re.DOTALL)
_FORMULA = re.compile(r"<(?:[\w.-]+:)?f\b[^>]*?(?:/>|>(.*?)</(?:[\w.-]+:)?f>)", re.DOTALL)
_SPANS = re.compile(r'\s+spans="[^"]*"')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ARRAY = re.compile(r"<(?:[\w.-]+:)?f\b(?=[^>]*\bt=[\"'](?:array|dataTable))[^>]*\bref=[\"']([A-Z0-9:]+)")
_HYPERLINK = re.compile(r"^\s*(?:_xlfn\.)?HYPERLINK\(\s*\"", re.IGNORECASE)


class Cell(NamedTuple):
    """A cell as it stands in a row."""

    column: int
    """From 0."""
    start: int
    end: int
    """Where it stands in the row's inner text."""
    attributes: Mapping[str, str]
    inner: str


class SheetRow(NamedTuple):
    """A row of the sheet."""

    number: int
    """From 1."""
    prefix: str
    attributes: str
    inner: str
    raw: str
    """The whole element."""

    @property
    def is_hidden(self) -> bool:
        """Whether a filter or somebody hides it."""
        return "hidden" in self.attributes and attributes_of(self.attributes).get("hidden") in {"1", "true", "on"}

    def cells(self) -> list[Cell]:
        """Cut the row into cells."""
        found, column = [], -1
        for match in _CELL.finditer(self.inner):
            attributes = attributes_of(match[2])
            column = column_of(attributes.get("r", "")) if "r" in attributes else column + 1
            found.append(Cell(column, match.start(), match.end(), attributes, match[3] or ""))
        return found


class SheetReader:
    """Reads a worksheet once, from its beginning to its end.

    `head` is what stands before the first row, `tail` what follows the last; `tail` is there when all rows were read.
    """

    def __init__(self, file: TextIO, name: str) -> None:
        self._file, self._name = file, name
        self.head, self.tail = "", ""

    def start(self) -> None:
        """Read up to the first row.

        Raises:
            BadFile: this is no worksheet.
        """
        text = ""
        while not (found := _DATA.search(text)):
            chunk = self._file.read(_CHUNK)
            if not chunk or len(text) > MAX_PIECE:
                raise BadFile(f"{self._name} has no cells that can be read; open it in Excel and save it again.")
            text += chunk
        self.head, self.tail = text[: found.end()], text[found.end() :]
        self._is_empty = bool(found[2])

    def rows(self) -> Iterator[SheetRow]:
        """Iterate over the rows that stand in the file; blank ones may be left out of it."""
        number, text = 0, self.tail
        while not self._is_empty:
            position = 0
            ended = _DATA_END.search(text)
            for match in _ROW.finditer(text, 0, ended.start() if ended else len(text)):
                reference, before = attributes_of(match[2]).get("r") or str(number + 1), number
                number = int(reference) if reference.isdecimal() else 0
                if number <= before:
                    raise BadFile(
                        f"The rows of {self._name} are not numbered in order; open it in Excel and save it again."
                    )
                yield SheetRow(number, match[1], match[2], match[3] or "", match[0])
                position = match.end()
            text = text[position:]
            if ended:
                break
            chunk = self._file.read(_CHUNK)
            if not chunk or len(text) > MAX_PIECE:
                raise BadFile(
                    f"{self._name} is cut off or damaged in the middle of a row; download or export it again."
                )
            text += chunk
        self.tail = text + self._file.read(MAX_TAIL)
        if self._file.read(1):
            raise BadFile(
                f"{self._name} is damaged: what follows its rows never ends; open it in Excel and save it again."
            )


def attributes_of(text: str) -> dict[str, str]:
    """Read the attributes of an element."""
    return {name: unescape(double or single) for name, double, single in _ATTRIBUTE.findall(text)}


def column_of(reference: str) -> int:
    """Return the column of a reference such as `AB12`, from 0."""
    column = 0
    for char in reference:
        if not char.isalpha():
            break
        column = column * 26 + ord(char.upper()) - ord("A") + 1
    return column - 1


def text_of(inner: str) -> str:
    """Join the runs of a rich text; pronunciation aids are left out."""
    if "rPh" in inner:
        inner = _PHONETIC.sub("", inner)
    text = unescape("".join(run or "" for run in _TEXT.findall(inner)))
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) if "_x" in text else text


def shown(cell: Cell, shared: Sequence[str]) -> str:
    """Return what a cell shows, numbers unformatted; for a formula what it last came to."""
    kind = cell.attributes.get("t", "n")
    if kind == "inlineStr":
        return text_of(cell.inner)
    value = _VALUE.search(cell.inner)
    if value is None:
        return ""
    if kind == "s":
        index = int(value[1]) if value[1].strip().isdecimal() else len(shared)
        return shared[index] if index < len(shared) else ""
    if kind == "b":
        return "TRUE" if value[1] == "1" else "FALSE"
    text = unescape(value[1])
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) if "_x" in text else text


def formula(cell: Cell) -> str:
    """Return the formula of a cell with its `=`; "" where it has none of its own."""
    if "<" not in cell.inner:
        return ""
    found = _FORMULA.search(cell.inner)
    return f"={unescape(found[1] or '')}" if found else ""


def array_of(cell: Cell) -> str:
    """Return the area that the array formula in a cell fills, such as `C2:C9`; "" where there is none."""
    found = _ARRAY.search(cell.inner)
    return found[1] if found else ""


def linked(text: str, target: str, written: str) -> str:
    """Return a cell's text with the link behind it, in the form that `profiles.parse` sees through."""
    if _HYPERLINK.match(written.removeprefix("=")):
        return written
    if target:
        label = re.sub(r'["()]', " ", text)
        return f'=HYPERLINK("{target.replace(chr(34), "%22")}","{label}")'
    return text


def changed(row: SheetRow, values: Mapping[int, CellValue], styles: Mapping[int, str]) -> str:
    """Return the row's XML with these cells filled, each by its column; other cells stay as they are.

    Args:
        row: the row.
        values: what to put there.
        styles: the style of a new cell, by its column; a cell that is there keeps its own.
    """
    pieces, position = [], 0
    left, cells = sorted(values), row.cells()
    for cell in cells:
        while left and left[0] < cell.column:
            column = left.pop(0)
            pieces += [row.inner[position : cell.start], _element(row, column, values[column], styles.get(column, ""))]
            position = cell.start
        if left and left[0] == cell.column:
            column = left.pop(0)
            style = cell.attributes.get("s", "")
            pieces += [row.inner[position : cell.start], _element(row, column, values[column], style)]
            position = cell.end
    cells_end = cells[-1].end if cells else 0
    pieces.append(row.inner[position : max(position, cells_end)])
    pieces += [_element(row, column, values[column], styles.get(column, "")) for column in left]
    pieces.append(row.inner[max(position, cells_end) :])
    attributes = _SPANS.sub("", row.attributes)  # a hint to the columns in use, which would be wrong now
    return f"<{row.prefix}row{attributes}>{''.join(pieces)}</{row.prefix}row>"


def _element(row: SheetRow, column: int, value: CellValue, style: str) -> str:
    name, styled = f"{row.prefix}c", f" s={quoteattr(style)}" if style else ""
    start = f'<{name} r="{letter(column)}{row.number}"{styled}'
    if isinstance(value, bool):
        return f'{start} t="b"><{row.prefix}v>{int(value)}</{row.prefix}v></{name}>'
    if isinstance(value, int | float):
        return f"{start}><{row.prefix}v>{value!r}</{row.prefix}v></{name}>"
    text = _ESCAPED.sub(lambda code: f"_x005F{code[0]}", _NOT_XML.sub("", value)).replace("\r", "")
    inner = f'<{row.prefix}is><{row.prefix}t xml:space="preserve">{escape(text)}</{row.prefix}t></{row.prefix}is>'
    return f'{start} t="inlineStr">{inner}</{name}>'
