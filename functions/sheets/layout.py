"""The columns of a run: found once, anchored, and followed from then on."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from functions.errors import BadRange, SheetGone
from functions.fields.catalogue import Field
from functions.fields.columns import Choices, NewColumn, end_of, held_columns
from functions.sheets.anchors import anchored_at, the_anchor
from functions.sheets.cells import SheetRow
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import RowBlock, Tab
from functions.sheets.insertion import insertion
from functions.sheets.row_identity import identity
from functions.sheets.row_status import STATUS
from functions.sheets.scan import columns_of

SAMPLE_ROWS = 200
"""Rows by whose people the URL column is known again."""
ATTEMPTS = 5
"""Attempts to anchor the columns while somebody moves them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that a field is written to."""

    anchor: int
    inserted: bool
    """True if the run made it."""
    is_status: bool = False
    """True if this or an earlier run made it for Status, so that the words of an earlier run count as empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of a run, by their anchors."""

    sheet_id: int
    url: int
    columns: tuple[Column, ...]
    """One for each field."""
    tab_rows: int
    tab_columns: int
    """The size of the tab when it was laid out."""
    places: tuple[int, ...] = ()
    """Where its columns stood then, from 0: people move them since."""
    refused: tuple[tuple[int, str], ...] = ()
    """Columns that took no values, by the field's number: Google's reason."""

    def to_record(self) -> dict[str, Any]:
        """For the store."""
        return asdict(self)

    def columns_in(self, anchors: Mapping[int, int]) -> frozenset[int]:
        """Return the columns of the run by their anchors; deleted ones are left out."""
        ours = (self.url, *(column.anchor for column in self.columns))
        return frozenset(anchors[anchor] for anchor in ours if anchor in anchors)

    def rows(self, block: RowBlock) -> list[SheetRow]:
        """Return the block's rows, each with its target cells.

        Raises:
            SheetGone: the column of URLs was deleted, or all columns of the fields.
        """
        url = block.anchors.get(self.url)
        if url is None:
            raise SheetGone("The column of LinkedIn URLs was deleted, so the run ended. Start a new one.")
        places = {
            number: block.anchors[column.anchor]
            for number, column in enumerate(self.columns)
            if column.anchor in block.anchors
        }
        if not places:
            raise SheetGone("All columns of the run were deleted, so it ended. Start a new one.")
        ours = frozenset(block.anchors.values())  # also of other runs, which may write at the same time
        numbers, columns = list(places), list(places.values())
        return [
            SheetRow(
                block.first_row + index,
                identity(block, index, url),
                dict(zip(numbers, block.contents(index, columns), strict=True)),
                block.digests(index, ours),
            )
            for index in range(len(block.rows))
        ]


def layout_from_record(record: Mapping[str, Any]) -> Layout:
    """A layout as the store keeps it."""
    columns = tuple(Column(**column) for column in record["columns"])
    refused = tuple((number, reason) for number, reason in record["refused"])
    return Layout(**{**record, "columns": columns, "places": tuple(record["places"]), "refused": refused})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRequest:
    """The columns that a run wants."""

    job_id: str
    sheet_id: int
    fields: tuple[Field, ...]
    url_column: int
    """The column of the URLs when the rows were read, from 0."""
    first_row: int
    """The first with a person."""
    last_row: int
    header_row: int | None
    """From 1; None where there is none."""
    reuse: bool
    choices: Choices
    keys: Collection[str]
    """People of that row and those below it."""

    def anchor(self, number: int) -> int:
        """Return the same id each time this is repeated, so that anchors of an earlier attempt are recognised."""
        digest = hashlib.sha256(f"{self.job_id}:{number}".encode()).digest()
        return int.from_bytes(digest[:4]) % (2**31 - 1) + 1


def ensure_columns(sheet: GoogleSheet, task: ColumnRequest) -> Layout:
    """Anchor the columns, and insert missing ones to the right of the URLs; doing it twice changes nothing more.

    Raises:
        BadRange: the URLs are not where they were.
        SheetError: the spreadsheet cannot be read or changed.
    """
    refused: BadRange | None = None
    before: list[dict[str, Any]] = []
    for _ in range(ATTEMPTS):
        header, sample = _look(sheet, task)
        url = _url_column(sheet, sample, task)
        requests, layout, titles = _requests(header, sample, url, task)
        if not requests:
            return _placed(layout, header)
        if refused is not None and requests == before:
            raise refused
        try:
            after = _change(sheet, requests, task, header.tab)
        except BadRange as error:  # perhaps another attempt has just made them, or somebody moved a column: look again
            refused, before = error, requests
            continue
        header, sample = after or _look(sheet, task)
        wrong = _moved(header, titles, task)
        place = header.anchors.get(layout.url)
        if place is not None and not _holds_people(sheet, sample, place, task):
            wrong.append(layout.url)
        if not wrong:
            return _placed(layout, header)
        sheet.change([{"deleteDeveloperMetadata": {"dataFilter": the_anchor(anchor)}} for anchor in wrong])
    raise BadRange("Somebody kept moving the columns while Leadfill looked for them; start the run again.")


def _placed(layout: Layout, header: RowBlock) -> Layout:
    return replace(layout, places=tuple(sorted(layout.columns_in(header.anchors))))


def _change(
    sheet: GoogleSheet, requests: list[dict[str, Any]], task: ColumnRequest, tab: Tab
) -> tuple[RowBlock, RowBlock] | None:
    """Carries requests out; returns what `_look` would, where the answer shows it: one call less to wait for."""
    if task.first_row > SAMPLE_ROWS:
        sheet.change(requests)
        return None
    both = sheet.change_and_read(requests, tab, _last_of_sample(task))
    return None if both is None else (both, both)


def _look(sheet: GoogleSheet, task: ColumnRequest) -> tuple[RowBlock, RowBlock]:
    """The header row, and the first rows of the range."""
    last = _last_of_sample(task)
    if task.first_row <= SAMPLE_ROWS:
        both = sheet.read_rows(task.sheet_id, 1, last)
        return both, both
    top = task.header_row or 1
    return sheet.read_rows(task.sheet_id, top, top), sheet.read_rows(task.sheet_id, task.first_row, last)


def _last_of_sample(task: ColumnRequest) -> int:
    return min(task.first_row + SAMPLE_ROWS, task.last_row)


def _score(block: RowBlock, column: int, task: ColumnRequest) -> int:
    return sum(identity(block, index, column) in task.keys for index in range(len(block.rows)))


def _url_column(sheet: GoogleSheet, sample: RowBlock, task: ColumnRequest) -> int:
    if _score(sample, task.url_column, task):
        return task.url_column
    best = max(range(sample.tab.columns), key=lambda column: _score(sample, column, task))
    if _score(sample, best, task):
        return best
    if not _holds_people(sheet, sample, task.url_column, task):
        raise BadRange("The LinkedIn URLs are no longer where they were; make a new plan.")
    return task.url_column


def _holds_people(sheet: GoogleSheet, sample: RowBlock, column: int, task: ColumnRequest) -> bool:
    """Tell whether people of the run stand in a column: in the sample or, if rows were sorted since, anywhere."""
    if _score(sample, column, task):
        return True
    if column >= sample.tab.columns:
        return False
    whole = sheet.read_rows(task.sheet_id, 1, None, columns=[column])
    return any(identity(whole, index, column) in task.keys for index in range(len(whole.rows)))


def _requests(
    header: RowBlock, sample: RowBlock, url: int, task: ColumnRequest
) -> tuple[list[dict[str, Any]], Layout, dict[int, str]]:
    """Return the requests that are needed, the layout that follows, and the titles by which it is recognised.

    The titles are those of existing columns, by their anchors; an inserted column is recognised by its anchor.
    """
    requests: list[dict[str, Any]] = []
    anchored = {column: anchor for anchor, column in header.anchors.items()}
    url_anchor = anchored.get(url)
    if url_anchor is None:
        url_anchor = task.anchor(-1)
        requests.append(anchored_at(url_anchor, task.sheet_id, url))
    there = columns_of(header, task.header_row, url, sample)
    columns: list[Column] = []
    titles: dict[int, str] = {}
    missing: dict[NewColumn, list[tuple[int, Field]]] = {NewColumn.BESIDE: [], NewColumn.END: []}
    held = held_columns(task.fields, there, task.choices, reuse=task.reuse)
    for number, (field, place) in enumerate(zip(task.fields, held, strict=True)):
        own, is_status = task.anchor(number), field.name == STATUS
        if own in header.anchors:
            columns.append(Column(anchor=own, inserted=True, is_status=is_status))
        elif place is not None:
            if place not in anchored:
                anchored[place] = task.anchor(len(task.fields) + number)
                requests.append(anchored_at(anchored[place], task.sheet_id, place))
            is_ours = is_status and header.made_for.get(place) == STATUS
            columns.append(Column(anchor=anchored[place], inserted=False, is_status=is_ours))
            titles[anchored[place]] = there.title(place)
        else:
            columns.append(Column(anchor=own, inserted=True, is_status=is_status))
            missing[NewColumn.END if task.choices.get(field.name) is NewColumn.END else NewColumn.BESIDE].append(
                (own, field)
            )
    for place, new in ((end_of(there), missing[NewColumn.END]), (url + 1, missing[NewColumn.BESIDE])):  # from the right
        requests += insertion(
            new, place, sheet_id=task.sheet_id, tab_columns=header.tab.columns, header_row=task.header_row
        )
    layout = Layout(
        sheet_id=task.sheet_id,
        url=url_anchor,
        columns=tuple(columns),
        tab_rows=header.tab.rows,
        tab_columns=header.tab.columns + sum(map(len, missing.values())),
    )
    return requests, layout, titles


def _moved(header: RowBlock, titles: Mapping[int, str], task: ColumnRequest) -> list[int]:
    """Return anchors that were put on another column, because somebody moved columns at the same moment."""
    if task.header_row is None:
        return []
    row = task.header_row - header.first_row
    there = {anchor: header.anchors[anchor] for anchor in titles if anchor in header.anchors}
    return [anchor for anchor, place in there.items() if header.text(row, place) != titles[anchor]]
