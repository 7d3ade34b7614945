"""The parts of an Excel file: its tabs, the texts that they share, the links behind their cells.

Source: ECMA-376, Open Packaging Conventions (relationships) and SpreadsheetML (workbook, sst, hyperlinks).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree as ET

from local.lists.errors import BadFile
from local.lists.sheet_xml import MAX_PIECE, SheetReader, attributes_of, column_of, text_of

_STRING = re.compile(r"<((?:[\w.-]+:)?)si\b[^>]*?(?:/>|>(.*?)</\1si>)", re.DOTALL)
_LINK = re.compile(r"<(?:[\w.-]+:)?hyperlink\b([^>]*?)/?>", re.DOTALL)
_FILTER = re.compile(r"<(?:[\w.-]+:)?autoFilter\b([^>]*)>\s*<(?:[\w.-]+:)?filterColumn\b")
"""A filter whose first part is a criterion: others let every row through."""
_TABLE = re.compile(r"<(?:[\w.-]+:)?tablePart\b([^>]*?)/?>")
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?")
_CHUNK = 1 << 20
_MERGED = re.compile(r"<(?:[\w.-]+:)?mergeCell\b([^>]*?)/?>")
MAX_CELLS = 1_000_000
"""Of one link or formula over a range; more is no list of people."""


def cells_of(reference: str) -> list[tuple[int, int]]:
    """Return the cells of an area such as `C2:D9` by row (from 1) and column (from 0); none where they are too many."""
    area = _REFERENCE.fullmatch(reference)
    if area is None:
        return []
    left, top = column_of(area[1]), int(area[2])
    right, bottom = (column_of(area[3]), int(area[4])) if area[3] else (left, top)
    if (right - left + 1) * (bottom - top + 1) > MAX_CELLS:
        return []
    return [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]


def covered(tail: str) -> set[tuple[int, int]]:
    """Return the cells that merged ones cover: what is written into them nobody sees; `tail` follows a tab's rows."""
    cells: set[tuple[int, int]] = set()
    for merged in _MERGED.finditer(tail):
        cells.update(cells_of(attributes_of(merged[1]).get("ref", ""))[1:])
    return cells


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of a workbook."""

    title: str
    part: str
    """The name of its XML within the file."""
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class WorkbookFile:
    """An Excel file with its tabs."""

    path: Path
    tabs: tuple[Tab, ...]
    main_part: str
    """The name of the XML that lists the tabs."""
    shared_part: str
    is_signed: bool
    has_formulas: bool
    """Whether Excel has calculated formulas in it."""

    def shared_texts(self) -> list[str]:
        """Read the texts that cells refer to by number.

        Raises:
            BadFile: the file is damaged.
        """
        texts: list[str] = []
        if not self.shared_part:
            return texts
        with self._open(self.shared_part) as file:
            rest = ""
            while chunk := file.read(_CHUNK):
                rest += chunk
                position = 0
                for match in _STRING.finditer(rest):
                    texts.append(text_of(match[2] or ""))
                    position = match.end()
                rest = rest[position:]
                if len(rest) > MAX_PIECE:
                    raise BadFile(f"{self.path} is damaged ({self.shared_part}): a text in it never ends.")
        return texts

    @contextmanager
    def sheet(self, tab: Tab) -> Iterator[SheetReader]:
        """Open a tab for reading, up to its first row.

        Raises:
            BadFile: the file is damaged, or not a worksheet.
        """
        with self._open(tab.part) as file:
            reader = SheetReader(file, f"{self.path}, tab “{tab.title}”")
            reader.start()
            yield reader

    def links(self, tab: Tab, tail: str) -> dict[tuple[int, int], str]:
        """Return where the links of a tab lead, by row (from 1) and column (from 0); `tail` follows its rows."""
        links: dict[tuple[int, int], str] = {}
        for target, attributes in self._related(tab, _LINK, tail):
            links |= dict.fromkeys(cells_of(attributes.get("ref", "")), target)
        return links

    def filtered(self, tab: Tab, tail: str) -> list[range]:
        """Return the rows (from 1) below each filter with a criterion, of the tab or of a table in it.

        Raises:
            BadFile: the file is damaged.
        """
        texts = [tail]
        for part, _ in self._related(tab, _TABLE, tail):
            with self._open(part) as file:
                texts.append(file.read(MAX_PIECE))
        found = [attributes_of(match[1]).get("ref", "") for text in texts for match in _FILTER.finditer(text)]
        areas = [area for area in map(_REFERENCE.fullmatch, found) if area and area[4]]
        return [range(int(area[2]) + 1, int(area[4]) + 1) for area in areas]

    def _related(self, tab: Tab, elements: re.Pattern[str], tail: str) -> list[tuple[str, dict[str, str]]]:
        """Return where elements of a tab lead, a part of the file or an address, each with its attributes."""
        found = [attributes_of(match[1]) for match in elements.finditer(tail)]
        if not found:
            return []
        with zipfile.ZipFile(self.path) as archive:
            targets = _relationships(archive, tab.part)
        ids = (next((value for name, value in each.items() if name.endswith(":id")), "") for each in found)
        return [(targets[name], each) for name, each in zip(ids, found, strict=True) if targets.get(name)]

    @contextmanager
    def _open(self, part: str) -> Iterator[TextIO]:
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(part) as raw:
                yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        except (KeyError, zipfile.BadZipFile, EOFError, UnicodeError, RuntimeError) as error:
            raise BadFile(
                f"{self.path} is damaged ({part}); open it in Excel, save it again, and name that file."
            ) from error


def open_workbook(path: Path) -> WorkbookFile:
    """Read which tabs an Excel file has.

    Raises:
        BadFile: it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            main = _main_part(archive)
            targets = _relationships(archive, main)
            root = _xml(archive, main)
            shared = next((part for part in targets.values() if part.lower().endswith("sharedstrings.xml")), "")
    except (KeyError, zipfile.BadZipFile, ET.ParseError, EOFError, RuntimeError) as error:
        raise BadFile(f"{path} is damaged; open it in Excel, save it again, and name that file.") from error
    tabs = []
    for element in root.iter():
        if element.tag.rsplit("}", 1)[-1] != "sheet":
            continue
        relation = next((value for name, value in element.attrib.items() if name.endswith("}id")), "")
        part = targets.get(relation, "")
        if part in names and "/chartsheets/" not in f"/{part}":
            tabs.append(Tab(element.get("name", ""), part, element.get("state", "visible") != "visible"))
    return WorkbookFile(
        path,
        tuple(tabs),
        main_part=main,
        shared_part=shared if shared in names else "",
        is_signed=any("_xmlsignatures" in name for name in names),
        has_formulas=any(part.endswith("calcChain.xml") for part in targets.values()),
    )


def _main_part(archive: zipfile.ZipFile) -> str:
    for name, target in _relationships(archive, "").items():
        if name and target.endswith("workbook.xml"):
            return target
    return "xl/workbook.xml"


def _relationships(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """Return the targets of a part's relationships: names of parts, or addresses outside."""
    folder, name = posixpath.split(part)
    try:
        root = _xml(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    except KeyError:
        return {}
    targets = {}
    for relation in root:
        target = relation.get("Target", "")
        if relation.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        targets[relation.get("Id", "")] = target
    return targets


def _xml(archive: zipfile.ZipFile, part: str) -> ET.Element:
    if archive.getinfo(part).file_size > MAX_PIECE:
        raise ET.ParseError("no list of tabs is so large")
    text = archive.read(part)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ET.ParseError("a workbook declares no entities")
    return ET.fromstring(text)  # noqa: S314 - without a DOCTYPE there is no entity to expand
