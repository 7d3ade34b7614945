"""The dialect of a CSV: delimiter and quotes; cells are cut out of a line without changing a character of them.

A *raw* cell is the text between two delimiters, quotes included; its *value* is what a spreadsheet shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

DELIMITERS = (",", ";", "\t", "|")
_RARE_DELIMITERS = ("^", "~", "¦", "§", "\x1f", "\x01")
"""Of databases' exports; looked for where no usual one leaves a bare URL."""
SEP_LINE = re.compile(r"\ufeff*\"?sep=(.)\"?[\r\n]*", re.IGNORECASE)
"""Excel's own way to name the delimiter, in the first line."""
BARE_URL = re.compile(r"\s*(?:https?://)?(?:[\w-]+\.)*linkedin\.com/[^\s,;|^¦§\x01\x1f\"]+\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a line is cut into cells."""

    delimiter: str = ","
    escape: str = ""
    """A backslash where a quote within quotes is written with one, as databases export; usually it is doubled."""
    quotes_all: bool = False
    """Whether every cell is quoted, so that new ones are as well."""

    def _quoted_within(self, ends: str) -> str:
        """Return what matches a quoted text, in which none of `ends` stands."""
        escaped = rf"|\\[^{ends}]" if ends else r"|\\."
        return rf' *+"(?:[^"{re.escape(self.escape)}{ends}]++|""{escaped if self.escape else ""})*+"'

    @cached_property
    def _quoted(self) -> str:
        return self._quoted_within("")

    @cached_property
    def _cell(self) -> re.Pattern[str]:
        other = f"[^{re.escape(self.delimiter)}]*+"
        return re.compile(f"{re.escape(self.delimiter)}({self._quoted}{other}|{other})", re.DOTALL)

    @cached_property
    def _closed(self) -> re.Pattern[str]:
        other, delimiter = f"[^{re.escape(self.delimiter)}]*+", re.escape(self.delimiter)
        return re.compile(f'(?:{delimiter}(?:{self._quoted}{other}|(?! *+"){other}))*+', re.DOTALL)

    @cached_property
    def _tidy(self) -> re.Pattern[str]:
        """As `_closed`, where nothing but blanks may follow a closing quote."""
        other, delimiter = f"[^{re.escape(self.delimiter)}]*+", re.escape(self.delimiter)
        return re.compile(f'(?:{delimiter}(?:{self._quoted} *+(?={delimiter}|\\Z)|(?! *+"){other}))*+', re.DOTALL)

    @cached_property
    def _closing(self) -> re.Pattern[str]:
        """As `_closed`, for a text that begins within quotes."""
        other, delimiter = f"[^{re.escape(self.delimiter)}]*+", re.escape(self.delimiter)
        inner = self._quoted.partition('"')[2]
        return re.compile(f'{inner}{other}(?:{delimiter}(?:{self._quoted}{other}|(?! *+"){other}))*+', re.DOTALL)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile(rf"({self._quoted})([^\"]*)", re.DOTALL)

    def cut(self, body: str) -> list[str]:
        """Cut a record without its line end into raw cells; a quote that is not closed is a letter like others."""
        if '"' not in body:
            return body.split(self.delimiter)
        return self._cell.findall(self.delimiter + body)

    def pattern(self, url: int, others: Collection[int]) -> re.Pattern[str]:
        """Return a pattern whose `findall` parts a text into its lines; the last group of cells ends with the line.

        Each line is a tuple: the line with its end; its part up to the end of the cell `url`; and the cells at `url`
        and `others`, in the order of the line. All but the first are empty where the line lacks one of these cells,
        a quote is open at its end, or it has no end.

        Args:
            url: the place of the cell behind which a line is parted.
            others: the places of further cells that are wanted.
        """
        delimiter = re.escape(self.delimiter)
        other, quoted = rf"[^{delimiter}\r\n]*+", self._quoted_within(r"\r\n")
        # The first branch is most cells, and only faster. A cell that a quote opens has to be closed by another.
        cell = rf'(?>[^{delimiter} "\r\n]{other}|{quoted}{other}|(?! *+"){other})'
        wanted = {url, *others}
        cells = [f"({cell})" if place in wanted else cell for place in range(max(wanted) + 1)]
        head, further = delimiter.join(cells[: url + 1]), "".join(delimiter + each for each in cells[url + 1 :])
        rest = rf'(?>[^"\r\n]*+(?=[\r\n])|(?:{delimiter}{cell})*+)'
        end = r"(?:\r\n?|\n)"
        return re.compile(rf"((?=[^\r\n])({head}){further}{rest}{end}|[^\r\n]*+{end}|[^\r\n]++)")

    def is_closed(self, body: str, *, tidy: bool = False) -> bool:
        """Whether no cell of the text has an opening quote without a closing one (and, `tidy`, text after it)."""
        whole = self.delimiter + body
        found = (self._tidy if tidy else self._closed).match(whole)
        return found is not None and found.end() == len(whole)

    def closes(self, body: str) -> bool:
        """Whether a line that begins within a quoted cell ends outside of one; a long cell is so read only once."""
        found = self._closing.match(body)
        return found is not None and found.end() == len(body)

    def value(self, raw: str) -> str:
        """Return what a raw cell shows."""
        if '"' not in raw:
            return raw.replace("\0", "") if "\0" in raw else raw
        inner = raw[1:-1]
        if len(raw) > 1 and raw[0] == raw[-1] == '"' and '"' not in inner and not self.escape:
            raw = inner  # as in most quoted cells
        elif whole := self._whole.fullmatch(raw):
            inner = whole[1].lstrip(" ")[1:-1].replace('""', '"')
            if self.escape:
                inner = re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
            raw = inner + whole[2].rstrip(" ")
        return raw.replace("\0", "") if "\0" in raw else raw

    def raw(self, value: str) -> str:
        """Return the raw cell that shows `value`."""
        if (
            self.quotes_all
            or any(char in value for char in (self.delimiter, '"', "\n", "\r"))
            or value != value.strip()
        ):
            doubled = value.replace("\\", "\\\\") if self.escape else value
            return '"' + doubled.replace('"', '""') + '"'
        return value


def detect(lines: Sequence[str], delimiter: str = "") -> Dialect:
    """Find the dialect that leaves bare URLs and even rows.

    Args:
        lines: the first lines of the file, with their ends.
        delimiter: the one that the file or a person names; empty to find it.
    """
    bodies = _bodies(lines)
    escapes = ("", "\\") if any('\\"' in body for body in bodies) else ("",)
    best = _best([delimiter] if delimiter else DELIMITERS, escapes, bodies)
    if not delimiter and not leaves_urls(best, bodies):
        rare = _best(_RARE_DELIMITERS, escapes, bodies)
        best = rare if leaves_urls(rare, bodies) else best
    cells = [cell for body in bodies if best.is_closed(body) for cell in best.cut(body) if body]
    quoted = sum(cell.startswith('"') for cell in cells)
    return Dialect(best.delimiter, best.escape, quotes_all=bool(quoted) and quoted >= len([c for c in cells if c]))


def usual_width(dialect: Dialect, lines: Sequence[str]) -> int:
    """Return the number of cells that most lines have; lines that are part of a record only do not count."""
    widths = Counter(
        len(dialect.cut(body)) for line in lines if (body := line.rstrip("\r\n")) and dialect.is_closed(body)
    )
    return max(widths, key=lambda width: (widths[width], width), default=1)


def is_bare_url(value: str) -> bool:
    """Whether a cell is a LinkedIn address and nothing else."""
    return "linkedin" in value.lower() and BARE_URL.fullmatch(value) is not None


def quotes_lines(lines: Sequence[str]) -> bool:
    """Whether each line is one quoted cell that holds a row: a spreadsheet with another separator has saved it so."""
    bodies = [body for body in _bodies(lines) if body.strip()]
    inner = [Dialect().value(body) for body in bodies if re.fullmatch(r'"(?:[^"]++|"")*+"', body)]
    return len(inner) == len(bodies) and leaves_urls(detect(inner), inner) and not leaves_urls(detect(lines), lines)


def leaves_urls(dialect: Dialect, lines: Sequence[str]) -> bool:
    """Whether some cell of the lines is a LinkedIn address and nothing else."""
    return _fitness(dialect, _bodies(lines))[0] > 0


def _bodies(lines: Sequence[str]) -> list[str]:
    return [line.rstrip("\r\n") for line in lines]


def _best(delimiters: Sequence[str], escapes: Sequence[str], bodies: Sequence[str]) -> Dialect:
    candidates = [Dialect(delimiter, escape) for delimiter in delimiters for escape in escapes]
    return max(candidates, key=lambda dialect: _fitness(dialect, bodies))


def _fitness(dialect: Dialect, bodies: Sequence[str]) -> tuple[int, float, int]:
    rows = [dialect.cut(body) for body in bodies if body.strip() and dialect.is_closed(body, tidy=True)]
    bare = sum(is_bare_url(dialect.value(cell)) for row in rows for cell in row)
    widths = Counter(len(row) for row in rows if len(row) > 1)
    width, even = widths.most_common(1)[0] if widths else (1, 0)
    return bare, even / max(1, len(bodies)), width
