"""Random rows of a living sheet, and the verdict on them once a program has worked there (P5, P6, P8)."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.outcomes import Outcome
from functions.profiles import NotAProfile, parse
from functions.profiles.parsing import Reason
from functions.sheets.cells import Formula as OurFormula
from functions.sheets.row_status import unusable
from functions.store import job_rows
from functions.store.jobs import Job
from local.sheets_api.a1 import letters
from local.sheets_api.cells import Cell, Formula, Spilled, value_of
from tests.support.desk import expected, url_of
from tests.support.living_sheet import FIELDS, READ, WRITE, WRITES, LivingSheet

TITLES = {"email": "Email", "title": "Title", "company": "Company", "size": "Company size", "status": "Status"}
PUT = (Outcome.ENRICHED, Outcome.KNOWN)
KINDS = (
    "sort",
    "sort",
    "insert_rows",
    "delete_rows",
    "move_rows",
    "insert_column",
    "delete_column",
    "move_column",
    "edit_url",
    "fill_cell",
    "fill_cell",
    "filter",
)
BLOCK_ROWS = 4
"""Rows that the opaque `=ENRICH` fills."""


@dataclass(slots=True)
class Rows:
    """A sheet as it is filled: the header, rows, and what stands where."""

    lines: list[list[Any]]
    urls: int
    late: str
    """The title of a column of the run that somebody fills by one formula once the run has begun; perhaps empty."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    shown: Callable[[str, str], Collection[Any]] = lambda slug, name: (
        PUT if name == "status" else expected(slug, [name])
    )
    """What may stand beside a person's address, by the name of the field."""

    @property
    def header(self) -> list[str]:
        """Its titles."""
        return self.lines[0]

    def at(self, mark: str) -> dict[str, Any]:
        """Return what a marked row held at first, by title."""
        return dict(zip(self.header, self.lines[int(mark)], strict=True)) if mark else {}


def random_rows(seed: int) -> Rows:
    """Rows with a formula each, doubles, rows without a profile, own values; blocks, filters and tables in some."""
    draw = random.Random(seed)
    count = draw.randint(30, 70)
    known_by = draw.random() < 0.6  # else nothing is typed beside the address, and only formulas stand there
    late = draw.choice(["", "Company", "Title"])
    titles = ["LinkedIn", "Length", "Email", "Mirror", *(["Id"] if known_by else [])]
    titles += [title for title in ("Title", "Company", "Found", "Note") if title == late or draw.random() < 0.6]
    draw.shuffle(titles)
    titles += ["Raw"]
    urls = titles.index("LinkedIn")
    raw = letters(titles.index("Raw"))
    lines: list[list[Any]] = [titles]
    for number in range(1, count + 1):
        person = draw.randrange(number) if draw.random() < 0.2 else number
        url = draw.choice(["", "nobody", "no profile"]) if draw.random() < 0.12 else url_of(f"living-{person}")
        cells: dict[str, Any] = {
            "LinkedIn": url,
            "Length": f"=LEN({letters(urls)}{number + 1})",
            "Email": f"own-{number}@example.com" if draw.random() < 0.25 else "",
            "Id": f"id-{number}" if known_by else "",
            "Title": f'=IF({letters(urls)}{number + 1}="","","own title {number}")' if draw.random() < 0.15 else "",
            "Company": f"Own company {number}" if draw.random() < 0.1 else "",
            "Note": f"note {number}" if known_by and draw.random() < 0.3 else "",
            "Raw": f"listed {number}",
        }
        cells["Mirror"] = f"=ARRAYFORMULA({raw}2:{raw}{count + 1})" if number == 1 else ""
        cells[late] = ""
        lines.append([cells.get(title, "") for title in titles])
    rows = Rows(lines, urls, late)
    if "Found" in titles:
        first = draw.randint(1, count - BLOCK_ROWS)
        source = letters(urls)
        formula = f'=ENRICH({source}{first + 1}:{source}{first + BLOCK_ROWS},"email")'
        lines[first][titles.index("Found")] = formula
    everything = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": count + 1}
    everything |= {"startColumnIndex": 0, "endColumnIndex": len(titles)}
    around = draw.choice(["", "", "filter", "table"])
    if around == "filter":
        rows.requests.append({"setBasicFilter": {"filter": {"range": everything}}})
    if around == "table":
        rows.requests.append({"addTable": {"table": {"name": "People", "range": everything}}})
    return rows


def enter(living: LivingSheet, rows: Rows) -> None:
    """Brings the rows into the sheet."""
    living.fill(rows.lines, rows.urls)
    if "Found" in rows.header:
        column = rows.header.index("Found")
        for index, line in enumerate(rows.lines[1:], 1):
            if line[column]:
                cell = living.sheet.rows[index].cell(column)
                assert isinstance(cell, Formula)
                given = tuple((f"found {number}",) for number in range(BLOCK_ROWS))
                living.sheet.writable(index).put(column, Formula(cell.text, "found 0", given=given))
                living.workbook.stale = True
    if rows.requests:
        living.edit(*rows.requests)


def fill_by_formula(living: LivingSheet, rows: Rows) -> None:
    """Enters a formula into a column of the run, below its header, that fills the whole column; if both still stand."""
    titles = [value_of(cell) for cell in living.cells()[0]]
    if rows.late not in titles or "Raw" not in titles:
        return
    raw = letters(titles.index("Raw"))
    formula = f"=ARRAYFORMULA({raw}2:{raw}{len(rows.lines)})"
    start = {"sheetId": 0, "rowIndex": 1, "columnIndex": titles.index(rows.late)}
    cell = {"userEnteredValue": {"formulaValue": formula}}
    living.edit({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}})


class WriteWatch:
    """Sees each write: what it meets there has to be empty, the run's, or to be given back what it held."""

    def __init__(self, living: LivingSheet, rows: Rows, *, overwrite: bool) -> None:
        self._living, self._rows, self._overwrite = living, rows, overwrite
        self._own = {str(cell) for line in rows.lines[1:] for cell in line}
        people = {line[rows.urls].rpartition("/")[2] for line in rows.lines[1:] if "living-" in line[rows.urls]}
        self._values = {value for slug in people for value in expected(slug, FIELDS)}
        self._values |= {*PUT, *(status_of(line[rows.urls]) for line in rows.lines[1:])}
        self._filled = 0
        self._put: set[object] = set()
        self.wrong: list[str] = []

    def __call__(self, method: str, body: dict[str, Any]) -> None:
        """Before a call. What was edited since the program looked cannot be known to it, and is judged at the end."""
        if method == READ:
            self._filled = self._rows_filled()
        if method == WRITE:
            self._refuse_values_in_a_block(body, min(self._filled, self._rows_filled()))
        if method == WRITE and self._living.edited_at <= self._living.read_at:
            self._look_at_what_is_met(body)
        if method == WRITE:
            self._put |= {_kind_of(value) for data in body["data"] for value in data["values"][0]}

    def _look_at_what_is_met(self, body: dict[str, Any]) -> None:
        cells = self._living.cells()
        places = {entry.id: column for column, line in enumerate(self._living.sheet.columns) for entry in line.metadata}
        for data in body["data"]:
            column = places.get(data["dataFilter"]["developerMetadataLookup"]["metadataId"])
            for index, value in enumerate(data["values"][0] if column is not None else ()):
                cell = cells[index][column] if column is not None and column < len(cells[index]) else None
                if value is not None and cell is not None and not self._may(cell, value):
                    self.wrong.append(f"row {index + 1}, column {column}: {value!r} was written over {cell!r}")

    def _rows_filled(self) -> int:
        """Return how many rows below the header one formula fills in the late column: no move of rows hides that."""
        column = self._column()
        first, *rest = [row[column] if column < len(row) else None for row in self._living.cells()[1:]]
        if not isinstance(first, Formula):
            return 0
        return 1 + sum(1 for _ in itertools.takewhile(lambda cell: isinstance(cell, Spilled), rest))

    def _column(self) -> int:
        titles = [value_of(cell) for cell in self._living.cells()[0]]
        return titles.index(self._rows.late) if self._rows.late in titles else len(titles)

    def _refuse_values_in_a_block(self, body: dict[str, Any], filled: int) -> None:
        ours = {entry.id for line in self._living.sheet.columns[self._column() :][:1] for entry in line.metadata}
        for data in body["data"]:
            if data["dataFilter"]["developerMetadataLookup"]["metadataId"] in ours:
                # The formula itself, in row 2, may be written over by who asks for that.
                values = data["values"][0][2 if self._overwrite else 1 : filled + 1]
                written = [value for value in values if value not in (None, "")]
                self.wrong += [f"{written[:3]} were written into what a formula fills"] if written else []

    def _may(self, cell: Cell, value: object) -> bool:
        if isinstance(cell, Spilled):
            return value == "" or value_of(cell) is None
        return (
            self._overwrite
            or _kind_of(cell.text if isinstance(cell, Formula) else cell) in self._put  # in whose row, is judged later
            or value_of(cell) in self._values
            or str(value) in self._own
            or (isinstance(value, str) and value.startswith("="))
        ) and not str(value_of(cell)).startswith("by hand")


def _kind_of(content: object) -> object:
    """What stays the same of a content while rows move."""
    return OurFormula(content).shape if isinstance(content, str) and content.startswith("=") else content


@dataclass(slots=True)
class Verdict:
    """Where a promise is broken."""

    foreign: list[str] = field(default_factory=list)
    """Values beside an address that is not theirs."""
    lost: list[str] = field(default_factory=list)
    """Cells of somebody's that are not as they were."""
    silent: list[str] = field(default_factory=list)
    """Rows that lack values, or keep them after an undo, and nothing says so."""

    def everything(self) -> list[str]:
        """All of it."""
        kinds = {"foreign": self.foreign, "lost": self.lost, "silent": self.silent}
        return [f"{kind}: {text}" for kind, texts in kinds.items() for text in texts]


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is now."""

    number: int
    mark: str
    url: str
    cells: Mapping[str, Cell]


def lines_of(living: LivingSheet, nth: int = 0) -> Iterator[Line]:
    """The rows below the header; of columns with the same title the last, or with `nth` that one, counted from 1."""
    header, *rows = living.cells()
    places: dict[str, int] = {}
    met = Counter[str]()
    for column, title in enumerate(header):
        if isinstance(title, str) and (not nth or met[title] < nth):
            places[title] = column
            met[title] += 1
    for number, row in enumerate(rows, 2):
        cells = {title: row[column] if column < len(row) else None for title, column in places.items()}
        if row:
            yield Line(number, living.mark(number - 1), str(value_of(cells["LinkedIn"]) or ""), cells)


def judge(
    living: LivingSheet, rows: Rows, *, over: bool, run: bool, nth: int = 0
) -> tuple[Verdict, list[tuple[Line, str]]]:
    """Each target cell is empty, its own person's, typed by hand, or what it held from the start.

    Args:
        living: the sheet as it is now.
        rows: as it was filled.
        over: whether the run may write over what rows hold.
        run: whether somebody edited while it ran, and not while it was undone.
        nth: which of several columns with the same title, as `lines_of` counts them; what was typed into these is
            not judged by its place.

    Returns:
        The verdict, and the cells that hold what a run has put there.
    """
    verdict = Verdict()
    put: list[tuple[Line, str]] = []
    for line in lines_of(living, nth):
        held = rows.at(line.mark)
        people = {line.url, *living.urls.get(line.mark, ()), held.get("LinkedIn", "")}
        for name, title in TITLES.items():
            cell = line.cells.get(title)
            if title not in line.cells or isinstance(cell, Spilled) or _is_a_blocks(rows, title, cell):
                continue
            own = "" if title in living.deleted else held.get(title, "")
            slugs = [url.rpartition("/")[2] for url in people if "linkedin.com/in/" in url]
            theirs = {value for slug in slugs for value in rows.shown(slug, name)}
            theirs |= {status for url in people if name == "status" and (status := status_of(url))}
            where = f"row {line.number} ({line.mark or 'inserted'}) {title}"
            typed, method = living.typed.get((line.mark, title), ("", ""))
            is_run, is_own = cell is not None and cell in theirs, cell == own or _is_formula(cell, own)
            if nth and _is_typed(cell):
                continue
            if typed and line.mark and not nth:
                if cell != typed and method not in WRITES and not (run and over and is_run):
                    verdict.lost.append(f"{where}: {typed!r} became {cell!r}")
                continue
            if is_run and not is_own:
                put.append((line, title))
            elif cell is not None and not is_own and not (_is_typed(cell) and not line.mark):
                verdict.foreign.append(f"{where}: {cell!r} is not one of {sorted(map(str, theirs))}, {own!r}")
            if is_own and isinstance(cell, Formula) and (row := _row_of(cell)) not in (0, line.number):
                verdict.lost.append(f"{where}: {cell.text} leads to row {row}")
            if own and not is_own and title != rows.late and not (over and is_run):
                verdict.lost.append(f"{where}: {own!r} became {cell!r}")
    return verdict, put


def _is_a_blocks(rows: Rows, title: str, cell: Cell) -> bool:
    return title == rows.late and isinstance(cell, Formula)


def _is_formula(cell: Cell, own: object) -> bool:
    """Return whether both are formulas: their text follows the row."""
    return isinstance(cell, Formula) and str(own).startswith("=")


def _row_of(formula: Formula) -> int:
    """Return to which row an own formula leads, which is the row that it stands in; 0 where that cell was deleted."""
    found = re.match(r"=IF\(\$?[A-Z]+([0-9]+)=", formula.text)
    return int(found[1]) if found else 0


def _is_typed(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.startswith("by hand")


def judge_run(living: LivingSheet, rows: Rows, job: Job, *, overwrite: bool) -> Verdict:
    """The sheet after a run: who lacks a value has an outcome that says so."""
    verdict, _ = judge(living, rows, over=overwrite, run=True)
    with living.context.store.reading() as connection:
        ended = job_rows.page(connection, job.id, None, -1, 10**6)
    assert all(row.outcome is not None for row in ended)
    assert len(ended) == job.rows == len({row.position for row in ended})
    unsaid = Counter(row.key for row in ended if row.outcome not in PUT)
    lacking: dict[str, list[str]] = defaultdict(list)
    for line in lines_of(living):
        key = key_of(line.url)
        if not key or not line.mark or key not in {row.key for row in ended}:
            continue
        slug = line.url.rpartition("/")[2]
        empty = [
            title
            for name, title in TITLES.items()
            if all(value != "" for value in rows.shown(slug, name))
            and title != rows.late
            and title in line.cells
            and line.cells[title] is None
        ]
        if empty:
            lacking[key].append(f"row {line.number} ({line.mark}) of {key} lacks {', '.join(empty)}")
    edited = {key_of(url) for urls in living.urls.values() for url in urls}
    for key, texts in lacking.items():
        if key not in edited and len(texts) > unsaid[key]:
            verdict.silent += texts
    return verdict


def judge_undo(living: LivingSheet, rows: Rows, job: Job, *, overwrite: bool, run: bool = False) -> Verdict:
    """The sheet after an undo: what still holds a value of the run is said; `run`: somebody edited in the run, too."""
    verdict, put = judge(living, rows, over=overwrite, run=run)
    edited = {key_of(url) for urls in living.urls.values() for url in urls}
    said = said_cells(job.message or "")
    if len(put) > said:
        verdict.silent += [f"row {line.number} ({line.mark}) keeps {title}, {said} said" for line, title in put]
    started = Counter(key_of(line[rows.urls]) for line in rows.lines[1:])
    for line, title in put:
        key = key_of(line.url)
        if line.mark and key not in edited and (started[key] == 1 or not overwrite):
            verdict.silent.append(f"row {line.number} ({line.mark}) keeps {title} without need")
    return verdict


def said_cells(message: str) -> int:
    """How many cells the sentences of an undo account for, at most."""
    total = 0
    for count, what in re.findall(r"(\d+) (cells?|rows?)\b", message):
        total += int(count) * (1 if what.startswith("cell") else len(TITLES))
    return total


def key_of(url: str) -> str:
    """The key of the profile that an address names; empty where it names none."""
    try:
        return parse(url).key
    except NotAProfile:
        return ""


def status_of(text: str) -> str:
    """The Status of a row whose URL cell holds this text; empty for a profile and an empty cell."""
    try:
        parse(text)
    except NotAProfile as error:
        return "" if error.reason == Reason.EMPTY else unusable(error.reason)
    return ""


def shown(edits: Sequence[dict[str, Any]]) -> str:
    """What somebody did meanwhile, in a line."""
    return str(dict(Counter(edit["kind"] for edit in edits)))
