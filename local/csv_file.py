"""CSV in and out: whatever a spreadsheet program exports is read; what is written cannot become a formula."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from functions.errors import InvalidRequest, NotAProfile
from functions.profiles import parse

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 200
"""Rows that are looked at to find the delimiter and the column of URLs."""
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class BadFile(InvalidRequest):
    """The file cannot be used as a list of leads."""

    slug = "bad-file"


@dataclass(frozen=True, slots=True)
class CsvFile:
    """How a CSV file is to be read."""

    path: Path
    encoding: str
    delimiter: str
    has_header: bool
    columns: int
    """The cells of a row, at least."""
    header: tuple[str, ...]
    """The header row; empty where the file has none."""
    url_column: int
    """The place of the LinkedIn URLs, from 0."""

    def rows(self) -> Iterator[list[str]]:
        """Every data row, in order, with at least the cells of the header."""
        records = _records(self.path, self.encoding, self.delimiter)
        for record in islice(records, 1 if self.has_header else 0, None):
            if any(cell.strip() for cell in record):
                yield record + [""] * (self.columns - len(record))


def open_csv(path: Path, url_column: str = "") -> CsvFile:
    """Finds out how `path` is written and where its LinkedIn URLs are.

    Args:
        path: the file.
        url_column: the column's header, letter or number from 1; empty to find it.

    Raises:
        BadFile: unreadable, empty, or without such a column; the sentence says what to do.
    """
    encoding = _encoding(path)
    delimiter = _delimiter(path, encoding)
    sample = list(islice(_records(path, encoding, delimiter), SAMPLE_ROWS))
    if not any(any(cell.strip() for cell in row) for row in sample):
        raise BadFile(f"{path} is empty: there is no row to enrich.")
    columns = max(len(row) for row in sample)
    has_header = not any(_is_profile(cell) for cell in sample[0])
    header = tuple(cell.strip() for cell in sample[0]) if has_header else ()
    column = _named(url_column, header, columns, path) if url_column else _found(sample, header, path)
    # A single row with a surplus cell does not widen all the others.
    columns = max(len(header) or columns, column + 1)
    return CsvFile(path, encoding, delimiter, has_header, columns, header, column)


def safe(value: str | float | bool) -> str:  # noqa: FBT001 - a cell's value, not a switch
    """A value as it may stand in a CSV cell: one that a spreadsheet would run as a formula gets a leading apostrophe.

    Source: OWASP, "CSV Injection". Plain numbers with a sign are no formulas and stay as they are.
    """
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _encoding(path: Path) -> str:
    """UTF-8 with or without its mark, UTF-16 with its mark, or else Windows-1252, which older exports use."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        with path.open(encoding="utf-8-sig", newline="") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    except FileNotFoundError:
        raise BadFile(f"There is no file {path}; check the name, or make one from the sample leads.csv.") from None
    except IsADirectoryError:
        raise BadFile(f"{path} is a folder; name a CSV file in it.") from None
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    return "utf-8-sig" if start.startswith(b"\xef\xbb\xbf") else "utf-8"


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        try:
            yield from csv.reader((line.replace("\0", "") for line in file), delimiter=delimiter)
        except csv.Error as error:
            raise BadFile(f"{path} is not readable as CSV ({error}); export it again as CSV.") from error


def _delimiter(path: Path, encoding: str) -> str:
    """The delimiter that cuts the first rows into the most, and most even, columns."""

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in islice(_records(path, encoding, delimiter), 20) if row]
        return (widths.count(widths[0]) if widths and widths[0] > 1 else 0, widths[0] if widths else 0)

    return max(DELIMITERS, key=evenness)


def _is_profile(cell: str) -> bool:
    try:
        parse(cell)
    except NotAProfile:
        return False
    return True


def _found(sample: Sequence[Sequence[str]], header: Sequence[str], path: Path) -> int:
    width = max(len(row) for row in sample)
    hits = [sum(_is_profile(row[column]) for row in sample if column < len(row)) for column in range(width)]
    named = [column for column, name in enumerate(header) if "linkedin" in name.lower()]
    if any(hits):
        return max(range(width), key=lambda column: (hits[column], column in named, -column))
    if len(named) == 1:
        return named[0]
    raise BadFile(
        f"No column of {path} holds LinkedIn profile URLs. Its columns are: {_listing(header, width)}. "
        "Name the right one with URL_COLUMN=…"
    )


def _named(name: str, header: Sequence[str], columns: int, path: Path) -> int:
    folded = [title.casefold() for title in header]
    if name.casefold() in folded:
        return folded.index(name.casefold())
    if name.isdecimal() and 1 <= int(name) <= columns:
        return int(name) - 1
    if len(name) == 1 and name.isascii() and name.isalpha() and ord(name.upper()) - ord("A") < columns:
        return ord(name.upper()) - ord("A")
    raise BadFile(f"{path} has no column {name!r}. Its columns are: {_listing(header, columns)}.")


def _listing(header: Sequence[str], columns: int) -> str:
    return ", ".join(header) if header else f"1 to {columns} (the file has no header row)"
