"""Undoes a job: a cell that still holds what the run wrote gets back what it held; columns that it made go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from functions.deployment import Deployment
from functions.layouts import Layout
from functions.placement import Content, SheetRow, same
from functions.sheets import GoogleSheet
from functions.store import images
from functions.store.images import WrittenRow
from functions.store.jobs import Job
from functions.writing import pages

PASSES = 4
"""How often the tab is gone through while people move rows."""


def undo_rows(deployment: Deployment, job: Job, layout: Layout) -> None:
    """Gives cells back what they held; carried out twice, it changes nothing more.

    Raises:
        SheetError: the sheet cannot be used; what was given back so far stays so.
    """
    sheet = deployment.sheet_of(job)
    for _ in range(PASSES):
        changed = 0
        for rows in pages(sheet, layout):
            changed += _undo_page(deployment, job, layout, sheet, rows)
        if not changed:
            break
    _remove_columns(sheet, layout, job)


def _undo_page(deployment: Deployment, job: Job, layout: Layout, sheet: GoogleSheet, rows: Sequence[SheetRow]) -> int:
    """Undoes some rows of the tab; how many cells that were."""
    with deployment.store.reading() as connection:
        written = images.written(connection, job.id, sorted({row.identity for row in rows}))
    by_key: dict[str, list[WrittenRow]] = defaultdict(list)
    for found in written:
        by_key[found.key].append(found)
    columns: dict[int, dict[int, Content]] = defaultdict(dict)
    for row in rows:
        candidates = by_key.get(row.identity)
        if not candidates:
            continue
        best = max(candidates, key=lambda found: _likeness(row, found))
        for number, image in best.images.items():
            if number in row.cells and same(row.cells[number], image.after) and not same(image.before, image.after):
                columns[layout.columns[number].anchor][row.number] = image.before
        if len(candidates) > 1:
            candidates.remove(best)
    if columns:
        sheet.write(columns)
    return sum(map(len, columns.values()))


def _likeness(row: SheetRow, found: WrittenRow) -> tuple[int, int, bool]:
    """How likely a row of one person is the one that was written: what it holds, what stands around, its place."""
    held = sum(number in row.cells and same(row.cells[number], image.after) for number, image in found.images.items())
    return held, len(row.around & found.around), row.number == found.row


def _remove_columns(sheet: GoogleSheet, layout: Layout, job: Job) -> None:
    """Deletes the columns that the run made, where nothing but its header is left in them."""
    empty = set(range(len(layout.columns)))
    for rows in pages(sheet, layout):
        for row in rows:
            if row.number == 1 and job.request["header"] == "yes":
                continue
            empty -= {number for number, content in row.cells.items() if content != ""}
    window = sheet.window(layout.sheet_id, 1, 1)
    places = sorted(
        (
            window.anchors[column.anchor]
            for number, column in enumerate(layout.columns)
            if column.inserted and number in empty and column.anchor in window.anchors
        ),
        reverse=True,
    )
    requests = [
        {
            "deleteDimension": {
                "range": {
                    "sheetId": layout.sheet_id,
                    "dimension": "COLUMNS",
                    "startIndex": place,
                    "endIndex": place + 1,
                }
            }
        }
        for place in places
    ]
    if requests:
        sheet.change(requests)
